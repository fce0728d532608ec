"""What several commands need."""

from __future__ import annotations

import argparse
from pathlib import Path

from lit_lab.problem import Problem


def count(text: str) -> int:
    """Return a number that is 1 or more, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("it must be 1 or more")
    return value


def save(path: Path, text: str) -> None:
    """Write a file that the user named. Raises `Problem`."""
    try:
        path.expanduser().write_text(text, encoding="utf-8")
    except OSError as error:
        raise Problem(
            507,
            "not_saved",
            f"{path} can't be written: {error.strerror or error}.",
            "Name a file in a folder of yours.",
        ) from error
