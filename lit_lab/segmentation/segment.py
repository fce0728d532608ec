"""From tokens to segments, as docs/text-contract.md defines; its cases are in tests/fixtures/text/segments.json."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Literal

from lit_lab.patterns import BoundedPatterns

from .boundaries import line_starts, paragraph_starts, word_starts
from .ecmascript import compile
from .pattern import pattern_starts
from .sentences import sentence_starts
from .token import TextToken, TokenSpan
from .turns import written_turns
from .wrapped import LineJoining

Granularity = Literal["tokens", "words", "sentences", "lines", "paragraphs", "custom"]
"""The unit of the segments."""

_Starts = Callable[[str], Sequence[int]]

_VISIBLE = compile(r"\P{White_Space}")


def segments(
    tokens: Sequence[TextToken],
    seam: int,
    granularity: Granularity,
    *,
    custom: str | None = None,
    join_lines: LineJoining = "off",
    patterns: BoundedPatterns | None = None,
) -> list[TokenSpan]:
    """Return the segments' token spans, in order, as the panel shows them.

    The tokens that begin or end a turn in the prompt are a separate segment. Every token that is not `template` is in exactly one,
    unless its part of the sequence holds only blanks.

    Args:
        tokens: The whole sequence: prompt and answer, including template tokens.
        seam: Index of the answer's first token; no segment crosses it.
        granularity: The unit.
        custom: For the granularity `custom`: a regular expression of JavaScript; a segment begins after each match.
        join_lines: Whether sentences run across lines that were wrapped by hand.
        patterns: What matches the expression, for several calls; None: a process for this call, if it needs one.

    Raises:
        ValueError: The granularity is `custom`, and there is no expression.
        UnknownWordsError: The granularity is `words`, and some text is in a script without blanks.
        PatternError: The expression isn't one, or Python can't match it as JavaScript does, or it takes too long.

    Example:
        >>> from lit_lab.segmentation import Token, segments
        >>> segments([Token("One"), Token("."), Token(" Two"), Token(".")], 4, "sentences")
        [(0, 2), (2, 4)]
    """
    with BoundedPatterns() if patterns is None else nullcontext(patterns) as matching:
        return _segments(tokens, seam, _starts_of(granularity, custom, join_lines, matching))


def _segments(tokens: Sequence[TextToken], seam: int, starts: _Starts | None) -> list[TokenSpan]:
    spans: list[TokenSpan] = []
    turns = [turn.span for turn in written_turns(tokens, seam)]
    start = 0
    for i in range(len(tokens) + 1):
        is_template = i < len(tokens) and tokens[i].kind == "template"
        # A template token or the seam ends a run of text.
        if is_template or i in (len(tokens), seam):
            _segment_turns(tokens, start, i, turns, starts, spans)
            start = i + 1 if is_template else i
    return spans


def _starts_of(
    granularity: Granularity, custom: str | None, join_lines: LineJoining, patterns: BoundedPatterns
) -> _Starts | None:
    """Return the function that finds where units begin in a text; None: each token is one."""
    if granularity == "custom":
        if custom is None:
            raise ValueError("The granularity custom needs a regular expression.")
        return lambda text: pattern_starts(text, custom, patterns)
    functions: dict[str, _Starts | None] = {
        "tokens": None,
        "words": word_starts,
        "sentences": lambda text: sentence_starts(text, join_lines),
        "lines": line_starts,
        "paragraphs": paragraph_starts,
    }
    return functions[granularity]


def _segment_turns(
    tokens: Sequence[TextToken],
    begin: int,
    end: int,
    turns: Sequence[TokenSpan],
    starts: _Starts | None,
    spans: list[TokenSpan],
) -> None:
    """Segment the tokens `[begin, end)`, turn by turn."""

    def is_seen(start: int, stop: int) -> bool:
        return any(_VISIBLE.search(token.text) for token in tokens[start:stop])

    at = begin
    for turn in turns:
        if turn[0] < begin or turn[1] > end:
            continue
        if is_seen(at, turn[0]):
            _segment_run(tokens, at, turn[0], starts, spans)
            at = turn[0]
        # Blanks between two segments belong to the second, those at the end to the last.
        spans.append((at, turn[1]))
        at = turn[1]
    if begin < at < end and not is_seen(at, end):
        spans[-1] = (spans[-1][0], end)
    else:
        _segment_run(tokens, at, end, starts, spans)


def _segment_run(
    tokens: Sequence[TextToken], begin: int, end: int, find_starts: _Starts | None, spans: list[TokenSpan]
) -> None:
    """Segment the tokens `[begin, end)`, which contain no template token."""
    if begin >= end:
        return
    starts = None if find_starts is None else find_starts("".join(token.text for token in tokens[begin:end]))
    offset = 0  # of the token, in the run's text
    current = -1  # the segment of the last visible token
    first = begin  # the first token of the current segment
    pending = -1  # the first of the empty tokens that wait for their character
    following = 0  # in starts: the first boundary after `current`
    for i in range(begin, end):
        piece = tokens[i].text
        if piece == "":
            # The first bytes of a character belong to the segment of its last byte.
            pending = i if pending < 0 else pending
            continue
        visible = _VISIBLE.search(piece)
        if visible:
            owner = i
            if starts is not None:
                while following < len(starts) and starts[following] <= offset + visible.start():
                    following += 1
                owner = following
            if current >= 0 and owner != current:
                cut = i if pending < 0 else pending
                spans.append((first, cut))
                first = cut
            current = owner
        pending = -1
        offset += len(piece)
    if current >= 0:
        spans.append((first, end))
