"""Reads rows of JSON files: JSON Lines, a list of objects, or another form that contains rows (`shapes.py`)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from lit_lab.problem import Problem

from . import json_document, json_rows, shapes
from .columns import Fields, is_prompt_name
from .columns import text as as_text
from .text_file import LINE_TOO_LONG, MAX_LINE, TextFile, is_text
from .turns import looks_like

NOT_TEXT = "It contains bytes that aren't text in this encoding, or half of a character."
_LOOKED_AT = 20  # lines that distinguish JSON Lines from JSON

Found = tuple[int, Fields | str, int]
"""A row's line, the row or the reason why it is unusable, and its length in characters."""


class JsonRows:
    """Reads rows. Iterate once.

    Args:
        open_text: Opens the file from its beginning.
        name: The file's name.
        is_lines: Whether the file's name indicates JSON Lines.

    Raises:
        Problem: The file has no rows.
    """

    def __init__(self, open_text: Callable[[], TextFile], name: str, is_lines: bool) -> None:
        self._open = open_text
        self._name = name
        self._is_lines = is_lines
        self.is_document = not self._has_lines()
        """Whether the file's lines aren't its rows."""
        self.text = open_text()
        try:
            self._rows = self._document() if self.is_document else self._lines()
        except BaseException:
            self.text.close()
            raise

    def __iter__(self) -> Iterator[Found]:
        return self._rows

    def _has_lines(self) -> bool:
        """Return whether each line is a row, rather than the whole file a single value."""
        lines = list[str]()
        with contextlib.suppress(Problem), contextlib.closing(self._open()) as text:  # reading says what is damaged
            if json_document.first(text) == "[":
                return False
        with contextlib.suppress(Problem), contextlib.closing(self._open()) as text:
            for _, line in text.lines():
                lines += ["…" if line is None else line] if line is None or line.strip() else []
                if len(lines) == _LOOKED_AT:
                    break
        if len(lines) < 2:
            return self._is_lines
        # In an indented document, no line contains a complete object.
        is_row = any(line.startswith("{") and line.rstrip(" \t,").endswith("}") for line in lines)
        return is_row or (self._is_lines and lines[0].strip()[:1] != "{")

    def _lines(self) -> Iterator[Found]:
        for number, line in self.text.lines():
            if line is None:
                yield number, LINE_TOO_LONG, 0
            elif line.strip():
                # Release a line's objects before reading the next line.
                yield number, json_rows.parse(line) if is_text(line) else NOT_TEXT, len(line)

    def _document(self) -> Iterator[Found]:
        """Return an iterator over the rows of a JSON document.

        Raises:
            Problem: The document has no rows.
        """
        with contextlib.closing(self._open()) as text:
            if json_document.first(text) == "[":
                return map(_parsed, json_document.elements(self.text))
        with contextlib.closing(self._open()) as text:
            outline = json_document.outline(text)
        lists = [key for key, mark in outline.keys.items() if mark == "["]
        if outline.first != "{" or outline.line:
            where = (
                f"a value that begins in line {outline.line:,} doesn't end"
                if outline.line
                else "it has no list or object"
            )
            forms = "neither JSON Lines nor JSON" if self._is_lines else "not JSON"
            raise Problem(422, "bad_dataset", f"{self._name} is {forms}: {where}.", "Check the file, or save it again.")
        if outline.has_more:
            return map(_parsed, json_document.values(self.text))
        has_prompt = any(mark == '"' and is_prompt_name(key) for key, mark in outline.keys.items())
        if len(lists) == 1 and not has_prompt and not self._is_conversation(lists[0]):
            return map(_parsed, json_document.elements(self.text, lists[0]))
        return self._whole()

    def _is_conversation(self, key: str) -> bool:
        """Return whether a list contains messages, so that the whole document is one row."""
        with contextlib.closing(self._open()) as text:
            _, first = next(json_document.elements(text, key), (0, None))
        value = json_rows.load(first) if first else None
        return isinstance(value, dict) and looks_like([value], key)

    def _whole(self) -> Iterator[Found]:
        """Read a whole document into memory, and return its rows.

        Raises:
            Problem: The document is too long, invalid, or has no rows.
        """
        whole = self.text.read(MAX_LINE + 1)
        reason = f"It is longer than {MAX_LINE:,} characters." if len(whole) > MAX_LINE else ""
        value = None if reason else json_rows.load(whole)
        if reason or isinstance(value, json_rows.Wrong):
            hint = "Save its rows as one list, or as JSON Lines."
            raise Problem(422, "bad_dataset", f"{self._name} can't be read: {reason or value}", hint)
        return ((number, row, _size(row)) for number, row in enumerate(shapes.rows_in(value), start=1))


def _size(row: Fields | str) -> int:
    return len(row) if isinstance(row, str) else sum(len(as_text(value)) for value in row.values())


def _parsed(found: tuple[int, str | None]) -> Found:
    line, text = found
    if text is None:
        return line, LINE_TOO_LONG, 0
    if not is_text(text):
        return line, NOT_TEXT, 0
    value = json_rows.load(text)
    return line, str(value) if isinstance(value, json_rows.Wrong) else shapes.element(value), len(text)
