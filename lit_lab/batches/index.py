"""Where a batch's records are, and what came of each row: enough to page, to sort and to compare rows without reading all of them.

It takes 17 bytes for each row. Each part file of the folder is read once; new ones are read when the index is updated. If some were
merged, their records are found in the new one.
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
MAX_TRIES = 100
"""How often part files are looked for anew because they are merged meanwhile."""

_CHUNK = 64  # records of a part file that are read together
_CHUNKS = 8  # that are in memory at one time


class Index:
    """An index of a batch's records. Any thread may use it.

    Args:
        path: The batch's folder. It needn't be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._folder = Folder(path)
        self._lock = threading.RLock()
        self._known: dict[int, Path] = {}
        self._part = array("I")  # the part file's number of each row; 0: it has no record
        self._at = array("I")  # its place there
        self._answer = array("Q")  # a digest
        self.states = bytearray()
        self.checks: dict[str, tuple[int, int]] = {}
        """How many answers passed each check, and how many were checked."""
        self.damaged: dict[Path, str] = {}
        """Part files that can't be read, and why."""

    def update(self) -> None:
        """Read part files that are new."""
        with self._lock:
            for attempt in range(1, MAX_TRIES + 1):
                is_last = attempt == MAX_TRIES
                if all(self._read(number, path, is_last) for number, path in self._folder.part_paths()):
                    break

    def _read(self, number: int, path: Path, is_last: bool) -> bool:
        """Read a part file if it is new. Return whether it is still there."""
        if number in self._known or path in self.damaged:
            return True
        try:
            found = part_files.read_results(path)
            if any(not 0 <= row < MAX_ROWS for row, *_ in found):
                raise ValueError("it has numbers of rows that there can't be")
        except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
            if isinstance(error, FileNotFoundError) and not is_last:
                return False
            self.damaged[path] = str(error)
            return True
        self._known[number] = path
        for at, (row, error_text, answer, checks) in enumerate(found):
            self._put(row, number, at, error_text, answer, checks)
        return True

    def _put(self, row: int, part: int, at: int, error: str, answer: str, checks: list[tuple[str, bool]]) -> None:
        if row >= len(self.states):
            more = row + 1 - len(self.states)
            self.states.extend(bytes(more))
            for column in (self._part, self._at, self._answer):
                column.extend([0] * more)
        if part < self._part[row]:
            return
        # A row that has an answer isn't computed again: this is the same record in a merged part file.
        is_new = self.states[row] in (NONE, FAILED)
        self._part[row], self._at[row] = part, at
        digest = hashlib.blake2b(answer.encode("utf-8", "backslashreplace"), digest_size=8).digest()
        self._answer[row] = int.from_bytes(digest, "little")
        passed = all(is_passed for _, is_passed in checks)
        self.states[row] = FAILED if error else ANSWERED if passed else UNEXPECTED
        for name, is_passed in checks if is_new else ():
            if name in self.checks or len(self.checks) < MAX_NAMES:
                before = self.checks.get(name, (0, 0))
                self.checks[name] = (before[0] + is_passed, before[1] + 1)

    @property
    def newest(self) -> int:
        """The highest number of a part file that is read: it differs once there are new records."""
        return max(self._known, default=0)

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
        """Yield the last records of rows that have one, in the rows' order. Damaged part files are left out.

        Args:
            rows: The rows; None: all.
        """
        held: OrderedDict[tuple[int, int], list[Record]] = OrderedDict()
        for row in range(len(self.states)) if rows is None else rows:
            record = self._record(row, held)
            if record is not None:
                yield record

    def _record(self, row: int, held: OrderedDict[tuple[int, int], list[Record]]) -> Record | None:
        for attempt in range(1, MAX_TRIES + 1):
            with self._lock:
                number, at = (self._part[row], self._at[row]) if row < len(self.states) else (0, 0)
                path = self._known.get(number)
            if path is None:
                return None
            chunk = number, at // _CHUNK
            if chunk not in held:
                try:
                    held[chunk] = list(part_files.read(path, chunk[1] * _CHUNK, _CHUNK))
                except (ValueError, TypeError, AttributeError, OSError) as error:
                    if isinstance(error, FileNotFoundError) and attempt < MAX_TRIES:
                        self.update()  # it was merged with others
                        continue
                    held[chunk] = []
                    self.damaged[path] = str(error)
                while len(held) > _CHUNKS:
                    held.popitem(last=False)
            held.move_to_end(chunk)
            found = held[chunk][at % _CHUNK : at % _CHUNK + 1]
            return found[0] if found and found[0].row == row else None
        return None
