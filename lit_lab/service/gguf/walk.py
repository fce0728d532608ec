"""Walks through a GGUF file's header within bounds: nothing that the file declares is trusted or allocated without a check.

Strings and lists are skipped, and only read when they are used. The layout is that of
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any, BinaryIO

from . import forms
from .contents import SCALARS, TEXT, GgufError, Header, Items, Tensor, UnreadError, decoded
from .forms import TYPES

MAX_FIELDS = 10_000
MAX_TENSORS = 100_000
MAX_NAME = 512  # bytes of a field's or a tensor's name
MAX_TEXT = 4 * 2**20  # bytes of a text: the largest are chat templates
MAX_ITEMS = 2_000_000  # items of a list
MAX_LIST = 64 * 2**20  # bytes of a list of texts
MAX_HEADER = 96 * 2**20  # bytes, of all parts together
MAX_DIMENSIONS = 4
MAX_NUMBERS = 2**42  # numbers in a tensor
MAX_ALIGNMENT = 2**16
_AT_ONCE = 2**20  # bytes of a header to read at a time
_MAX_SHORT_LIST = 4_096  # items of a list of numbers that is always read; such a list may have one for each layer
_VERSION = 3
_LIST = 9


class Walk:
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
        if kind in SCALARS:
            return self._number(SCALARS[kind])
        if kind == TEXT:
            return self._text(MAX_TEXT)
        if kind == _LIST:
            return self._items()
        raise GgufError(f"has a field of an unknown kind ({kind})")

    def _items(self) -> Items:
        kind, count = self._number("I"), self._number("Q")
        if count > MAX_ITEMS:
            raise GgufError(f"declares a list of {count:,} items")
        start = self.at
        if kind in SCALARS:
            content = self._take(count * struct.calcsize(f"<{SCALARS[kind]}"))
            return Items(kind, count, b"" if self._skims and count > _MAX_SHORT_LIST else content)
        if kind != TEXT:
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
            return Items(TEXT, count, b"")
        return Items(TEXT, count, self._take(at - start))

    def _text(self, most: int) -> str:
        length = self._number("Q")
        if length > most:
            raise GgufError(f"declares a text of {length:,} bytes")
        return decoded(self._take(length))

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
