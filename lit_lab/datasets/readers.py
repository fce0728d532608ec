"""Files of prompts, read row by row: JSON Lines, CSV, plain text, Parquet. No file is ever in memory as a whole."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lit_lab.protocol import MAX_TEXT

from . import json_rows
from .columns import Fields
from .csv_rows import MAX_COLUMNS, CsvRows
from .parquet_rows import ParquetRows
from .text_file import LINE_TOO_LONG, TextFile, is_text

Split = Literal["lines", "paragraphs", "whole"]
"""How prompts are separated in a plain text file."""

NOT_TEXT = "It contains bytes that aren't text in this encoding, or half of a character."
_ROW_LIMIT = f"It is longer than {MAX_TEXT:,} characters."
_TOO_WIDE = f"It has more than {MAX_COLUMNS:,} fields."
_NAMES_CHARS = 1_000_000  # of all columns' names together


@dataclass(frozen=True)
class Record:
    """A row, or the reason why there is none.

    Attributes:
        line: Its first line in the file, from 1; in a Parquet file, the row's number.
        fields: Values by column; empty for a bad row.
        reason: What is wrong with it; empty for a good one.
        size: Its approximate length in the file, in characters.
    """

    line: int
    fields: Fields
    reason: str = ""
    size: int = 0


class Reader:
    """Reads a file once. Iterate over it; `close` it.

    Args:
        path: The file.
        split: How prompts are separated in a plain text file.
        stop: When any thread sets this, reading ends soon, as at the end of the file.

    Raises:
        Problem: It can't be read.
    """

    def __init__(self, path: Path, split: Split = "lines", stop: threading.Event | None = None) -> None:
        kind = path.suffix.lower()
        self._text: TextFile | None = None
        self._parquet: ParquetRows | None = None
        self._csv: CsvRows | None = None
        self._too_many = False
        self._names: set[str] = set()
        self._names_chars = 0
        self.columns: list[str] = []
        """All columns that were found so far, in order; at most 10,000."""
        self.is_plain = kind == ".txt"
        """Whether it is plain text, without columns."""
        self.is_table = kind in (".csv", ".tsv")
        """Whether its first line contains the columns' names."""
        if kind == ".parquet":
            self._parquet = ParquetRows(path, stop)
            self._records = self._read_parquet(self._parquet)
            return
        text = self._text = TextFile(path, stop)
        if self.is_plain:
            self._records = _read_plain(text, split)
            self.columns = ["prompt"]
        elif self.is_table:
            self._records = self._read_csv(text, is_tsv=kind == ".tsv")
        else:
            self._records = self._read_json(text)

    def __iter__(self) -> Iterator[Record]:
        return self._records

    @property
    def encoding(self) -> str:
        """A text file's encoding, by its Python name; empty for other files."""
        return self._text.encoding if self._text else ""

    @property
    def position(self) -> int:
        """Bytes read so far, of the file's size; of a Parquet file in proportion to its rows."""
        if self._parquet is not None:
            return self._parquet.position
        return self._text.position if self._text else 0

    @property
    def remark(self) -> str:
        """Remarks about what was read so far, as text for the user; empty for most files."""
        if self._too_many:
            return f"The file has too many columns; the first {len(self.columns):,} can be used."
        return self._csv.remark if self._csv else ""

    def close(self) -> None:
        """Close the file."""
        if self._text is not None:
            self._text.close()
        if self._parquet is not None:
            self._parquet.close()

    def _met(self, columns: Iterable[str]) -> None:
        for column in columns:
            if column in self._names:
                continue
            if len(self.columns) >= MAX_COLUMNS or self._names_chars + len(column) > _NAMES_CHARS:
                self._too_many = True
                return
            self._names.add(column)
            self._names_chars += len(column)
            self.columns.append(column)

    def _read_json(self, text: TextFile) -> Iterator[Record]:
        for number, line in text.lines():
            if line is None:
                yield Record(number, {}, LINE_TOO_LONG)
            elif line.strip():
                # No reference to a line's objects remains while the next line is read.
                yield self._of_json(number, line)

    def _of_json(self, number: int, line: str) -> Record:
        if not is_text(line):
            return Record(number, {}, NOT_TEXT)
        row = json_rows.parse(line)
        if isinstance(row, str):
            return Record(number, {}, row)
        if len(row) > MAX_COLUMNS:  # each takes many times the memory of its content
            return Record(number, {}, _TOO_WIDE)
        if not self._too_many and not self._names.issuperset(row):
            self._met(row)
        return Record(number, row, size=len(line))

    def _read_csv(self, text: TextFile, is_tsv: bool) -> Iterator[Record]:
        rows = self._csv = CsvRows(text, is_tsv)
        for row in rows:
            width = len(row.fields)
            if row.reason:
                yield Record(row.line, {}, row.reason)
            elif not self.columns:
                self.columns = _distinct(row.fields)
            elif row.before and width != len(self.columns) > 1:
                reason = f"It has {width} of {len(self.columns)} fields, after the quote in line {row.before} that isn't closed."
                yield Record(row.line, {}, reason)
            elif width > len(self.columns):
                yield Record(row.line, {}, f"It has {width} fields; the first line has {len(self.columns)}.")
            else:
                yield Record(row.line, dict(zip(self.columns, row.fields, strict=False)), size=row.size)

    def _read_parquet(self, rows: ParquetRows) -> Iterator[Record]:
        # Of columns with the same name, a row would only have the last one's value.
        self.columns = _distinct(rows.columns)
        for number, (values, size) in enumerate(rows, start=1):
            if isinstance(values, str):
                yield Record(number, {}, values)
            else:
                yield Record(number, dict(zip(self.columns, values, strict=True)), size=size)


def _read_plain(text: TextFile, split: Split) -> Iterator[Record]:
    start, lines, size = 1, list[str](), 0
    for number, line in text.lines():
        if line is None or size > MAX_TEXT:
            yield Record(start if size > MAX_TEXT else number, {}, LINE_TOO_LONG if line is None else _ROW_LIMIT)
            lines, size = [], 0
            if line is None or split == "whole":
                if split == "whole":
                    return
                continue
        if split == "lines":
            if line.strip():
                yield _plain(number, line)
        elif line.strip() or (lines and split == "whole"):
            if not lines:
                start = number
            lines.append(line)
            size += len(line) + 1
        elif lines:
            yield _plain(start, "\n".join(lines))
            lines, size = [], 0
    if lines:
        yield _plain(start, "\n".join(lines).rstrip("\n"))


def _plain(line: int, prompt: str) -> Record:
    return Record(line, {"prompt": prompt}, size=len(prompt)) if is_text(prompt) else Record(line, {}, NOT_TEXT)


def _distinct(names: list[str]) -> list[str]:
    """Make columns' names unique, and name those without a name."""
    result: dict[str, None] = {}
    numbers: dict[str, int] = {}
    for index, name in enumerate(names, start=1):
        base = name.strip() or f"column {index}"
        unique, number = base, numbers.get(base, 2)
        while unique in result:
            unique, number = f"{base}.{number}", number + 1
        numbers[base] = number
        result[unique] = None
    return list(result)
