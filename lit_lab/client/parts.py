"""Parts of a prompt that a user names, to delete them."""

from __future__ import annotations

from lit_lab.client.run_text import Cutting, cut_run, text_span
from lit_lab.client.salience_map import Segment
from lit_lab.deletion import delete
from lit_lab.problem import Problem
from lit_lab.protocol import RunRecord, TextSpan, Turn
from lit_lab.segmentation.ecmascript import BLANKS

Part = str | slice | Segment
"""A part of a prompt: its text, a slice of the prompt's characters, or a segment of a map."""


def part_of(run: RunRecord, part: Part, occurrence: int | None, turn: int | None, cut: Cutting) -> TextSpan:
    """Return where a part is in a prompt.

    Args:
        run: The run.
        part: The part.
        occurrence: Which one is meant if the text is there several times, from 0.
        turn: The index of the conversation's turn that it is in. None: any.
        cut: How the segments of maps are cut.

    Raises:
        Problem: It isn't there, or is there several times.
    """
    if isinstance(part, Segment):
        return _of_segment(run, part, cut)
    texts = [each.text for each in run.turns] or [run.prompt]
    if turn is not None and not -len(texts) <= turn < len(texts):
        raise Problem(422, "no_part", f"The prompt has {len(texts)} turns, so there is none with the index {turn}.", "")
    indices = range(len(texts)) if turn is None else [turn % len(texts)]
    if isinstance(part, slice):
        return _of_slice(texts, part, list(indices))
    wanted = part.strip(BLANKS)
    places = [(index, at) for index in indices for at in _all(texts[index], wanted)] if wanted else []
    if not places:
        raise Problem(
            422,
            "no_part",
            f"{_quoted(wanted)} isn't in the prompt.",
            "Quote it exactly as it is there, blanks among them.",
        )
    if occurrence is None and len(places) > 1:
        raise Problem(
            422,
            "several_parts",
            f"{_quoted(wanted)} is {len(places)} times in the prompt.",
            f"Quote more of it, or say which one you mean: occurrence=0 to {len(places) - 1}.",
        )
    if occurrence is not None and not -len(places) <= occurrence < len(places):
        raise Problem(
            422,
            "no_part",
            f"{_quoted(wanted)} is {len(places)} times in the prompt: there is no occurrence {occurrence}.",
            "",
        )
    index, at = places[occurrence or 0]
    return TextSpan(turn=index, start=at, end=at + len(wanted))


def without(run: RunRecord, part: TextSpan) -> tuple[str, list[Turn]]:
    """Return a run's prompt and turns without a part. Of a conversation, the prompt is empty.

    Raises:
        Problem: Nothing of the prompt would be left.
    """
    if run.turns:
        turns = []
        for index, turn in enumerate(run.turns):
            text = delete(turn.text, [part]) if index == part.turn else turn.text
            if index != part.turn or text.strip(BLANKS):
                turns.append(Turn(role=turn.role, text=text))
        prompt = ""
    else:
        turns, prompt = [], delete(run.prompt, [part])
    if not turns and not prompt.strip(BLANKS):
        raise Problem(422, "nothing_left", "Nothing of the prompt would be left.", "Name a smaller part.")
    return prompt, turns


def text_at(run: RunRecord, part: TextSpan) -> str:
    """Return the characters of a part."""
    return (run.turns[part.turn].text if run.turns else run.prompt)[part.start : part.end]


def _of_segment(run: RunRecord, segment: Segment, cut: Cutting) -> TextSpan:
    # The granularity of the segment's map doesn't matter: its tokens say where it is.
    wanted = (segment.tokens.start, segment.tokens.stop)
    text = cut_run(run, Cutting("tokens", join_lines=cut.join_lines), None)
    inside = [span for span in text.prompt if wanted[0] <= span[0] and span[1] <= wanted[1]]
    spans = [found for span in inside if (found := text_span(run, text, span)) is not None]
    if wanted[1] > len(run.prompt_tokens) or not spans or spans[0].turn != spans[-1].turn:
        raise Problem(
            422, "no_part", f"{_quoted(segment.text)} isn't a part of this run's prompt.", "Quote a part of the prompt."
        )
    return TextSpan(turn=spans[0].turn, start=spans[0].start, end=spans[-1].end)


def _of_slice(texts: list[str], part: slice, indices: list[int]) -> TextSpan:
    if len(indices) != 1:
        raise Problem(
            422, "no_part", "A slice counts the characters of one turn.", "Say which turn it is: turn=0 is the first."
        )
    text = texts[indices[0]]
    start, end, step = part.indices(len(text))
    content = text[start:end]
    if step != 1 or not content.strip(BLANKS):
        raise Problem(422, "no_part", f"The slice has no text of the prompt, which has {len(text):,} characters.", "")
    start += len(content) - len(content.lstrip(BLANKS))
    return TextSpan(turn=indices[0], start=start, end=start + len(content.strip(BLANKS)))


def _all(text: str, part: str) -> list[int]:
    found, at = [], text.find(part)
    while at >= 0:
        found.append(at)
        at = text.find(part, at + 1)
    return found


def _quoted(text: str) -> str:
    words = " ".join(text.split())
    return f"“{words if len(words) <= 60 else words[:59] + '…'}”"
