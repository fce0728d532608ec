"""Groups rows into batches for writing them into a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lit_lab.problem import Problem

from .readers import Record

_BATCH = 500  # maximum rows to write at once
_BATCH_CHARS = 1_000_000
_FIELD = 50  # characters with the same memory as a field's overhead


def batches(records: Iterable[Record], first: int) -> Iterator[list[Record]]:
    """Yield records in batches, bounded by number and by text. Before an error is raised, yield the records before it.

    Args:
        records: All records.
        first: Maximum size of the first batch.
    """
    batch, size, most = list[Record](), 0, first
    failure: Problem | None = None
    try:
        for record in records:
            batch.append(record)
            size += record.size + _FIELD * len(record.fields) + sum(map(len, record.fields))
            if len(batch) >= most or size >= _BATCH_CHARS:
                yield batch
                batch, size, most = [], 0, _BATCH
    except Problem as problem:
        failure = problem
    if batch:
        yield batch
    if failure is not None:
        raise failure
