"""A run's text in segments: the panel's (`src/session/runText.ts`, `effectSegments.ts`), so that results are those of the same segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lit_lab.protocol import AnswerToken, RunRecord, TextSpan, Token
from lit_lab.segmentation import Granularity, LineJoining, TokenSpan, segments, written_turns
from lit_lab.segmentation.ecmascript import BLANKS
from lit_lab.segmentation.shares import cut_at_target

MAX_PARTS = 400
"""Maximum number of segments that are deleted one by one: each costs a pass through the model."""


@dataclass(frozen=True)
class Cutting:
    """How a text is cut.

    Attributes:
        granularity: The unit of the segments.
        custom: For the granularity `custom`: a regular expression.
        join_lines: Whether sentences run across lines that were wrapped by hand.
    """

    granularity: Granularity = "sentences"
    custom: str | None = None
    join_lines: LineJoining = "auto"

    def cut(self, tokens: Sequence[Token], seam: int) -> list[TokenSpan]:
        """Return the segments of a sequence."""
        return segments(tokens, seam, self.granularity, custom=self.custom, join_lines=self.join_lines)


@dataclass(frozen=True)
class RunText:
    """A run's text in segments.

    Attributes:
        tokens: All tokens of prompt and answer.
        seam: The index of the answer's first token.
        prompt: The prompt's segments.
        answer: The answer's segments, cut at the target.
        markers: The prompt's segments that begin or end a turn that the user wrote.
    """

    tokens: list[Token | AnswerToken]
    seam: int
    prompt: list[TokenSpan]
    answer: list[TokenSpan]
    markers: frozenset[TokenSpan]

    @property
    def segments(self) -> list[TokenSpan]:
        """All segments, in order."""
        return [*self.prompt, *self.answer]

    def text(self, span: TokenSpan) -> str:
        """Return the characters of some tokens."""
        return text_of(self.tokens, span)


def text_of(tokens: Sequence[Token], span: TokenSpan) -> str:
    """Return the characters of some tokens."""
    return "".join(token.text for token in tokens[span[0] : span[1]])


def cut_run(run: RunRecord, how: Cutting, target: TokenSpan | None) -> RunText:
    """Cut a run's text into segments.

    Args:
        run: The run.
        how: The kind of segments.
        target: The answer's segments are cut where it begins and ends. None: they stay whole.
    """
    seam = len(run.prompt_tokens)
    prompt, markers = _cut_prompt(run, how)
    answer = [(start + seam, end + seam) for start, end in how.cut(run.answer_tokens, 0)]
    return RunText(
        tokens=[*run.prompt_tokens, *run.answer_tokens],
        seam=seam,
        prompt=prompt,
        answer=answer if target is None else cut_at_target(answer, target),
        markers=markers,
    )


def _cut_prompt(run: RunRecord, how: Cutting) -> tuple[list[TokenSpan], frozenset[TokenSpan]]:
    tokens = run.prompt_tokens
    if run.turn_spans and len(run.turn_spans) == len(run.turns):
        # Text in a turn of a conversation that looks like markers is plain text.
        return [
            (start + turn.start, end + turn.start)
            for turn in sorted(run.turn_spans, key=lambda turn: turn.start)
            for start, end in how.cut(tokens[turn.start : turn.end], 0)
        ], frozenset()
    spans = how.cut(tokens, len(tokens))
    markers = set()
    at = 0
    for turn in written_turns(tokens, len(tokens)):
        while at < len(spans) - 1 and spans[at][1] < turn.span[1]:
            at += 1
        markers.add(spans[at])
    return spans, frozenset(markers)


@dataclass(frozen=True)
class DeletedSegments:
    """Segments that effects delete.

    Attributes:
        spans: Their token spans: the prompt's segments, then earlier ones of the answer.
        texts: Where the prompt's segments are in its characters, without the blanks at their ends.
    """

    spans: list[TokenSpan]
    texts: list[TextSpan]


def deleted_segments(run: RunRecord, text: RunText) -> DeletedSegments | None:
    """Return the segments of a run that effects delete. Markers of turns always stay.

    Returns:
        None: there are none, or the prompt's tokens don't spell its text, so that the characters to delete aren't known.
    """
    places = _places(run, text)
    if places is None:
        return None
    spans: list[TokenSpan] = []
    texts: list[TextSpan] = []
    for turn, span, start, end in places:
        if start < end and span not in text.markers:
            spans.append(span)
            texts.append(TextSpan(turn=turn, start=start, end=end))
    if not spans:
        return None
    # The answer's last segment precedes no other token, so it has no effect.
    earlier = [] if not text.answer else text.answer[:-1]
    return DeletedSegments([*spans, *(earlier if len(earlier) <= MAX_PARTS else [])], texts)


def text_span(run: RunRecord, text: RunText, span: TokenSpan) -> TextSpan | None:
    """Return where a segment of the prompt is in its characters, without the blanks at its ends; None if that isn't known."""
    for turn, each, start, end in _places(run, text) or ():
        if each == span and start < end:
            return TextSpan(turn=turn, start=start, end=end)
    return None


def _places(run: RunRecord, text: RunText) -> list[tuple[int, TokenSpan, int, int]] | None:
    """Return each segment of the prompt with its turn, and its start and end in that turn's characters."""
    if run.turns and len(run.turn_spans) != len(run.turns):
        return None
    parts: list[tuple[int, TokenSpan, str]] = (
        [(index, (span.start, span.end), run.turns[index].text) for index, span in enumerate(run.turn_spans)]
        if run.turns
        else [(0, (0, text.seam), run.prompt)]
    )
    found = []
    for turn, span, whole in parts:
        content = text.text(span)
        # A chat format may trim the text of a turn.
        offset = _lead(whole) - _lead(content)
        if offset < 0 or not whole.startswith(content, offset):
            return None
        at = span[0]
        for segment in text.prompt:
            if not span[0] <= segment[0] < span[1]:
                continue
            offset += len(text.text((at, segment[0])))
            at = segment[1]
            piece = text.text(segment)
            start = offset + _lead(piece)
            found.append((turn, segment, start, start + len(piece.strip(BLANKS))))
            offset += len(piece)
    return found


def _lead(text: str) -> int:
    return len(text) - len(text.lstrip(BLANKS))
