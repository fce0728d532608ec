"""What several commands need."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path

from lit_lab.model_spec import ModelSpec
from lit_lab.problem import Problem


def count(text: str) -> int:
    """Return a number that is 1 or more, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("it must be 1 or more")
    return value


def model(text: str) -> ModelSpec:
    """Return the model that `name:path` describes, for argparse."""
    try:
        return ModelSpec.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


@contextlib.contextmanager
def saving(path: Path) -> Iterator[None]:
    """While a file is written that the user named. Raises `Problem` where it can't be."""
    try:
        yield
    except OSError as error:
        raise Problem(
            507,
            "not_saved",
            f"{path} can't be written: {error.strerror or error}.",
            "Name a file in a folder of yours.",
        ) from error
