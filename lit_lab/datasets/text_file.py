"""Text files as lines, in any encoding."""

from __future__ import annotations

import codecs
import io
import threading
from collections.abc import Iterator
from pathlib import Path

from lit_lab.problem import Problem

from .encodings import remark_on
from .packed import Unpacked, beginning

MARKS = (  # longer ones first, because UTF-32's mark begins like UTF-16's
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks, with their encodings' Python names."""

_NO_TEXTS = (
    (b"PK\x03\x04", "a ZIP archive, such as an Excel workbook", "Save it as CSV, or unpack it."),
    (b"\x1f\x8b", "compressed by gzip", "Rename it so that its name ends in .gz."),
    (b"PAR1", "a Parquet file", "Rename it so that it ends in .parquet."),
    (b"%PDF-", "a PDF document", "Extract its text."),
    (b"SQLite format 3\x00", "an SQLite database", "Export its table as CSV."),
    (
        b"version https://git-lfs.github.com/spec/",
        "a Git LFS pointer instead of the file itself",
        "Run `git lfs pull` in its folder.",
    ),
)
SNIFF = 1 << 20
"""The number of bytes from which to guess an encoding."""

MAX_LINE = 8_000_000
"""Maximum length of a line in characters. Longer lines are skipped, and never held in memory as a whole."""

LINE_TOO_LONG = f"The line is longer than {MAX_LINE:,} characters."


def encoding_of(head: bytes) -> str:
    """Guess an encoding from a file's beginning: its byte order mark, UTF-8, UTF-16 without a mark, or Windows-1252."""
    for mark, name in MARKS:
        if head.startswith(mark):
            return name
    if head:
        # In Latin text, every other byte is zero.
        if head[1::2].count(0) > 0.4 * len(head[1::2]) > 0:
            return "utf-16-le"
        if head[::2].count(0) > 0.4 * len(head[::2]):
            return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be incomplete
    except UnicodeDecodeError as error:
        # An invalid place in otherwise valid UTF-8 is a bad row rather than another encoding.
        return "cp1252" if head[: error.start].isascii() else "utf-8"
    return "utf-8"


def check_kind(name: str, head: bytes) -> None:
    """Check that a file is text, from its beginning.

    Raises:
        Problem: The file has another format.
    """
    for start, what, hint in _NO_TEXTS:
        if head.startswith(start):
            raise Problem(422, "bad_dataset", f"{name} is {what}.", hint)


def _half(error: UnicodeError) -> tuple[str, int]:
    """Replace bytes that are invalid in an encoding by a lone surrogate, which `is_text` rejects."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udc80", error.end


_HALVES = "lit_lab.half"
codecs.register_error(_HALVES, _half)


class TextFile:
    """An open text file, which may be compressed by gzip. Reports how much of it was read.

    Bytes that aren't valid in the encoding become lone surrogates, which `is_text` refuses, or U+FFFD (UTF-16, UTF-32).

    Args:
        path: The file. It is compressed if its name ends in `.gz`.
        stop: When this is set, the file ends at the current position.
        encoding: The encoding, by its Python name; None to guess it.

    Raises:
        Problem: The file isn't text.
    """

    def __init__(self, path: Path, stop: threading.Event | None = None, encoding: str | None = None) -> None:
        head = beginning_of(path)
        self._unpacked = Unpacked(path) if path.name.lower().endswith(".gz") else None
        self._raw = io.BufferedReader(self._unpacked) if self._unpacked else path.open("rb")
        try:
            if self._unpacked:
                if not head.startswith(b"\x1f\x8b"):
                    check_kind(path.name, head)
                head = beginning(path, SNIFF)
            check_kind(path.name, head)
        except BaseException:
            self._raw.close()
            raise
        self.encoding = encoding or encoding_of(head)
        self.remark = remark_on(head) if encoding is None and self.encoding == "cp1252" else ""
        if encoding is not None and (mark := _mark_of(head, encoding)):
            self._raw.read(mark)
        errors = "surrogateescape" if self.encoding in ("utf-8", "utf-8-sig", "cp1252") else _HALVES
        errors = "replace" if self.encoding.startswith("utf-") and errors == _HALVES else errors
        # Keep line breaks, because a CSV file's fields may contain them.
        self._text = io.TextIOWrapper(self._raw, self.encoding, errors, newline="")
        self._stop = stop or threading.Event()
        self._held = ""  # read ahead

    @property
    def position(self) -> int:
        """How many bytes of the file were read so far."""
        return self._unpacked.packed_position() if self._unpacked else self._raw.tell()

    @property
    def unpacked(self) -> int:
        """How many bytes of text were read so far."""
        return self._unpacked.size if self._unpacked else self._raw.tell()

    @property
    def is_packed(self) -> bool:
        """Whether the file is compressed by gzip."""
        return self._unpacked is not None

    @property
    def is_at_end(self) -> bool:
        """Whether a compressed file was read to its end."""
        return self._unpacked is not None and self._unpacked.is_at_end

    def read(self, most: int) -> str:
        """Return at most `most` of the next characters; an empty text at the end."""
        return "" if self._stop.is_set() else self._text.read(most)

    def close(self) -> None:
        """Close the file."""
        self._text.close()

    def whole_lines(self, most: int) -> Iterator[tuple[int, str | None]]:
        r"""Yield lines by number, from 1, with their break (`\n`, `\r\n` or `\r`); None for a line with more characters."""
        number = 0
        while not self._stop.is_set() and (line := self._read_line(most)):
            number += 1
            if len(line) < most or line.endswith(("\n", "\r")):
                yield number, line
                continue
            while len(line) == most and not line.endswith(("\n", "\r")) and not self._stop.is_set():
                line = self._read_line(most)
            yield number, None

    def _read_line(self, most: int) -> str:
        r"""Return a line, or its first `most` characters, including a `\n` right after these if they end in `\r`."""
        line, self._held = self._held or self._text.readline(most), ""
        if len(line) == most and line.endswith("\r"):
            self._held = self._text.readline(most)
            if self._held == "\n":
                line, self._held = line + self._held, ""
        return line

    def lines(self) -> Iterator[tuple[int, str | None]]:
        """Yield lines by number, from 1, without their break; None for a line that is too long."""
        for number, line in self.whole_lines(MAX_LINE):
            yield number, None if line is None else line.rstrip("\r\n")


def beginning_of(path: Path) -> bytes:
    """Return a file's first bytes, without decompressing it."""
    with path.open("rb") as file:
        return file.read(SNIFF)


def _mark_of(head: bytes, encoding: str) -> int:
    """Return the length of a byte order mark that the decoder doesn't skip itself."""
    marks = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    mark = marks.get(encoding)
    return len(mark) if mark and head.startswith(mark) else 0


def is_text(value: str) -> bool:
    """Return whether a text has no lone surrogates, which come from invalid bytes and escapes."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
