"""Files that several servers, or several processes, change: read anew under a lock, changed, and written as a whole."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows, where writing as a whole has to do
    fcntl = None  # type: ignore[assignment]

HAS_LOCKS = fcntl is not None
"""Whether the system has them; where it hasn't, `lock` does nothing."""

PATIENCE = 5.0
"""Seconds that a change waits for another one's end; one takes milliseconds."""

_LOOK_SECONDS = 0.02
_HELD = {errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK}


class HeldError(OSError):
    """Another process holds the lock for longer than one waits."""

    def __init__(self, file: Path) -> None:
        super().__init__(errno.EAGAIN, "another program is changing it", str(file))


@contextlib.contextmanager
def lock(file: Path, patience: float | None = PATIENCE) -> Iterator[None]:
    """While this lasts, nobody else who asks for this lock has it: no other process, and no other thread.

    The system lets go of it when its process ends, however it ends. Some network file systems have no locks: there
    this does nothing, and what is written as a whole is still never half a file. It waits in the calling thread, so it
    isn't for an event loop.

    Args:
        file: Locked, and made if need be. A file of its own beside the data, for those are replaced.
        patience: Seconds to wait for it; None: as long as it takes.

    Raises:
        HeldError: Another has it for longer.
        OSError: The file can't be made.
    """
    if fcntl is None:
        yield
        return
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        until = None if patience is None else time.monotonic() + patience
        while not _try(descriptor):
            if until is not None and time.monotonic() >= until:
                raise HeldError(file)
            time.sleep(_LOOK_SECONDS)
        yield
    finally:
        os.close(descriptor)  # which unlocks it


def is_locked(file: Path) -> bool:
    """Whether somebody has a lock. Unlike one who takes it to find out, this makes nobody else believe so. Raises `OSError`."""
    if fcntl is None:
        return False
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return not _try(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def change(file: Path, how: Callable[[bytes | None], str | None], patience: float = PATIENCE) -> None:
    """Change a file that others may change at the same time.

    Args:
        file: Which; its folder is made if need be.
        how: Takes what the file holds now, None where there is none, and returns what it shall hold; None: leave it.
        patience: Seconds to wait for others.

    Raises:
        OSError: It can't be read or written, or others hold it too long. Nothing has changed.
    """
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock(file.with_name(f".{file.name}.lock"), patience):
        try:
            before: bytes | None = file.read_bytes()
        except FileNotFoundError:
            before = None
        after = how(before)
        if after is not None:
            replace(file, after)


def open_regular(file: str | os.PathLike[str], may_be_link: bool = True) -> IO[bytes]:
    """Open a file to read it. Unlike `open`, it never waits for another program, as it would at a named pipe.

    Args:
        file: Which.
        may_be_link: Whether it may be a link to one.

    Raises:
        OSError: It can't be opened.
        ValueError: It is something else than a file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(file, flags | (0 if may_be_link else getattr(os, "O_NOFOLLOW", 0)))
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise ValueError("it isn't a file")


def replace(file: Path, text: str, mode: int | None = None) -> None:
    """Write a file as a whole or not at all, even where the machine stops in the middle.

    Args:
        file: Which. Where it is a link, what that leads to is written.
        text: What it shall hold, in UTF-8.
        mode: Its permissions; None: those that it has, or its owner's alone where it is new.

    Raises:
        OSError: It can't be written. What was there stays.
    """
    file = Path(os.path.realpath(file))
    if mode is None:
        try:
            mode = stat.S_IMODE(file.stat().st_mode)
        except FileNotFoundError:
            mode = 0o600
    handle, half = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if mode != 0o600:
            Path(half).chmod(mode)
        Path(half).replace(file)
    except BaseException:
        Path(half).unlink(missing_ok=True)
        raise
    keep_name(file.parent)


def _try(descriptor: int, kind: int | None = None) -> bool:
    """Whether the lock is there, or the file system has none."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if kind is None else kind) | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _HELD
    return True


def keep_name(folder: Path) -> None:
    """Have a renamed file's new name survive a power cut, where the system can do that for folders."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
