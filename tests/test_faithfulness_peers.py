"""What `benchmarks/faithfulness.py --peers` reports where Inseq and Captum can't run, or tokenize differently."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    import faithfulness_peers

    yield faithfulness_peers
    del sys.modules["faithfulness_peers"]


def test_it_says_what_is_missing(peers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        failed = "pip" in command
        return subprocess.CompletedProcess(command, int(failed), "", "ERROR: No matching distribution for inseq\n")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(peers.MissingError, match="can't be installed here: ERROR: No matching distribution for inseq"):
        peers.environment(tmp_path / "peers")
    assert not (tmp_path / "peers" / "installed.txt").exists()


def test_an_environment_is_made_once(peers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        tmp_path.joinpath("peers").mkdir(exist_ok=True)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    for _ in range(2):
        assert peers.environment(tmp_path / "peers") == tmp_path / "peers" / "bin" / "python"
    assert len(commands) == 2, "a folder, and what is in it"
    monkeypatch.setattr(peers, "REQUIREMENTS", tmp_path / "other.in")
    peers.REQUIREMENTS.write_text("inseq==9\n")
    peers.environment(tmp_path / "peers")
    assert len(commands) == 4, "other versions are installed anew"


def test_another_probability_is_another_model(peers: Any) -> None:
    record = {"one": [[0, -3.0, -1.5], [1, -9.0, -2.0]]}
    peers.check({"item": "fact-0", "logprobs": [-3.01, -1.49]}, record)
    with pytest.raises(peers.MissingError, match=r"fact-0: .* is -1\.700, not -1\.500"):
        peers.check({"item": "fact-0", "logprobs": [-3.0, -1.7]}, record)
