"""The tables of a model, from the figures of its prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from faithfulness_figures import MEASURES
from faithfulness_items import DEPTHS, Item
from faithfulness_plan import MODELS

from lit_lab.measures import Interval, interval, paired

MINUS = "\N{MINUS SIGN}"

METHODS = {
    "random": "a random order",
    "same": "the same score for all",
    "length": "the sentence's length",
    "grad_l2, sum": "L2 norm, sum (LIT's)",
    "grad_l2, mean": "L2 norm, mean",
    "grad_l2, squares": "L2 norm, sum of squares",
    "grad_l2, norm": "L2 norm, root of the sum of squares",
    "grad_dot_input, sum": "grad · input, signed sum (LIT's second)",
    "grad_dot_input, squares": "grad · input, sum of squares",
    "grad_dot_input, norm": "grad · input, root of the sum of squares",
    "integrated_gradients, sum": "integrated gradients, signed sum",
    "integrated_gradients, absolute": "integrated gradients, absolute sum",
    "flow, sum": "flow",
    "leave_one_out": "leave one out",
    "context_cite, 16": "ContextCite, 16 sets",
    "context_cite, 32": "ContextCite, 32 sets",
    "context_cite, 64": "ContextCite, 64 sets",
    "lime": "LIME, 64 samples or the fewest",
    "shap": "SHAP, 64 samples or the fewest",
}
"""Titles, in the order of the table. What isn't here comes last."""

PAIRS = (
    ("grad_l2, squares", "grad_l2, sum"),
    ("grad_l2, squares", "grad_l2, mean"),
    ("grad_l2, squares", "grad_l2, norm"),
    ("flow, sum", "grad_l2, sum"),
    ("leave_one_out", "grad_l2, sum"),
    ("leave_one_out", "grad_l2, squares"),
    ("context_cite, 64", "context_cite, 32"),
    ("context_cite, 64", "leave_one_out"),
    ("leave_one_out", "lime"),
    ("leave_one_out", "shap"),
)
"""Differences that are measured on the same prompts."""

RANKED = ("random", "grad_l2, sum", "grad_l2, squares", "flow, sum", "leave_one_out", "context_cite, 32")
"""Maps that have to find a planted sentence."""

SAME_ORDER = {"grad_l2, squares": "grad_l2, norm"}
"""Maps whose ranks are stored by another's name: both order sentences alike."""

Known = Sequence[tuple[Item, str, dict[str, Any]]]


@dataclass(frozen=True)
class Table:
    """The known figures of a model.

    Attributes:
        model: Its name.
        prompts: How many prompts of each kind.
        targets: How many sentences of answers.
        tokens: The minimum and maximum number of a prompt's tokens.
        segments: The minimum and maximum number of a prompt's sentences.
        rows: For each method and measure, the mean over prompts. Also by kind: `lds of KIND`.
        pairs: For each pair of methods and measure, the difference on the same prompts.
        planted: For each map and depth (`all` for all of them), how often the planted sentence ranks first, and its mean reciprocal rank.
        eligible: The number of planted facts with which the answer is right, and without which it is wrong.
        changed: For each map, its rank correlation with that of a model with random weights.
        signs: For each signed score, `rank`, `sign` and `lds`.
    """

    model: str
    prompts: dict[str, int]
    targets: int
    tokens: tuple[int, int]
    segments: tuple[int, int]
    rows: dict[str, dict[str, Interval | None]]
    pairs: dict[str, dict[str, Interval | None]]
    planted: dict[str, dict[str, dict[str, Interval | None]]] = field(default_factory=dict)
    eligible: tuple[int, int] = (0, 0)
    changed: dict[str, Interval | None] = field(default_factory=dict)
    signs: dict[str, dict[str, Interval | None]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The model's common name."""
        return MODELS.get(self.model, self.model)

    def text(self) -> str:
        """Return it as text."""
        prompts = ", ".join(f"{count} {kind}" for kind, count in self.prompts.items())
        lines = [f"\n{self.title}: {sum(self.prompts.values())} prompts ({prompts}), {self.targets} targets, float32"]
        for method, row in self.rows.items():
            lines.append(f"  {title(method):<42}" + "   ".join(f"{what} {_formatted(row[what])}" for what in MEASURES))
        for pair, row in self.pairs.items():
            lines.append(f"  {pair:<70}" + "   ".join(f"{what} {_formatted(row[what])}" for what in MEASURES))
        right, all_of_them = self.eligible
        if all_of_them:
            lines.append(
                f"  planted facts: {right} of {all_of_them} are answered rightly with the fact, and wrongly without"
            )
        for method, by_depth in self.planted.items():
            for depth, row in by_depth.items():
                lines.append(
                    f"    {title(method)}, depth {depth}: "
                    + ", ".join(f"{what} {_formatted(each)}" for what, each in row.items())
                )
        for method, each in self.changed.items():
            lines.append(f"  random weights, {title(method)}: {_formatted(each)}")
        for what, signed in self.signs.items():
            lines.append(
                f"  signs, {what}: " + ", ".join(f"{name} {_formatted(each)}" for name, each in signed.items())
            )
        return "\n".join(lines)


def title(method: str) -> str:
    """Return a method's title."""
    return METHODS.get(method, method)


def table_of(model: str, known: Known) -> Table:
    """Return a model's table.

    Args:
        model: Its name.
        known: Figures, each with its item and part.
    """
    answered = [(item, part, found) for item, part, found in known if found]
    basic = [(item, found) for item, part, found in answered if part == "basic"]
    by_method: dict[str, dict[str, list[list[float | None]]]] = {}
    for item, _, found in answered:
        for method, by_target in found.get("measures", {}).items():
            by_method.setdefault(method, {})[item.name] = by_target
    order = [
        *(method for method in METHODS if method in by_method),
        *(each for each in by_method if each not in METHODS),
    ]
    kinds = {item.name: item.kind for item, _ in basic}
    means = {method: {name: _means(by_target) for name, by_target in by_method[method].items()} for method in order}
    rows: dict[str, dict[str, Interval | None]] = {}
    for method in order:
        rows[method] = {what: _interval(row[what] for row in means[method].values()) for what in MEASURES}
        for kind in dict.fromkeys(kinds.values()):
            rows[method][f"lds of {kind}"] = _interval(
                row["lds"] for name, row in means[method].items() if kinds.get(name) == kind
            )
    pairs: dict[str, dict[str, Interval | None]] = {}
    for one, other in PAIRS:
        if one in means and other in means:
            both = [name for name in means[one] if name in means[other]]
            pairs[f"{title(one)} {MINUS} {title(other)}"] = {
                what: paired([means[one][name][what] for name in both], [means[other][name][what] for name in both])
                for what in MEASURES
            }
    lengths, segments = [found["tokens"][0] for _, found in basic], [found["segments"] for _, found in basic]
    return Table(
        model=model,
        prompts={kind: list(kinds.values()).count(kind) for kind in dict.fromkeys(kinds.values())},
        targets=sum(len(found["measures"]["random"]) for _, found in basic),
        tokens=(min(lengths, default=0), max(lengths, default=0)),
        segments=(min(segments, default=0), max(segments, default=0)),
        rows=rows,
        pairs=pairs,
        changed=_by_name([found["changed"] for _, _, found in answered if "changed" in found]),
        signs=_signs([found["signs"] for _, _, found in answered if "signs" in found]),
        **_planted([found["planted"] for _, found in basic if found["planted"]]),
    )


def _means(by_target: Sequence[Sequence[float | None]]) -> dict[str, float | None]:
    """Return the mean of each measure over a prompt's targets, since intervals are over prompts."""
    found: dict[str, float | None] = {}
    for at, what in enumerate(MEASURES):
        values = [row[at] for row in by_target if row[at] is not None]
        found[what] = float(np.mean(values)) if values else None  # type: ignore[arg-type]
    return found


def _planted(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    counted = [each for each in found if each["counts"]]
    planted: dict[str, dict[str, dict[str, Interval | None]]] = {}
    for method in RANKED:
        for depth in ("all", *range(DEPTHS)):
            stored = SAME_ORDER.get(method, method)
            ranks = [
                each["ranks"][stored] for each in counted if depth in ("all", each["depth"]) and stored in each["ranks"]
            ]
            if ranks:
                planted.setdefault(method, {})[str(depth)] = {
                    "first": interval([float(rank == 1) for rank in ranks]),
                    "mrr": interval(ranks),
                }
    return {"planted": planted, "eligible": (len(counted), len(found))}


def _signs(found: Sequence[dict[str, dict[str, float | None]]]) -> dict[str, dict[str, Interval | None]]:
    names = dict.fromkeys(name for each in found for name in each)
    return {
        name: _by_name([{k: v for k, v in each[name].items() if v is not None} for each in found if name in each])
        for name in names
    }


def _by_name(found: Sequence[dict[str, Any]]) -> dict[str, Interval | None]:
    names = dict.fromkeys(name for each in found for name in each)
    return {name: interval([each[name] for each in found if name in each]) for name in names}


def _interval(values: Any) -> Interval | None:
    return interval([value for value in values if value is not None])


def _formatted(row: Interval | None) -> str:
    if row is None:
        return " " * 21
    return f"{row.mean:5.2f} [{row.low:5.2f}, {row.high:5.2f}]" if row.is_sound else f"{row.mean:5.2f}{' ' * 16}"
