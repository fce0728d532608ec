"""Text files as lines, whatever they are encoded in."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path

_MARKS = (  # the longer ones first: UTF-32's begins as UTF-16's
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SNIFF = 1 << 20
MAX_LINE = 16_000_000
"""Most characters of a line; a longer one is skipped, and isn't held in memory."""

LINE_TOO_LONG = f"The line is longer than {MAX_LINE:,} characters."


def encoding_of(head: bytes) -> str:
    """Guess an encoding from a file's beginning: its byte order mark, UTF-8, UTF-16 without a mark, or Windows-1252."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if head:
        # Text in Latin letters: every other byte is zero.
        if head[1::2].count(0) > 0.4 * len(head[1::2]) > 0:
            return "utf-16-le"
        if head[::2].count(0) > 0.4 * len(head[::2]):
            return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # a character may be cut at the end
    except UnicodeDecodeError as error:
        # One broken place in what else is UTF-8 is a bad row, not another encoding.
        good = head[: error.start]
        is_utf8 = any(byte > 127 for byte in good)
        return "utf-8" if is_utf8 else "cp1252"
    return "utf-8"


class TextFile:
    """An open text file. Tells how far it was read.

    What isn't of the encoding becomes lone surrogates (UTF-8, Windows-1252), which `is_text` refuses, or U+FFFD.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._raw = path.open("rb")
        head = self._raw.read(_SNIFF)
        self.encoding = encoding_of(head)
        self._raw.seek(0)
        errors = "surrogateescape" if self.encoding in ("utf-8", "utf-8-sig", "cp1252") else "replace"
        # Line breaks stay as they are: some are inside of a CSV file's fields.
        self.text = io.TextIOWrapper(self._raw, self.encoding, errors, newline="")

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._raw.tell()

    def close(self) -> None:
        """Close it."""
        self.text.close()

    def lines(self) -> Iterator[tuple[int, str | None]]:
        r"""Yield lines by number, from 1, without their break (`\n`, `\r\n` or `\r`); None: it is too long."""
        number = 0
        while line := self.text.readline(MAX_LINE):
            number += 1
            whole = line
            while len(line) == MAX_LINE and not line.endswith(("\n", "\r")):
                line = self.text.readline(MAX_LINE)
                whole = ""
            yield number, whole.rstrip("\r\n") if whole else None


def is_text(value: str) -> bool:
    """Whether a text holds whole characters only: no half of one, as broken encodings and escapes leave it."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
