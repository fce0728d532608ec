"""Lengths that are compiled for: a new prompt fits into one of few, so that it never waits for a compiler."""

from __future__ import annotations

ROWS = (16, 48, 128, 384, 1024)
"""Numbers of rows, that is of predicting tokens, for which the top of a model is compiled."""

WASTE = 1.15
"""Padded length, as a part of the own, up to which another bucket is as good as the own."""


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
    """Return how many rows are computed for `rows` that are asked for, in a sequence padded to `length`."""
    return min(next((size for size in ROWS if size >= rows), length), length)


def rest_bucket(rows: int) -> int:
    """Return how many rows are computed for `rows` of them that continue a prompt: there none are of another use."""
    step = 16
    while step * 4 < rows:
        step *= 2
    return -(-rows // step) * step
