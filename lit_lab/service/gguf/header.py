"""Finds the files of a GGUF model and reads their headers, as one."""

from __future__ import annotations

import os
import re
from pathlib import Path

from lit_lab import local_paths

from ..weights import regular
from .contents import GgufError, Header
from .walk import MAX_HEADER, MAX_TENSORS, Walk

MAX_PARTS = 1_000

BESIDE = re.compile(r"mmproj|imatrix", re.IGNORECASE)
"""In the names of files beside a model: its vision part, and notes."""

_BLOB = re.compile(r"sha256-[0-9a-f]{64}")
_PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.gguf", re.IGNORECASE | re.DOTALL)


def is_gguf(place: Path) -> bool:
    """Whether a path is a model in this format, judging by its name. A folder may have such a name, too.

    Ollama names its files by their content.
    """
    named = place.suffix.lower() == ".gguf" or _BLOB.fullmatch(place.name) is not None
    return named and not local_paths.is_folder(place)


def first(file: Path) -> Path:
    """Return the file that a model begins with: of several parts, the first.

    Raises:
        GgufError: Its name declares more parts than there are, or than a model has.
    """
    match = _PART.fullmatch(file.name)
    if match is None:
        return file
    stem, number, count = match.groups()
    if not 1 <= int(number) <= int(count) <= MAX_PARTS:
        raise GgufError("has more parts than any model")
    return file.with_name(f"{stem}-00001-of-{count}{file.name[-5:]}")


def parts(file: Path) -> list[Path]:
    """Return all files of a file's model, the first one first; most models have one.

    Raises:
        GgufError: As `first`.
    """
    match = _PART.fullmatch(first(file).name)
    if match is None:
        return [file]
    stem, _, count = match.groups()
    return [file.with_name(f"{stem}-{number:05}-of-{count}{file.name[-5:]}") for number in range(1, int(count) + 1)]


_Key = tuple[tuple[str, int, int, int, int], ...]
_latest: tuple[_Key, Header] | None = None


def read(file: Path) -> Header:
    """Return the header of a model's file, with all its parts combined. The last result is cached.

    Args:
        file: The file, or any part of several.

    Raises:
        GgufError: It contradicts its size or its format.
        regular.NotRegularError: A part isn't a regular file, or is a link that leads out of the folder.
        OSError: It can't be read; `FileNotFoundError`: a part is missing.
    """
    global _latest
    files = parts(file)
    if len(files) > 1:
        _check_links(files)
    stats = [each.stat() for each in files]
    if len({(each.st_dev, each.st_ino) for each in stats}) < len(files):
        raise GgufError("has the same file as two parts")
    key = tuple(
        (str(each), about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)
        for each, about in zip(files, stats, strict=True)
    )
    latest = _latest
    if latest is None or latest[0] != key:
        _latest = latest = (key, _read(files))
    return latest[1]


def skim(file: Path) -> Header:
    """Return the header of a model's file without its long lists, such as its tokens: only with their lengths.

    Arguments and errors as `read`'s. Nothing is cached.
    """
    files = parts(file)
    if len(files) > 1:
        _check_links(files)
    return _read(files, skims=True)


def _check_links(files: list[Path]) -> None:
    """Refuse parts elsewhere. The first one may be a link: then the other parts are beside its target."""
    top = files[0].parent
    places = [*regular.places_of(local_paths.resolved(top)), local_paths.resolved(files[0]).parent]
    for each in files[1:]:
        if not any(local_paths.resolved(each).is_relative_to(place) for place in places):
            raise regular.NotRegularError(f"{each.name} is a link that leads out of its folder")


def _read(files: list[Path], skims: bool = False) -> Header:
    header = Header(files)
    room = MAX_HEADER
    for number, each in enumerate(files):
        part, taken = _read_one(each, room, skims)
        room -= taken
        if number == 0:
            header.fields = part.fields
            count = part.whole("split.count")
            if count is not None and count > 1 and count != len(files):
                raise GgufError(f"is one of {count:,} parts, but isn't named like one")
        elif part.whole("split.no") not in (number, None):
            raise GgufError("has parts of another model beside it")
        for name, tensor in part.tensors.items():
            if name in header.tensors:
                raise GgufError(f"has the tensor {name[:100]} twice")
            header.tensors[name] = tensor
        if len(header.tensors) > MAX_TENSORS:
            raise GgufError(f"has more than {MAX_TENSORS:,} tensors")
    if not header.architecture:
        raise GgufError("doesn't declare its family (general.architecture)")
    return header


def _read_one(file: Path, room: int, skims: bool) -> tuple[Header, int]:
    with regular.opened(file) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size < 24:
            raise GgufError("is cut short" if size else "is empty")
        walk = Walk(stream, size, room, skims)
        return walk.header(file), walk.at
