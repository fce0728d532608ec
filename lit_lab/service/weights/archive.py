"""Unpacks a preset from a `.tar.gz`, without writing or linking anywhere else."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path, PurePosixPath

from lit_lab import folder_files, local_paths
from lit_lab.problem import Problem

from . import bounded_tar, regular

MAX_FILES = 1_000
MAX_MEMBERS = 100_000  # including folders and other programs' files, such as .git
MAX_NAME = 1_024  # characters of a member's path
MAX_RATIO = 20  # unpacked to packed; weights hardly compress, so a larger ratio is a bomb
MAX_SMALL = 64 * 2**20  # bytes that may be unpacked at any ratio
KEEP_FREE = 256 * 2**20  # bytes of disk that stay free
_PIECE = 2**20


def unpacked(archive: Path, cache: Path) -> Path:
    """Return the folder of the preset in an archive; unpacks it into the cache, unless that was done before.

    Raises:
        Problem: `archive_unsafe`, `archive_damaged`, `preset_incomplete` or `disk_full`; nothing is left behind.
    """
    try:
        about = archive.stat()
    except local_paths.FAILURES as error:
        why = local_paths.words(error)
        raise Problem(
            404, "preset_not_found", f"There is no file {str(archive)[:200]}: {why}.", "Check the path."
        ) from error
    key = hashlib.sha256(f"{local_paths.resolved(archive)}\n{about.st_size}\n{about.st_mtime_ns}".encode()).hexdigest()[
        :24
    ]
    place = cache / "unpacked" / key
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = Path(tempfile.mkdtemp(dir=place.parent, prefix="half-"))
        try:
            _unpack(archive, about.st_size, half)
            _preset(half, archive)
            _put(half, place)
        except bounded_tar.HeaderError as error:
            raise _unsafe(archive, f"it {error}") from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise _full(archive, 0, 0) from error
            raise _damaged(archive, error.strerror or str(error)) from error
        except (tarfile.TarError, EOFError, ValueError, zlib.error) as error:
            raise _damaged(archive, str(error)) from error
        finally:
            shutil.rmtree(half, ignore_errors=True)
    return _preset(place, archive)


def _unpack(archive: Path, packed: int, into: Path) -> None:
    free = shutil.disk_usage(into).free - KEEP_FREE
    most = max(packed * MAX_RATIO, MAX_SMALL)
    size = files = members = 0
    with bounded_tar.Archive(archive) as tar:
        for member in tar:
            parts = PurePosixPath(member.name).parts
            foreign = any(map(folder_files.is_foreign, parts))
            files += not foreign and not member.isdir()
            members += 1
            size += 0 if member.isdir() else member.size
            if not member.isdir() and not member.isreg():
                raise _unsafe(archive, f"{member.name[:200]!r} is a link or a device, not a file")
            if len(member.name) > MAX_NAME or len(parts) > regular.MAX_LEVELS:
                raise _unsafe(archive, f"{member.name[:40]!r}… is longer, or nested deeper, than any file of a preset")
            if files > MAX_FILES or members > MAX_MEMBERS or size > most:
                raise _unsafe(archive, "it would become far too large when unpacked")
            if member.isdir():
                continue  # created together with its content
            if not parts or member.name.startswith("/") or ".." in parts or "\\" in member.name or "\0" in member.name:
                raise _unsafe(archive, f"{member.name[:200]!r} would be written outside its folder")
            if size > free:
                raise _full(archive, size, max(free, 0))
            if foreign:
                continue  # the bounds apply to it too, because it is read
            target = into.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            # "x": a second member of the same name must not write through the first.
            with tar.content(member) as content, target.open("xb") as file:
                shutil.copyfileobj(content, file, _PIECE)


def _put(half: Path, place: Path) -> None:
    """Rename the unpacked folder, unless another server's service has just unpacked the same archive."""
    try:
        half.rename(place)
    except OSError:
        if not place.is_dir():
            raise


def _preset(folder: Path, archive: Path) -> Path:
    """Return the place of the preset in an unpacked archive: its top, or its only folder."""
    if (folder / "config.json").is_file():
        return folder
    inner = [entry for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    if len(inner) == 1 and (Path(inner[0].path) / "config.json").is_file():
        return Path(inner[0].path)
    raise Problem(
        422,
        "preset_incomplete",
        f"{archive.name} contains no Keras preset: there is no config.json at its top, or in its only folder.",
        "Pack a preset's folder, as save_to_preset writes it.",
    )


def _unsafe(archive: Path, why: str) -> Problem:
    return Problem(
        422,
        "archive_unsafe",
        f"{archive.name} was not unpacked: {why}.",
        "Use an archive from a source that you trust, or unpack it yourself and use the folder's path.",
    )


def _damaged(archive: Path, why: str) -> Problem:
    return Problem(
        422,
        "archive_damaged",
        f"{archive.name} can't be unpacked: {why[:200]}.",
        "Copy it again, and check its size.",
    )


def _full(archive: Path, needed: int, free: int) -> Problem:
    numbers = f": it needs {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB may be used" if needed else ""
    return Problem(
        507,
        "disk_full",
        f"There is no room on the disk to unpack {archive.name}{numbers}.",
        "Free some disk space, then try again.",
    )
