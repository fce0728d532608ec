"""What batches are asked to do: a file for each one that is to run. All replicas see the same ones, and a killed one's batches go on."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from lit_lab.batch_store.folders import is_id
from lit_lab.shared_files import open_regular, replace

MAX_BYTES = 4096

_NAME = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{24})")

Doing = Literal["rows", "noise"]

Key = tuple[str, str]
"""An owner's folder, and a batch's id."""


@dataclass(frozen=True)
class Asked:
    """What a batch is asked to do.

    Attributes:
        doing: Compute rows, or look for sentences that do nothing.
        num_rows: In how many rows, for the latter.
        at: When it was asked, in seconds since 1970.
        mark: Differs each time.
    """

    doing: Doing
    num_rows: int
    at: float
    mark: str


def new(doing: Doing, num_rows: int = 0) -> Asked:
    """Return what is asked now."""
    return Asked(doing, num_rows, time.time(), secrets.token_hex(8))


class AskedFiles:
    """The files.

    Args:
        root: The folder of all batches.
    """

    def __init__(self, root: Path) -> None:
        self.path = root / ".asked"

    def put(self, key: Key, asked: Asked) -> None:
        """Ask a batch to do something. Raises `OSError`."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(self._file(key), json.dumps(asdict(asked)), 0o600)

    def get(self, key: Key) -> Asked | None:
        """Return what a batch is asked to do; None: nothing."""
        try:
            with open_regular(self._file(key), may_be_link=False) as stream:
                return _parsed(json.loads(stream.read(MAX_BYTES)))
        except (OSError, ValueError, RecursionError):
            return None

    def remove(self, key: Key, asked: Asked | None = None) -> None:
        """Ask a batch for nothing more.

        Args:
            key: The batch.
            asked: Only if it is asked for this; None: whatever it is asked.

        Raises:
            OSError: The file can't be removed.
        """
        if asked is None or self.get(key) == asked:
            self._file(key).unlink(missing_ok=True)

    def all(self) -> dict[Key, Asked]:
        """Return what all batches are asked to do. Raises `OSError`."""
        found: dict[Key, Asked] = {}
        with contextlib.suppress(FileNotFoundError), os.scandir(self.path) as entries:
            for entry in entries:
                name = _NAME.fullmatch(entry.name)
                if name is not None and (asked := self.get((name[1], name[2]))) is not None:
                    found[name[1], name[2]] = asked
        return found

    def _file(self, key: Key) -> Path:
        owner, batch_id = key
        if not is_id(batch_id):  # nothing else becomes a part of a path
            raise ValueError("it isn't a batch's id")
        return self.path / f"{owner}.{batch_id}"


def _parsed(values: Any) -> Asked | None:
    if not isinstance(values, dict) or values.keys() != {"doing", "num_rows", "at", "mark"}:
        return None
    doing, num_rows, at, mark = (values[name] for name in ("doing", "num_rows", "at", "mark"))
    if doing not in ("rows", "noise") or type(num_rows) is not int or type(at) is not float or type(mark) is not str:
        return None
    return Asked(doing, num_rows, at, mark)
