"""A preset's files, opened only if they are regular files in its folder, and read only up to a bound.

Reading a named pipe could wait forever, a device such as `/dev/zero` never ends, and a link may lead to files that the person who
names the preset may not see.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from lit_lab import json_bounds, local_paths
from lit_lab.folder_files import is_foreign

MAX_FILES = 10_000  # files and folders of a preset
MAX_LEVELS = 32
MAX_JSON_LEVELS = 64

_MEBI = 2**20
# Bytes, values, lists and objects. Gemma 3's tokenizer.json on Hugging Face has 33 MB and half a million merges.
_VOCABULARY = (64 * _MEBI, 5_000_000, 1_200_000)
_CONFIGURATION = (16 * _MEBI, 500_000, 100_000)
_VOCABULARIES = frozenset({"tokenizer.json", "tokenizer_config.json", "vocab.json", "vocabulary.json", "tekken.json"})

_REPOSITORY = re.compile(r"models--.+")
_SHARED_MARK = ".huggingface-shared-blobs"


class NotRegularError(OSError):
    """Something isn't a regular file."""


class TooMuchError(ValueError):
    """A file exceeds a bound; the message says which, in words that follow its name."""


def opened(file: Path) -> BinaryIO:
    """Open a file to read it.

    Raises:
        NotRegularError: It is a pipe, a device, a socket or a folder.
        OSError: It can't be opened.
    """
    # Without O_NONBLOCK, opening a pipe that nobody writes to would wait. The opened file is checked rather than its name, which
    # may refer to another file by then.
    number = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise NotRegularError(f"{file.name} isn't a regular file")
        return os.fdopen(number, "rb")
    except BaseException:
        os.close(number)
        raise


def read(file: Path, most: int) -> bytes:
    """Return a file's content.

    Args:
        file: The file.
        most: Its maximum size in bytes.

    Raises:
        TooMuchError: It is larger.
        OSError: As `opened`.
    """
    with opened(file) as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise TooMuchError(f"has more than {most / _MEBI:,.0f} MiB")
    return content


def json_of(file: Path) -> Any:
    """Return a JSON file's content. Raises as `bounded`, and `ValueError` if it isn't JSON."""
    return json.loads(bounded(file))


def bounded(file: Path) -> str:
    """Return a JSON file's text, checked so that parsing it has bounded cost.

    The bounds depend on whether it is a vocabulary, by its name.

    Raises:
        TooMuchError: It is too large, or has too many values, or too many levels.
        ValueError: It isn't text.
        OSError: As `opened`.
    """
    size, values, containers = _VOCABULARY if file.name in _VOCABULARIES else _CONFIGURATION
    return _bounded(read(file, size), values, containers)


def parsed(content: bytes, values: int = _CONFIGURATION[1], containers: int = _CONFIGURATION[2]) -> Any:
    """Parse JSON.

    Args:
        content: The JSON, in UTF-8.
        values: Maximum number of values.
        containers: Maximum number of lists and objects.

    Raises:
        TooMuchError: It exceeds these bounds, or has too many levels.
        ValueError: It isn't JSON.
    """
    return json.loads(_bounded(content, values, containers))


def _bounded(content: bytes, values: int, containers: int) -> str:
    if excess := json_bounds.excess(content, values, containers, MAX_JSON_LEVELS):
        raise TooMuchError(excess)
    # From bytes, Python would also accept UTF-16 and UTF-32, which the checks above don't cover.
    return content.decode()


def places_of(top: Path) -> list[Path]:
    """Return where links in a resolved folder may lead: into it, and to the places of files in Hugging Face's cache.

    Those are the repository's own `blobs`, and the one that all repositories of a cache share, marked as such by huggingface_hub.
    Other places in the cache, such as another repository's `blobs`, don't count.
    """
    for snapshot in (top, *top.parents):
        repository = snapshot.parent.parent
        is_named = _REPOSITORY.fullmatch(repository.name) is not None
        if snapshot.parent.name == "snapshots" and (is_named or snapshot == top):
            shared = repository.parent / "blobs"
            is_shared = is_named and _is_own(shared, stat.S_ISDIR) and _is_own(shared / _SHARED_MARK, stat.S_ISREG)
            return [top, repository / "blobs", *([shared] if is_shared else [])]
    return [top]


def _is_own(place: Path, is_kind: Callable[[int], bool]) -> bool:
    """Whether something of a kind exists, and isn't a link to one."""
    try:
        return is_kind(place.lstat().st_mode)
    except local_paths.FAILURES:
        return False


def walked(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield a preset's files.

    Links may lead to other files in the folder and, in Hugging Face's cache, to its places for files (`places_of`).

    Raises:
        NotRegularError: There is something that is neither a folder nor a regular file, or a link leads out of the folder.
        TooMuchError: There are too many files, or too many levels of folders.
        OSError: A folder can't be read.
    """
    top = local_paths.resolved(folder)
    allowed = places_of(top)
    count = 0
    waiting = [(top, 0)]
    while waiting:
        place, level = waiting.pop()
        if level > MAX_LEVELS:
            raise TooMuchError(f"has folders nested more than {MAX_LEVELS} levels deep")
        with os.scandir(place) as entries:
            for entry in entries:
                if is_foreign(entry.name):
                    continue
                count += 1
                if count > MAX_FILES:
                    raise TooMuchError(f"has more than {MAX_FILES:,} files and folders")
                path = Path(entry.path)
                shown = path.relative_to(top).as_posix()[:200]
                if entry.is_symlink() and not any(local_paths.resolved(path).is_relative_to(each) for each in allowed):
                    raise NotRegularError(f"{shown} is a link that leads out of its folder")
                about = path.stat()
                if stat.S_ISDIR(about.st_mode):
                    if not entry.is_symlink():  # a link's target is yielded at its own place
                        waiting.append((path, level + 1))
                elif stat.S_ISREG(about.st_mode):
                    yield path, about
                else:
                    raise NotRegularError(f"{shown} is a pipe or a device, not a file")
