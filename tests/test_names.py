"""Retired names and words that read as translated don't return: one term for one thing, everywhere."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RETIRED = sorted((ROOT / "tests" / "retired").glob("*.txt"))
BANNED = ("told", "whoever", "heard", "gone on with", "likelier")


WRITTEN_HERE = (
    "lit_lab", "src", "docs", "README.md", "Makefile", "benchmarks", "examples", "scripts", "training",
    "ui-tests", "style", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "SECURITY.md", "tests", ":(exclude)tests/test_names.py",
)  # fmt: skip


def lines_with(options: Sequence[str], pattern: str, places: Sequence[str]) -> list[str]:
    """Return the lines of the repository that match a pattern, in files of some places."""
    command = ["git", "grep", "--untracked", "--line-number", "-I", *options, "-e", pattern, "--", *places]
    command.append(":(exclude)tests/retired")
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode in (0, 1), found.stderr
    return found.stdout.splitlines()


def occurrences(word: str, *places: str) -> list[str]:
    """Return the lines in which a word stands by itself."""
    return lines_with(["--word-regexp", "--fixed-strings"], word, places)


def mentions(word: str, *places: str) -> list[str]:
    """Return the lines that contain a word, in capitals or not, by itself or as a part of a name such as `is_told`."""
    return lines_with(["--ignore-case", "--extended-regexp"], f"(^|[^[:alpha:]]){word}([^[:alpha:]]|$)", places)


@pytest.mark.parametrize("file", RETIRED, ids=lambda file: file.stem)
def test_retired_names_stay_away(file: Path) -> None:
    rows = [line.split("\t") for line in file.read_text("utf-8").splitlines()]
    assert rows
    found = {
        f"{name} (now {replacement}): {line}" for name, replacement, place in rows for line in occurrences(name, place)
    }
    assert not found


def test_retired_files_stay_away() -> None:
    """A file whose name said too little has another one now, and nothing else gets the old one in its place."""
    names = (ROOT / "tests" / "retired" / "files.list").read_text("utf-8").splitlines()
    assert len(names) > 30
    assert [name for name in names if (ROOT / name).exists()] == []


def test_retired_places_are_there() -> None:
    """A list with folders that are gone would never find anything."""
    places = {line.split("\t")[2] for file in RETIRED for line in file.read_text("utf-8").splitlines()}
    assert {place for place in places if not (ROOT / place).exists()} == set()


@pytest.mark.parametrize("word", BANNED)
def test_words_that_read_as_translated(word: str) -> None:
    assert mentions(word, *WRITTEN_HERE) == []


def test_methods_have_the_same_names_in_the_interface_and_in_the_documentation() -> None:
    words = (ROOT / "src/map/methods.ts").read_text("utf-8")
    names = dict(re.findall(r"(\w+): \{\s+name: trans\.__\('([^']+)'\)", words))
    page = (ROOT / "docs/methods.md").read_text("utf-8")
    headings = dict(re.findall(r"^## (.+) \(`(\w+)`\)$", page, re.MULTILINE))
    sections = {method: heading for heading, method in headings.items()}
    assert len(names) == 7
    assert [(method, name) for method, name in names.items() if not sections[method].startswith(name)] == []


def test_limits_are_called_max_or_min() -> None:
    """Not `MOST_TOKENS`, `LONGEST` or `LEAST`."""
    superlative = "^ *_?([A-Z]+_)*(MOST|LEAST|LONGEST|SHORTEST|LARGEST|SMALLEST|FEWEST)(_[A-Z_]+)? *(:[^=]*)?= "
    assert lines_with(["--extended-regexp"], superlative, ["*.py"]) == []
    constant = "const ([A-Z]+_)*(MOST|LEAST|LONGEST|SHORTEST|LARGEST|SMALLEST|FEWEST)(_[A-Z_]+)?( *:[^=]*)? = "
    assert lines_with(["--extended-regexp"], constant, ["src", "ui-tests"]) == []


def test_a_planted_name_is_found() -> None:
    assert occurrences("test_a_planted_name_is_found", "tests/test_names.py")
    assert mentions("PLANTED", "tests/test_names.py")
