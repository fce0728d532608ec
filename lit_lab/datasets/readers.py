"""Files of prompts, read row by row: JSON Lines, CSV, plain text, Parquet. None is ever held in memory as a whole."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lit_lab.problem import Problem
from lit_lab.protocol import MAX_TEXT

from .columns import Fields
from .text_file import LINE_TOO_LONG, TextFile, is_text

Split = Literal["lines", "paragraphs", "whole"]
"""How a plain text file holds prompts."""

NOT_TEXT = "It holds bytes that aren't text in this encoding, or half of a character."
_ROW_LIMIT = f"It is longer than {MAX_TEXT:,} characters."


@dataclass(frozen=True)
class Record:
    """A row, or why there is none.

    Attributes:
        line: Where it begins in the file, from 1; the row's number in a Parquet file.
        fields: Values by column; empty for a bad row.
        reason: What is wrong with it; empty for a good one.
    """

    line: int
    fields: Fields
    reason: str = ""


class Reader:
    """Reads a file once. Iterate over it; `close` it.

    Args:
        path: The file.
        split: How a plain text file holds prompts.

    Raises:
        Problem: It can't be read.
    """

    def __init__(self, path: Path, split: Split = "lines") -> None:
        kind = path.suffix.lower()
        self._text: TextFile | None = None
        self._parquet: Any = None
        self._read = self._size = 0
        self.columns: list[str] = []
        """All that were met so far, in order."""
        self.is_plain = kind == ".txt"
        """Whether it is text without columns."""
        if kind == ".parquet":
            self._parquet = _open_parquet(path)
            self._size = path.stat().st_size
            self._records = self._read_parquet(self._parquet)
            return
        text = self._text = TextFile(path)
        if self.is_plain:
            self._records = _read_plain(text, split)
            self.columns = ["prompt"]
        elif kind in (".csv", ".tsv"):
            self._records = self._read_csv(text, "\t" if kind == ".tsv" else "")
        else:
            self._records = self._read_json(text)

    def __iter__(self) -> Iterator[Record]:
        return self._records

    @property
    def encoding(self) -> str:
        """A text file's encoding, as Python calls it; empty for others."""
        return self._text.encoding if self._text else ""

    @property
    def position(self) -> int:
        """Bytes read so far, of the file's size; of a Parquet file in proportion to its rows."""
        return self._text.position if self._text else self._read

    def close(self) -> None:
        """Close the file."""
        if self._text is not None:
            self._text.close()
        if self._parquet is not None:
            self._parquet.close()

    def _met(self, columns: Iterator[str]) -> None:
        known = set(self.columns)
        self.columns += [column for column in columns if column not in known]

    def _read_json(self, text: TextFile) -> Iterator[Record]:
        known: set[str] = set()
        for number, line in text.lines():
            if line is None:
                yield Record(number, {}, LINE_TOO_LONG)
                continue
            if not line.strip():
                continue
            if not is_text(line):
                yield Record(number, {}, NOT_TEXT)
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Record(number, {}, f"It isn't JSON: {error}.")
                continue
            if not isinstance(row, dict):
                yield Record(number, {}, 'It isn\'t a JSON object, such as {"prompt": "…"}.')
                continue
            if not known.issuperset(row):
                self._met(iter(row))
                known.update(row)
            yield Record(number, row)

    def _read_csv(self, text: TextFile, delimiter: str) -> Iterator[Record]:
        # Python's own limit is 131,072 characters a field. It is the process's; a higher one harms nobody.
        csv.field_size_limit(max(csv.field_size_limit(), min(2 * MAX_TEXT, sys.maxsize)))
        lines = _Counted(text.text)
        first = next(lines, "")
        if first.lower().startswith("sep=") and len(first.strip()) == 5:  # as Excel writes it
            delimiter, first = first[4], next(lines, "")
        lines.push(first)
        rows = csv.reader(lines, delimiter=delimiter or _delimiter(first))
        while True:
            line = lines.number + 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield Record(line, {}, f"It isn't CSV: {error}.")
                continue
            if not any(row):
                continue
            if not self.columns:
                self.columns = _distinct(row)
            elif len(row) > len(self.columns):
                yield Record(line, {}, f"It has {len(row)} fields; the first line has {len(self.columns)}.")
            else:
                yield Record(line, dict(zip(self.columns, row, strict=False)))

    def _read_parquet(self, file: Any) -> Iterator[Record]:
        from pyarrow import ArrowException

        self.columns = _distinct([str(name) for name in file.schema_arrow.names])
        has_bytes = "binary" in str(file.schema_arrow)
        number = 0
        total = max(1, file.metadata.num_rows)
        batches = file.iter_batches(batch_size=256)
        while True:
            try:
                batch = next(batches, None)
                # Of columns of the same name, a row would have the last alone.
                rows = [] if batch is None else batch.rename_columns(self.columns).to_pylist()
            except (ArrowException, OSError, ValueError) as error:
                raise Problem(
                    422,
                    "bad_dataset",
                    f"The file is damaged behind row {number:,}: {str(error).rstrip('.')}.",
                    "What stands before is here. Write the file anew.",
                ) from error
            if batch is None:
                return
            for row in rows:
                number += 1
                yield Record(number, {name: _told(value) for name, value in row.items()} if has_bytes else row)
            self._read = int(self._size * number / total)


class _Counted:
    """Lines, counted as they are taken, of which the first can be given back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._pushed: list[str] = []
        self.number = 0

    def __iter__(self) -> _Counted:
        return self

    def __next__(self) -> str:
        line = self._pushed.pop() if self._pushed else next(self._lines)
        self.number += 1
        return line

    def push(self, line: str) -> None:
        if line:
            self._pushed.append(line)
            self.number -= 1


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
    return Record(line, {"prompt": prompt}) if is_text(prompt) else Record(line, {}, NOT_TEXT)


def _delimiter(header: str) -> str:
    """Return what stands most often between the names of a CSV file's first line."""
    outside = "".join(header.split('"')[::2])
    return max(",;\t|", key=outside.count)


def _distinct(names: list[str]) -> list[str]:
    """Name columns apart, those without a name too."""
    result: list[str] = []
    for index, name in enumerate(names, start=1):
        base = name.strip() or f"column {index}"
        unique, number = base, 2
        while unique in result:
            unique, number = f"{base}.{number}", number + 1
        result.append(unique)
    return result


def _told(value: Any) -> Any:
    """Return a value with its bytes as text, as some programs write that; bytes that aren't any only by their number."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"bytes": len(value)}
    if isinstance(value, dict):
        return {name: _told(inner) for name, inner in value.items()}
    return [_told(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _open_parquet(path: Path) -> Any:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise Problem(
            422,
            "missing_pyarrow",
            "Reading Parquet files needs the library pyarrow, which the Jupyter server doesn't have.",
            f"Install it where the server runs ({sys.executable} -m pip install 'lit-lab[parquet]') and restart the server; or "
            "save the file as .jsonl or .csv.",
        ) from error
    try:
        return parquet.ParquetFile(path)
    except (ArrowException, OSError) as error:
        raise Problem(
            422, "bad_dataset", f"{path.name} isn't a whole Parquet file: {str(error).rstrip('.')}.", "Write it anew."
        ) from error
