"""Rows of CSV files, separated as exactly as possible: a quote that is never closed spoils only its own row.

Python's reader takes everything after such a quote for one field, up to the next quote, without an error. Here it reads
strictly, and the lines of a row are stored. When a quote turns out to be wrong, they are read again, without it.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from lit_lab.problem import Problem
from lit_lab.protocol import MAX_TEXT

from . import csv_head
from .text_file import TextFile

MAX_COLUMNS = 10_000
"""Maximum number of a file's columns."""

MAX_RECORD = 2 * MAX_TEXT + 100_000
"""Maximum length of a row in the file, in characters, including doubled quotes."""

_MAX_LINES = 200_000  # of a row
_FIELDS = 100_000  # maximum separators in a line that is split without a check
_SAMPLE = 10  # lines for guessing the separator
_SAMPLE_CHARS = 100_000
_LIKE_ROWS = 3  # number of row-like lines in one text that cause a remark

RECORD_TOO_LONG = f"It is longer than {MAX_RECORD:,} characters."
_TOO_WIDE = f"It has more than {MAX_COLUMNS:,} fields."
_STRAY = "It has a quote in the middle of a field. Inside a quoted field, a quote must be doubled."
_BEHIND = " The lines after it are read as separate rows."


@dataclass(frozen=True)
class CsvRow:
    """A row, or the reason why there is none.

    Attributes:
        line: Its first line in the file, from 1.
        fields: Its fields; empty for a bad row.
        reason: What is wrong with it; empty for a good one.
        size: Its length in the file, in characters.
        before: Number of the line whose bad quote comes before it, or before the rows after it; 0: none.
    """

    line: int
    fields: list[str]
    reason: str = ""
    size: int = 0
    before: int = 0


class CsvRows:
    """Reads rows, starting with the columns' names. Iterate once.

    Args:
        text: The file.
        is_tsv: Whether the file's name indicates tabs as separators.
        header: Whether the first line names the columns; None: guess it.

    Raises:
        Problem: The first line can't be read, or has too many columns.
    """

    def __init__(self, text: TextFile, is_tsv: bool, header: bool | None = None) -> None:
        # Python's limit is 131,072 characters in a field, for the whole process. Raising it does no harm.
        csv.field_size_limit(max(csv.field_size_limit(), min(MAX_RECORD + 1, sys.maxsize)))
        self._lines = _Lines(text)
        self._suspect = (0, 0)  # the line of a bad quote, and the last line that Python read as part of its field
        self._width = 0
        self.remark = ""
        """Remarks about the file, as text for the user."""
        self.has_header = header
        """Whether the first line names the columns; None before it is read."""
        usual = "\t" if is_tsv else ","
        sample = self._lines.peek()
        before = csv_head.preamble(sample, lambda lines: _delimiter(lines, usual))
        self.remark = csv_head.about_preamble(sample[:before])
        self._lines.skip(before)
        sample = sample[before:]
        if sample and sample[0].lower().startswith("sep=") and len(sample[0].strip()) == 5:  # as Excel writes it
            self._lines.skip(1)
            self.delimiter: str = sample[0][4]
            sample = sample[1:]
        else:
            self.delimiter = _delimiter(sample, usual)
        self._is_prose = csv_head.is_prose(sample, self.delimiter)
        mark = re.escape(self.delimiter)
        # "a", "b": blanks before a quote aren't part of the field.
        self._skips = any(re.search(f'{mark} +"(?!")', line) for line in sample) and not any(
            f'{self.delimiter}"' in line for line in sample
        )

    def __iter__(self) -> Iterator[CsvRow]:
        parser = csv.reader(self._lines, delimiter=self.delimiter, skipinitialspace=self._skips, strict=True)
        while True:
            self._lines.begin(self.delimiter)
            try:
                fields = next(parser)
            except StopIteration:
                return
            except (csv.Error, _TooLong) as error:
                if self._width == 1 and "expected after" in str(error) and (whole := self._lines.only()):
                    yield CsvRow(self._lines.taken[0][0], [whole], size=self._lines.size)
                    continue
                bad = self._recover(error)
                if not self._width:
                    raise Problem(
                        422,
                        "bad_dataset",
                        f"Line {bad.line}, which should contain the columns' names, can't be read: {bad.reason}",
                        "Correct this line.",
                    ) from error
                yield replace(bad, reason=bad.reason + _BEHIND) if bad.before else bad
                continue
            if not any(fields):
                continue
            taken = self._lines.taken
            line = taken[0][0]
            if len(fields) > 1 and (self._is_prose or self._width == 1) and (whole := self._lines.only()):
                fields = [whole]  # if there is only one column, commas belong to sentences
            if not self._width:
                self._width = len(fields)
                if self.has_header is None:
                    self.has_header = csv_head.names_columns(fields)
                if self._width > MAX_COLUMNS:
                    raise Problem(
                        422,
                        "bad_dataset",
                        f"Line {line} names {self._width:,} columns, but at most {MAX_COLUMNS:,} can be read.",
                        "Remove some of the columns.",
                    )
            if len(taken) > _LIKE_ROWS and not self.remark:
                self._look_inside(fields)
            quote, last = self._suspect
            yield CsvRow(line, fields, size=self._lines.size, before=quote if line <= last else 0)

    def unnamed(self, width: int) -> list[str]:
        """Return names for columns without names in the file."""
        return ["prompt"] if width == 1 else [f"column {number}" for number in range(1, width + 1)]

    def _recover(self, error: Exception) -> CsvRow:
        """Return a bad row, and push back the lines after its quote, to read them again."""
        taken = self._lines.taken
        line = taken[0][0]
        if len(taken) == 1:
            if isinstance(error, _TooLong):
                return CsvRow(line, [], str(error))
            if "unexpected end" not in str(error):
                return CsvRow(line, [], _STRAY if "expected after" in str(error) else f"It isn't CSV: {error}.")
        start, is_closed = _bad_quote([text or "" for _, text in taken], self.delimiter, self._skips)
        quote = taken[start][0]
        behind = taken[start + 1 :]
        self._suspect = (quote, taken[-1][0])
        # This reads no line more than twice, because after an unclosed quote, quotes come in pairs and open no field.
        self._lines.give_back(behind)
        reason = (
            f"The quote that opens in line {quote} isn't closed, or a quote inside its text isn't doubled."
            if is_closed
            else f"The quote that opens in line {quote} isn't closed."
        )
        return CsvRow(line, [], reason, before=quote if behind else 0)

    def _look_inside(self, fields: list[str]) -> None:
        """Add a remark about a text whose lines all look like rows."""
        inner = [text or "" for _, text in self._lines.taken[1:-1]]
        if self._width > 1 and all(line.count(self.delimiter) == self._width - 1 for line in inner):
            self.remark = (
                f"A text spans lines {self._lines.taken[0][0]} to {self._lines.taken[-1][0]}, which look like separate rows. "
                "Is a quote missing there?"
            )


class _TooLong(Exception):  # noqa: N818 - not an error in the file
    pass


class _Lines:
    """A file's lines for Python's reader. Keeps the lines of the current row, to read them again if needed."""

    def __init__(self, text: TextFile) -> None:
        self._source = text.whole_lines(MAX_RECORD)
        self._pushed: deque[tuple[int, str | None]] = deque()
        self._delimiter = ","
        self.taken: list[tuple[int, str | None]] = []
        self.size = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        number, line = self._pushed.popleft() if self._pushed else next(self._source)
        self.taken.append((number, line))
        if line is None:
            raise _TooLong(RECORD_TOO_LONG)
        self.size += len(line)
        if self.size > MAX_RECORD or len(self.taken) > _MAX_LINES:
            raise _TooLong(RECORD_TOO_LONG)
        is_first = len(self.taken) == 1
        if line.count(self._delimiter) > _FIELDS and _fields(line, self._delimiter, is_first) > MAX_COLUMNS:
            raise _TooLong(_TOO_WIDE)
        return line

    def begin(self, delimiter: str) -> None:
        """Start a row."""
        self._delimiter = delimiter
        self.taken, self.size = [], 0

    def give_back(self, lines: list[tuple[int, str | None]]) -> None:
        """Push back lines, to read them next."""
        self._pushed.extendleft(reversed(lines))

    def peek(self) -> list[str]:
        """Return the first lines without consuming them."""
        found, size = list[tuple[int, str | None]](), 0
        for number, line in islice(self._source, _SAMPLE):
            found.append((number, line))
            size += len(line or "")
            if line is None or size > _SAMPLE_CHARS:
                break
        self.give_back(found)
        return [line for _, line in found if line is not None]

    def skip(self, count: int) -> None:
        """Skip the first lines."""
        for _ in range(count):
            self._pushed.popleft()

    def only(self) -> str:
        """Return the line of a row with only one line, without its line break; else an empty text."""
        line = self.taken[0][1] if len(self.taken) == 1 else None
        return (line or "").rstrip("\r\n")


def _fields(line: str, delimiter: str, is_first: bool) -> int:
    """Estimate the number of fields in a line. All but a row's first line start inside quotes."""
    if line.count('"') > _FIELDS:
        return 0  # a text with many quotes
    return sum(part.count(delimiter) for part in line.split('"')[0 if is_first else 1 :: 2])


def _bad_quote(lines: list[str], delimiter: str, skips: bool) -> tuple[int, bool]:
    """Return the index of the line with the bad quote, and whether the quote is closed in the wrong place."""
    text = "".join(lines)
    at, opened, is_closed = 0, 0, False
    while at < len(text):
        while skips and text.startswith(" ", at):
            at += 1
        if text.startswith('"', at):
            opened = at
            end = text.find('"', at + 1)
            while end >= 0 and text.startswith('"', end + 1):
                end = text.find('"', end + 2)
            if end < 0:
                break
            if text[end + 1 : end + 2] not in (delimiter, "\r", "\n", ""):
                is_closed = True
                break
            at = end + 1
        following = text.find(delimiter, at)
        if following < 0:
            break
        at = following + 1
    for index, line in enumerate(lines):
        if opened < len(line):
            return index, is_closed
        opened -= len(line)
    return 0, is_closed


def _delimiter(sample: list[str], usual: str) -> str:
    """Guess the separator of fields: one that is in the first line and splits the other lines into as many fields."""
    if not sample:
        return usual
    outside = "".join(sample[0].split('"')[::2])
    found: list[str] = [mark for mark in dict.fromkeys([usual, *",;\t|"]) if mark in outside]
    if len(found) < 2 or usual == "\t" == found[0]:
        return found[0] if found else usual

    def agreeing(mark: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(sample, delimiter=mark) if row]
        return sum(width == widths[0] for width in widths), widths[0]

    best: str = max(found, key=agreeing)
    return best
