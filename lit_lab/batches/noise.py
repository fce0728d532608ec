"""Which parts of a template do nothing: those whose effect is no larger than that of sentences that mean nothing.

For a sample of rows, each of 20 inert sentences is inserted before a part, and the answer is scored with and without it. The noise
floor of that place is the 95th percentile of these effects. A part does nothing if its own effect lies below the floor in at least 95%
of the rows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lit_lab.batches.aggregates import interval_of_mean
from lit_lab.batches.computing import effects_request
from lit_lab.batches.plan import Plan
from lit_lab.batches.prompt_parts import TEXT
from lit_lab.batches.record import PartRecord, Record
from lit_lab.client import effect_table
from lit_lab.client.checked import checked
from lit_lab.client.job_client import JobClient
from lit_lab.deletion import delete
from lit_lab.problem import Problem
from lit_lab.protocol import ScoreRequest, TextSpan

INERT = (
    "This is a sentence.",
    "The page has a margin.",
    "A line follows another line.",
    "There are words here.",
    "The text goes on.",
    "Some letters are tall.",
    "This line is short.",
    "A comma is a small mark.",
    "Paper can be white.",
    "The next line comes later.",
    "Words have letters.",
    "A page has two sides.",
    "The paragraph is here.",
    "Here is one more line.",
    "Ink dries after a while.",
    "A book has pages.",
    "The letter stands in a row.",
    "This sentence has an end.",
    "A space is between words.",
    "The text has a beginning.",
)
"""Sentences that ask for nothing."""

MIN_ROWS = 20
"""Fewest rows in which a part must be for it to be called useless: of 20 rows, one may lie above the floor."""

QUANTILE = 0.95
"""The share of inert effects that lie below the floor, and of rows in which a part must lie below it."""


@dataclass(frozen=True)
class NoiseVerdict:
    """Whether a part of a template does anything.

    Attributes:
        id: As in `PromptPart`.
        text: Its characters.
        floor: The size of effects for each token of the answer that inert sentences have at its place, in nats.
        below: The share of rows in which the part's own effect is no larger.
        interval: The 95% interval of that share, by drawing the rows anew.
        num_rows: How many rows that is.
    """

    id: str
    text: str
    floor: float
    below: float
    interval: tuple[float, float]
    num_rows: int

    @property
    def does_nothing(self) -> bool:
        """Whether the part's effect is within the noise in nearly all rows, and there are enough of them."""
        return self.num_rows >= MIN_ROWS and self.below >= QUANTILE


async def inert_effects(client: JobClient, plan: Plan, record: Record, part: PartRecord) -> list[float]:
    """Return what inert sentences before a part do to a row's answer: by how much its log-probability rises with each, in nats.

    Args:
        client: Where it is computed.
        plan: The batch's plan.
        record: The row's record.
        part: A part of its prompt.

    Raises:
        Problem: It can't be computed.
    """
    start = part.start
    if start and not record.prompt[start - 1].isspace():
        # Within a word or a sentence, an insertion would break it.
        start = record.prompt.rfind("\n", 0, start) + 1
    head, tail = record.prompt[:start], record.prompt[start:]
    gap = "\n" if not head or head.endswith("\n") else " "
    spans, at = [], start
    for sentence in INERT:
        spans.append(TextSpan(turn=0, start=at, end=at + len(sentence)))
        at += len(sentence) + len(gap)
    longer = head + "".join(sentence + gap for sentence in INERT) + tail
    if delete(longer, spans) != record.prompt:
        return []  # what is left would be another prompt
    request = checked(
        ScoreRequest,
        model=plan.model,
        prompt=longer,
        target=record.answer,
        chat=plan.chat,
        thinking=plan.thinking,
        alternatives=0,
        keep=False,
    )
    run = await client.score(request)
    ids = [token.id for token in [*run.prompt_tokens, *run.answer_tokens]]
    everything = list(range(len(INERT)))
    sets = [everything, *([other for other in everything if other != index] for index in everything)]
    wanted = effects_request(run, ids, spans, sets)
    kept = await client.effects(wanted)
    logprobs = effect_table.known_logprobs([kept], wanted)
    base, *others = (_sum(logprobs.get(tuple(removed))) for removed in sets)
    return [value - base for value in others if value is not None] if base is not None else []


async def verdicts(
    client: JobClient,
    plan: Plan,
    records: Iterable[Record],
    num_sampled: int = 20,
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[NoiseVerdict]:
    """Return for each sentence of a template whether it does anything, in the template's order.

    Args:
        client: Where it is computed.
        plan: The batch's plan.
        records: Records of one batch whose effects are computed; not an iterator, for they are read twice.
        num_sampled: In how many rows inert sentences are inserted, evenly spread.
        report: Called with how many places are computed, and out of how many.

    Raises:
        Problem: It can't be computed.
    """
    own, texts, places = await asyncio.to_thread(_places, records, num_sampled)
    inert: dict[str, list[float]] = {}
    for done, (record, part) in enumerate(places):
        report(done, len(places))
        try:
            found = await inert_effects(client, plan, record, part)
        except Problem as problem:
            if problem.status >= 500:
                raise
            continue  # such as a prompt that is too long with these sentences
        inert.setdefault(part.id, []).extend(effect / record.num_tokens for effect in found)
    report(len(places), len(places))
    return await asyncio.to_thread(
        lambda: [verdict(name, text, own[name], inert[name]) for name, text in texts.items() if inert.get(name)]
    )


def _places(
    records: Iterable[Record], num_sampled: int
) -> tuple[dict[str, list[float]], dict[str, str], list[tuple[Record, PartRecord]]]:
    """Return each sentence's effects for each token of the answer, its text, and the places for inert sentences."""
    own: dict[str, list[float]] = {}
    texts: dict[str, str] = {}
    usable: list[int] = []
    for record in records:
        if not record.num_tokens or record.error:
            continue
        usable.append(record.row)
        for part in record.parts:
            if part.effect is not None and part.id.startswith(TEXT):
                texts.setdefault(part.id, part.text)
                own.setdefault(part.id, []).append(part.effect / record.num_tokens)
    count = min(num_sampled, len(usable))
    sampled = {usable[index * len(usable) // count] for index in range(count)}
    # Read once more: all records together may be large.
    places = [(record, part) for record in records if record.row in sampled for part in record.parts if part.id in own]
    return own, texts, places


def verdict(name: str, text: str, own: Sequence[float], inert: Sequence[float], seed: int = 0) -> NoiseVerdict:
    """Return whether a part does anything.

    Args:
        name: The part's id.
        text: Its characters.
        own: Its effect in each row, for each token of the answer.
        inert: The effects of inert sentences at its place in all rows, for each token of the answer.
        seed: The same seed gives the same interval.
    """
    import numpy as np

    floor = float(np.quantile(np.abs(np.asarray(inert)), QUANTILE))
    below = [float(abs(effect) <= floor) for effect in own]
    return NoiseVerdict(name, text, floor, sum(below) / len(below), interval_of_mean(below, seed), len(below))


def _sum(row: Sequence[float | None] | None) -> float | None:
    if row is None or any(value is None for value in row):
        return None
    return float(sum(value for value in row if value is not None))
