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
        kept, size = [], 0
        for paragraph in self.paragraphs:
            used = [values[column] for _, column in paragraph if column is not None]
            if used and not any(value.strip() for value in used):
                continue
            # Check before building the text, because a template may name a long column many times.
            size += sum(len(text) for text, _ in paragraph) + sum(map(len, used))
            if size > MAX_TEXT:
                raise OverflowError
            kept.append("".join(text + (values[column] if column is not None else "") for text, column in paragraph))
        return "\n\n".join(kept)


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
