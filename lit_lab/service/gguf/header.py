"""A GGUF file's header, read within bounds: nothing that the file declares is trusted or allocated without a check.

Strings and lists are skipped, and only read when they are used. The layout is that of
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3.
"""

from __future__ import annotations

import math
import os
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from lit_lab import local_paths

from ..weights import regular
from . import forms
from .forms import TYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_FIELDS = 10_000
MAX_TENSORS = 100_000
MAX_NAME = 512  # bytes of a field's or a tensor's name
MAX_TEXT = 4 * 2**20  # bytes of a text: the largest are chat templates
MAX_ITEMS = 2_000_000  # of a list
MAX_LIST = 64 * 2**20  # bytes of a list of texts
MAX_HEADER = 96 * 2**20  # bytes, of all parts together
MAX_DIMENSIONS = 4
MAX_NUMBERS = 2**42  # of a tensor
MAX_PARTS = 1_000
MAX_ALIGNMENT = 2**16
_AT_ONCE = 2**20  # bytes of a header that are read
_FEW = 4_096  # items of a list of numbers that is always read: it may have one for each layer

BESIDE = re.compile(r"mmproj|imatrix", re.IGNORECASE)
"""In the names of files beside a model: its vision part, and notes."""

SIGHT = re.compile(r"(v|mm)\.")
"""Prefixes of vision tensors, which Ollama stores in the same file as the text model's."""

_BLOB = re.compile(r"sha256-[0-9a-f]{64}")
_PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.gguf", re.IGNORECASE | re.DOTALL)
_VERSION = 3
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _LIST = 8, 9


class GgufError(ValueError):
    """A file contradicts its size or its format; the message says how, in words that follow its name."""


class UnreadError(GgufError):
    """A file may be valid, but its format can't be read; the message says which, in words that follow its name.

    Attributes:
        hint: What to do.
    """

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(why)
        self.hint = hint


@dataclass(frozen=True)
class Items:
    """A list in a header, which is read when it is used."""

    kind: int
    count: int
    content: memoryview | bytes

    def numbers(self) -> NDArray[Any]:
        """Return a list of numbers. Raises `GgufError` if it is a list of texts."""
        if self.kind not in _SCALARS:
            raise GgufError("has a list of texts instead of numbers")
        import numpy as np

        return np.frombuffer(self.content, dtype=np.dtype(f"<{_SCALARS[self.kind]}"), count=self.count)

    def texts(self) -> list[str]:
        """Return a list of texts. Raises `GgufError` if it is a list of numbers, or isn't valid text."""
        if self.kind != _TEXT:
            raise GgufError("has a list of numbers instead of texts")
        result, position = [], 0
        content = bytes(self.content)
        for _ in range(self.count):
            (length,) = struct.unpack_from("<Q", content, position)
            position += 8 + length
            result.append(_decoded(content[position - length : position]))
        return result


@dataclass(frozen=True)
class Tensor:
    """A tensor's place and format.

    Attributes:
        shape: Outermost dimension first, as in NumPy.
        kind: Key of `forms.TYPES`.
        file: Index of its file.
        start: Its first byte in that file.
    """

    name: str
    shape: tuple[int, ...]
    kind: int
    file: Path
    start: int

    @property
    def numbers(self) -> int:
        """Number of its values."""
        return math.prod(self.shape)

    @property
    def row_size(self) -> int:
        """Bytes of a row, along its innermost dimension."""
        _, block, size = TYPES[self.kind]
        return self.shape[-1] // block * size

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.numbers // self.shape[-1] * self.row_size


@dataclass
class Header:
    """A model's header.

    Attributes:
        files: All parts.
        fields: Numbers, texts and `Items` by name.
        tensors: Tensors by name.
    """

    files: list[Path]
    fields: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)

    @property
    def architecture(self) -> str:
        """llama.cpp's name of the model's family."""
        return self.text("general.architecture")

    @property
    def numbers(self) -> int:
        """Number of its weights, without those of vision."""
        return sum(tensor.numbers for name, tensor in self.tensors.items() if not SIGHT.match(name))

    @property
    def quantization(self) -> str:
        """The format of its weights, as in files' names."""
        named = forms.FILES.get(self.fields.get("general.file_type", -1))
        if named is not None:
            return named
        counts: dict[int, int] = {}
        for tensor in self.tensors.values():
            counts[tensor.kind] = counts.get(tensor.kind, 0) + tensor.numbers
        return TYPES[max(counts, key=counts.__getitem__)][0] if counts else ""

    def text(self, name: str) -> str:
        """Return a text; empty if there is none."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> float | int | None:
        """Return a number; None if there is none. Raises `GgufError` if it is something else."""
        value = self.fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise GgufError(f"has an impossible {name[:100]}")
        return value

    def whole(self, name: str) -> int | None:
        """Return a whole number that isn't negative; None if there is none.

        A list with one number for each layer counts as a number if all are equal.
        """
        value = self.fields.get(name)
        if isinstance(value, Items) and value.kind in _SCALARS and value.count:
            values = set(value.numbers().tolist())
            value = values.pop() if len(values) == 1 else None
        return value if type(value) is int and value >= 0 else None


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
        walk = _Walk(stream, size, room, skims)
        return walk.header(file), walk.at


class _Walk:
    """Walks through a header. Where bytes are missing, raises `GgufError`.

    It reads while walking: if a file were memory-mapped, and became shorter meanwhile, the process would end.
    """

    def __init__(self, stream: BinaryIO, size: int, room: int, skims: bool) -> None:
        self._stream = stream
        self._skims = skims
        self._content = bytearray()
        self._end = min(size, room)
        self._size = size
        self.at = 0

    def header(self, file: Path) -> Header:
        """Return the header."""
        if self._take(4) != b"GGUF":
            raise GgufError("isn't a GGUF file")
        _check_version(self._number("I"))
        tensors, fields = self._number("Q"), self._number("Q")
        if tensors > MAX_TENSORS:
            raise GgufError(f"declares {tensors:,} tensors")
        if fields > MAX_FIELDS:
            raise GgufError(f"declares {fields:,} fields")
        result = Header([file])
        for _ in range(fields):
            name = self._text(MAX_NAME)
            result.fields.setdefault(name, self._value(self._number("I")))
        found = [self._tensor() for _ in range(tensors)]
        alignment = result.whole("general.alignment") or 32
        if not 1 <= alignment <= MAX_ALIGNMENT or alignment & (alignment - 1):
            raise GgufError("has tensors at invalid places")
        start = -(-self.at // alignment) * alignment
        for name, shape, kind, offset in found:
            tensor = Tensor(name, shape, kind, file, start + offset)
            if offset % alignment or tensor.start + tensor.size > self._size:
                raise GgufError("is cut short, or declares more than it contains")
            if name in result.tensors:
                raise GgufError(f"has the tensor {name[:100]} twice")
            result.tensors[name] = tensor
        if sum(tensor.size for tensor in result.tensors.values()) > self._size:
            raise GgufError("declares more than it contains")
        return result

    def _tensor(self) -> tuple[str, tuple[int, ...], int, int]:
        name = self._text(MAX_NAME)
        count = self._number("I")
        if not 1 <= count <= MAX_DIMENSIONS:
            raise GgufError(f"has a tensor of {count:,} dimensions")
        shape = tuple(self._number("Q") for _ in range(count))
        kind, offset = self._number("I"), self._number("Q")
        if not all(shape) or math.prod(shape) > MAX_NUMBERS:
            raise GgufError("has a tensor of an impossible shape")
        if kind not in TYPES:
            raise _unread(name, kind)
        if shape[0] % TYPES[kind][1]:
            raise GgufError("has a tensor of an impossible shape")
        return name, shape[::-1], kind, offset

    def _value(self, kind: int) -> Any:
        if kind in _SCALARS:
            return self._number(_SCALARS[kind])
        if kind == _TEXT:
            return self._text(MAX_TEXT)
        if kind == _LIST:
            return self._items()
        raise GgufError(f"has a field of an unknown kind ({kind})")

    def _items(self) -> Items:
        kind, count = self._number("I"), self._number("Q")
        if count > MAX_ITEMS:
            raise GgufError(f"declares a list of {count:,} items")
        start = self.at
        if kind in _SCALARS:
            content = self._take(count * struct.calcsize(f"<{_SCALARS[kind]}"))
            return Items(kind, count, b"" if self._skims and count > _FEW else content)
        if kind != _TEXT:
            raise GgufError("has a list of lists")
        unpack, bytes_here, at, last = struct.Struct("<Q").unpack_from, self._content, start, len(self._content) - 8
        for _ in range(count):
            if at > last:
                if at - start > MAX_LIST:
                    break
                self._fill(at + 8)
                last = len(bytes_here) - 8
            at += 8 + unpack(bytes_here, at)[0]
        if at - start > MAX_LIST:
            raise GgufError(f"has a list of more than {MAX_LIST:,} bytes, or is cut short")
        if self._skims:
            self._fill(at)
            self.at = at
            return Items(_TEXT, count, b"")
        return Items(_TEXT, count, self._take(at - start))

    def _text(self, most: int) -> str:
        length = self._number("Q")
        if length > most:
            raise GgufError(f"declares a text of {length:,} bytes")
        return _decoded(self._take(length))

    def _number(self, code: str) -> Any:
        return struct.unpack(f"<{code}", self._take(struct.calcsize(f"<{code}")))[0]

    def _take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self._content):
            self._fill(end)
        start, self.at = self.at, end
        return bytes(self._content[start:end])

    def _fill(self, end: int) -> None:
        """Read up to `end`."""
        if end > self._end:
            raise GgufError("is cut short" if self._end == self._size else "has a header of an impossible size")
        while len(self._content) < end:
            more = self._stream.read(min(max(_AT_ONCE, end - len(self._content)), self._end - len(self._content)))
            if not more:
                raise GgufError("became shorter while it was read")
            self._content += more


def _check_version(version: int) -> None:
    if version == 1:
        raise UnreadError(
            "has GGUF's version 1, which was in use for some weeks of 2023, and which LIT Lab can't read",
            "Get a newer file of this model, or convert the original again with llama.cpp's convert_hf_to_gguf.py.",
        )
    if version and version & 0xFFFF == 0:
        raise UnreadError(
            "is written for big-endian machines, and LIT Lab can't read it",
            "Use the file of this model without “be” or “big-endian” in its name, or convert it: gguf-convert-endian FILE little, "
            "a command of the Python package gguf.",
        )
    if version > _VERSION:
        raise UnreadError(
            f"has GGUF's version {version:,}, of a newer version of llama.cpp than LIT Lab knows",
            f"Update LIT Lab, or use a file of version {_VERSION} of this model.",
        )
    if version != _VERSION and version != _VERSION - 1:
        raise GgufError("declares version 0, which doesn't exist")


def _unread(name: str, kind: int) -> UnreadError:
    known = forms.UNREAD.get(kind)
    if known is None:
        return UnreadError(
            f"stores {name[:100]} in a format (number {kind}) of a newer version of llama.cpp than LIT Lab knows; "
            "LIT Lab can read Q4_K_M files",
            "Choose a Q4_K_M file of this model, or update LIT Lab.",
        )
    return UnreadError(
        f"stores {name[:100]} as {known}, which LIT Lab can't read; it can read Q4_K_M files",
        "Choose another file of this model, such as Q4_K_M.",
    )


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise GgufError("has a text that isn't UTF-8") from error
