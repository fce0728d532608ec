"""Reads files compressed by gzip piece by piece. Bounds the compression ratio, since a small file may unpack to any size."""

from __future__ import annotations

import contextlib
import gzip
import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from lit_lab.problem import Problem

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_RATIO = 200
"""Maximum ratio of unpacked to packed size. Texts reach 3 to 30, tables of equal rows 100."""

_FREE = 16_000_000  # bytes that a file may unpack to at any ratio


class Unpacked(io.RawIOBase):
    """The unpacked content of a gzip file. Its methods raise `Problem` if the file is damaged or its content too large.

    Attributes:
        size: How many bytes were unpacked so far.
        is_at_end: Whether the file was read to its end.
    """

    def __init__(self, path: Path) -> None:
        self._packed: BinaryIO = path.open("rb")
        self._name = path.name
        self._gzip = gzip.GzipFile(fileobj=self._packed)
        self.size = 0
        self.is_at_end = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read the next bytes into a buffer."""
        view = memoryview(buffer)
        try:
            data = self._gzip.read1(len(view))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            about = "ends too early" if isinstance(error, EOFError) else "is damaged, or isn't compressed by gzip"
            raise Problem(
                422,
                "bad_dataset",
                f"{self._name} {about}.",
                "You can use the rows before that. To read all rows, save the file again.",
            ) from error
        view[: len(data)] = data
        self.size += len(data)
        self.is_at_end = not data
        if self.size > max(_FREE, MAX_RATIO * self._packed.tell()):
            raise Problem(
                422,
                "bad_dataset",
                f"{self._name} unpacks to more than {MAX_RATIO} times its size.",
                "You can use the rows before that. If you trust the file, unpack it first.",
            )
        return len(data)

    def packed_position(self) -> int:
        """Return how many bytes of the gzip file were read so far."""
        return self._packed.tell()

    def close(self) -> None:
        """Close both files."""
        if not self.closed:
            self._gzip.close()
            self._packed.close()
        super().close()


def beginning(path: Path, most: int) -> bytes:
    """Return the beginning of a gzip file's content. Of a damaged file, return what can be read."""
    head = bytearray()
    with contextlib.suppress(Problem), Unpacked(path) as file:
        while len(head) < most and (data := file.read(most - len(head))):
            head += data
    return bytes(head)
