"""`lit-lab check` over a real server with the embedded model: its exit status, and what it prints and writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from live import ROOT, LiveServer
from waiting import PATIENCE

CHECKS = r"""
model: demo
prompts:
  - name: likes it
    prompt: "Taste-likes: Cheese\nTaste-dislikes: Onions\nSuggestion: {dish}\nAnalysis:"
    dataset: dishes.jsonl
    expect:
      - contains: savoury
      - influenced_by: "Suggestion: {dish}"
        at_least: 0.5
"""
FAILING = (
    CHECKS
    + r"""
  - name: brief
    prompt: "Taste-likes: Cheese\nSuggestion: Onion soup\nAnalysis:"
    max_new_tokens: 2
    expect:
      - max_length: 5
      - influenced_by: "Onion soup"
        at_least: 1%
"""
)


@pytest.fixture
def server(embedded_server: LiveServer) -> LiveServer:
    return embedded_server


def run(server: LiveServer, folder: Path, checks: str, *more: str) -> subprocess.CompletedProcess[str]:
    (folder / "checks.yaml").write_text(checks, "utf-8")
    (folder / "dishes.jsonl").write_text('{"dish": "Onion soup"}\n{"dish": "Quiche Lorraine"}\n')
    variables = {"LIT_LAB_URL": server.url, "LIT_LAB_TOKEN": server.token, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "lit_lab", "check", "checks.yaml", "--max-new-tokens", "24", *more],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_all_pass(server: LiveServer, tmp_path: Path) -> None:
    done = run(server, tmp_path, CHECKS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 of 4 checks passed." in done.stdout
    assert done.stderr == ""


def test_some_fail_and_the_report_says_which(server: LiveServer, tmp_path: Path) -> None:
    done = run(server, tmp_path, FAILING, "--junit", "out.xml", "--json")
    assert done.returncode == 1, done.stderr
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert [outcome["passed"] for outcome in outcomes] == [True, True, True, True, False, True]
    assert len(outcomes[-1]["answer"].split()) <= 2
    root = ElementTree.parse(tmp_path / "out.xml").getroot()
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("6", "1", "0")


def test_a_conversation_is_sent_as_one(server: LiveServer, tmp_path: Path) -> None:
    turns = "  - turns: [{role: user, text: Onion soup}]\n    expect: [max_length: 500, {influenced_by: soup, at_least: 0%}]\n"
    done = run(server, tmp_path, f"model: demo\nprompts:\n{turns}", "--json")
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(outcome["passed"], outcome["is_error"]) for outcome in outcomes] == [(True, False)] * 2, done.stdout
    assert "demonstration model" in outcomes[0]["answer"]


def test_a_file_that_cant_be_used(server: LiveServer, tmp_path: Path) -> None:
    done = run(server, tmp_path, CHECKS.replace("contains", "contians"))
    assert done.returncode == 1
    assert "contains" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_terminal_that_lacks_letters_gets_escapes(
    server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PYTHONIOENCODING": "ascii", "LANG": "C", "LC_ALL": "C"}.items():
        monkeypatch.setenv(name, value)
    checks = "model: demo\nprompts: [{name: 名前, prompt: Où?, max_new_tokens: 1, expect: [contains: 🍮]}]\n"
    done = run(server, tmp_path, checks)
    assert (done.returncode, done.stderr) == (1, "")
    assert r"FAIL \u540d\u524d (demo): contains \U0001f36e" in done.stdout
    done = run(server, tmp_path, checks, "--json")
    assert done.stdout.isascii()
    assert json.loads(done.stdout)["prompt"] == "名前"


def test_a_model_that_isnt_there_fails_the_checks(server: LiveServer, tmp_path: Path) -> None:
    done = run(server, tmp_path, CHECKS.replace("model: demo", "model: gemma9"))
    assert done.returncode == 1
    assert "gemma9" in done.stdout
    assert "0 of 4 checks passed." in done.stdout
