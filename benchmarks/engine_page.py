"""Writes the tables of docs/engine.md from stored results. What hasn't been measured keeps what the page says.

python benchmarks/peers.py --details benchmarks/results/peers.jsonl
python benchmarks/long_prompts.py --details benchmarks/results/long_prompts.jsonl
OUT=$PWD/benchmarks/results benchmarks/gpu.sh
python benchmarks/engine_page.py
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gpu
import long_prompts
import peers_table
from page_table import aligned

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "engine.md"
RESULTS = ROOT / "benchmarks" / "results"
GOALS: dict[str, tuple[str, dict[str, float]]] = {
    "first": ("first map after the first answer, LIT Lab ÷ PyTorch", {"all": 1.2}),
    "one": ("map of one sentence, LIT Lab ÷ PyTorch", {"gemma3": 0.7, "smollm2": 0.85}),
    "next": ("map of another sentence, LIT Lab ÷ PyTorch", {}),
    "all": ("maps of all four sentences, LIT Lab ÷ PyTorch", {}),
    "tokens_per_s_f32": ("tokens per second, LIT Lab in float32 ÷ transformers in float32", {"all": 1.0}),
    "tokens_per_s_bf16": ("tokens per second, LIT Lab in bfloat16 ÷ transformers in float32", {"all": 1.5}),
    "flops_share": ("share of the least arithmetic in the time of one map", {}),
    "peak_ratio": ("most memory of maps above the loaded process, LIT Lab ÷ PyTorch", {"all": 1.0}),
}
"""The ratios of `peers.py`: what they are, and their goal for each model, or for all."""
HIGHER_IS_BETTER = ("tokens_per_s_f32", "tokens_per_s_bf16")


def peers(found: list[dict[str, Any]]) -> str:
    """Return the tables beside other tools: one for each model, and the ratios."""
    parts = []
    for each in found:
        columns = {name: column for name, column in each["columns"].items() if len(column) > 1}
        rows = [
            [label, *(peers_table.cell(column, figure) for column in columns.values())]
            for figure, label in peers_table.LABELS.items()
        ]
        parts.append(aligned([peers_table.title(each), *columns], rows))
        answer_tokens = each["answers"][0][1] - each["answers"][0][0]
        parts.append(
            f"{each['answers'][0][0]} tokens of prompt in {each['parts']} lines, {answer_tokens} of answer, "
            f"{each['parameters'] / 1e6:,.0f} million weights, {each['threads']} threads, {each['month']}."
        )
        for name, column in each["columns"].items():
            if "refused" in column:
                said = re.sub(r"\s+", " ", column["refused"]).replace("`", "'")
                parts.append(f"{name} refuses or fails: `{said}`")
    head = ["Ratio", *(peers_table.title(each) for each in found)]
    parts.append(aligned(head, [[label, *_reached(name, goals, found)] for name, (label, goals) in GOALS.items()]))
    return "\n\n".join(parts)


def _reached(name: str, goals: dict[str, float], found: list[dict[str, Any]]) -> list[str]:
    """Return a ratio of each model with its goal; bold where that is reached."""
    cells = []
    for each in found:
        value = each["ratios"][name]
        goal = goals.get(each["model"], goals.get("all"))
        if name == "next" and value is not None:
            # Half of `one`, as a ratio to PyTorch.
            goal = each["columns"]["LIT Lab float32"]["one"] / 2 / each["columns"]["PyTorch float32"]["next"]
        elif name == "all" and value is not None:
            theirs = each["columns"]["PyTorch float32"]
            goal = 1.5 * theirs["one"] / theirs["all"]
        if value is None:
            cells.append("\N{EN DASH}")
        elif goal is None:
            cells.append(f"{value:.2f}")
        else:
            is_reached = value >= goal if name in HIGHER_IS_BETTER else value <= goal
            cells.append(f"**{value:.2f}** ({goal:.2f})" if is_reached else f"{value:.2f} ({goal:.2f})")
    return cells


def prompts(found: list[dict[str, Any]]) -> str:
    """Return the tables of long prompts."""
    parts = []
    for each in found:
        (_, *lengths), *rows = long_prompts.cells(each)
        parts.append(
            aligned([f"{peers_table.NAMES[each['model']]}: tokens of the prompt", *lengths[:-1], "slope"], rows)
        )
        parts += long_prompts.refusals(each)
    return "\n\n".join(parts)


def on_gpu(found: list[dict[str, Any]]) -> str:
    """Return the table of a GPU."""
    (run,) = found
    columns = run["columns"]
    rows = [
        [label, *(f"{column[figure]:,.1f}" if figure in column else "\N{EN DASH}" for column in columns.values())]
        for figure, label in gpu.LABELS.items()
    ]
    parts = [f"Measured on {run['device']}.", aligned([f"Gemma 2 2B's shape, {run['layers']} layers", *columns], rows)]
    parts += [f"{name}: `{column['refused']}`" for name, column in columns.items() if "refused" in column]
    return "\n\n".join(parts)


REGIONS: dict[str, Callable[[list[dict[str, Any]]], str]] = {"peers": peers, "long_prompts": prompts, "gpu": on_gpu}
"""What writes each marked part of the page, from the file of that name."""


def page(text: str, results: Path) -> str:
    """Return the page with the tables of all stored results.

    Args:
        text: The page.
        results: The folder of the results.

    Raises:
        ValueError: If the page lacks a part's marks.
    """
    for name, write in REGIONS.items():
        file = results / f"{name}.jsonl"
        if not file.exists():
            continue
        found = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line]
        begin, end = f"<!-- {name} -->\n\n", f"\n\n<!-- end of {name} -->"
        before, begins, rest = text.partition(begin)
        _, ends, after = rest.partition(end)
        if not begins or not ends:
            raise ValueError(f"docs/engine.md has no part {name}")
        text = before + begin + write(found) + end + after
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8"), RESULTS), "utf-8")
