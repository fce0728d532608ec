"""Where a batch's records are, and what came of each row: enough to page, to sort and to compare rows without reading all of them.

It takes 17 bytes for each row. Each part file of the folder is read once; new ones are read when the index is updated. If some were
merged, their records are found in the new one.
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
MAX_TRIES = 100
"""How often part files are looked for anew because they are merged meanwhile."""

_CHUNK = 64  # records of a part file that are read together
_CHUNKS = 8  # that are in memory at one time

_DAMAGE = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)

_NO_PART = {errno.EISDIR, errno.ELOOP, errno.ENXIO, errno.ENOTDIR}  # it is something else than a file


class UnreadableError(Exception):
    """Some of a batch's records can't be read.

    Args:
        path: The part file.
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
        self._part = array("I")  # the part file's number of each row; 0: it has no record
        self._at = array("I")  # its place there
        self._answer = array("Q")  # a digest
        self.states = bytearray()
        self.version = 0
        """Grows with each part that is read, or is there no more."""
        self.checks: dict[str, tuple[int, int]] = {}
        """How many answers passed each check, and how many were checked."""
        self.damaged: dict[Path, str] = {}
        """Part files that aren't what they should be, and why."""
        self._damage: dict[Path, object] = {}  # what they were then
        self.unread: dict[Path, str] = {}
        """Part files that couldn't be read the last time, such as for want of open files, and why. They are tried again."""

    def update(self) -> None:
        """Read part files that are new, and those that couldn't be read."""
        with self._lock:
            for attempt in range(1, MAX_TRIES + 1):
                files = self._folder.part_paths()
                paths = {path for _, path in files}
                self.damaged = {
                    path: why
                    for path, why in self.damaged.items()
                    if path in paths and self._damage.get(path) == _identity(path)
                }
                self.unread = {}
                is_last = attempt == MAX_TRIES
                if all(self._read(number, path, is_last) for number, path in files) and self._forget(files):
                    break

    def _read(self, number: int, path: Path, is_last: bool) -> bool:
        """Read a part file if it is new. Return whether it is still there."""
        if number in self._known or path in self.damaged:
            return True
        try:
            found = self._results(path)
        except (*_DAMAGE, OSError) as error:
            if isinstance(error, FileNotFoundError) and not is_last:
                return False
            self._blame(path, error)
            return True
        self._known[number] = path
        self.version += 1
        for at, (row, error_text, answer, checks) in enumerate(found):
            self._put(row, number, at, error_text, answer, checks)
        return True

    def _forget(self, files: list[tuple[int, Path]]) -> bool:
        """Forget part files that are gone. Return False if all have to be read anew, because one's records aren't in another."""
        gone = self._known.keys() - {number for number, _ in files}
        if gone and not gone.isdisjoint(self._part):
            self._clear()  # another process has set one aside
            return False
        for number in gone:  # it was merged with others
            del self._known[number]
        return True

    def still_damaged(self) -> list[Path]:
        """Read the damaged parts once more, and return those that are still damaged."""
        found = []
        for path in list(self.damaged):
            try:
                self._results(path)
                for _ in part_files.read(path):
                    pass
            except (*_DAMAGE, OSError) as error:
                if _is_damage(path, error):
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
        is_damaged = _is_damage(path, error)
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        with self._lock:
            (self.damaged if is_damaged else self.unread)[path] = why
            self._damage[path] = _identity(path)
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
        held: OrderedDict[tuple[int, int], list[Record]] = OrderedDict()
        for row in range(len(self.states)) if rows is None else rows:
            with self._lock:
                is_there = self.state(row) != NONE
            record = self._record(row, held)
            if record is not None:
                yield record
            elif are_all and is_there:
                self.check()
                raise UnreadableError(self._folder.path, "it changed meanwhile", is_damaged=False)

    def _record(self, row: int, held: OrderedDict[tuple[int, int], list[Record]]) -> Record | None:
        for attempt in range(1, MAX_TRIES + 1):
            with self._lock:
                number, at = (self._part[row], self._at[row]) if self.state(row) != NONE else (0, 0)
                path = self._known.get(number)
            if path is None:
                return None
            chunk = number, at // _CHUNK
            if chunk not in held:
                try:
                    held[chunk] = list(part_files.read(path, chunk[1] * _CHUNK, _CHUNK))
                except (*_DAMAGE, OSError) as error:
                    if isinstance(error, FileNotFoundError) and attempt < MAX_TRIES:
                        self.update()  # it was merged with others
                        continue
                    held[chunk] = []
                    self._blame(path, error)
                while len(held) > _CHUNKS:
                    held.popitem(last=False)
            held.move_to_end(chunk)
            found = held[chunk][at % _CHUNK : at % _CHUNK + 1]
            return found[0] if found and found[0].row == row else None
        return None


def _identity(path: Path) -> object:
    """Return what differs once another file is there."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _is_damage(path: Path, error: Exception) -> bool:
    """Whether an error says that a part file isn't what it should be; else it may pass, such as a lack of open files."""
    if isinstance(error, FileNotFoundError):
        return path.is_symlink()  # which leads nowhere
    # Those of pyarrow about a file's content have no number.
    return not isinstance(error, OSError) or error.errno is None or error.errno in _NO_PART
