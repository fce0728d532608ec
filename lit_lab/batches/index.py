"""Where a batch's records are, and what came of each row: enough to page, to sort and to compare rows without reading all of them.

It takes 17 bytes for each row. Each part of the folder is read once; new ones are read when the index is updated.
"""

from __future__ import annotations

import hashlib
import threading
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path

from lit_lab.batches import part_files
from lit_lab.batches.folder import Folder
from lit_lab.batches.record import Record

NONE, ANSWERED, FAILED, UNEXPECTED = range(4)
"""What came of a row: nothing yet; an answer that passed all checks, if there are any; an error; an answer that didn't pass one."""

MAX_ROWS = 10_000_000
MAX_NAMES = 1_000  # of checks
_PARTS = 8  # that are in memory at one time
_DAMAGE = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


class Index:
    """An index of a batch's records. Any thread may use it.

    Args:
        path: The batch's folder. It needn't be there yet.
        total: How many rows the dataset has at most.
    """

    def __init__(self, path: Path, total: int = MAX_ROWS) -> None:
        self._folder = Folder(path)
        self._total = total
        self._lock = threading.RLock()
        self._known: dict[int, Path] = {}
        self._part = array("I")  # of each row; 0: it has no record
        self._at = array("I")  # its place in the part
        self._answer = array("Q")  # a digest
        self.states = bytearray()
        self.checks: dict[str, tuple[int, int]] = {}
        """How many answers passed each check, and how many were checked."""
        self.damaged: dict[Path, str] = {}
        """Parts that can't be read, and why."""

    def update(self) -> None:
        """Read parts that are new."""
        with self._lock:
            for number, path in self._folder.part_paths():
                if number not in self._known and path not in self.damaged:
                    try:
                        found = part_files.read_results(path)
                        if any(not 0 <= row < self._total for row, *_ in found):
                            raise ValueError("it has numbers of rows that there can't be")
                    except (*_DAMAGE, OSError) as error:
                        self.damaged[path] = str(error)
                        continue
                    self._known[number] = path
                    for at, (row, error_text, answer, checks) in enumerate(found):
                        self._put(row, number, at, error_text, answer, checks)

    def _put(self, row: int, part: int, at: int, error: str, answer: str, checks: list[tuple[str, bool]]) -> None:
        if row >= len(self.states):
            more = row + 1 - len(self.states)
            self.states.extend(bytes(more))
            for column in (self._part, self._at, self._answer):
                column.extend([0] * more)
        self._part[row], self._at[row] = part, at
        digest = hashlib.blake2b(answer.encode("utf-8", "backslashreplace"), digest_size=8).digest()
        self._answer[row] = int.from_bytes(digest, "little")
        passed = all(is_passed for _, is_passed in checks)
        self.states[row] = FAILED if error else ANSWERED if passed else UNEXPECTED
        for name, is_passed in checks:
            if name in self.checks or len(self.checks) < MAX_NAMES:
                before = self.checks.get(name, (0, 0))
                self.checks[name] = (before[0] + is_passed, before[1] + 1)

    @property
    def num_parts(self) -> int:
        """How many parts are read: it differs once there are new records."""
        return len(self._known)

    @property
    def num_done(self) -> int:
        """How many rows have a record."""
        return len(self.states) - self.states.count(NONE)

    @property
    def num_failed(self) -> int:
        """How many rows' last record is an error."""
        return self.states.count(FAILED)

    def state(self, row: int) -> int:
        """Return what came of a row."""
        return self.states[row] if row < len(self.states) else NONE

    def answer(self, row: int) -> int:
        """Return a number that differs where answers do."""
        return self._answer[row] if row < len(self._answer) else 0

    def __iter__(self) -> Iterator[Record]:
        return self.records()

    def records(self, rows: Iterable[int] | None = None) -> Iterator[Record]:
        """Yield the last records of rows that have one, in the rows' order. Damaged parts are left out.

        Args:
            rows: The rows; None: all.
        """
        held: OrderedDict[int, list[Record]] = OrderedDict()
        for row in range(len(self.states)) if rows is None else rows:
            with self._lock:
                number, at = (self._part[row], self._at[row]) if row < len(self.states) else (0, 0)
                path = self._known.get(number)
            if path is None:
                continue
            if number not in held:
                try:
                    held[number] = list(part_files.read(path))
                except (*_DAMAGE, OSError) as error:
                    held[number] = []
                    self.damaged[path] = str(error)
                while len(held) > _PARTS:
                    held.popitem(last=False)
            held.move_to_end(number)
            if at < len(held[number]) and held[number][at].row == row:
                yield held[number][at]
