"""The fixture `lit_lab_model`, in a test run of its own over a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

from live import ROOT, LiveServer
from waiting import PATIENCE

TESTS = """
def test_it_says_what_is_in_the_dish(lit_lab_model):
    assert lit_lab_model.name == "demo"
    run = lit_lab_model.explain("Taste-likes: Cheese\\nSuggestion: Onion soup\\nAnalysis:", max_new_tokens=16)
    assert "onions" in run.answer
    assert run.influence("Onion soup") > 0.5


def test_one_that_fails(lit_lab_model):
    assert lit_lab_model.explain("Suggestion: Apple pie\\nAnalysis:", max_new_tokens=4).answer == "No."
"""


def test_the_fixture(tmp_path: Path, embedded_server: LiveServer) -> None:
    (tmp_path / "test_prompts.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nlit_lab_model = demo\n")
    # It is there by itself where LIT Lab was installed since it has the plugin.
    is_known = any(each.value == "lit_lab.pytest_plugin" for each in entry_points(group="pytest11"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *([] if is_known else ["-p", "lit_lab.pytest_plugin"]), "."],
        cwd=tmp_path,
        env={
            **os.environ,
            "LIT_LAB_URL": embedded_server.url,
            "LIT_LAB_TOKEN": embedded_server.token,
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout
