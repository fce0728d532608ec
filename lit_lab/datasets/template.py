"""Templates that build a prompt from several columns: `{context}`, a blank line, `{question}`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from lit_lab.problem import Problem
from lit_lab.protocol import MAX_TEXT

_FIELD = re.compile(r"\{\{([^{}]+)\}\}|\{([^{}]+)\}")
_Piece = tuple[str, str | None]  # a text, and the column whose value follows the text


@dataclass(frozen=True)
class Piece:
    """A text of a template, or the value of a column.

    Attributes:
        text: Its characters.
        column: The column; None: it is the template's own text.
        is_there: Whether it is in the prompt: a paragraph whose columns are all empty isn't.
    """

    text: str
    column: str | None = None
    is_there: bool = True


@dataclass(frozen=True)
class Template:
    """A parsed template.

    Attributes:
        columns: The template's columns, each once, in order.
        paragraphs: The pieces of each paragraph; blank lines separate paragraphs.
    """

    columns: tuple[str, ...]
    paragraphs: tuple[tuple[_Piece, ...], ...]

    def fill(self, value_of: Callable[[str], str]) -> str | None:
        """Return the prompt; None if none of the columns has a value, and a `Problem` never.

        Leaves out a paragraph whose columns are all empty, with its blank line.

        Raises:
            OverflowError: The prompt would be longer than a text may be.
        """
        values = {column: value_of(column) for column in self.columns}
        if not any(value.strip() for value in values.values()):
            return None
        # Check before building the text, because a template may name a long column many times.
        pieces = self.pieces(values.__getitem__)
        if sum(len(piece.text) for piece in pieces if piece.is_there) > MAX_TEXT:
            raise OverflowError
        return "".join(piece.text for piece in pieces if piece.is_there)

    def pieces(self, value_of: Callable[[str], str]) -> list[Piece]:
        """Return the template's texts and the columns' values, in order. Those that are there join to the prompt."""
        found: list[Piece] = []
        is_first = True
        for paragraph in self.paragraphs:
            values = [(text, column, "" if column is None else value_of(column)) for text, column in paragraph]
            used = [value for _, column, value in values if column is not None]
            is_there = not used or any(value.strip() for value in used)
            if is_there and not is_first:
                found.append(Piece("\n\n"))
            is_first = is_first and not is_there
            for text, column, value in values:
                if text:
                    found.append(Piece(text, is_there=is_there))
                if column is not None:
                    found.append(Piece(value, column, is_there))
        return found


def names(template: str) -> list[str]:
    """Return what stands in braces in a template, whether or not it is a column."""
    return [(match[1] or match[2]).strip() for match in _FIELD.finditer(template)]


def parse(template: str, columns: Collection[str]) -> Template:
    """Parse a template. `{name}` and `{{name}}` are fields if there is a column with this name, else text.

    Raises:
        Problem: The template names no column.
    """
    found: dict[str, None] = {}
    paragraphs = []
    for paragraph in template.split("\n\n"):
        pieces, at = list[_Piece](), 0
        for match in _FIELD.finditer(paragraph):
            name = (match[1] or match[2]).strip()
            if name in columns:
                found[name] = None
                pieces.append((paragraph[at : match.start()], name))
                at = match.end()
        paragraphs.append((*pieces, (paragraph[at:], None)))
    if not found:
        raise Problem(
            422,
            "bad_template",
            "The template names none of the dataset's columns.",
            f"Write a column in braces, such as {{{next(iter(columns), 'question')}}}.",
        )
    return Template(tuple(found), tuple(paragraphs))
