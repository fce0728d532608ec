"""Turns measurements into the figures that `engine.py` reports, and compares them with goals."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np

METHODS = ("grad_l2", "grad_dot_input")

FIELDS = (
    "speedup_one",
    "speedup_next",
    "speedup_all",
    "memory_ratio",
    "first_request_ratio",
    "first_token_ratio",
    "tokens_per_s_ratio",
    "agreement_grad_l2",
    "agreement_grad_dot_input",
    "flops_share",
)

LABELS = {
    "speedup_one": "one sentence, nothing cached (times)",
    "speedup_next": "next sentence, forward kept (times)",
    "speedup_all": "all sentences of the answer (times)",
    "memory_ratio": "peak memory above the weights, ours ÷ LIT's",
    "first_request_ratio": "first request, compiling included, ours ÷ LIT's",
    "first_token_ratio": "first token ÷ LIT's time to any answer",
    "tokens_per_s_ratio": "tokens per second, steady (times)",
    "agreement_grad_l2": "grad_l2, difference",
    "agreement_grad_dot_input": "grad_dot_input, difference",
    "flops_share": "FLOP/s as a share of matrix products'",
}

_MINIMUMS = frozenset({"speedup_one", "speedup_next", "speedup_all", "tokens_per_s_ratio", "flops_share"})
_COMMON = {"memory_ratio": 1 / 3, "first_request_ratio": 0.5}
_EXACT = {"agreement_grad_l2": 1e-5, "agreement_grad_dot_input": 2e-5}
_2B = _COMMON | _EXACT | {"speedup_one": 12, "speedup_next": 20, "speedup_all": 15, "flops_share": 0.6}
GOALS: dict[str, dict[str, float]] = {
    "embedded": _EXACT
    | {"speedup_one": 15, "speedup_next": 25, "speedup_all": 20, "memory_ratio": 0.5, "first_request_ratio": 1}
    | {"first_token_ratio": 0.25, "tokens_per_s_ratio": 2},
    "100m": _COMMON
    | _EXACT
    | {"speedup_one": 16, "speedup_next": 25, "speedup_all": 16, "first_token_ratio": 0.25, "tokens_per_s_ratio": 1.3},
    "2b-2l": _2B,
    "2b-6l": _2B,
    "2b-26l": _COMMON
    | {"speedup_one": 4, "speedup_next": 7, "speedup_all": 6, "flops_share": 0.6}
    | {"agreement_grad_l2": 0.02, "agreement_grad_dot_input": 0.02},
}
"""By size. Speeds, and the share of FLOP/s, are to be at least so much; all else at most."""

CLICK_GOAL_MS = 10.0
GPU_GOAL_SIZE, GPU_GOAL_MS = "2b-26l", 500.0  # for all sentences


def figures(size: str, parts: dict[str, Any]) -> dict[str, Any]:
    """Return a size's figures, in the order of `FIELDS`. None for those that weren't measured.

    Args:
        size: Its name.
        parts: The parts' measurements, by name.
    """
    found: dict[str, float] = {}
    if "salience" in parts:
        salience = parts["salience"]
        seconds = medians(salience["seconds"])
        found["speedup_one"] = seconds["lit_one"] / seconds["one"]
        found["speedup_next"] = seconds["lit_one"] / seconds["next"]
        found["speedup_all"] = seconds["lit_all"] / seconds["all"]
        found["flops_share"] = salience["flops"] / seconds["one"] / max(salience["rates"].values())
        error, exact = max_error, salience["lit_scores"]
        ours = salience["scores"]
        if "float32" in parts:
            error, exact = median_error, parts["float32"]["scores"]
            ours = parts["float32"]["half_scores"] or ours
        for method in METHODS:
            found[f"agreement_{method}"] = error(ours, exact, method)
    if "memory" in parts:
        found["memory_ratio"] = parts["memory"]["lab"]["passing"] / parts["memory"]["lit"]["passing"]
    if "first" in parts:
        first = medians(parts["first"])
        # A user's wait: the service doesn't wait for a compilation that would take longer.
        found["first_request_ratio"] = first["lab"] / first["lit"]
    if "generation" in parts:
        generation = parts["generation"]
        found["first_token_ratio"] = generation["first_token"] / generation["lit_answer"]
        found["tokens_per_s_ratio"] = generation["tokens_per_s"] / generation["lit_tokens_per_s"]
    return {"size": size} | {field: found.get(field) for field in FIELDS}


def medians(runs: dict[str, list[float]]) -> dict[str, float]:
    """Return the median of each."""
    return {name: statistics.median(values) for name, values in runs.items()}


def max_error(scores: list[Any], exact: list[Any], method: str) -> float:
    """Return the greatest difference relative to the greatest exact score, over all targets that both know."""
    return max(
        float(np.max(np.abs(ours - true)) / np.max(np.abs(true))) for ours, true in _pairs(scores, exact, method)
    )


def median_error(scores: list[Any], exact: list[Any], method: str) -> float:
    """Return the median of the tokens' relative differences, over all targets that both know."""
    pairs = [(ours[true != 0], true[true != 0]) for ours, true in _pairs(scores, exact, method)]
    return float(np.median(np.concatenate([np.abs(ours - true) / np.abs(true) for ours, true in pairs])))


def missed(size: str, field: str, value: float) -> str | None:
    """Describe by how much a figure misses its goal. "" if it reaches the goal, None if there is no goal."""
    goal = GOALS[size].get(field)
    if goal is None:
        return None
    if field in _MINIMUMS:
        return "" if value >= goal else f"{100 * (1 - value / goal):.0f}% short"
    if value <= goal:
        return ""
    return f"{100 * (value / goal - 1):.0f}% over" if value < 2 * goal else f"{value / goal:.1f} times the goal"


def _pairs(scores: list[Any], exact: list[Any], method: str) -> list[tuple[Any, Any]]:
    true = {tuple(target): np.asarray(maps[method]) for target, maps in exact}
    pairs = [(np.asarray(maps[method]), true[tuple(target)]) for target, maps in scores if tuple(target) in true]
    if not pairs:
        raise ValueError("no target in common")
    return pairs


def formatted(field: str, value: float) -> str:
    """Return a figure as the table shows it."""
    if field.startswith("agreement"):
        return f"{value:.1e}"
    return f"{100 * value:.0f}%" if field == "flops_share" else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def formatted_goal(size: str, field: str) -> str:
    """Return a goal as the table shows it, or "" if there is none."""
    goal = GOALS[size].get(field)
    return "" if goal is None else ("≥ " if field in _MINIMUMS else "≤ ") + formatted(field, goal)
