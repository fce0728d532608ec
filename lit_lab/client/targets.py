"""Targets: what a map explains. The default is the panel's (`src/session/target.ts`, `fewshot.ts`)."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from lit_lab.client.run_text import Cutting, cut_run, text_of
from lit_lab.problem import Problem
from lit_lab.protocol import RunRecord
from lit_lab.segmentation import TokenSpan
from lit_lab.segmentation.ecmascript import BLANKS
from lit_lab.segmentation.ecmascript import compile as compile_pattern

Target = str | int | slice | None
"""A target: a text of the answer, the index of one of its sentences, or a slice of the run's tokens. None: the last sentence."""

_ENDED = compile_pattern(r"""(?:[.!?…。！？]["'”’)\]]*\s*|\n)$""")  # noqa: RUF001
"""What ends a sentence or a line."""

_LABEL = compile_pattern(
    r"^((?:#{1,6} )?\p{L}[\p{L}\p{M}\p{N}_'’()/-]{0,30}(?: [\p{L}\p{M}\p{N}_'’()/-]{1,30}){0,3}(?::(?=[ \t]|$)|：))[ \t]*(.?)"  # noqa: RUF001
)
_MAX_LABEL = 140


def target_of(run: RunRecord, target: Target, join_lines: Cutting) -> TokenSpan:
    """Return a target's tokens.

    Args:
        run: The run.
        target: The target.
        join_lines: How sentences are cut.

    Raises:
        Problem: There is no such target, or several.
    """
    seam, count = len(run.prompt_tokens), len(run.prompt_tokens) + len(run.answer_tokens)
    if seam == count:
        raise Problem(
            422, "no_answer", "The answer is empty: there is nothing to explain.", "Explain a forced answer: target=…"
        )
    if isinstance(target, slice):
        return _of_slice(target, seam, count)
    if isinstance(target, str):
        return _of_text(run, target)
    if target is None:
        found = last_sentence(run, join_lines)
        if found is None:
            raise Problem(422, "no_answer", "The answer has only blanks: there is nothing to explain.", "")
        return found
    sentences = sentences_of(run, join_lines)
    if not -len(sentences) <= target < len(sentences):
        raise Problem(
            422,
            "no_target",
            f"The answer has {len(sentences)} sentences, so there is none with the index {target}.",
            "",
        )
    return sentences[target]


def sentences_of(run: RunRecord, how: Cutting) -> list[TokenSpan]:
    """Return the sentences of an answer, in tokens of the sequence."""
    text = cut_run(run, Cutting(join_lines=how.join_lines), None)
    return [span for span in text.answer if text.text(span).strip(BLANKS) and span[0] > 0]


def last_sentence(run: RunRecord, how: Cutting) -> TokenSpan | None:
    """Return the last sentence of an answer; None for an answer of blanks.

    Where a limit cut the answer within a sentence, it is the one before; where the answer to a few-shot prompt goes on with
    another example, the last one before that.
    """
    tokens, seam = [*run.prompt_tokens, *run.answer_tokens], len(run.prompt_tokens)
    sentences = sentences_of(run, how)
    label = None if run.turns else example_label(run.prompt)
    example = -1 if label is None else text_of(tokens, (seam, len(tokens))).find(f"\n{label}")
    before = sum(len(text_of(tokens, (seam, start))) < example for start, _ in sentences)
    if before > 0:
        return sentences[before - 1]
    if not sentences:
        return None
    last = sentences[-1]
    is_cut = run.reason in ("length", "window") and not _ENDED.search(text_of(tokens, last))
    return sentences[-2] if is_cut and len(sentences) > 1 else last


def _of_slice(target: slice, seam: int, count: int) -> TokenSpan:
    start = seam if target.start is None else target.start
    end = count if target.stop is None else target.stop
    start, end = (at + count if at < 0 else at for at in (start, end))
    if target.step not in (None, 1) or not max(seam, 1) <= start < end <= count:
        raise Problem(
            422,
            "no_target",
            f"The slice isn't in the answer, whose tokens are {max(seam, 1)} to {count}.",
            "Indices count the tokens of prompt and answer; the answer begins at `run.seam`.",
        )
    return start, end


def _of_text(run: RunRecord, target: str) -> TokenSpan:
    seam = len(run.prompt_tokens)
    answer = "".join(token.text for token in run.answer_tokens)
    wanted = target.strip(BLANKS)
    at = answer.find(wanted)
    if not wanted or at < 0:
        raise Problem(422, "no_target", "The target isn't in the answer.", "Quote a part of `run.answer`.")
    if answer.find(wanted, at + 1) >= 0:
        raise Problem(
            422,
            "several_targets",
            f"The target is {count_of(answer, wanted)} times in the answer.",
            "Quote more of the answer, or give the index of a sentence, or a slice of tokens.",
        )
    start = end = None
    offset = 0
    for index, token in enumerate(run.answer_tokens):
        if start is None and offset + len(token.text) > at:
            start = index
        offset += len(token.text)
        if offset >= at + len(wanted):
            end = index + 1
            break
    if start is None or end is None or start + seam < 1:
        raise Problem(422, "no_target", "The sequence's first token can't be explained: no token precedes it.", "")
    return start + seam, end + seam


def count_of(text: str, part: str) -> int:
    """Return how often a part is in a text, overlaps among them."""
    return len(re.findall(f"(?={re.escape(part)})", text))


@dataclass
class _Labelled:
    label: str
    is_filled: bool
    following: str | None = None  # `text` or `indent`: how the next line that isn't empty begins


def example_label(prompt: str) -> str | None:
    """Return the label that begins each example of a few-shot prompt which ends within its last one; None for other prompts."""
    found = _labelled(prompt)
    if found is None:
        return None
    counts = Counter(line.label for line in found)
    lines = [line for line in found if counts[line.label] > 1]
    if not lines or lines[-1] is not found[-1]:
        return None
    # Code and YAML have indented blocks, or nothing, where an example has text.
    if any(not line.is_filled and line.following != "text" for line in lines[:-1]):
        return None
    first = lines[0].label
    starts = [at for at, line in enumerate(lines) if line.label == first]
    order = [line.label for line in lines[: starts[1]]]
    is_regular = all(line.label == order[at % len(order)] for at, line in enumerate(lines))
    rest = len(lines) - starts[-1]
    if len(order) < 2 or not is_regular or rest < 2:
        return None
    is_midway = len(starts) > 2 and rest < len(order)
    return first if not lines[-1].is_filled or is_midway else None


def _labelled(prompt: str) -> list[_Labelled] | None:
    """Return the lines that begin with a label; None if the prompt doesn't end in such a line."""
    found: list[_Labelled] = []
    ends_in_label = False
    for whole in prompt.split("\n"):
        line = whole[:_MAX_LABEL]
        if not line.strip(BLANKS):
            continue
        match = _LABEL.search(line.removesuffix("\r"))
        ends_in_label = match is not None
        if match:
            found.append(_Labelled(match[1], match[2] != ""))
        elif found and found[-1].following is None:
            found[-1].following = "indent" if line[0] in BLANKS else "text"
    return found if ends_in_label else None
