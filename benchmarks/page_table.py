"""Tables of the documentation's pages."""

from __future__ import annotations

from collections.abc import Sequence

MIN_WIDTH = 3
"""Of a column, in Prettier's form."""


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Prettier's form: its columns are padded."""
    widths = [max(MIN_WIDTH, *(len(row[at]) for row in (head, *rows))) for at in range(len(head))]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (head, *rows)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
