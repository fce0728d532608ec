"""The parts of a row's prompt: each has an id that is the same in all rows, so that rows can be compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lit_lab.datasets.template import Template
from lit_lab.segmentation.ecmascript import BLANKS
from lit_lab.segmentation.sentences import sentence_starts

TEXT = "text-"
"""What the id of a template's own sentence begins with."""

MAX_PARTS = 400
"""Maximum number of parts of a prompt: each costs a pass through the model."""


@dataclass(frozen=True)
class PromptPart:
    """A part of a prompt.

    Attributes:
        id: `text-1`, `text-2`, …: the template's own sentences, counted in the template. `{name}`: the value of a column;
            `{name}#2`, where the template names the column again. `sentence-1`, …: the sentences of a prompt without a template,
            which are others in each row.
        text: Its characters.
        start: Where it begins in the prompt, or in its turn.
        end: Where it ends.
        turn: The number of its turn; 0 if the prompt isn't a conversation.
    """

    id: str
    text: str
    start: int
    end: int
    turn: int = 0


def of_template(template: Template, value_of: Callable[[str], str]) -> list[PromptPart]:
    """Return the parts of a filled template, in the prompt that `template.fill` returns."""
    found: list[PromptPart] = []
    at = number = 0
    seen: dict[str, int] = {}
    for piece in template.pieces(value_of):
        starts = [0] if piece.column is not None else sentence_starts(piece.text, "auto")
        for start, end in zip(starts, [*starts[1:], len(piece.text)], strict=True):
            if piece.column is not None:
                seen[piece.column] = seen.get(piece.column, 0) + 1
                again = f"#{seen[piece.column]}" if seen[piece.column] > 1 else ""
                identity = f"{{{piece.column}}}{again}"
            elif piece.text[start:end].strip(BLANKS):
                number += 1
                identity = f"{TEXT}{number}"
            else:
                continue
            if piece.is_there:
                found += _part(identity, piece.text[start:end], at + start, 0)
        at += len(piece.text) if piece.is_there else 0
    return found


def of_text(text: str, turn: int = 0, before: int = 0) -> list[PromptPart]:
    """Return the sentences of a text.

    Args:
        text: A prompt, or a turn's text.
        turn: The turn's number.
        before: How many sentences were there before.
    """
    starts = sentence_starts(text, "auto")
    found: list[PromptPart] = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        found += _part(f"sentence-{before + len(found) + 1}", text[start:end], start, turn)
    return found


def _part(identity: str, content: str, start: int, turn: int) -> list[PromptPart]:
    core = content.strip(BLANKS)
    start += len(content) - len(content.lstrip(BLANKS))
    return [PromptPart(identity, core, start, start + len(core), turn)] if core else []
