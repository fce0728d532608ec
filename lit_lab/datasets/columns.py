"""Which column is the prompt, which the target, which the source."""

from __future__ import annotations

import json
from collections.abc import Sequence

from lit_lab.protocol import DatasetColumns

Fields = dict[str, object]
"""A row as in its file: values by column."""

_NAMES = {
    "prompt": ("prompt", "text", "input", "question", "instruction", "query", "sentence", "content", "message"),
    "target": ("target", "completion", "answer", "output", "response", "expected", "reference", "label"),
    "source": ("source", "category", "origin", "type", "topic", "task", "dataset", "group"),
}


def guess(columns: Sequence[str], sample: Sequence[Fields]) -> DatasetColumns:
    """Guess the columns from their names; if no name fits, the column with the longest text is the prompt.

    Args:
        columns: All columns, in order.
        sample: Some rows.
    """
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    found: dict[str, str | None] = {}
    for role, names in _NAMES.items():
        found[role] = next((by_name[name] for name in names if name in by_name), None)
    if found["prompt"] is None and columns:
        free = [column for column in columns if column not in found.values()] or list(columns)
        found["prompt"] = max(free, key=lambda column: sum(len(text(row.get(column))) for row in sample))
        for role in ("target", "source"):
            if found[role] == found["prompt"]:
                found[role] = None
    return DatasetColumns(**found)


def any_known(columns: Sequence[str]) -> bool:
    """Whether a column has a name that columns of prompts often have."""
    known = {name for names in _NAMES.values() for name in names}
    return any(column.strip().lower() in known for column in columns)


def shorten(name: str, most: int) -> str:
    """Return a text's beginning."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def text(value: object) -> str:
    """Return a value as text: a text as it is, other values as JSON, and nothing for None."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
