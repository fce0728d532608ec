"""What a model thinks before it answers: text up to `</think>`."""

from __future__ import annotations

from collections.abc import Sequence

from .ecmascript import BLANKS
from .token import SpelledToken
from .turns import added_turn, template_ends

_OPEN = "<think>"
_CLOSE = "</think>"


def thought_end(tokens: Sequence[SpelledToken], seam: int) -> int | None:
    """Return where an answer's thoughts end: the index of the first token after them.

    That is after `</think>`, or at the answer's end while the model still thinks; None if it doesn't think. The answer, or the
    template before it, begins the thoughts.

    Args:
        tokens: The whole sequence.
        seam: Index of the answer's first token.
    """
    _, behind = template_ends(tokens, seam)
    _, added = added_turn(tokens, behind) or ("", "")
    is_opened = added.rfind(_OPEN) > added.rfind(_CLOSE)
    if seam == len(tokens) or not (is_opened or _begins(tokens, seam)):
        return None
    tail = ""  # the end of the text so far: the word may be spelled by several tokens
    end, is_closed = seam, False
    while end < len(tokens) and not is_closed:
        tail = tail[1 - len(_CLOSE) :] + tokens[end].text
        is_closed = _CLOSE in tail
        end += 1
    while is_closed and end < len(tokens) and tokens[end].text.strip(BLANKS) == "":
        end += 1
    return end


def _begins(tokens: Sequence[SpelledToken], seam: int) -> bool:
    """Whether an answer begins with `<think>`."""
    text = ""
    for token in tokens[seam:]:
        if len(text) >= len(_OPEN):
            break
        text = (text + token.text).lstrip(BLANKS)
    return text.startswith(_OPEN)
