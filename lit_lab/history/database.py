"""Opens, locks, shrinks and replaces the history's file, and explains its failures.

Each change is one transaction with SQLite's rollback journal. (The write-ahead log doesn't work on network file systems.) If
the process is killed during a transaction, the file returns to its state before it.

**A full disk.** A deletion needs a rollback journal, but a full disk has no room for one. If the journal can't be written, the
deletion is repeated with the journal in memory, so that users can free space. The risk: if the process is killed or the power
fails in the milliseconds while SQLite writes the changed pages, the file may be damaged. LIT Lab then moves it aside, as any
damaged file. To keep this time short, SQLite writes nothing before the commit, and doesn't write freed pages at all.

**Space.** `auto_vacuum = FULL` moves pages from the end of the file into free pages and truncates the file, in the
transaction that freed the pages. So nothing of a deleted run stays in the file. A file that was created without this setting
needs one VACUUM, which rewrites it. That happens after the first change if the file holds little data, else after the first
deletion, and needs room for two copies of the data. If there is no room but little data, VACUUM runs in memory, with the
same risk as above. VACUUM is a transaction like any other: servers wait for each other.
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

_BUSY_SECONDS = 5.0  # how long to wait while another server of this user writes
_MAX_QUICK_VACUUM = 64 * 1024 * 1024
"""Maximum size in bytes of a database that VACUUM rewrites in memory, or without a deletion. It takes about a second."""

_BUSY, _LOCKED, _IO_ERROR, _CORRUPT, _FULL, _CANT_OPEN, _NO_DATABASE = 5, 6, 10, 11, 13, 14, 26
"""SQLite's result codes. The module `sqlite3` names them only since Python 3.11."""

_CODES_BY_MESSAGE = {
    "database is locked": _BUSY,
    "database table is locked": _LOCKED,
    "disk I/O error": _IO_ERROR,
    "malformed": _CORRUPT,
    "database or disk is full": _FULL,
    "unable to open database file": _CANT_OPEN,
    "not a database": _NO_DATABASE,
}
"""The messages of these codes. In Python 3.10, errors have no code."""

R = TypeVar("R")
Work = Callable[[sqlite3.Connection], R]

log = logging.getLogger(__name__)


class _ReplacedError(Exception):
    """Another file has replaced the open one under its name."""


class Database:
    """A connection to the history's file. Opens the file on first use, and again if another file replaces it.

    Each thread has its own `Database`; several may use the same file. All methods except `close` may raise `Problem`.

    Args:
        path: The file. It is created if it doesn't exist.
        beside: Another `Database` of this process on the same file, which may be running VACUUM.
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
        """A remark about the file for the user; may be empty."""

    @property
    def read_only(self) -> bool | None:
        """Whether the file was read-only when it was last opened; None if it wasn't opened yet."""
        return self._read_only

    def refusal(self) -> Problem:
        """Return the problem of a file that is read-only."""
        return Problem(
            503,
            "history_read_only",
            "The history is read-only. Earlier runs can be opened, but new ones aren't stored.",
            f"Give the Jupyter server permission to write to {self._path} and its folder.",
        )

    def read(self, work: Work[R]) -> R:
        """Run a function that reads, in one transaction, and return its result. Doesn't wait for another connection's write lock."""
        return self._transact("BEGIN", work)

    def write(self, work: Work[R]) -> R:
        """Run a function that changes the file, in one transaction, and return its result."""
        return self._transact("BEGIN IMMEDIATE", work)

    def remove(self, work: Work[R]) -> R:
        """Run a function that only deletes, even on a full disk; return its result. Gives the free space back to the disk."""
        try:
            done = self.write(work)
        except Problem as problem:
            if problem.code != "disk_full":
                raise
            done = self._transact("BEGIN IMMEDIATE", work, in_memory=True)
        self.shrink(force=True)
        return done

    def shrink(self, force: bool = False) -> None:
        """Run VACUUM once on a file without `auto_vacuum`, so that from then on it returns free space. A failure is left for later.

        No other connection can use the file meanwhile, so this skips a large file unless `force` is set.

        Args:
            force: Rewrite even a large file. If the disk has no room for that, rewrite a small file in memory.
        """
        for in_memory in (False, True) if force else (False,):
            try:
                if self._enable_auto_vacuum(
                    self._connect(), in_memory, None if force and not in_memory else _MAX_QUICK_VACUUM
                ):
                    return
            except (sqlite3.Error, OSError) as error:
                log.info("LIT Lab: couldn't shrink the history's file: %s", error)
                self.close()
                if is_sqlite_error(error, _BUSY, _LOCKED):
                    return
                self._no_room_for_copies = (
                    True  # a quota or the folder for temporary files, which can't be checked beforehand
                )

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _transact(self, begin: str, work: Work[R], in_memory: bool = False) -> R:
        for attempts_left in (1, 0):
            try:
                return self._attempt(begin, work, in_memory)
            except (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.ProgrammingError):
                raise  # an error of the caller's function
            except (sqlite3.Error, OSError, _ReplacedError) as error:
                moved = not self._is_current()
                damaged = _is_damage(error)
                self.close()
                if damaged:
                    self._set_aside()
                # A full disk may have interrupted a write. A read then fails on its journal, and clears it.
                cleared = begin == "BEGIN" and is_sqlite_error(error, _IO_ERROR, _FULL, _CANT_OPEN)
                if not attempts_left or not (moved or damaged or cleared):
                    raise self._problem(error) from error
        raise AssertionError

    def _attempt(self, begin: str, work: Work[R], in_memory: bool) -> R:
        connection = self._connect()
        if self._read_only and begin != "BEGIN":
            raise self.refusal()
        if in_memory:
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("PRAGMA cache_spill = OFF")
        try:
            connection.execute(begin)
            try:
                if not self._is_current():  # check again under the lock
                    raise _ReplacedError(f"another file has replaced {self._path}")
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
        self._create_file()
        try:
            self._connection = self._open()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self._set_aside()
            self._create_file()
            self._connection = self._open()
        return self._connection

    def _create_file(self) -> None:
        if os.access(self._path, os.F_OK):
            return  # don't open it: closing it would drop the locks that SQLite holds on it in this process
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):  # another server has created it
            # Prompts are private.
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
            # Invalid UTF-8 damages only its own run, so all others stay readable.
            connection.text_factory = lambda text: text.decode(errors="replace")
            connection.create_function("holds", -1, holds, deterministic=True)
            migrate(connection, self._path, self._read_only)
            _set_secure_delete(connection)
            connection.execute("SELECT count(*) FROM runs").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    def _can_write(self) -> bool:
        return os.access(self._path, os.W_OK) and os.access(self._path.parent, os.W_OK)  # the journal is in this folder

    def _is_current(self) -> bool:
        return self._identity is not None and _identity(self._path) == self._identity

    def _enable_auto_vacuum(self, connection: sqlite3.Connection, in_memory: bool, max_bytes: int | None) -> bool:
        """Enable `auto_vacuum` by a VACUUM, if it isn't enabled.

        Args:
            connection: The connection to the file.
            in_memory: Whether to keep the journal and temporary tables in memory.
            max_bytes: Don't rewrite a file with more data than this; None for no limit.

        Returns:
            Whether `auto_vacuum` is enabled now.
        """

        def value(pragma: str) -> int:
            return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])

        if value("auto_vacuum"):
            return True
        left = (value("page_count") - value("freelist_count")) * value("page_size")
        if max_bytes is not None and left > max_bytes:
            return False
        if in_memory:
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("PRAGMA temp_store = MEMORY")
        # The copy and the journal of the pages that it overwrites.
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
        """Move a damaged file out of the way. Never deletes it."""
        if not self._is_current():
            return  # another server or thread has already done it
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
                f"The history is damaged and can't be renamed: {error.strerror}.",
                f"Move {path} to another folder.",
            ) from error
        self.remark = f"The history was damaged. LIT Lab moved it to {aside} and started a new one."
        log.warning("LIT Lab: %s", self.remark)

    def _problem(self, error: Exception) -> Problem:
        """Return the problem to report for an error."""
        if _is_damage(error):
            return Problem(503, "history_corrupt", self.remark or f"The history is damaged: {error}.", "")
        if is_sqlite_error(error, _FULL) or not self._has_room(error):
            return Problem(
                507,
                "disk_full",
                "The history can't be written: the disk is full, or your quota is used up.",
                "Free some disk space. You can delete runs from the history even while the disk is full.",
            )
        if os.access(self._path, os.F_OK) and not self._can_write():
            return self.refusal()
        if is_sqlite_error(error, _BUSY, _LOCKED) and self._beside is not None and self._beside.is_shrinking:
            return Problem(
                503,
                "history_unavailable",
                "The history's file is being compacted after a deletion. This happens once.",
                "Try again in a moment.",
            )
        if is_sqlite_error(error, _BUSY, _LOCKED):
            return Problem(
                503,
                "history_unavailable",
                "Another program is writing to the history.",
                f"If this persists, find out which program has {self._path} open.",
            )
        reason = error.strerror if isinstance(error, OSError) else error
        return Problem(
            503,
            "history_unavailable",
            f"The history can't be used: {reason}.",
            f"Give the Jupyter server permission to read and write {self._path} and its folder.",
        )

    def _has_room(self, error: Exception) -> bool:
        """Return whether the disk has room. SQLite reports a full disk or a used-up quota under several codes."""
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


def _set_secure_delete(connection: sqlite3.Connection) -> None:
    """Overwrite deleted data, except in free pages that `auto_vacuum` truncates anyway, which needs a smaller journal."""
    (shrinks,) = connection.execute("PRAGMA auto_vacuum").fetchone()
    connection.execute(f"PRAGMA secure_delete = {'FAST' if shrinks else 'ON'}")


def _is_damage(error: Exception) -> bool:
    return is_sqlite_error(error, _CORRUPT, _NO_DATABASE)


def is_sqlite_error(error: Exception, *codes: int) -> bool:
    """Return whether an error comes from SQLite with one of these primary result codes."""
    if not isinstance(error, sqlite3.Error):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        code = next((code for words, code in _CODES_BY_MESSAGE.items() if words in str(error)), 0)
    return code & 0xFF in codes
