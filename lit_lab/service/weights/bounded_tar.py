"""A tar archive, read one member at a time, with bounds on the headers that `tarfile` reads and stores.

A header for a name (GNU's long names, pax) can declare any size, and `tarfile` reads it at once; the map of a sparse file
can be endless; and `tarfile` stores every member until the archive is closed.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from . import regular

MAX_HEADER = 128 * 2**10  # bytes of all headers before one member
MAX_KEYWORDS = 1_000  # set by pax headers for all members


class HeaderError(ValueError):
    """An archive's headers exceed a bound; the message says which, in words that follow "it"."""


class _Bounded(io.RawIOBase):
    """The unpacked bytes of a file, with a bound for headers."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left: int | None = None

    def bound(self, size: int | None) -> None:
        """Allow so many bytes to be read from now on; None: no bound."""
        self._left = size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            raise HeaderError("has a header of an impossible size")
        if self._left is not None:
            self._left -= size
            if self._left < 0:
                raise HeaderError(f"has a name, or another header, of more than {MAX_HEADER // 2**10} KiB")
        return self._stream.read(size)


class Archive:
    """The members of a tar archive, compressed by gzip or not.

    Args:
        file: The archive.

    Raises:
        OSError: It can't be opened, or isn't a regular file.
    """

    def __init__(self, file: Path) -> None:
        self._file = regular.opened(file)
        packed = self._file.read(2) == b"\x1f\x8b"
        self._file.seek(0)
        # Only gzip: with other formats, the file determines how much memory unpacking takes.
        stream = cast(IO[bytes], gzip.GzipFile(fileobj=self._file)) if packed else self._file
        self._bounded = _Bounded(stream)
        self._tar: tarfile.TarFile | None = None

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[tarfile.TarInfo]:
        """Yield the members, folders too.

        Raises:
            HeaderError: Their headers exceed a bound.
            tarfile.TarError, EOFError, OSError, ValueError: It is damaged.
        """
        while (member := self._next()) is not None:
            yield member

    def content(self, member: tarfile.TarInfo) -> IO[bytes]:
        """Return the content of the member that was yielded last; it must be a regular file."""
        assert self._tar is not None  # noqa: S101 - a member was yielded
        content = self._tar.extractfile(member)
        assert content is not None  # noqa: S101 - it is a regular file
        return content

    def _next(self) -> tarfile.TarInfo | None:
        self._bounded.bound(MAX_HEADER)
        try:
            if self._tar is None:
                self._tar = tarfile.open(fileobj=cast(Any, self._bounded), mode="r:")  # noqa: SIM115 - the file is closed
            member = self._tar.next()
        except RecursionError as error:
            raise HeaderError("has endlessly many headers") from error
        finally:
            self._bounded.bound(None)
        cast(Any, self._tar).members.clear()  # `next` doesn't need them, and there may be many
        if member is not None and (member.size < 0 or len(self._tar.pax_headers) > MAX_KEYWORDS):
            raise HeaderError("has an invalid header")
        return member
