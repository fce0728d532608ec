"""The rows of `peers.py`'s tables, on the terminal and in docs/engine.md."""

from __future__ import annotations

from typing import Any

NAMES = {"smollm2": "SmolLM2 135M", "gemma3": "Gemma 3 270M", "gemma2": "Gemma 2 2B's shape"}
LABELS = {
    "import_to_map": "from starting Python to the first map, s",
    "first": "first map after the first answer, s",
    "one": "map of one sentence, s",
    "next": "map of another sentence of that answer, s",
    "all": "maps of all four sentences of an answer, s",
    "leave_one_out": "effects of all parts of the prompt, s",
    "first_token": "first token of a new prompt, s",
    "answer": "an answer as a whole, s",
    "tokens_per_s": "tokens per second",
    "loaded_mb": "the loaded process, MB",
    "peak_mb": "most memory of maps above that, MB",
    "total_mb": "most memory in total, MB",
}


def title(found: dict[str, Any]) -> str:
    """Return a model's name."""
    name = NAMES[found["model"]]
    return f"{name}, {found['layers']} layers" if found["layers"] else name


def cell(column: dict[str, Any], figure: str) -> str:
    """Return a figure as text; a dash if the peer doesn't have it."""
    value = column.get(figure)
    if value is None:
        return "\N{EN DASH}"
    return f"{value:,.0f}" if figure.endswith("_mb") else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
