"""Reads files of prompts row by row: JSON Lines, JSON, CSV, plain text, YAML, Parquet.

No file is ever in memory as a whole, except for YAML and JSON whose rows aren't one list; these are bounded.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lit_lab.problem import Problem
from lit_lab.protocol import MAX_TEXT

from . import shapes, yaml_values
from .columns import Fields
from .columns import text as as_text
from .configured import suffix_of
from .csv_rows import MAX_COLUMNS, CsvRows
from .json_reader import NOT_TEXT as NOT_TEXT
from .json_reader import JsonRows
from .parquet_rows import ParquetRows
from .text_file import LINE_TOO_LONG, TextFile, beginning_of, check_kind, is_text

Split = Literal["lines", "paragraphs", "whole"]
"""How prompts are separated in a plain text file."""

_ROW_LIMIT = f"It is longer than {MAX_TEXT:,} characters."
_TOO_WIDE = f"It has more than {MAX_COLUMNS:,} fields."
_NAMES_CHARS = 1_000_000  # maximum characters of all columns' names together


@dataclass(frozen=True)
class Record:
    """A row, or the reason why there is none.

    Attributes:
        line: The row's first line in the file, from 1; in a Parquet file, the row's number.
        fields: The values by column; empty for a bad row.
        reason: What is wrong with the row; empty for a good row.
        size: The row's approximate length in the file, in characters.
    """

    line: int
    fields: Fields
    reason: str = ""
    size: int = 0


class Reader:
    """Reads a file once. Iterate over it, then call `close`.

    Args:
        path: The file.
        split: How prompts are separated in a plain text file.
        stop: When any thread sets this, reading ends soon, as at the end of the file.
        header: Whether the first line of a table contains the columns' names; None to guess.
        encoding: A text file's encoding, by its Python name; None to guess it.

    Raises:
        Problem: The file can't be read.
    """

    def __init__(
        self,
        path: Path,
        split: Split = "lines",
        stop: threading.Event | None = None,
        header: bool | None = None,
        encoding: str | None = None,
    ) -> None:
        kind = suffix_of(path.name).removesuffix(".gz")
        self._text: TextFile | None = None
        self._parquet: ParquetRows | None = None
        self._csv: CsvRows | None = None
        self._too_many = False
        self._names: set[str] = set()
        self._names_chars = 0
        self.columns: list[str] = []
        """All columns so far, in order; at most 10,000."""
        self.is_plain = kind == ".txt"
        """Whether the file is plain text, without columns."""
        self.is_table = kind in (".csv", ".tsv")
        """Whether the file is a table, whose first line may contain the columns' names."""
        self.is_document = kind in (".json", ".yaml", ".yml")
        """Whether the file isn't a table, but its rows aren't its lines either."""
        if kind == ".parquet":
            if not (head := beginning_of(path)).startswith(b"PAR1"):
                check_kind(path.name, head)
            self._parquet = ParquetRows(path, stop)
            self._records = self._read_parquet(self._parquet)
            return

        def open_text() -> TextFile:
            return TextFile(path, stop, encoding)

        if kind not in (".txt", ".csv", ".tsv", ".yaml", ".yml"):
            rows = JsonRows(open_text, path.name, is_lines=kind != ".json")
            self._text, self.is_document = rows.text, rows.is_document
            self._records = (self._record(*found) for found in rows)
            return
        text = self._text = open_text()
        if self.is_plain:
            self._records = _read_plain(text, split)
            self.columns = ["prompt"]
        elif self.is_table:
            self._records = self._read_csv(text, kind == ".tsv", header)
        else:
            self._records = self._read_yaml(text)

    def __iter__(self) -> Iterator[Record]:
        return self._records

    @property
    def encoding(self) -> str:
        """The encoding of a text file, by its Python name; empty for other files."""
        return self._text.encoding if self._text else ""

    @property
    def position(self) -> int:
        """How many bytes of the file were read so far; for a Parquet file, estimated from its rows."""
        if self._parquet is not None:
            return self._parquet.position
        return self._text.position if self._text else 0

    @property
    def unpacked(self) -> int:
        """How many bytes of content were read so far, after decompression."""
        return self._text.unpacked if self._text else self.position

    @property
    def is_packed(self) -> bool:
        """Whether the file is compressed by gzip."""
        return self._text is not None and self._text.is_packed

    @property
    def is_at_end(self) -> bool:
        """Whether a compressed file was read to its end."""
        return self._text is not None and self._text.is_at_end

    @property
    def has_header(self) -> bool | None:
        """Whether the first line is read as the columns' names; None if the file is no table, or not yet read."""
        return self._csv.has_header if self._csv else None

    @property
    def remark(self) -> str:
        """Remarks about the content read so far, as text for the user; empty for most files."""
        if self._too_many:
            return f"The file has too many columns; the first {len(self.columns):,} can be used."
        remarks = (self._text.remark if self._text else "", self._csv.remark if self._csv else "")
        return " ".join(filter(None, remarks))

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

    def _record(self, number: int, row: Fields | str, size: int) -> Record:
        if isinstance(row, str):
            return Record(number, {}, row)
        if len(row) > MAX_COLUMNS:  # each takes many times the memory of its content
            return Record(number, {}, _TOO_WIDE)
        if not self._too_many and not self._names.issuperset(row):
            self._met(row)
        return Record(number, row, size=size)

    def _read_yaml(self, text: TextFile) -> Iterator[Record]:
        whole = text.read(yaml_values.MAX_CHARS + 1)
        if not is_text(whole):
            raise Problem(422, "bad_dataset", NOT_TEXT.replace("It", "The file", 1), "Choose another encoding.")
        for number, row in enumerate(shapes.rows_in(yaml_values.load(whole)), start=1):
            # A row can be longer than its text in the file, because of aliases and prompts with many tests.
            size = 0 if isinstance(row, str) else sum(len(as_text(value)) for value in row.values())
            yield self._record(number, row, size)

    def _read_csv(self, text: TextFile, is_tsv: bool, header: bool | None) -> Iterator[Record]:
        rows = self._csv = CsvRows(text, is_tsv, header)
        for row in rows:
            width = len(row.fields)
            if row.reason:
                yield Record(row.line, {}, row.reason)
                continue
            if not self.columns:
                self.columns = _distinct(row.fields if rows.has_header else rows.unnamed(width))
                if rows.has_header:
                    continue
            if row.before and width != len(self.columns) > 1:
                reason = f"It has {width} of {len(self.columns)} fields, after the quote in line {row.before} that isn't closed."
                yield Record(row.line, {}, reason)
            elif width > len(self.columns):
                yield Record(row.line, {}, f"It has {width} fields; the first line has {len(self.columns)}.")
            else:
                yield Record(row.line, dict(zip(self.columns, row.fields, strict=False)), size=row.size)

    def _read_parquet(self, rows: ParquetRows) -> Iterator[Record]:
        # If columns had the same name, a row would only contain the last one's value.
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
    """Make the columns' names unique, and give names to columns without one."""
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
