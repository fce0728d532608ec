"""Where a batch's records are, and what came of each row: enough to page, to sort and to compare rows without reading all of them.

It takes 17 bytes for each row. Each part of the folder is read once; new ones are read when the index is updated.
"""

from __future__ import annotations

import errno
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

_NO_PART = {errno.EISDIR, errno.ELOOP, errno.ENXIO, errno.ENOTDIR}  # it is something else than a file


class UnreadableError(Exception):
    """Some of a batch's records can't be read.

    Args:
        path: The part.
        why: Why, in words.
        is_damaged: Whether it will stay so; else it can be tried again.
    """

    def __init__(self, path: Path, why: str, is_damaged: bool) -> None:
        super().__init__(f"{path.name}: {why}")
        self.path = path
        self.why = why[:200].rstrip(".")
        self.is_damaged = is_damaged


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
        self.version = 0
        """Grows with each part that is read, or is there no more."""
        self.checks: dict[str, tuple[int, int]] = {}
        """How many answers passed each check, and how many were checked."""
        self.damaged: dict[Path, str] = {}
        """Parts that aren't what they should be, and why."""
        self.unread: dict[Path, str] = {}
        """Parts that couldn't be read the last time, such as for want of open files, and why. They are tried again."""

    def update(self) -> None:
        """Read parts that are new, and those that couldn't be read."""
        with self._lock:
            parts = self._folder.part_paths()
            if not self._known.keys() <= {number for number, _ in parts}:
                self._clear()  # another process has set one aside
            self.unread = {}
            paths = {path for _, path in parts}
            self.damaged = {path: why for path, why in self.damaged.items() if path in paths}
            for number, path in parts:
                if number not in self._known and path not in self.damaged:
                    try:
                        found = self._results(path)
                    except (*_DAMAGE, OSError) as error:
                        self._blame(path, error)
                        continue
                    self._known[number] = path
                    self.version += 1
                    for at, (row, error_text, answer, checks) in enumerate(found):
                        self._put(row, number, at, error_text, answer, checks)

    def still_damaged(self) -> list[Path]:
        """Read the damaged parts once more, and return those that are still damaged."""
        found = []
        for path in list(self.damaged):
            try:
                self._results(path)
                for _ in part_files.read(path):
                    pass
            except (*_DAMAGE, OSError) as error:
                if _is_damage(error):
                    found.append(path)
        return found

    def check(self) -> None:
        """Raise `UnreadableError` if there are parts that can't be read."""
        with self._lock:
            for is_damaged, parts in ((True, self.damaged), (False, self.unread)):
                for path, why in parts.items():
                    raise UnreadableError(path, why, is_damaged)

    def _results(self, path: Path) -> list[tuple[int, str, str, list[tuple[str, bool]]]]:
        found = part_files.read_results(path)
        if any(not 0 <= row < self._total for row, *_ in found):
            raise ValueError("it has numbers of rows that there can't be")
        return found

    def _blame(self, path: Path, error: Exception) -> UnreadableError:
        is_damaged = _is_damage(error)
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        with self._lock:
            (self.damaged if is_damaged else self.unread)[path] = why
        return UnreadableError(path, why, is_damaged)

    def _clear(self) -> None:
        # New ones: other threads may be in the midst of reading these.
        self._known, self.checks = {}, {}
        self.version += 1
        self._part, self._at, self._answer, self.states = array("I"), array("I"), array("Q"), bytearray()

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
        """How many parts are read."""
        return len(self._known)

    @property
    def num_done(self) -> int:
        """How many rows have a record."""
        states = self.states
        return len(states) - states.count(NONE)

    @property
    def num_failed(self) -> int:
        """How many rows' last record is an error."""
        return self.states.count(FAILED)

    def state(self, row: int) -> int:
        """Return what came of a row."""
        states = self.states
        return states[row] if row < len(states) else NONE

    def answer(self, row: int) -> int:
        """Return a number that differs where answers do."""
        answers = self._answer
        return answers[row] if row < len(answers) else 0

    def __iter__(self) -> Iterator[Record]:
        return self.records()

    def records(self, rows: Iterable[int] | None = None, are_all: bool = False) -> Iterator[Record]:
        """Yield the last records of rows that have one, in the rows' order.

        Args:
            rows: The rows; None: all.
            are_all: Whether none may be left out; else those of parts that can't be read are.

        Raises:
            UnreadableError: One can't be read that may not be left out.
        """
        if are_all:
            self.check()
        held: OrderedDict[int, list[Record]] = OrderedDict()
        for row in range(len(self.states)) if rows is None else rows:
            with self._lock:
                if self.state(row) == NONE:
                    continue
                number, at = self._part[row], self._at[row]
                path = self._known[number]
            if number not in held:
                try:
                    held[number] = list(part_files.read(path))
                except (*_DAMAGE, OSError) as error:
                    held[number] = []
                    failure = self._blame(path, error)
                    if are_all:
                        raise failure from error
                while len(held) > _PARTS:
                    held.popitem(last=False)
            held.move_to_end(number)
            if at < len(held[number]) and held[number][at].row == row:
                yield held[number][at]
            elif are_all:
                raise UnreadableError(path, "it changed meanwhile", is_damaged=False)


def _is_damage(error: Exception) -> bool:
    """Whether an error says that a part isn't what it should be; else it may pass, such as a lack of open files."""
    # Those of pyarrow about a file's content have no number.
    return not isinstance(error, OSError) or error.errno is None or error.errno in _NO_PART
