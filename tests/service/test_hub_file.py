"""Interrupted downloads from Hugging Face continue. Files that differ from the hub's report are deleted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hugging_face_standin import COMMIT, NAME, OTHER, TOKEN, Site, sha256, standing_in

from lit_lab.service.weights import download_errors, hub_cache
from lit_lab.service.weights.paths import Source

WEIGHTS, FIRST, SECOND = "model.safetensors", "q/tiny-00001-of-00002.gguf", "q/tiny-00002-of-00002.gguf"
CHUNK = 10 * 2**20  # bytes that huggingface_hub writes at a time: a broken connection loses fewer
SIZE = CHUNK + 300_000
MODEL, PARTS = NAME, f"{NAME}/{SECOND}"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Site]]:
    files = {WEIGHTS: os.urandom(SIZE), FIRST: os.urandom(1_000), SECOND: os.urandom(SIZE), "config.json": b"{}"}
    with standing_in(files, tmp_path, monkeypatch) as fake_hub:
        fake_hub.large.update((WEIGHTS, FIRST, SECOND))
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield fake_hub


@contextmanager
def fetching(where: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "lit_lab.service.weights.fetch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps({"kind": "hf", "where": where, "kaggle": None}) + "\n")
        process.stdin.flush()
        yield process
        process.kill()


def fetch(where: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return a download's progress and its last message."""
    with fetching(where) as process:
        assert process.stdout is not None
        *steps, last = map(json.loads, process.stdout)
        return steps, last


def blobs(site: type[Site]) -> Path:
    return hub_cache.hugging_face_repository(Source("hf", NAME)) / "blobs"


def half_here(site: type[Site], name: str, content: bytes) -> Path:
    part = blobs(site) / f"{sha256(site.files[name])}.lit_lab.incomplete"
    part.parent.mkdir(parents=True)
    part.write_bytes(content)
    return part


def is_whole(site: type[Site], last: dict[str, Any], *names: str) -> bool:
    folder = Path(last["folder"])
    assert folder.name == COMMIT
    assert not list(blobs(site).glob("*incomplete"))
    return all((folder / name).read_bytes() == site.files[name] for name in names)


@pytest.mark.parametrize(
    ("where", "whole", "name"), [(MODEL, [], WEIGHTS), (PARTS, [FIRST], SECOND)], ids=["a repository", "several parts"]
)
def test_a_killed_download_continues(site: type[Site], where: str, whole: list[str], name: str) -> None:
    there = CHUNK + sum(len(site.files[each]) for each in whole)
    site.cut[:] = [SIZE for _ in whole] + [CHUNK + 1_000]
    site.waits = threading.Event()
    with fetching(where) as process:
        assert process.stdout is not None
        assert any(json.loads(line)["done"] == there for line in process.stdout)
    site.waits.set()
    before = len(site.ranges)
    steps, last = fetch(where)
    assert steps[0]["done"] == there
    assert site.ranges[before:] == [(name, CHUNK)]
    assert is_whole(site, last, *whole, name)


def test_a_connection_that_breaks_is_made_again(site: type[Site]) -> None:
    site.cut[:] = [CHUNK + 1_000]
    _, last = fetch(MODEL)
    assert site.ranges == [(WEIGHTS, 0), (WEIGHTS, CHUNK)]
    assert is_whole(site, last, WEIGHTS)


def test_a_login_is_not_sent_to_another_host(site: type[Site]) -> None:
    fetch(MODEL)
    assert site.tokens == [None]


@pytest.mark.parametrize("answer", [False, "416"], ids=["gives all", "has nothing there"])
def test_a_site_that_does_not_go_on(site: type[Site], answer: bool | str) -> None:
    site.takes_ranges = answer
    half_here(site, WEIGHTS, site.files[WEIGHTS][:100_000])
    _, last = fetch(MODEL)
    assert site.ranges[0] == (WEIGHTS, 100_000)
    assert is_whole(site, last, WEIGHTS)


def test_more_than_there_should_be_begins_anew(site: type[Site]) -> None:
    half_here(site, WEIGHTS, bytes(SIZE + 1))
    _, last = fetch(MODEL)
    assert site.ranges == [(WEIGHTS, 0)]
    assert is_whole(site, last, WEIGHTS)


@pytest.mark.parametrize("how", ["what is here", "what comes", "too much comes"])
def test_what_is_damaged_is_deleted_and_reported(site: type[Site], how: str) -> None:
    content = site.files[WEIGHTS]
    if how == "what is here":
        half_here(site, WEIGHTS, bytes(100_000))
    else:
        site.other[WEIGHTS] = bytes(len(content)) if how == "what comes" else content + bytes(10)
    _, last = fetch(MODEL)
    assert last["failed"] == "checksum"
    assert download_errors.reason(f"hf://{NAME}", Source("hf", NAME), last).code == "preset_checksum"  # type: ignore[arg-type]
    assert not [file for file in blobs(site).iterdir() if file.stat().st_size]
    site.other.clear()
    assert is_whole(site, fetch(MODEL)[1], WEIGHTS)


def test_a_file_that_has_changed_meanwhile_begins_anew(site: type[Site]) -> None:
    half_here(site, WEIGHTS, site.files[WEIGHTS][:100_000])
    site.files[WEIGHTS] = os.urandom(1_000)
    _, last = fetch(MODEL)
    assert site.ranges == [(WEIGHTS, 0)]
    assert (Path(last["folder"]) / WEIGHTS).read_bytes() == site.files[WEIGHTS]


def test_what_is_here_of_another_file_is_not_counted(site: type[Site]) -> None:
    fetch(f"{NAME}@{OTHER}/{FIRST}")
    site.files["other.gguf"] = os.urandom(1_000)
    site.large.add("other.gguf")
    steps, last = fetch(f"{NAME}/other.gguf")
    assert steps[0] == {"done": 0, "total": 1_000}
    assert is_whole(site, last, "other.gguf")
