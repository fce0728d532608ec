"""A batch's records as one file: CSV for spreadsheets, JSON lines, Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Literal

from lit_lab.batches import part_files
from lit_lab.batches.index import Index
from lit_lab.batches.prompt_parts import MAX_PARTS
from lit_lab.batches.record import Record
from lit_lab.problem import Problem

Kind = Literal["csv", "jsonl", "parquet"]

KINDS: tuple[Kind, ...] = ("csv", "jsonl", "parquet")
MAX_CHECKS = 1_000  # columns
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with that a spreadsheet would take for a formula, full-width signs among them."""

_PLAIN = ("row", "line", "prompt", "target", "answer", "reason", "num_tokens", "logprob", "error")


def kind_of(path: Path) -> Kind:
    """Return the kind that a file's name ends with. Raises `Problem`."""
    for kind in KINDS:
        if path.suffix.lower() == f".{kind}":
            return kind
    raise Problem(
        422, "unknown_format", f"{path.name} names no format.", "Let its name end in .csv, .jsonl or .parquet."
    )


def write(
    stream: IO[bytes],
    kind: Kind,
    index: Index,
    has_parts: bool,
    line_of: Callable[[Record], int] = lambda record: record.line,
) -> None:
    """Write a batch's records in the order of rows, a bounded number of them in memory.

    Args:
        stream: Where to.
        kind: The format. CSV has a column for each check, and for each part's effect and share; the others have lists of them.
        index: The batch's index.
        has_parts: Whether parts have the same ids in all rows, so that CSV has columns of them.
        line_of: Returns the line of a record's row.

    Raises:
        Problem: There is no pyarrow for Parquet.
        OSError: It can't be written.
        UnreadableError: A record can't be read: the file isn't complete.
    """

    def records() -> Iterator[Record]:
        for record in index.records(are_all=True):
            yield replace(record, line=line_of(record))

    if kind == "parquet":
        part_files.write_parquet(stream, records())
    elif kind == "jsonl":
        for record in records():
            line = json.dumps(record.as_json(), ensure_ascii=False) + "\n"
            stream.write(line.encode("utf-8", "backslashreplace"))
    else:
        _write_csv(stream, records, has_parts)


def _write_csv(stream: IO[bytes], records: Callable[[], Iterator[Record]], has_parts: bool) -> None:
    checks: dict[str, None] = {}
    parts: dict[str, None] = {}
    for record in records():
        if len(checks) < MAX_CHECKS:
            checks.update(dict.fromkeys(check.name for check in record.checks))
        if has_parts and len(parts) < MAX_PARTS:
            parts.update(dict.fromkeys(part.id for part in record.parts))
    text = io.TextIOWrapper(stream, "utf-8", "backslashreplace", newline="", write_through=True)
    try:
        table = csv.writer(text, lineterminator="\r\n")
        measured = [f"{what}: {name}" for name in parts for what in ("effect", "share")]
        table.writerow([_cell(name) for name in (*_PLAIN, *(f"check: {name}" for name in checks), *measured)])
        for record in records():
            passed = {check.name: check.passed for check in record.checks}
            known = {part.id: part for part in record.parts}
            numbers = [
                number
                for name in parts
                for part in (known.get(name),)
                for number in ((part.effect, part.share) if part is not None else (None, None))
            ]
            row = [*(getattr(record, name) for name in _PLAIN), *map(passed.get, checks), *numbers]
            table.writerow([_cell(value) for value in row])
    finally:
        text.detach()


def _cell(value: object) -> str:
    """Return a value as a cell: texts are of others, and one that a spreadsheet would take for a formula gets an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    return f"'{value}" if value.startswith(FORMULA) else value
