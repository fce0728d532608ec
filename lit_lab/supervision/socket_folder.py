"""The folder of the model service's Unix socket, which only the user can read.

Every user of the machine can connect to a loopback port, although it is useless without the secret. Other users can't even
find a socket in such a folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import socket
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from jupyter_core.paths import jupyter_runtime_dir

NAME = "service"
MAX_PATH_BYTES = 100
"""Bytes of a socket's path: macOS allows 103, Linux 107."""

_PREFIX = "lit-lab-"
_held: set[Path] = set()  # this process's folders


@contextlib.contextmanager
def socket_folder(parents: Iterable[Path] | None = None) -> Iterator[Path | None]:
    """Create a folder for a socket, and remove it at the end.

    Args:
        parents: Where the folder may be, in order of preference; None: Jupyter's runtime folder, then the system's temporary one.

    Yields:
        The path for the socket, which doesn't exist yet; None if no socket can be created (on Windows, or on a file system
        without sockets).
    """
    folder = _made(candidates() if parents is None else parents)
    try:
        yield None if folder is None else folder / NAME
    finally:
        if folder is not None:
            _held.discard(folder)
            shutil.rmtree(folder, ignore_errors=True)


def candidates() -> list[Path]:
    """Return where the folder may be, in order of preference."""
    return [Path(jupyter_runtime_dir()), Path(tempfile.gettempdir())]


def _made(parents: Iterable[Path]) -> Path | None:
    if not hasattr(socket, "AF_UNIX"):
        return None
    for parent in parents:
        try:
            parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _remove_stale(parent)
            folder = Path(tempfile.mkdtemp(prefix=f"{_mine()}{os.getpid()}-", dir=parent))  # its mode is 0700
        except OSError:
            continue
        if _takes_sockets(folder):
            _held.add(folder)
            return folder
        shutil.rmtree(folder, ignore_errors=True)
    return None


def _takes_sockets(folder: Path) -> bool:
    """Whether a folder can contain a socket that can be connected to: not every network file system supports that."""
    path = folder / NAME
    if len(os.fsencode(path)) > MAX_PATH_BYTES:
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener, socket.socket(socket.AF_UNIX) as caller:
            listener.bind(str(path))
            listener.listen(1)
            caller.connect(str(path))
        path.unlink()
    except OSError:
        return False
    return True


def _remove_stale(parent: Path) -> None:
    """Remove folders that killed Jupyter servers of this machine left.

    Machines may share a folder, and a process id means another process on each. So the folder's name identifies the machine.
    """
    for folder in parent.glob(f"{_mine()}*-*"):
        number = folder.name[len(_mine()) :].partition("-")[0]
        if not number.isdecimal() or folder in _held or folder.is_symlink():
            continue
        # A folder with this process's id isn't its own: an earlier process of a restarted container had the same id.
        if (int(number) == os.getpid() or not _runs(int(number))) and folder.stat().st_uid == os.getuid():
            shutil.rmtree(folder, ignore_errors=True)


def _mine() -> str:
    return f"{_PREFIX}{hashlib.blake2b(platform.node().encode(), digest_size=3).hexdigest()}-"


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
