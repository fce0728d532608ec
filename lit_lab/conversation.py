"""A conversation as text, where there is room for one text only: in lists, and for searching."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lit_lab.protocol import Role, Turn

_LABELS = {"system": "System", "user": "User", "model": "Model"}


def joined(turns: Sequence[tuple[Role, str]]) -> tuple[str, list[tuple[Role, int, int]]]:
    """Return a conversation as text, and where each turn's text is in it.

    Each turn follows a line that names its role. A single user turn is the text itself. `src/session/conversation.ts` does the
    same in the browser.

    Args:
        turns: Each turn's role and text.

    Returns:
        The text, and each turn's role, start and end.
    """
    has_labels = len(turns) != 1 or turns[0][0] != "user"
    pieces, spans, at = list[str](), list[tuple["Role", int, int]](), 0
    for role, text in turns:
        head = ("\n\n" if pieces else "") + _LABELS[role] + "\n" if has_labels else ""
        pieces += (head, text)
        at += len(head) + len(text)
        spans.append((role, at - len(text), at))
    return "".join(pieces), spans


def text_of(turns: Sequence[Turn]) -> str:
    """Return a conversation as text, as `joined` does."""
    return joined([(turn.role, turn.text) for turn in turns])[0]
