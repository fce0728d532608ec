"""The history's file: opened, locked, given back to the disk, and what fails about it in words.

Each change is one transaction with SQLite's rollback journal, not its write-ahead log, which doesn't work on network file
systems; killed between any two statements, the file is as before the transaction.

**A full disk.** Deleting needs a rollback journal, for which a full disk has no room. It is tried with a journal on the
disk first. Where that has no room, it is done once more with the journal in memory, since else nobody could make room. What
that risks: killed, or without power, in the milliseconds in which the changed pages are written, the file may be damaged. It
is then set aside, as any damaged file. To keep these milliseconds few, nothing is written before the commit, and pages that
get free are not written at all.

**Space.** `auto_vacuum = FULL` moves pages from the file's end into free ones and cuts the file off, in the same transaction
that made them free; so nothing of a deleted run stays in the file. A file that was made without it can't do that until
VACUUM has written it anew, once. That happens after the first change where little is left in it, else after the first
deletion, and needs room for two copies of what is left in it. Where there is none, and little is left, a deletion does it
in memory, with the same risk as above. VACUUM is a transaction like any other: another server waits for it, or it for the
other.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lit_lab.history.migrations import migrate
from lit_lab.history.rows import holds
from lit_lab.problem import Problem

_BUSY_SECONDS = 5.0  # another server of this user's may be writing
_LITTLE = 64 * 1024 * 1024
"""Bytes of a database that is written anew in memory, or though nobody wants space back: in a second or so."""

_BUSY, _LOCKED, _IO_ERROR, _CORRUPT, _FULL, _CANT_OPEN, _NO_DATABASE = 5, 6, 10, 11, 13, 14, 26
"""SQLite's codes, which the module `sqlite3` has names for only from Python 3.11 on."""

_SAID = {
    "database is locked": _BUSY,
    "database table is locked": _LOCKED,
    "disk I/O error": _IO_ERROR,
    "malformed": _CORRUPT,
    "database or disk is full": _FULL,
    "unable to open database file": _CANT_OPEN,
    "not a database": _NO_DATABASE,
}
"""What SQLite says of them: all that tells them apart in Python 3.10, whose errors have no code."""

R = TypeVar("R")
Work = Callable[[sqlite3.Connection], R]

log = logging.getLogger(__name__)


class _AnotherFileError(Exception):
    """The file that is open isn't the one under its name any more."""


class Database:
    """A connection to the history's file: made when it is needed, and anew where the file is another one by now.

    A thread has a database of its own; several may be on one file. All methods but `close` raise `Problem`.

    Args:
        path: The file; it is made where there is none.
        beside: Another one on that file, in this process, that may be making it smaller.
    """

    def __init__(self, path: Path, beside: Database | None = None) -> None:
        self._path = path
        self._beside = beside
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._read_only: bool | None = None
        self._no_room_for_copies = False
        self.is_shrinking = False
        self.remark = ""
        """What the user should know of the file; or empty."""

    @property
    def read_only(self) -> bool | None:
        """Whether the file was read-only when it was opened last; None: it wasn't opened yet."""
        return self._read_only

    def refusal(self) -> Problem:
        """Return why nothing can be stored in a file that is read-only."""
        return Problem(
            503,
            "history_read_only",
            "The history is read-only: earlier runs can be opened, and new ones aren't stored.",
            f"Let the Jupyter server write to {self._path} and its folder.",
        )

    def read(self, work: Work[R]) -> R:
        """Return what work finds in one state of the file. Another's lock for writing isn't waited for."""
        return self._do("BEGIN", work)

    def write(self, work: Work[R]) -> R:
        """Do work that changes the file, all of it or nothing."""
        return self._do("BEGIN IMMEDIATE", work)

    def remove(self, work: Work[R]) -> R:
        """Do work that only deletes, on a full disk too, and give the space back to the disk."""
        try:
            done = self.write(work)
        except Problem as problem:
            if problem.code != "disk_full":
                raise
            done = self._do("BEGIN IMMEDIATE", work, in_memory=True)
        self.shrink(is_wanted=True)
        return done

    def shrink(self, is_wanted: bool = False) -> None:
        """Write a file that can't give space back anew, so that from then on it can. What fails is left for later.

        Nobody else can use the file meanwhile: a large one is left alone where nobody wants space back.

        Args:
            is_wanted: Whatever is left in the file; and in memory, where the disk has no room for it and that is little.
        """
        for in_memory in (False, True) if is_wanted else (False,):
            try:
                if self._shrinks(self._connect(), in_memory, None if is_wanted and not in_memory else _LITTLE):
                    return
            except (sqlite3.Error, OSError) as error:
                log.info("LIT Lab: the history's file was not made smaller: %s", error)
                self.close()
                if is_sqlite_error(error, _BUSY, _LOCKED):
                    return
                self._no_room_for_copies = True  # a quota, or the folder for temporary files: nothing tells before

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _do(self, begin: str, work: Work[R], in_memory: bool = False) -> R:
        for attempts_left in (1, 0):
            try:
                return self._once(begin, work, in_memory)
            except (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.ProgrammingError):
                raise  # the work's own
            except (sqlite3.Error, OSError, _AnotherFileError) as error:
                moved = not self._is_current()
                damaged = _is_damage(error)
                self.close()
                if damaged:
                    self._set_aside()
                # A read may meet the journal of a write that a full disk broke off, and clears it away.
                cleared = begin == "BEGIN" and is_sqlite_error(error, _IO_ERROR, _FULL, _CANT_OPEN)
                if not attempts_left or not (moved or damaged or cleared):
                    raise self._problem(error) from error
        raise AssertionError

    def _once(self, begin: str, work: Work[R], in_memory: bool) -> R:
        connection = self._connect()
        if self._read_only and begin != "BEGIN":
            raise self.refusal()
        if in_memory:
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("PRAGMA cache_spill = OFF")
        try:
            connection.execute(begin)
            try:
                if not self._is_current():  # looked at again under the lock
                    raise _AnotherFileError(f"{self._path} is another file by now")
                done = work(connection)
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
        finally:
            if in_memory:
                self.close()
        return done

    def _connect(self) -> sqlite3.Connection:
        became_writable = bool(self._read_only) and self._can_write()
        if self._connection is not None and self._is_current() and not became_writable:
            return self._connection
        self.close()
        self._make_file()
        try:
            self._connection = self._open()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self._set_aside()
            self._make_file()
            self._connection = self._open()
        return self._connection

    def _make_file(self) -> None:
        if os.access(self._path, os.F_OK):
            return  # and is not opened: closing it would drop the locks that SQLite has on it in this process
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):  # another server's
            # Prompts are nobody else's business.
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    def _open(self) -> sqlite3.Connection:
        self._identity = _identity(self._path)
        self._read_only = not self._can_write()
        mode = "ro" if self._read_only else "rw"
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            # A text that isn't UTF-8 is one damaged run's, and no reason to refuse all others.
            connection.text_factory = lambda text: text.decode(errors="replace")
            connection.create_function("holds", -1, holds, deterministic=True)
            migrate(connection, self._path, self._read_only)
            _forget_what_is_deleted(connection)
            connection.execute("SELECT count(*) FROM runs").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    def _can_write(self) -> bool:
        return os.access(self._path, os.W_OK) and os.access(self._path.parent, os.W_OK)  # the journal lies beside it

    def _is_current(self) -> bool:
        return self._identity is not None and _identity(self._path) == self._identity

    def _shrinks(self, connection: sqlite3.Connection, in_memory: bool, most: int | None) -> bool:
        """Have a file give space back, if there is room for that and at most so much is left; return whether it does."""

        def value(pragma: str) -> int:
            return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])

        if value("auto_vacuum"):
            return True
        left = (value("page_count") - value("freelist_count")) * value("page_size")
        if most is not None and left > most:
            return False
        if in_memory:
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("PRAGMA temp_store = MEMORY")
        # For what is left, and for the journal of what it is written over.
        elif self._no_room_for_copies or shutil.disk_usage(self._path.parent).free < 2 * left:
            return False
        connection.execute("PRAGMA auto_vacuum = FULL")
        self.is_shrinking = True
        try:
            connection.execute("VACUUM")
        finally:
            self.is_shrinking = False
        self.close()
        return True

    def _set_aside(self) -> None:
        """Move a file that isn't a sound database away; never delete it."""
        if not self._is_current():
            return  # another server, or thread, has done it
        path = self._path
        aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        try:
            path.rename(aside)
            for suffix in ("-journal", "-wal", "-shm"):
                beside = path.with_name(path.name + suffix)
                if beside.exists():
                    beside.rename(aside.with_name(aside.name + suffix))
        except OSError as error:
            raise Problem(
                503,
                "history_corrupt",
                f"The history is damaged, and can't be moved away: {error.strerror}.",
                f"Move {path} away.",
            ) from error
        self.remark = f"The history was damaged. It is now in {aside}, and a new one was started."
        log.warning("LIT Lab: %s", self.remark)

    def _problem(self, error: Exception) -> Problem:
        """Return what a failure means."""
        if _is_damage(error):
            return Problem(503, "history_corrupt", self.remark or f"The history is damaged: {error}.", "")
        if is_sqlite_error(error, _FULL) or not self._has_room(error):
            return Problem(
                507,
                "disk_full",
                "The disk is full, or your quota on it: the history can't be written.",
                "Make room. Runs can be deleted from the history, which needs none.",
            )
        if os.access(self._path, os.F_OK) and not self._can_write():
            return self.refusal()
        if is_sqlite_error(error, _BUSY, _LOCKED) and self._beside is not None and self._beside.is_shrinking:
            return Problem(
                503,
                "history_unavailable",
                "The history's file is being made smaller, once, after a deletion.",
                "Try again in a moment.",
            )
        if is_sqlite_error(error, _BUSY, _LOCKED):
            return Problem(
                503,
                "history_unavailable",
                "Another program is writing to the history.",
                f"If it stays so, find out which program has {self._path} open.",
            )
        reason = error.strerror if isinstance(error, OSError) else error
        return Problem(
            503,
            "history_unavailable",
            f"The history can't be used: {reason}.",
            f"Let the Jupyter server read and write {self._path} and its folder.",
        )

    def _has_room(self, error: Exception) -> bool:
        """Return whether something can be written. SQLite calls a full disk many names, and a quota that is used up."""
        if not isinstance(error, OSError) and not is_sqlite_error(error, _IO_ERROR, _CANT_OPEN):
            return True
        try:
            with tempfile.TemporaryFile(dir=self._path.parent) as file:
                file.write(bytes(4096))
                file.flush()
                os.fsync(file.fileno())
        except OSError as refused:
            return refused.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        return True


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _forget_what_is_deleted(connection: sqlite3.Connection) -> None:
    """Have what is deleted overwritten, but for free pages where they are cut off, which takes less of a journal."""
    (shrinks,) = connection.execute("PRAGMA auto_vacuum").fetchone()
    connection.execute(f"PRAGMA secure_delete = {'FAST' if shrinks else 'ON'}")


def _is_damage(error: Exception) -> bool:
    return is_sqlite_error(error, _CORRUPT, _NO_DATABASE)


def is_sqlite_error(error: Exception, *codes: int) -> bool:
    """Return whether an error is SQLite's, with one of these primary result codes."""
    if not isinstance(error, sqlite3.Error):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        code = next((code for words, code in _SAID.items() if words in str(error)), 0)
    return code & 0xFF in codes
