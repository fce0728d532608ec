"""The copy of a dataset's rows that a batch runs: written once, and read row by row."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import IO

from lit_lab.batches.rows import Prompts
from lit_lab.datasets import json_rows
from lit_lab.datasets.columns import Fields
from lit_lab.datasets.readers import Record
from lit_lab.problem import Problem
from lit_lab.shared_files import open_regular

from .folders import MAX_ROWS, BatchFolder

MAX_ROWS_BYTES = 2 * 2**30

ENTRY = struct.Struct("<qq")
"""A row's line in the user's file, and where its line begins in the copy."""


@dataclass(frozen=True)
class Copied:
    """What was copied.

    Attributes:
        total: How many rows there are.
        digest: The SHA-256 of the file.
        prompt: The column of prompts.
        target: The column of targets.
        template: The template by which the dataset makes its prompts, if each row has one of its columns; else empty.
    """

    total: int
    digest: str
    prompt: str
    target: str
    template: str


class RowsWriter:
    """Writes rows to a batch's folder, within a context.

    Args:
        folder: The folder, in which there are no rows yet.
        max_rows: Maximum number of rows; None: the most of any batch.
        max_bytes: Maximum bytes of all of them; None: the same.

    Attributes:
        total: How many rows there are so far.

    Raises:
        OSError: On entering and in all methods: they can't be written.
    """

    def __init__(self, folder: BatchFolder, max_rows: int | None = None, max_bytes: int | None = None) -> None:
        self._folder = folder
        self._max_rows = MAX_ROWS if max_rows is None else max_rows
        self._max_bytes = MAX_ROWS_BYTES if max_bytes is None else max_bytes
        self._digest = hashlib.sha256()
        self._at = 0
        self.total = 0

    def __enter__(self) -> RowsWriter:
        with contextlib.ExitStack() as stack:
            self._rows = stack.enter_context(_new(self._folder.rows))
            self._index = stack.enter_context(_new(self._folder.lines))
            self._files = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.close()

    def add(self, line: int, fields: Fields) -> None:
        """Add a row. Raises `Problem`: there are too many.

        Args:
            line: Its line in the user's file.
            fields: The values of its columns.
        """
        text = (json.dumps(fields, ensure_ascii=False, default=str) + "\n").encode("utf-8", "backslashreplace")
        if self.total >= self._max_rows or self._at + len(text) > self._max_bytes:
            limit = f"{self._max_rows:,} rows" if self.total >= self._max_rows else size_of(self._max_bytes)
            raise Problem(
                422,
                "too_many_rows",
                f"A batch has at most {limit}.",
                "Choose the first rows only, or search for some.",
            )
        self._rows.write(text)
        self._index.write(ENTRY.pack(line, self._at))
        self._digest.update(text)
        self.total, self._at = self.total + 1, self._at + len(text)

    def finish(self) -> tuple[int, str]:
        """Have all rows be on the disk, and return how many there are, and the file's SHA-256. Raises `Problem`: there are none."""
        for stream in (self._rows, self._index):
            stream.flush()
            os.fsync(stream.fileno())
        if not self.total:
            raise Problem(422, "no_rows", "There are no such rows.", "Choose others, or clear the search.")
        return self.total, self._digest.hexdigest()


class CopiedRows:
    """Single rows of a copy.

    Args:
        folder: The batch's folder.
        prompts: Makes prompts of rows.
    """

    def __init__(self, folder: BatchFolder, prompts: Prompts) -> None:
        self._folder = folder
        self.prompts = prompts

    def lines(self, numbers: list[int]) -> Iterator[tuple[int, int]]:
        """Yield rows' lines in the user's file, and where they begin in the copy. Raises `OSError` and `ValueError`."""
        with open_regular(self._folder.lines, may_be_link=False) as index:
            for number in numbers:
                index.seek(number * ENTRY.size)
                content = index.read(ENTRY.size)
                if len(content) < ENTRY.size:
                    raise ValueError("its rows are incomplete")
                line, at = ENTRY.unpack(content)
                yield line, at

    def records(self, numbers: list[int]) -> Iterator[Record]:
        """Yield rows as their file's reader does. Raises `OSError` and `ValueError`."""
        with open_regular(self._folder.rows, may_be_link=False) as rows:
            for number, (_, at) in zip(numbers, self.lines(numbers), strict=True):
                rows.seek(max(0, at))
                line = rows.readline(MAX_ROWS_BYTES).decode("utf-8", "replace")
                fields = json_rows.parse(line)
                yield Record(number + 1, {}, fields) if isinstance(fields, str) else Record(number + 1, fields)


def size_of(num_bytes: int) -> str:
    """Return a number of bytes in words."""
    return f"{num_bytes / 1e9:.3g} GB" if num_bytes >= 1e9 else f"{num_bytes / 1e6:.3g} MB"


def _new(path: os.PathLike[str]) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
