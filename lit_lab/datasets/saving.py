"""What a dataset becomes in its file.

Rows of JSON Lines go back into the lines that they came from: what was not changed stays as it is, to the last blank; of a changed
row only what was changed is written anew. Lines that couldn't be used stay where they are. Rows of other kinds of files,
and those whose file is no longer as it was read, become new lines.
"""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lit_lab.problem import Problem
from lit_lab.protocol import DatasetColumns

from . import json_rows
from .columns import text
from .table import Row
from .text_file import MARKS, SNIFF, encoding_of

MAX_HELD = 64_000_000
"""Most bytes of a file that has to be held in memory: one that is saved, or one of a manager that isn't of files."""

_ROLES = ("prompt", "target", "source")


@dataclass
class Written:
    """A file's new content.

    Attributes:
        content: Its bytes.
        encoding: What they are encoded in, as Python calls it.
        names: What the prompts', targets' and sources' columns are called in it.
        lines: In which line of it each row is, by id.
        moved: In which line of it each line is that isn't a row's and was left in it, by its line before.
    """

    content: bytes = b""
    encoding: str = "utf-8"
    names: dict[str, str] = field(default_factory=dict)
    lines: dict[int, int] = field(default_factory=dict)
    moved: dict[int, int] = field(default_factory=dict)


def names_of(chosen: DatasetColumns, columns: Sequence[str], renames: bool) -> dict[str, str]:
    """Return what the columns of prompts, targets and sources are to be called.

    Args:
        chosen: Which they are in the file that was read.
        columns: All columns of that file.
        renames: Whether they get LIT's own names, rather than those that they have.
    """
    if renames:
        return {role: role for role in _ROLES}
    names = {}
    for role in _ROLES:
        name = getattr(chosen, role)
        # One that wasn't chosen must not take the place of another column.
        names[role] = name if name is not None else f"{role} (added)" if role in columns else role
    return names


def from_table(rows: Iterable[tuple[int, Row]], names: Mapping[str, str]) -> Written:
    """Write rows as new lines: prompt, target and source, and what other columns there were.

    Raises:
        Problem: 413: They are too many to be saved.
    """
    written = Written(names=dict(names))
    output = _Output(written, "utf-8")
    for row_id, row in rows:
        output.row(row_id, f"{_line(row, names)}\n")
    return output.end()


def into_lines(
    data: bytes, used: Sequence[int], rows: Iterable[tuple[int, Row]], names: Mapping[str, str], keeps: bool
) -> Written:
    """Write rows into the lines of JSON that they came from.

    Args:
        data: The file.
        used: The lines that rows were made of, those of deleted rows too, in order.
        rows: All rows with their ids, in order.
        names: What the columns of prompts, targets and sources are called.
        keeps: Whether lines that aren't any row's stay, and with them the file's encoding and line breaks; else the
            result is UTF-8, of rows alone.

    Raises:
        Problem: 413: They are too many to be saved; 409: The file holds what can't be written again.
    """
    whole, encoding, codec, mark = _decoded(data)
    lines = list(io.StringIO(whole, newline=""))
    ends_with_break = not whole or whole.endswith(("\n", "\r"))
    line_break = (_break_of(lines[0]) or "\n") if keeps and lines else "\n"
    written = Written(names=dict(names), encoding=encoding if keeps else "utf-8")
    output = _Output(written, codec if keeps else "utf-8", mark if keeps else b"", line_break)
    rest = _unused(len(lines), used)
    following = next(rest, None)
    added = list[tuple[int, Row]]()  # they come behind all lines, unless a row of the file follows
    for row_id, row in rows:
        if not row.origin:
            added.append((row_id, row))
            continue
        while keeps and following is not None and following < row.origin:
            output.line(following, lines[following - 1])
            following = next(rest, None)
        for new_id, new in added:
            output.row(new_id, _line(new, names) + line_break)
        added.clear()
        line = lines[row.origin - 1]
        end = _break_of(line)
        output.row(row_id, _relined(line[: len(line) - len(end)], row, names) + (end if keeps else "\n"))
    while keeps and following is not None:
        output.line(following, lines[following - 1])
        following = next(rest, None)
    for new_id, new in added:
        output.row(new_id, _line(new, names) + line_break)
    return output.end(ends_with_break or not keeps)


class _Output:
    """A file's lines as they are written, each behind a line break."""

    def __init__(self, written: Written, codec: str, mark: bytes = b"", line_break: str = "\n") -> None:
        self._written = written
        self._codec = codec
        self._break = line_break.encode(codec)
        self._parts = [mark]
        self._size = len(mark)
        self._number = 0
        self._is_open = False  # whether the last line has no break yet

    def row(self, row_id: int, line: str) -> None:
        """Write a row's line."""
        data = line.encode(self._codec, _ESCAPED)
        self._add(data, line)
        self._written.lines[row_id] = self._number

    def line(self, number: int, line: str) -> None:
        """Write a line as it was."""
        self._add(line.encode(self._codec, _errors(self._codec)), line)
        self._written.moved[number] = self._number

    def end(self, with_break: bool = True) -> Written:
        """Return what was written, the last line with its break or without."""
        if not with_break and not self._is_open and len(self._parts) > 1 and self._parts[-1].endswith(self._break):
            self._parts[-1] = self._parts[-1][: -len(self._break)]
        self._written.content = b"".join(self._parts)
        return self._written

    def _add(self, data: bytes, line: str) -> None:
        if self._is_open:
            self._parts.append(self._break)
        self._is_open = not _break_of(line)
        self._parts.append(data)
        self._number += 1
        self._size += len(data)
        if self._size > MAX_HELD:
            raise too_large()


def _line(row: Row, names: Mapping[str, str]) -> str:
    """Return a row as a new line of JSON, without a break."""
    fields: dict[str, object] = {names["prompt"]: row.prompt}
    if row.target:
        fields[names["target"]] = row.target
    if row.source:
        fields[names["source"]] = row.source
    # A column that has one of these names, but was not chosen for it, keeps its values under another.
    taken = set(names.values())
    for name, value in row.others.items():
        fields[f"{name} (other)" if name in taken else name] = value
    return json.dumps(fields, ensure_ascii=False, default=str)


def _relined(line: str, row: Row, names: Mapping[str, str]) -> str:
    """Return the line that a row came from, with what was changed of it."""
    before = json_rows.parse(line)
    if isinstance(before, str):
        raise unlike()
    values = {}
    for role in _ROLES:
        new, name = getattr(row, role), names[role]
        if text(before.get(name)) != new:
            values[name] = new
    return json_rows.changed(line, values) if values else line


def _unused(lines: int, used: Sequence[int]) -> Iterator[int]:
    """Yield the numbers of lines, from 1, that aren't among those in use, which are in order."""
    at = 0
    for number in range(1, lines + 1):
        if at < len(used) and used[at] == number:
            at += 1
        else:
            yield number


def _decoded(data: bytes) -> tuple[str, str, str, bytes]:
    """Return a file's text, its encoding, what Python encodes it with behind the byte order mark, and that mark."""
    encoding = encoding_of(data[:SNIFF])
    mark = next((mark for mark, _ in MARKS if data.startswith(mark)), b"")
    codec = encoding
    if mark:
        order = "-be" if mark in (codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE) else "-le"
        codec = "utf-8" if encoding == "utf-8-sig" else encoding + order
    try:
        whole = data[len(mark) :].decode(codec, _errors(codec))
        if whole.encode(codec, _errors(codec)) != data[len(mark) :]:
            raise unlike()
    except UnicodeError as error:
        raise unlike() from error
    return whole, encoding, codec, mark


def _errors(codec: str) -> str:
    return "surrogateescape" if codec in ("utf-8", "cp1252") else "strict"


def _break_of(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _escape(error: UnicodeError) -> tuple[str, int]:
    """Write a letter that an encoding lacks as JSON does."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(json.dumps(letter)[1:-1] for letter in error.object[error.start : error.end]), error.end


_ESCAPED = "lit_lab.json"
codecs.register_error(_ESCAPED, _escape)


def too_large() -> Problem:
    """Return why a dataset can't be saved."""
    return Problem(
        413,
        "dataset_too_large",
        f"Only datasets of up to {MAX_HELD / 1e6:,.0f} MB can be saved from here.",
        "Your changes are still here. Change the file itself, with a program.",
    )


def unlike() -> Problem:
    """Return why a file's own lines can't be written again."""
    return Problem(
        409,
        "file_changed",
        "The file holds bytes that can't be written again as they are.",
        "Save under another name.",
    )
