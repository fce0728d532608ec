"""Two servers that download the same model: one fetches it, and the other one waits and finds it whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kaggle_standin import HANDLE, KEY, USER, VERSION, KaggleStandIn

from lit_lab import shared_files

DOWNLOADS = "DownloadModelInstanceVersion"


@pytest.fixture
def kaggle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KaggleStandIn]:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "config.json").write_text("{}")
    standin = KaggleStandIn(tmp_path / "files")
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN", "KAGGLE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in standin.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    yield standin
    standin.close()


def fetch() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "lit_lab.service.weights.fetch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    order = {"kind": "kaggle", "where": HANDLE, "kaggle": {"token": "", "username": USER, "key": KEY}}
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()
    return process


def test_the_second_waits_for_the_first_and_tells_how_far_it_is(kaggle: KaggleStandIn, tmp_path: Path) -> None:
    lock = Path(os.environ["KAGGLEHUB_CACHE"], ".lit_lab", f"{HANDLE}/{VERSION}.lock".replace("/", "--"))
    lock.parent.mkdir(parents=True)
    with shared_files.lock(lock):  # as another process that downloads it has
        process = fetch()
        assert process.stdout is not None
        told = [json.loads(process.stdout.readline()) for _ in range(3)]
        assert all(line.keys() == {"done", "total"} for line in told)
        assert not any(DOWNLOADS in path for path in kaggle.asked)
    *_, last = map(json.loads, process.stdout)
    assert (Path(last["folder"]) / "config.json").is_file()
    process.communicate()
