"""The compiled lengths: a few, so that a new prompt fits into one and never waits for a compiler."""

from __future__ import annotations

ROWS = (16, 48, 128, 384, 1024)
"""Numbers of rows, that is of predicting tokens, for which the top of a model is compiled."""

WASTE = 1.15
"""Padded length, as a multiple of a sequence's own bucket, up to which another bucket is as fast."""


def length_bucket(length: int, window: int | None = None) -> int:
    """Return the compiled length that a sequence of `length` tokens is padded to.

    Steps grow with the length, so that padding stays under a tenth from 160 tokens on (on average half of that).

    Args:
        length: In tokens.
        window: The model's window, which is never exceeded; None: any length.
    """
    step = 16
    while step * 20 < length:
        step *= 2
    bucket = -(-length // step) * step
    return bucket if window is None else max(length, min(bucket, window))


def row_bucket(rows: int, length: int) -> int:
    """Return how many rows are computed for `rows` requested ones, in a sequence padded to `length`."""
    return min(next((size for size in ROWS if size >= rows), length), length)


def continuation_bucket(rows: int) -> int:
    """Return how many rows are computed for a continuation of `rows`: there, extra rows have no other use."""
    step = 16
    while step * 4 < rows:
        step *= 2
    return -(-rows // step) * step
