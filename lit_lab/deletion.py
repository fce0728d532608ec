"""Deleting parts of a text as a person would: one of the gaps around what is deleted goes with it. Or replacing them.

`promptOfTrial` in `src/compare/trial.ts` does the same; the cases of both are in tests/fixtures/text/deletions.json.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lit_lab.protocol import TextSpan

# What JavaScript's `trim` removes.
_BLANKS = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_BREAK = re.compile("\r\n|[\n\r\u2028\u2029]")


def delete(text: str, spans: Sequence[TextSpan]) -> str:
    """Return a text without some parts.

    Of the gaps before and after each part, the one with more line breaks stays, so that paragraphs stay apart. At the text's
    end, its own end stays.

    Args:
        text: The text.
        spans: The parts, in order, without overlap.
    """
    # From the end: what stands before a part doesn't move.
    for span in reversed(spans):
        text = _without(text, span.start, span.end)
    return text


def replace(text: str, spans: Sequence[TextSpan], replacement: str) -> str:
    """Return a text with another one in the place of some parts; blanks at the parts' ends stay.

    Args:
        text: The text.
        spans: The parts, in order, without overlap.
        replacement: The other text.
    """
    for span in reversed(spans):
        part = text[span.start : span.end]
        inside = part.strip(_BLANKS)
        if inside:
            text = text[: span.start] + part.replace(inside, replacement, 1) + text[span.end :]
    return text


def _without(text: str, start: int, end: int) -> str:
    part = text[start:end]
    head, tail = text[:start].rstrip(_BLANKS), text[end:].lstrip(_BLANKS)
    before = text[len(head) : start] + part[: len(part) - len(part.lstrip(_BLANKS))]
    behind = part[len(part.rstrip(_BLANKS)) :] + text[end : len(text) - len(tail)]
    keeps_first = tail != "" and (head == "" or _count_breaks(before) > _count_breaks(behind))
    return head + (before if keeps_first else behind) + tail


def _count_breaks(text: str) -> int:
    return len(_BREAK.findall(text))
