"""What the parts of a batch's template do over rows: a ranking and a heatmap."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib.util import find_spec

from lit_lab.batches.aggregates import summaries
from lit_lab.batches.index import NONE, Index
from lit_lab.batches.noise import MIN_ROWS, QUANTILE
from lit_lab.batches.plan import Plan
from lit_lab.batches.record import Record
from lit_lab.datasets.columns import shorten
from lit_lab.protocol import MAX_HEATMAP_ROWS, BatchPart, BatchParts

from .batch import StoredBatch

MAX_HEATMAP_PARTS = 100
"""Maximum number of parts: the strongest."""

MAX_PART_TEXT = 2_000
"""Maximum characters of a part."""


def parts_now(batch: StoredBatch) -> BatchParts:
    """Return what each part does over all rows, as it was found last if that isn't too old. Raises `Problem`."""
    index = batch.index
    key, now = batch.parts_key(index), time.monotonic()
    known = batch.parts
    # Of a batch that runs, it takes no more than a tenth of the time.
    if known is not None and (known[0] == key or (known[0][1] == key[1] and now < batch.parts_until)):
        return known[1]
    found = parts_of(batch, index)
    batch.parts = (key, found)
    batch.parts_until = time.monotonic() + 9 * (time.monotonic() - now)
    return found


def parts_of(batch: StoredBatch, index: Index) -> BatchParts:
    """Return what each part does over all rows. Raises `Problem`."""
    plan = batch.about.plan
    if reason := _why_none(plan):
        return _none(reason)
    rows = [row for row, state in enumerate(bytes(index.states)) if state != NONE]
    count = min(MAX_HEATMAP_ROWS, len(rows))
    chosen = {rows[at * len(rows) // count] for at in range(count)}
    effects: dict[int, dict[str, float]] = {}
    shares: dict[int, dict[str, float]] = {}
    # Of all rows there are now, perhaps more than when the floors were found.
    floors = {verdict.id: verdict.floor for verdict in batch.verdicts() or ()}
    below: dict[str, list[int]] = {}

    def seen() -> Iterator[Record]:
        for record in index.records(rows):
            if record.row in chosen and record.num_tokens:
                effects[record.row] = {
                    part.id: part.effect / record.num_tokens for part in record.parts if part.effect is not None
                }
                shares[record.row] = {part.id: part.share for part in record.parts if part.share is not None}
            if record.num_tokens and not record.error:
                for part in record.parts:
                    if part.effect is not None and part.id in floors:
                        is_below = abs(part.effect / record.num_tokens) <= floors[part.id]
                        counts = below.setdefault(part.id, [0, 0])
                        counts[is_below] += 1
            yield record

    found = summaries(seen())[:MAX_HEATMAP_PARTS]
    if not found:
        return _none("No row has an answer yet.")
    is_effect = any(part.effect is not None for part in found)
    cells = effects if is_effect else shares
    shown = sorted(cells)
    nothing = {
        name: inside / (above + inside) >= QUANTILE
        for name, (above, inside) in below.items()
        if above + inside >= MIN_ROWS
    }
    return BatchParts(
        parts=[
            BatchPart(
                id=part.id,
                text=shorten(part.text, MAX_PART_TEXT),
                rows=part.num_rows,
                effect=part.effect,
                low=part.interval[0] if part.interval is not None else None,
                high=part.interval[1] if part.interval is not None else None,
                share=part.share,
                outliers=list(part.outliers),
                nothing=nothing.get(part.id),
                cells=[cells[row].get(part.id) for row in shown],
            )
            for part in found
        ],
        kind="effect" if is_effect else "share" if any(part.share is not None for part in found) else "none",
        rows=shown,
        reason="",
    )


def _why_none(plan: Plan) -> str:
    if not plan.template:
        return "The prompts are a column, so they have no parts in common. Run the rows with a template."
    if not plan.measures:
        return "Only answers were computed. Run the rows with effects or shares."
    if find_spec("numpy") is None:
        return "The Jupyter server needs NumPy for this: pip install numpy."
    return ""


def _none(reason: str) -> BatchParts:
    return BatchParts(parts=[], kind="none", rows=[], reason=reason)
