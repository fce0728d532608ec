"""Pages of a batch's rows, and their comparison with another batch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from lit_lab.batches.index import ANSWERED, FAILED, NONE, UNEXPECTED, Index
from lit_lab.batches.record import Record
from lit_lab.batches.rows import BatchRow as PlainRow
from lit_lab.datasets.columns import shorten
from lit_lab.problem import Problem
from lit_lab.protocol import (
    BatchAnswer,
    BatchCheckResult,
    BatchFullRow,
    BatchRow,
    BatchRowPart,
    BatchRowsPage,
    BatchRowsRequest,
)

from .batch import StoredBatch

MAX_PROMPT = 240
"""Maximum characters of a prompt in a page."""

MAX_TEXT_SHOWN = 4_000
"""Maximum characters of an answer, a target and an error in a page; the full row has all of them."""

MAX_MESSAGE = 500
"""Maximum characters of what a check says in a page."""

Change = Literal["", "fixed", "broken", "answer"]

_STATES = {"failed": FAILED, "unexpected": UNEXPECTED}


def page(batch: StoredBatch, request: BatchRowsRequest, other: StoredBatch | None) -> BatchRowsPage:
    """Return some of a batch's rows, what changed sides first if there is another batch. Raises `Problem`."""
    total = batch.about.total
    if other is not None and (other.about.total, other.about.digest) != (total, batch.about.digest):
        raise Problem(
            409,
            "other_rows",
            "The other batch ran other rows, so the two can't be compared.",
            "Choose one that was started together with this one, or over the same rows.",
        )
    index = batch.index
    others = None if other is None else other.index
    wanted = _STATES.get(request.only)

    def is_wanted(row: int) -> bool:
        return wanted in (None, index.state(row), None if others is None else others.state(row))

    if others is None:
        order = [row for row in range(total) if is_wanted(row)]
        counts = dict.fromkeys(("fixed", "broken", "answer"), 0)
    else:
        groups: dict[Change, list[int]] = {"broken": [], "fixed": [], "answer": [], "": []}
        counts = dict.fromkeys(("fixed", "broken", "answer"), 0)
        for row in range(total):
            kind = change(index, others, row)
            if kind:
                counts[kind] += 1
            if is_wanted(row):
                groups[kind].append(row)
        order = [row for group in groups.values() for row in group]
    rows = order[request.offset : request.offset + request.limit]
    known = {record.row: record for record in index.records(rows)}
    beside = {} if others is None else {record.row: record for record in others.records(rows)}
    plain = _plain(batch, [row for row in rows if row not in known])
    found = []
    for row, line in zip(rows, _lines(batch, rows), strict=True):
        record = known.get(row)
        found.append(
            BatchRow(
                row=row,
                line=line,
                prompt=shorten(record.prompt if record is not None else _text(plain[row]), MAX_PROMPT),
                target=shorten(record.target if record is not None else plain[row].target, MAX_TEXT_SHOWN),
                found=None if record is None else _answer(record),
                other=_answer(beside[row]) if row in beside else None,
                change="" if others is None else change(index, others, row),
            )
        )
    return BatchRowsPage(rows=found, total=len(order), **counts)


def change(index: Index, others: Index, row: int) -> Change:
    """Return what changed from one batch to the other."""
    before, after = index.state(row), others.state(row)
    if NONE in (before, after):
        return ""
    if (before == ANSWERED) != (after == ANSWERED):
        return "broken" if before == ANSWERED else "fixed"
    return "answer" if index.answer(row) != others.answer(row) else ""


def row_of(batch: StoredBatch, row: int) -> BatchFullRow:
    """Return a row with its whole prompt. Raises `Problem`: there is no such row."""
    if not 0 <= row < batch.about.total:
        raise Problem(404, "unknown_row", f"There is no row {row} in this batch.", "Choose one of the table.")
    record = next(batch.index.records([row]), None)
    plain = _plain(batch, [row])[row]
    (line,) = _lines(batch, [row])
    if record is None:
        record = Record(row, line, _text(plain), plain.target, error=plain.reason)
    return BatchFullRow(
        row=row,
        line=line,
        prompt=record.prompt,
        turns=list(plain.turns or ()),
        target=record.target,
        answer=record.answer,
        reason=record.reason,
        error=record.error,
        parts=[
            BatchRowPart(id=part.id, text=part.text, start=part.start, share=part.share, effect=part.effect)
            for part in record.parts
        ],
        checks=_checks(record),
    )


def line_of(batch: StoredBatch) -> Callable[[Record], int]:
    """Return a function that returns a record's line in the user's file."""
    return lambda record: _lines(batch, [record.row])[0] if record.row < batch.about.total else 0


def _lines(batch: StoredBatch, rows: list[int]) -> list[int]:
    try:
        return [line for line, _ in batch.rows.lines(rows)]
    except (OSError, ValueError) as error:
        raise batch.unreadable(error) from error


def _plain(batch: StoredBatch, rows: list[int]) -> dict[int, PlainRow]:
    if not rows:
        return {}
    copied = batch.rows
    try:
        return {row: copied.prompts.row(row, record) for row, record in zip(rows, copied.records(rows), strict=True)}
    except (OSError, ValueError) as error:
        raise batch.unreadable(error) from error


def _text(row: PlainRow) -> str:
    return "".join(turn.text for turn in row.turns) if row.turns is not None else row.prompt or ""


def _answer(record: Record) -> BatchAnswer:
    return BatchAnswer(
        answer=shorten(record.answer, MAX_TEXT_SHOWN),
        reason=record.reason,
        error=shorten(record.error, MAX_TEXT_SHOWN),
        logprob=record.logprob,
        checks=_checks(record, MAX_MESSAGE),
        strongest=_strongest(record),
    )


def _checks(record: Record, most: int = MAX_TEXT_SHOWN) -> list[BatchCheckResult]:
    return [
        BatchCheckResult(name=check.name, passed=check.passed, message=shorten(check.message, most))
        for check in record.checks
    ]


def _strongest(record: Record) -> str:
    for measure in ("effect", "share"):
        known = [part for part in record.parts if getattr(part, measure) is not None]
        if known:
            return shorten(max(known, key=lambda part: abs(getattr(part, measure))).text, MAX_PROMPT)
    return ""
