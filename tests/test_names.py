"""Names that were given up stay away, and words that read as translated: one term for one thing, everywhere."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RETIRED = sorted((ROOT / "tests" / "retired").glob("*.txt"))
BANNED = ("told", "whoever", "heard", "gone on with", "likelier")


def occurrences(word: str, *places: str) -> list[str]:
    """Return the lines of the repository in which a word stands by itself, in files of some places."""
    found = subprocess.run(
        [
            "git",
            "grep",
            "--untracked",
            "--line-number",
            "-I",
            "--word-regexp",
            "--fixed-strings",
            "-e",
            word,
            "--",
            *places,
            ":(exclude)tests/retired",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode in (0, 1), found.stderr
    return found.stdout.splitlines()


@pytest.mark.parametrize("file", RETIRED, ids=lambda file: file.stem)
def test_retired_names_stay_away(file: Path) -> None:
    rows = [line.split("\t") for line in file.read_text("utf-8").splitlines()]
    assert rows
    found = {
        f"{name} (now {replacement}): {line}" for name, replacement, place in rows for line in occurrences(name, place)
    }
    assert not found


def test_retired_places_are_there() -> None:
    """A list that names folders which are gone finds nothing for ever."""
    places = {line.split("\t")[2] for file in RETIRED for line in file.read_text("utf-8").splitlines()}
    assert {place for place in places if not (ROOT / place).exists()} == set()


@pytest.mark.parametrize("word", BANNED)
def test_words_that_read_as_translated(word: str) -> None:
    assert occurrences(word, "lit_lab", "src", "docs", "README.md") == []


def test_a_planted_name_is_found() -> None:
    assert occurrences("test_a_planted_name_is_found", "tests/test_names.py")
