"""Paths that people write, made into paths of this machine: whatever is wrong with one is said in words.

`Path` raises of several kinds, of which some are no `OSError`: the home of nobody, a NUL byte, a loop of links, half of a
character; and `is_dir` and its like let some through, which ones depends on the version of Python.
"""

from __future__ import annotations

import errno
from pathlib import Path

FAILURES = (OSError, ValueError, RuntimeError)
"""All that looking up a path raises."""

ABSENT = "there is nothing of that name"

_WORDS = {
    errno.ENOENT: ABSENT,
    errno.ENOTDIR: "a part of it is a file, not a folder",
    errno.ENAMETOOLONG: "it is longer than the system allows",
    errno.EACCES: "the permissions of a folder on the way don't allow it",
    errno.EPERM: "the system doesn't allow it",
    errno.ELOOP: "its links lead in a circle",
}


def of_user(text: str) -> Path:
    """Return what somebody wrote as a path; never fails.

    `~` at its beginning stands for a home folder, as everywhere, unless there is no such user, or something here has that
    very name: a folder may be called `~tilde`.
    """
    path = Path(text)
    if not text.startswith("~") or (text not in ("~", "~/") and not text.startswith("~/") and is_there(path)):
        return path
    try:
        return path.expanduser()
    except FAILURES:
        return path


def fault(path: Path) -> str:
    """Return in words why nothing can be found at a path; empty: there is something."""
    try:
        path.stat()
    except FAILURES as error:
        return words(error)
    return ""


def words(error: BaseException) -> str:
    """Return in words what is wrong with a path, of an error that looking it up raised."""
    if isinstance(error, OSError):
        return _WORDS.get(error.errno or 0) or error.strerror or str(error)
    if isinstance(error, UnicodeError):
        return "it holds half of a character"
    if isinstance(error, RuntimeError):  # Python 3.12 and before
        return _WORDS[errno.ELOOP] if "loop" in str(error) else str(error).rstrip(".")
    return "it holds a character that no path has"


def is_there(path: Path) -> bool:
    """Whether there is something that can be looked at; False where looking fails."""
    try:
        path.stat()
    except FAILURES:
        return False
    return True


def is_folder(path: Path) -> bool:
    """Whether it is a folder; False where looking fails."""
    try:
        return path.is_dir()
    except FAILURES:
        return False


def is_file(path: Path) -> bool:
    """Whether it is a regular file; False where looking fails."""
    try:
        return path.is_file()
    except FAILURES:
        return False


def resolved(path: Path) -> Path:
    """Return where a path leads, without links; the path itself where that fails."""
    try:
        return path.resolve()
    except FAILURES:
        return path
