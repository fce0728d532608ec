"""How two runs differ: prompts and answers sentence by sentence, and probabilities."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from lit_lab.client.rendering import one_line
from lit_lab.client.run_text import Cutting, cut_run
from lit_lab.protocol import RunRecord, RunSampling
from lit_lab.segmentation.ecmascript import BLANKS

MAX_SENTENCES = 2_000
"""Sentences of a text that are compared one by one; a longer text is compared as a whole."""


@dataclass(frozen=True)
class Change:
    """A place where two texts differ.

    Attributes:
        kind: `removed`: only in the first; `added`: only in the second; `changed`: other sentences in the same place.
        before: The first run's sentences there.
        after: The second run's.
    """

    kind: Literal["removed", "added", "changed"]
    before: str
    after: str


@dataclass(frozen=True)
class Comparison:
    """How a second run differs from a first one.

    Attributes:
        same_answer: Whether the answers are the same text.
        prompt: The changes of the prompt, by sentences.
        answer: The changes of the answer.
        logprobs: The log-probability of each run's own answer, in nats; None if it isn't known.
        logprobs_per_token: The same divided by the answer's number of tokens.
        first_difference: How many tokens at the beginning of the answers are the same.
        settings: What else differs, in words: the model, sampling, stop sequences, chat format.
    """

    same_answer: bool
    prompt: tuple[Change, ...]
    answer: tuple[Change, ...]
    logprobs: tuple[float | None, float | None]
    logprobs_per_token: tuple[float | None, float | None]
    first_difference: int
    settings: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        lines = list(self.settings)
        lines += (
            ["The same prompt."] if not self.prompt else [f"Prompt: {_counted(self.prompt)}.", *_lines(self.prompt)]
        )
        lines += (
            ["The same answer."] if self.same_answer else [f"Answer: {_counted(self.answer)}.", *_lines(self.answer)]
        )
        if None not in self.logprobs_per_token:
            one, other = self.logprobs_per_token
            lines.append(f"Log-probability of the answer: {one:.3f} and {other:.3f} nats per token.")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)


def compare(run: RunRecord, other: RunRecord) -> Comparison:
    """Return how a second run differs from a first one."""
    return Comparison(
        same_answer=run.answer == other.answer,
        prompt=_changes(*(_sentences(each, answer=False) for each in (run, other))),
        answer=_changes(*(_sentences(each, answer=True) for each in (run, other))),
        logprobs=(_logprob(run), _logprob(other)),
        logprobs_per_token=tuple(  # type: ignore[arg-type]  # of two
            None if (found := _logprob(each)) is None else found / len(each.answer_tokens) for each in (run, other)
        ),
        first_difference=_same_start(
            [token.id for token in run.answer_tokens], [token.id for token in other.answer_tokens]
        ),
        settings=tuple(_settings(run, other)),
    )


def _sentences(run: RunRecord, *, answer: bool) -> list[str]:
    text = cut_run(run, Cutting(), None)
    spans = text.answer if answer else text.prompt
    if len(spans) > MAX_SENTENCES:
        return [run.answer if answer else run.prompt]
    return [core for span in spans if (core := text.text(span).strip(BLANKS))]


def _changes(before: Sequence[str], after: Sequence[str]) -> tuple[Change, ...]:
    kinds: dict[str, Literal["removed", "added", "changed"]] = {
        "delete": "removed",
        "insert": "added",
        "replace": "changed",
    }
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return tuple(
        Change(kinds[tag], " ".join(before[a:b]), " ".join(after[c:d]))
        for tag, a, b, c, d in matcher.get_opcodes()
        if tag != "equal"
    )


def _logprob(run: RunRecord) -> float | None:
    found = [token.logprob for token in run.answer_tokens]
    return None if not found or None in found else sum(value for value in found if value is not None)


def _same_start(one: Sequence[int], other: Sequence[int]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _settings(run: RunRecord, other: RunRecord) -> list[str]:
    found = []
    if run.model != other.model:
        found.append(f"Two models: {run.model} and {other.model}.")
    if "forced_answer" not in (run.reason, other.reason):
        if run.sampling != other.sampling:
            found.append(f"Sampled differently: {_sampling(run.sampling)} and {_sampling(other.sampling)}.")
        if set(run.stop) != set(other.stop):
            found.append(f"Different texts to stop at: {run.stop} and {other.stop}.")
    if (run.chat, run.thinking) != (other.chat, other.thinking):
        found.append(
            f"Prompted differently: {run.chat} and {other.chat}{', with thinking in one' * (run.thinking != other.thinking)}."
        )
    return found


def _sampling(sampling: RunSampling) -> str:
    if sampling.temperature == 0:
        return "greedily"
    return f"temperature {sampling.temperature:g}, seed {sampling.seed}"


def _counted(changes: Sequence[Change]) -> str:
    counts = [(kind, sum(change.kind == kind for change in changes)) for kind in ("changed", "removed", "added")]
    return ", ".join(f"{count} {kind}" for kind, count in counts if count) or "differs only in blanks"


def _lines(changes: Sequence[Change]) -> list[str]:
    lines = []
    for change in changes[:10]:
        lines += [f"  - {one_line(change.before)}"] if change.before else []
        lines += [f"  + {one_line(change.after)}"] if change.after else []
    return [*lines, f"  and {len(changes) - 10} more"] if len(changes) > 10 else lines
