"""Writes a dataset to its file.

Rows of JSON Lines return to the lines that they came from. Unchanged lines stay exactly the same, blanks included; in a
changed row, only the changed values are written. Unusable lines stay where they are. Rows from other kinds of files,
and rows whose file has changed since, become new lines.
"""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lit_lab.problem import Problem
from lit_lab.protocol import DatasetColumns

from . import json_rows
from .row import Row
from .text_file import MARKS, SNIFF, encoding_of

MAX_HELD = 64_000_000
"""Maximum bytes of a file that must be in memory: a file to save, or a file of a contents manager without local files."""

COMPOSED = "composed_rows"
"""The problem's code if new rows can't be written in the form of their file."""

_ROLES = ("prompt", "target", "source")


@dataclass
class Written:
    """The new content of a file.

    Attributes:
        content: The content.
        encoding: The encoding, by its Python name.
        names: The names of the columns of prompts, targets and sources in the file.
        lines: The line of each row, by the row's id.
        moved: The new numbers of lines that aren't rows, by their previous numbers.
    """

    content: bytes = b""
    encoding: str = "utf-8"
    names: dict[str, str] = field(default_factory=dict)
    lines: dict[int, int] = field(default_factory=dict)
    moved: dict[int, int] = field(default_factory=dict)


def names_of(chosen: DatasetColumns, columns: Sequence[str], renames: bool) -> dict[str, str]:
    """Return the names of the columns of prompts, targets and sources.

    Args:
        chosen: The columns in the file that was read.
        columns: All columns of that file.
        renames: Whether to use LIT's names instead of the file's.
    """
    if renames:
        return {role: role for role in _ROLES}
    names = {}
    for role in _ROLES:
        name = getattr(chosen, role)
        # Don't replace a column that wasn't chosen.
        names[role] = name if name is not None else f"{role} (added)" if role in columns else role
    return names


def from_table(rows: Iterable[tuple[int, Row]], names: Mapping[str, str], as_messages: bool = False) -> Written:
    """Write rows as new lines: prompt, target, source, and the other columns.

    Args:
        rows: The rows with their ids, in order.
        names: The names of the columns.
        as_messages: Whether to write each prompt with its target as a list of messages, because some are conversations.

    Raises:
        Problem: 413: The dataset is too large to save.
    """
    names = {**names, "prompt": "messages"} if as_messages else names
    written = Written(names=dict(names))
    output = _Output(written, "utf-8")
    for row_id, row in rows:
        output.row(row_id, f"{_line(row, names, as_messages)}\n")
    return output.end()


@dataclass(frozen=True)
class Form:
    """The form of rows in the file that they come from.

    Attributes:
        names: The names of the columns of prompts, targets and sources.
        reread: Returns the row of a line's object, as reading does; None if it is unusable.
        is_composed: Whether prompts aren't simply texts of a column, so that new rows can't be written like the others.
        encoding: The encoding for reading the file, by its Python name; None if it was guessed.
    """

    names: Mapping[str, str]
    reread: Callable[[dict[str, object]], Row | None]
    is_composed: bool = False
    encoding: str | None = None


def into_lines(data: bytes, used: Sequence[int], rows: Iterable[tuple[int, Row]], form: Form, keeps: bool) -> Written:
    """Write rows into the JSON lines that they come from.

    Args:
        data: The file's content.
        used: The lines of all rows, including deleted rows, in order.
        rows: All rows with their ids, in order.
        form: The form of rows in the file.
        keeps: Whether lines that aren't rows stay, and the file's encoding and line breaks, too. Otherwise the result is
            UTF-8, with rows only.

    Raises:
        Problem: 413: There is too much to save; 409: The file can't be written again exactly, or there are new rows (`COMPOSED`)
            that can't be written like the others.
    """
    names = form.names
    whole, encoding, codec, mark = _decoded(data, form.encoding)
    lines = list(io.StringIO(whole, newline=""))
    ends_with_break = not whole or whole.endswith(("\n", "\r"))
    line_break = (_break_of(lines[0]) or "\n") if keeps and lines else "\n"
    # Composed prompts and the columns stay as they are.
    written = Written(names={} if form.is_composed else dict(names), encoding=encoding if keeps else "utf-8")
    output = _Output(written, codec if keeps else "utf-8", mark if keeps else b"", line_break)
    rest = _unused(len(lines), used)
    following = next(rest, None)
    added = list[tuple[int, Row]]()  # they come after all lines, unless a row of the file follows
    for row_id, row in rows:
        if not row.origin:
            if form.is_composed:
                raise _unlike_others()
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
        output.row(row_id, _relined(line[: len(line) - len(end)], row, form) + (end if keeps else "\n"))
    while keeps and following is not None:
        output.line(following, lines[following - 1])
        following = next(rest, None)
    for new_id, new in added:
        output.row(new_id, _line(new, names) + line_break)
    return output.end(ends_with_break or not keeps)


class _Output:
    """The lines to write, with line breaks between them."""

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
        """Write a line unchanged."""
        self._add(line.encode(self._codec, _errors(self._codec)), line)
        self._written.moved[number] = self._number

    def end(self, with_break: bool = True) -> Written:
        """Return the content, with or without a line break at the end."""
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


def _line(row: Row, names: Mapping[str, str], as_messages: bool = False) -> str:
    """Return a row as a new line of JSON, without a line break."""
    fields: dict[str, object] = {names["prompt"]: _messages(row) if as_messages else row.prompt}
    if row.target and not as_messages:
        fields[names["target"]] = row.target
    if row.source:
        fields[names["source"]] = row.source
    # A column that has one of these names but wasn't chosen keeps its values under another name.
    taken = set(names.values())
    for name, value in row.others.items():
        fields[f"{name} (other)" if name in taken else name] = value
    return json.dumps(fields, ensure_ascii=False, default=str)


def _messages(row: Row) -> list[dict[str, str]]:
    """Return a row as messages in the form of OpenAI and Hugging Face: its turns, or its prompt, and its target."""
    turns = row.turns or [("user", 0, len(row.prompt))]
    messages = [
        {"role": "assistant" if role == "model" else role, "content": row.prompt[start:end]}
        for role, start, end in turns
    ]
    return messages + ([{"role": "assistant", "content": row.target}] if row.target else [])


def _relined(line: str, row: Row, form: Form) -> str:
    """Return the line that a row comes from, with the row's changes."""
    fields = json_rows.parse(line)
    before = None if isinstance(fields, str) else form.reread(fields)
    if before is None:
        raise unlike()
    new = {form.names[role]: getattr(row, role) for role in _ROLES if getattr(row, role) != getattr(before, role)}
    return json_rows.changed(line, new) if new else line


def _unused(lines: int, used: Sequence[int]) -> Iterator[int]:
    """Yield the numbers of the lines, from 1, that aren't in use; `used` is in order."""
    at = 0
    for number in range(1, lines + 1):
        if at < len(used) and used[at] == number:
            at += 1
        else:
            yield number


def _decoded(data: bytes, given: str | None) -> tuple[str, str, str, bytes]:
    """Return a file's text, its encoding, Python's encoding for the part after the byte order mark, and that mark."""
    encoding = given or encoding_of(data[:SNIFF])
    mark = next((mark for mark, _ in MARKS if data.startswith(mark)), b"")
    codec = encoding
    if mark and given:
        mark = mark if codecs.lookup(given).name in ("utf-8", "utf-16-le", "utf-16-be") else b""
    elif mark:
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
    """Write a character that an encoding lacks as a JSON escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(json.dumps(letter)[1:-1] for letter in error.object[error.start : error.end]), error.end


_ESCAPED = "lit_lab.json"
codecs.register_error(_ESCAPED, _escape)


def too_large() -> Problem:
    """Return the problem of a dataset that is too large to save."""
    return Problem(
        413,
        "dataset_too_large",
        f"LIT Lab can save datasets of at most {MAX_HELD / 1e6:,.0f} MB.",
        "Your changes aren't lost. Edit the file itself in another program.",
    )


def _unlike_others() -> Problem:
    return Problem(
        409,
        COMPOSED,
        "New rows can't be written into this file, whose prompts are conversations or come from several columns.",
        "Save under another name.",
    )


def unlike() -> Problem:
    """Return the problem of a file that can't be written without changing other parts of it."""
    return Problem(
        409,
        "file_changed",
        "The file contains bytes that can't be written back unchanged.",
        "Save under another name.",
    )
