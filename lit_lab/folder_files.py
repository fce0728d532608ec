"""What is in a folder, without what other programs have left there."""

from __future__ import annotations

import os
from pathlib import Path

_NAMES = frozenset({"__MACOSX", "Thumbs.db", "ehthumbs.db", "desktop.ini", "Desktop.ini", "$RECYCLE.BIN", "@eaDir"})


def is_foreign(name: str) -> bool:
    """Whether a file or a folder of that name isn't part of what a folder holds: another program has left it there.

    macOS writes `._name` beside each file on disks that lack its own attributes, and `__MACOSX` into archives; `.git`,
    `.cache` and `.DS_Store` are of that kind, and Windows's `Thumbs.db` and `desktop.ini`.
    """
    return name.startswith(".") or name in _NAMES


def files(folder: Path, pattern: str = "*") -> list[Path]:
    """Return a folder's own files that match a pattern, by name, without what other programs have left there.

    Raises:
        OSError: The folder can't be read.
    """
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if not is_foreign(entry.name))
    return [folder / name for name in names if Path(name).match(pattern)]


def walked(folder: Path, most: int | None = None) -> list[Path]:
    """Return files below a folder, without what other programs have left there, and without what can't be read.

    Args:
        folder: The folder.
        most: Files after which no further folder is gone into; None: all are returned.
    """
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_foreign(name))
        found.extend(Path(place, name) for name in sorted(names) if not is_foreign(name))
        if most is not None and len(found) > most:
            break
    return found
