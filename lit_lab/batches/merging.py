"""Merges small part files of a batch's folder, so that thousands of rows don't leave thousands of files.

A merged part file has a number of its own, above all others, and only records that count: a row's last one. It is there as a whole
before those that it replaces are deleted. So at any moment, and if the process is killed at that moment, each row's last record is
the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from lit_lab.batches import part_files
from lit_lab.batches.folder import Folder
from lit_lab.batches.record import Record

MIN_FILES = 16
"""Small part files from which on they are merged."""

MAX_ROWS = 512
"""Maximum records of a merged part file. One with more than half of them isn't small."""

MAX_BYTES = 16 * 2**20
"""Maximum bytes of the part files that are merged into one. A file with more than half of them isn't small."""

_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, OSError)

_File = tuple[int, Path]


class Merger:
    """Merges the part files of a folder, which this process must hold.

    Args:
        folder: The folder.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._sizes: dict[int, tuple[int, int]] = {}  # records and bytes by number

    def merge(self) -> None:
        """Merge part files if there are enough small ones. What can't be read or written stays as it is."""
        with contextlib.suppress(*_UNREADABLE):
            files = self._folder.part_paths()
            small = [each for each in files if self._is_small(each)]
            if len(small) < MIN_FILES:
                return
            last: dict[int, int] = {}
            for number, path in files:
                if number >= small[0][0]:
                    last.update((row, number) for row, _ in part_files.read_rows(path))
            for group in self._groups(small):
                self._merge(group, last)

    def _is_small(self, file: _File) -> bool:
        number, path = file
        if number not in self._sizes:
            num_bytes = path.stat().st_size
            # The records of a large one needn't be counted.
            num_rows = len(part_files.read_rows(path)) if num_bytes <= MAX_BYTES // 2 else MAX_ROWS
            self._sizes[number] = num_rows, num_bytes
        num_rows, num_bytes = self._sizes[number]
        return num_rows <= MAX_ROWS // 2 and num_bytes <= MAX_BYTES // 2

    def _groups(self, small: list[_File]) -> Iterator[list[_File]]:
        """Yield the part files that become one."""
        group: list[_File] = []
        num_rows = num_bytes = 0
        for file in small:
            more_rows, more_bytes = self._sizes[file[0]]
            if num_rows + more_rows > MAX_ROWS or num_bytes + more_bytes > MAX_BYTES:
                yield group
                group, num_rows, num_bytes = [], 0, 0
            group.append(file)
            num_rows, num_bytes = num_rows + more_rows, num_bytes + more_bytes
        if len(group) > 1:
            yield group

    def _merge(self, group: list[_File], last: dict[int, int]) -> None:
        def records() -> Iterator[Record]:
            for number, path in group:
                for record in part_files.read(path):
                    if last[record.row] == number:
                        yield record

        numbers = {number for number, _ in group}
        if not numbers.isdisjoint(last.values()):
            self._folder.add(records())
        for number, path in group:
            path.unlink(missing_ok=True)
            self._sizes.pop(number, None)
