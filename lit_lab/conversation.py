"""A conversation as text, where there is room for one text only: in the list of runs, and for searching."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lit_lab.protocol import Turn

_LABELS = {"system": "System", "user": "User", "model": "Model"}


def text_of(turns: Sequence[Turn]) -> str:
    """Return a conversation as text: each turn after a line that names its role; a user's turn alone as it is.

    `src/session/conversation.ts` does the same in the browser.
    """
    if len(turns) == 1 and turns[0].role == "user":
        return turns[0].text
    return "\n\n".join(f"{_LABELS[turn.role]}\n{turn.text}" for turn in turns)
