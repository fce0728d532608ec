"""The process that downloads from Kaggle: two downloads at the same time, and refused credentials."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_kaggle import HANDLE, KEY, USER, VERSION, FakeKaggle

from lit_lab import shared_files
from lit_lab.service.weights import download_errors
from lit_lab.service.weights.paths import Source

DOWNLOADS = "DownloadModelInstanceVersion"


@pytest.fixture
def kaggle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKaggle]:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "config.json").write_text("{}")
    fake = FakeKaggle(tmp_path / "files")
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN", "KAGGLE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in fake.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    yield fake
    fake.close()


def fetch(login: dict[str, str] | None) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "lit_lab.service.weights.fetch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    order = {"kind": "kaggle", "where": HANDLE, "kaggle": login}
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()
    return process


def test_the_second_waits_for_the_first_and_tells_how_far_it_is(kaggle: FakeKaggle, tmp_path: Path) -> None:
    lock = Path(os.environ["KAGGLEHUB_CACHE"], ".lit_lab", f"{HANDLE}/{VERSION}.lock".replace("/", "--"))
    lock.parent.mkdir(parents=True)
    with shared_files.lock(lock):  # as if another process were downloading it
        process = fetch({"token": "", "username": USER, "key": KEY})
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline()) for _ in range(3)]
        assert all(line.keys() == {"done", "total"} for line in lines)
        assert not any(DOWNLOADS in path for path in kaggle.asked)
    *_, last = map(json.loads, process.stdout)
    assert (Path(last["folder"]) / "config.json").is_file()
    process.communicate()


@pytest.mark.parametrize("panel", [True, False], ids=["of the panel", "of a file"])
def test_rejected_credentials_are_named_by_where_they_are(kaggle: FakeKaggle, tmp_path: Path, panel: bool) -> None:
    file = tmp_path / ".kaggle" / "kaggle.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"username": USER, "key": "mistyped"}))
    process = fetch({"token": "mistyped", "username": "", "key": ""} if panel else None)
    assert process.stdout is not None
    line = json.loads(process.stdout.readline())
    process.communicate()
    assert (line["failed"], line["where"]) == ("credentials", "" if panel else str(file))
    message = download_errors.reason("mine", Source("kaggle", HANDLE), line).message
    assert (str(file) in message) is not panel
    assert "mistyped" not in json.dumps(line) + message
