"""Conversations: what a chat format puts around their turns, and why it can't.

A format gets the roles of the turns, never their texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lit_lab.problem import Problem
from lit_lab.protocol import SystemUse, Turn


@dataclass(frozen=True)
class Written:
    """A conversation's turns in a chat format.

    Attributes:
        texts: The format's texts: one before each turn, and one after the last.
        order: The turns' indices in the order in which the format has them; one longer is `texts`.
        system: Where the system turns are; None: there are none.
    """

    texts: tuple[str, ...]
    order: tuple[int, ...]
    system: SystemUse | None = None

    def pieces(self, turns: Sequence[Turn]) -> Iterator[tuple[str, int | None]]:
        """Yield the sequence's texts, each with the index of its turn; None for the format's own."""
        for text, index in zip(self.texts, self.order, strict=False):
            yield text, None
            yield turns[index].text, index
        yield self.texts[-1], None


def check_turns(turns: Sequence[Turn]) -> None:
    """Refuse turns without a text. Raises `Problem`: `empty_turn`."""
    for number, turn in enumerate(turns, 1):
        if not turn.text.strip():
            raise Problem(422, "empty_turn", f"Turn {number} has no text.", "Write one, or remove the turn.")


def no_system_turn(where: str = "") -> Problem:
    """Return the error that a format can't have a system turn there.

    Args:
        where: Where it can't be, in words that follow "no system turn"; empty: nowhere.
    """
    return Problem(
        422,
        "no_system_turn",
        f"This model's chat format has no system turn{f' {where}' if where else ''}.",
        "Move its text to the beginning of the first user turn.",
    )


def refused(what: str, why: str) -> Problem:
    """Return the error that a format can't write a conversation.

    Args:
        what: `format` or `template`.
        why: The reason, in words that follow a colon.
    """
    return Problem(
        422,
        "turns_refused",
        f"This model's chat {what} refuses the conversation: {why}.",
        "Change the roles or the order of the turns, or remove some.",
    )
