"""Checks of a batch's answers: those of `lit-lab check`, over the rows of a dataset."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from lit_lab.batches.computing import FATAL, effect_of_spans
from lit_lab.batches.record import CheckRecord, PartRecord
from lit_lab.batches.rows import BatchRow
from lit_lab.checks.checks import Check, InfluencedBy, parse
from lit_lab.checks.places import Place, list_of
from lit_lab.client.job_client import JobClient
from lit_lab.datasets import template
from lit_lab.datasets.columns import text, value_at
from lit_lab.patterns import BoundedPatterns
from lit_lab.problem import Problem
from lit_lab.protocol import RunRecord, TextSpan

MAX_CHECKS = 100


def parsed(checks: Sequence[Mapping[str, Any]], patterns: BoundedPatterns, name: str = "checks") -> list[Check]:
    """Return checks from their entries, as in a file's `expect`. Raises `Problem`, with the place."""
    place = Place(name)
    if not checks:
        return []
    return [
        parse(entry, place / index, patterns) for index, entry in enumerate(list_of(list(checks), place, MAX_CHECKS))
    ]


class Judge:
    """Judges answers.

    Args:
        checks: The checks.
        patterns: What matches expressions.
    """

    def __init__(self, checks: Sequence[Check], patterns: BoundedPatterns) -> None:
        self._checks = list(zip(_names(checks), checks, strict=True))
        self._patterns = patterns

    async def of(
        self, client: JobClient, row: BatchRow, run: RunRecord, parts: Sequence[PartRecord]
    ) -> tuple[CheckRecord, ...]:
        """Return what came out of each check of a row's answer. A check that can't be made of it hasn't passed, and says why.

        Args:
            client: Where influences are computed.
            row: The row.
            run: Its run.
            parts: The prompt's parts, with their effects if these were computed.

        Raises:
            Problem: The service or the server failed, which says nothing about the answer.
        """
        found = []
        for name, check in self._checks:
            try:
                filled = check.filled(lambda source: _filled(source, row))
                influences = await _influences(client, run, filled, parts)
                result = await asyncio.to_thread(
                    filled.result, run.answer, row.target or None, influences, self._patterns
                )
                found.append(CheckRecord(name, result.passed, result.message))
            except Problem as problem:
                if problem.code in FATAL or problem.status >= 500:
                    raise
                found.append(CheckRecord(name, False, str(problem)))
        return tuple(found)


class _Influences:
    """Influences that are known (a `lit_lab.checks.Influences`)."""

    def __init__(self, known: Mapping[str, float], total: float) -> None:
        self._known = known
        self._total = total

    def influence(self, part: str) -> float:
        """Return by how many nats the whole answer becomes less likely without a part of the prompt."""
        return self._known[part]

    def share(self, part: str) -> float:
        """Return the part's influence as a share of that of all parts, 0 to 1."""
        return min(1.0, abs(self._known[part]) / self._total) if self._total > 0 else 0.0


async def _influences(client: JobClient, run: RunRecord, check: Check, parts: Sequence[PartRecord]) -> _Influences:
    if not isinstance(check, InfluencedBy):
        return _Influences({}, 0.0)
    part = check.part
    texts = [turn.text for turn in run.turns] if run.turns else [run.prompt]
    places = [(turn, content.find(part)) for turn, content in enumerate(texts) if part in content]
    if len(places) != 1 or texts[places[0][0]].count(part) != 1:
        count = sum(content.count(part) for content in texts)
        raise Problem(
            422,
            "no_part" if not count else "several_parts",
            f"The prompt doesn't contain “{part[:80]}”."
            if not count
            else f"“{part[:80]}” is {count} times in the prompt.",
            "Copy the part from the prompt." if not count else "Quote more of it.",
        )
    effects = [each.effect for each in parts if each.effect is not None]
    if len(effects) != len(parts) and any(
        bound is not None and bound.is_share for bound in (check.at_least, check.at_most)
    ):
        raise Problem(
            422, "no_effects", "A share of influence needs the effects of all parts.", "Compute effects, too."
        )
    turn, start = places[0]
    (effect,) = await effect_of_spans(client, run, [TextSpan(turn=turn, start=start, end=start + len(part))])
    if effect is None:
        raise Problem(422, "no_result", "The influence could not be computed.", "Quote more of the prompt.")
    return _Influences({part: effect}, sum(map(abs, effects)))


def _names(checks: Sequence[Check]) -> list[str]:
    """Return the checks' names, numbered where they are equal: by its name, a check is found again in all rows."""
    found: dict[str, Check] = {}
    for check in checks:
        name, number = check.name, 1
        while name in found:
            number += 1
            name = f"{check.name} ({number})"
        found[name] = check
    return list(found)


def _filled(source: str, row: BatchRow) -> str:
    """Return a text with a row's values in place of its columns; the text itself if it names none."""
    try:
        found = template.parse(source, list(row.fields)).fill(lambda column: text(value_at(row.fields, column)))
    except Problem:  # it names no column
        return source
    except OverflowError:
        found = None
    if found is None:
        raise Problem(422, "bad_check", "A text of the check names columns that have no values in this row.")
    return found
