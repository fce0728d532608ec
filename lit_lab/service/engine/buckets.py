"""The lengths that sequences are padded to. There are few, so that most new prompts use code that is already compiled."""

from __future__ import annotations

ROWS = (16, 48, 128, 384, 1024)
"""Numbers of rows (tokens that predict the next one) for which the upper part of a model is compiled."""

WASTE = 1.15
"""Maximum ratio of the padded length to the sequence's length for a longer bucket to be as fast as the sequence's own."""


def length_bucket(length: int, window: int | None = None) -> int:
    """Return the length that a sequence of `length` tokens is padded to.

    The steps between lengths grow with the length. From 160 tokens on, padding is less than a tenth of the sequence, and
    half of that on average.

    Args:
        length: In tokens.
        window: The model's window, which the result doesn't exceed; None: no limit.
    """
    step = 16
    while step * 20 < length:
        step *= 2
    bucket = -(-length // step) * step
    return bucket if window is None else max(length, min(bucket, window))


def row_bucket(rows: int, length: int) -> int:
    """Return the number of rows to compute for `rows` requested ones, in a sequence padded to `length`."""
    return min(next((size for size in ROWS if size >= rows), length), length)


def continuation_bucket(rows: int) -> int:
    """Return the number of rows to compute for a continuation of `rows` tokens.

    The steps are finer than in `row_bucket`: extra rows of a continuation are only padding.
    """
    step = 16
    while step * 4 < rows:
        step *= 2
    return -(-rows // step) * step
