"""How much users store, and for how long."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from lit_lab.batch_store.copied_rows import size_of
from lit_lab.batch_store.folders import BatchFolder, Folders, is_id
from lit_lab.problem import Problem
from lit_lab.protocol import BatchStorage
from lit_lab.shared_files import lock

from .asked import AskedFiles

DAY = 86_400.0

LOCK = ".lock"
"""In a user's folder: a process that stores batches there has it."""

log = logging.getLogger(__name__)


def used(place: Path) -> int:
    """Return the bytes of everything in a folder; a file with several names counts once."""
    seen = set[tuple[int, int]]()
    total = 0
    for found in _files(place):
        if (found.st_dev, found.st_ino) not in seen:
            seen.add((found.st_dev, found.st_ino))
            total += found.st_size
    return total


@contextlib.contextmanager
def locked(place: Path, patience: float) -> Iterator[None]:
    """While this lasts, no other process stores batches of a user.

    Args:
        place: The user's folder, which is made if need be.
        patience: Seconds to wait for others.

    Raises:
        OSError: Another one does for longer, or the lock's file can't be made.
    """
    for folder in (place.parent, place):
        folder.mkdir(mode=0o700, parents=folder == place.parent, exist_ok=True)
    if place.is_symlink():
        raise OSError("its folder is a link to another place")
    with lock(place / LOCK, patience):
        yield


def full(limits: BatchStorage) -> Problem:
    """Return the problem of a user who stores too much."""
    return Problem(
        413,
        "quota",
        f"Your batches take all of the {size_of(limits.max_bytes)} that the shared service stores for one user.",
        "Delete some that you no longer need; then let the batch go on.",
    )


def too_many(number: int, limits: BatchStorage) -> Problem:
    """Return the problem of a user who has too many batches."""
    return Problem(
        429,
        "too_many_batches",
        f"You have {number:,} batches; the shared service stores at most {limits.max_batches:,}.",
        "Delete some that you no longer need.",
    )


def delete_expired(folders: Folders, asked: AskedFiles, limits: BatchStorage) -> int:
    """Delete batches that were neither made nor computed lately, and what a killed process has left. Returns how many.

    One that is to run, or runs, stays.
    """
    running = asked.all()
    now = time.time()
    count = 0
    for place in _folders(folders.root):
        folders.clean(place)
        for path in _folders(place):
            if is_id(path.name) and (place.name, path.name) not in running and expires(path, limits) < now:
                with contextlib.suppress(Problem):
                    folders.delete(BatchFolder(path))
                    count += 1
        with contextlib.suppress(OSError):
            if [path.name for path in place.iterdir()] == [LOCK]:
                # Who waits for it now gets one that nobody else sees: at worst, a user has one request's rows beyond the limit.
                with lock(place / LOCK, 0.0):
                    (place / LOCK).unlink()
            place.rmdir()  # if it is empty
    if count:
        log.info("%d expired batches were deleted", count)
    return count


def expires(batch: Path, limits: BatchStorage) -> float:
    """Return when a batch is deleted unless another row is computed before, in seconds since 1970."""
    return _last(batch) + limits.days * DAY


def _folders(path: Path) -> list[Path]:
    try:
        with os.scandir(path) as entries:
            return [
                Path(entry.path)
                for entry in entries
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
            ]
    except OSError:
        return []


def _last(batch: Path) -> float:
    """Return when a batch was made, or last got records. What users look at doesn't count."""
    times = [0.0]
    for path in (batch / "batch.json", batch / "records"):
        with contextlib.suppress(OSError):
            times.append(path.lstat().st_mtime)
    if len(times) == 1:
        with contextlib.suppress(OSError):
            times.append(batch.lstat().st_mtime)
    return max(times)


def _files(place: Path) -> Iterator[os.stat_result]:
    for folder, _, names in os.walk(place):
        for name in names:
            with contextlib.suppress(OSError):
                found = Path(folder, name).lstat()
                if stat.S_ISREG(found.st_mode):
                    yield found
