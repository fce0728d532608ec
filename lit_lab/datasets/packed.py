"""Files packed by gzip, unpacked piece by piece. A small file may unpack to any size, so the ratio is bounded."""

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
"""How many times its packed size a file may unpack to: texts reach 3 to 30, tables of equal rows 100."""

_FREE = 16_000_000  # bytes that any file may unpack to


class Unpacked(io.RawIOBase):
    """The content of a file that gzip has packed. Its methods raise `Problem` if that is damaged, or too large.

    Attributes:
        size: Bytes unpacked so far.
        is_at_end: Whether that is all.
    """

    def __init__(self, path: Path) -> None:
        self._packed: BinaryIO = path.open("rb")
        self._name = path.name
        self._gzip = gzip.GzipFile(fileobj=self._packed)
        self.size = 0
        self.is_at_end = False

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read the next bytes."""
        view = memoryview(buffer)
        try:
            data = self._gzip.read1(len(view))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            about = "ends too early" if isinstance(error, EOFError) else "is damaged, or isn't packed by gzip"
            raise Problem(
                422, "bad_dataset", f"{self._name} {about}.", "The rows before that can be used. Save the file again."
            ) from error
        view[: len(data)] = data
        self.size += len(data)
        self.is_at_end = not data
        if self.size > max(_FREE, MAX_RATIO * self._packed.tell()):
            raise Problem(
                422,
                "bad_dataset",
                f"{self._name} unpacks to more than {MAX_RATIO} times its size.",
                "The rows before that can be used. If you trust the file, unpack it first.",
            )
        return len(data)

    def packed_position(self) -> int:
        """Return the bytes of the packed file that were read so far."""
        return self._packed.tell()

    def close(self) -> None:
        """Close both files."""
        if not self.closed:
            self._gzip.close()
            self._packed.close()
        super().close()


def beginning(path: Path, most: int) -> bytes:
    """Return the beginning of a packed file's content; of a damaged one, what can be read of it."""
    head = bytearray()
    with contextlib.suppress(Problem), Unpacked(path) as file:
        while len(head) < most and (data := file.read(most - len(head))):
            head += data
    return bytes(head)
