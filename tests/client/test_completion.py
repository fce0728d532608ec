"""`lit-lab completion`: what a shell offers."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from lit_lab import cli


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["lit-lab", "ex"], ["explain"]),
        (["lit-lab", "setup"], ["setup-service"]),
        (["lit-lab", "explain", "--me"], ["--method"]),
        (["lit-lab", "explain", "--method", "grad"], ["grad_l2", "grad_dot_input"]),
        (["lit-lab", "completion", "z"], ["zsh"]),
        (["lit-lab", "setup-service", "--backend", ""], ["tensorflow", "jax", "torch"]),
        (["lit-lab", "explain", "--save", "a.h"], ["a.html"]),
        (["lit-lab", "nothing", "-"], []),
    ],
)
def test_bash_offers(words: list[str], offered: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.html").touch()
    made = script("bash", capsys)
    asked = f"COMP_WORDS=({' '.join(map(shlex.quote, words))}); COMP_CWORD={len(words) - 1}; _lit_lab; "
    code = made + asked + 'printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout.split(), done.stderr) == (offered, "")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_know_all_commands_and_options(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    made = script(shell, capsys)
    for word in ("explain", "setup-service", "grad_dot_input", "tensorflow"):
        assert word in made
    assert ("--granularity" if shell == "zsh" else "-l granularity") in made
    if shutil.which(shell):
        done = subprocess.run([shell, "-n"], input=made, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
