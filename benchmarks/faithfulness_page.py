"""Writes docs/faithfulness.md and its plot from the tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from faithfulness_figures import MEASURES
from faithfulness_items import DEPTHS, ITEMS
from faithfulness_plot import plot
from faithfulness_tables import MINUS, Table, title
from page_table import aligned

from lit_lab.measures import MIN_COUNT, Interval

DOCS = Path(__file__).parent.parent / "docs"
SUMMARY = re.compile(r"(?<=<!-- measured -->\n\n).*?(?=\n<!-- end of measured -->)", re.DOTALL)
"""What docs/methods.md shows of the figures."""

SUMMARIZED = {
    "leave_one_out": "effect: each sentence deleted",
    "context_cite, 32": "average (ContextCite), 32 sets",
    "shap": "SHAP",
    "lime": "LIME",
    "flow, sum": "flow",
    "grad_l2, squares": "L2 norm, sum of squares",
    "grad_l2, sum": "L2 norm, sum (LIT's)",
    "integrated_gradients, sum": "integrated gradients, signed sum",
    "grad_dot_input, squares": "grad · input, sum of squares",
    "grad_dot_input, sum": "grad · input, signed sum (LIT's second)",
    "random": "a random order",
}
"""The methods that docs/methods.md compares, and the names that they have there."""

MIN_SHARE = 0.9
"""Share of the prompts that a method has at least, unless the summary says how many."""

KINDS = {"few_shot": "few-shot", "fact": "planted fact", "instructions": "instructions", "summary": "summary"}

BEGIN = """<!-- Written by `python benchmarks/faithfulness.py --write-docs`. Change benchmarks/faithfulness_page.py instead. -->

# Which maps are true

A map claims which sentences of a prompt led to a sentence of the answer. This page shows how well such claims hold: each map is compared with
what happens when sentences are taken away. [methods.md](methods.md) explains the methods.

![A dot for each method and model: the mean score, with its 95% interval](images/faithfulness.svg)

## How it is measured

{prompts}

Each prompt is answered with the most likely tokens, at most 24, in the model's own chat format if it has one. Each of the answer's first two sentences is a target.
For each target, a method gives every sentence of the prompt a score.

- **LDS** (linear datamodelling score): 64 random sets of sentences are deleted, each sentence with a probability of one half. The score is the rank correlation
  (Spearman) between the sum of the scores that stay and the target's logit, log p \N{MINUS SIGN} log(1 \N{MINUS SIGN} p). 1 is perfect. A random order gets more
  than 0, because each sentence that is deleted tends to make the target less likely. No map is fitted to these sets.
- **LDSn**: the same for 32 of these sets, with each sentence replaced by the neutral one _This is a sentence._ instead of deleted.
- **Top 1**: how much the target's log-probability drops without the sentence that ranks first, as a part of the largest drop of any one sentence.
- **Top 3**: the same for the three sentences that rank first together. The largest drop is that of the best three that were tried, by any of
  the methods.
- Targets whose largest drop is below 0.1 nats have no top 1 and top 3.

Every figure is a mean over prompts, after the mean over a prompt's targets. The brackets are its 95% interval, by drawing the prompts anew (bootstrap); of fewer than 8 prompts there is none. Weights and
arithmetic are float32. A method with fewer prompts than the others is compared by the paired differences.
"""

END = """
## How to repeat it

```bash
make test-real                                  # fetches both models
python benchmarks/faithfulness.py               # takes hours; continues where it stopped
python benchmarks/faithfulness.py --peers       # Inseq's and Captum's methods, in an environment of their own
python benchmarks/faithfulness.py --write-docs  # writes this page, and the figures of each prompt into benchmarks/results
```

Inseq's and Captum's methods get the same tokens and weights; the script refuses them if their log-probability of the answer differs. Scores of tokens are added up over each sentence.

`--models NAME` measures any other preset, and `--items` the number of prompts of each kind. A process for each model can run at the same time.

## What it doesn't show

- Both models are small, and the prompts are short. Larger models and longer prompts can differ.
- The measure takes sentences away, so it favours methods that do the same. The second way to take away, and top 1 and top 3, are less close to any of them.
- The prompts are made by a script from a few patterns. Prompts of people vary more.
- Reference: Cohen-Wang, Shah, Georgiev and Mądry 2024, _ContextCite: Attributing Model Generation to Context_ (the score, and random sets); Adebayo et al. 2018,
  _Sanity Checks for Saliency Maps_ (random weights).
"""


def write(tables: Sequence[Table]) -> None:
    """Write the page and its plot for the models with known figures."""
    tables = [table for table in tables if table.prompts]
    (DOCS / "images" / "faithfulness.svg").write_text(plot(tables), "utf-8")
    (DOCS / "faithfulness.md").write_text(page(tables), "utf-8")
    methods = DOCS / "methods.md"
    methods.write_text(with_summary(methods.read_text("utf-8"), tables), "utf-8")


def with_summary(text: str, tables: Sequence[Table]) -> str:
    """Return docs/methods.md with a short summary of the measurements, as far as there are enough for intervals."""

    def count(table: Table, method: str) -> int:
        found = table.rows.get(method, {}).get("lds")
        return 0 if found is None else found.count

    measured = [method for method in SUMMARIZED if any(count(table, method) >= MIN_COUNT for table in tables)]
    head = ["Map", *(f"{what}, {table.title}" for what in ("LDS", "top 1") for table in tables)]
    rows = [
        [name, *(_cell(table.rows.get(method, {}).get(what)) for what in ("lds", "top1") for table in tables)]
        for method, name in ((method, SUMMARIZED[method]) for method in measured)
    ]
    counts = " and ".join(f"{sum(table.prompts.values())} ({table.title})" for table in tables)
    fewer = [
        f"{SUMMARIZED[method]} over {count(table, method)} ({table.title})"
        for table in tables
        for method in measured
        if count(table, method) < MIN_SHARE * sum(table.prompts.values())
    ]
    missing = [name for method, name in SUMMARIZED.items() if method not in measured]
    rest = f"; {', '.join(fewer)}" if fewer else ""
    rest += f". Not measured yet: {', '.join(missing)}." if missing else "."
    found = f"{aligned(head, rows)}\n\nMeans over {counts} prompts, with 95% intervals{rest}\n"
    return SUMMARY.sub(lambda _: found, text)


def page(tables: Sequence[Table]) -> str:
    """Return the page."""
    parts = [BEGIN.format(prompts="\n".join(map(_prompts, tables)) + _progress(tables)).rstrip("\n")]
    for table in tables:
        parts += [f"\n## {table.title}\n", *_section(table)]
    return re.sub("\n{3,}", "\n\n", "\n".join([*parts, END]))


def _prompts(table: Table) -> str:
    kinds = ", ".join(f"{table.prompts[kind]} {name}" for kind, name in KINDS.items() if kind in table.prompts)
    return (
        f"- **{table.title}**: {sum(table.prompts.values())} prompts ({kinds}) with {table.targets} targets, of {table.tokens[0]} to "
        f"{table.tokens[1]} tokens and {table.segments[0]} to {table.segments[1]} sentences."
    )


def _progress(tables: Sequence[Table]) -> str:
    """Return how much of the plan is measured, unless all of it is."""
    counts = [(table.title, sum(table.prompts.values())) for table in tables]
    if all(count >= len(KINDS) * ITEMS for _, count in counts):
        return ""
    found = ", ".join(f"{title} has {count}" for title, count in counts)
    return (
        f"\n\n**Not all prompts are measured yet.** Of {len(KINDS) * ITEMS}, {found}. Until then, look at the intervals, and at the "
        "differences on the same prompts."
    )


def _section(table: Table) -> Iterable[str]:
    yield aligned(
        ["Method", "Prompts", "LDS", "LDSn", "Top 1", "Top 3"],
        [
            [title(method), _count(row["lds"]), *(_cell(row[what]) for what in MEASURES)]
            for method, row in table.rows.items()
        ],
    )
    kinds = [kind for kind in KINDS if kind in table.prompts]
    yield "\nLDS by kind of prompt:\n"
    yield aligned(
        ["Method", *(KINDS[kind] for kind in kinds)],
        [[title(method), *(_mean(row[f"lds of {kind}"]) for kind in kinds)] for method, row in table.rows.items()],
    )
    yield "\nDifferences on the same prompts. An interval that doesn't contain 0 shows a difference:\n"
    yield aligned(
        ["Pair", "Prompts", "LDS", "LDSn", "Top 1", "Top 3"],
        [
            [
                pair,
                _count(row["lds"]),
                *(_cell(row[what], True) for what in MEASURES),
            ]
            for pair, row in table.pairs.items()
        ],
    )
    yield from _planted(table)
    yield from _changed(table)
    yield from _signs(table)


def _planted(table: Table) -> Iterable[str]:
    right, count = table.eligible
    if not count:
        return
    yield (
        f"\n**Planted facts.** A fact is planted among sentences that look alike, at five depths. {right} of {count} prompts count: "
        "the answer is right with the fact, and wrong without it.\n"
    )
    if right:
        yield (
            "How often the fact ranks first among these sentences, and its mean reciprocal rank (MRR), for the sentence of the answer that "
            "states it:\n"
        )
        depths = [str(depth) for depth in range(DEPTHS)]
        yield aligned(
            ["Method", "First", "MRR", *(f"MRR, depth {int(depth) + 1}" for depth in depths)],
            [
                [
                    title(method),
                    _cell(by_depth["all"]["first"]),
                    _cell(by_depth["all"]["mrr"]),
                    *(_mean(by_depth[depth]["mrr"]) if depth in by_depth else "" for depth in depths),
                ]
                for method, by_depth in table.planted.items()
            ],
        )


def _changed(table: Table) -> Iterable[str]:
    if not table.changed:
        return
    yield (
        "\n**Random weights.** Within each of the model's weights, the numbers are shuffled. A map of what the model learned must change. The rank correlation of each map with the one "
        "of the shuffled model, for the same tokens:\n"
    )
    yield aligned(
        ["Map", "Prompts", "Correlation"],
        [[title(method), _count(each), _cell(each)] for method, each in table.changed.items()],
    )


SIGNED = {
    "sentences: grad_dot_input, sum": "sentences, signed sum",
    "sentences: grad_dot_input, norm": "sentences, root of the sum of squares",
    "tokens: grad_dot_input": "single tokens of the prompt, grad · input",
    "tokens: grad_l2": "single tokens of the prompt, L2 norm",
    "contrast: grad_dot_input, sum": "contrastive target, sentences, signed sum of grad · input",
    "contrast: grad_dot_input, norm": "contrastive target, sentences, root of the sum of squares of grad · input",
    "contrast: grad_l2, sum": "contrastive target, sentences, L2 norm, sum",
    "contrast: grad_l2, norm": "contrastive target, sentences, L2 norm, root of the sum of squares",
}


def _signs(table: Table) -> Iterable[str]:
    if not table.signs:
        return
    yield (
        "\n**Are signs right?** _Rank_ is the rank correlation of scores with what leaving out each token or sentence does. _Sign_ is how often the score's sign is that of the effect, where this is at "
        "least 0.1 nats (a magnitude is positive everywhere). Contrastive targets are the token of the answer whose runner-up comes closest, against that runner-up; LDS as above.\n"
    )
    yield aligned(
        ["Scores", "Prompts", "Rank", "Sign", "LDS"],
        [
            [
                SIGNED.get(name, name),
                _count(row.get("rank")),
                *(_cell(row.get(what)) for what in ("rank", "sign", "lds")),
            ]
            for name, row in table.signs.items()
            if name in SIGNED
        ],
    )


def _cell(row: Interval | None, signed: bool = False) -> str:
    if row is None:
        return ""
    numbers = (row.mean, row.low, row.high)
    # On which side of 0 a bound is says whether there is a difference.
    digits = 3 if signed and any(each and not round(each, 2) for each in numbers[1:]) else 2
    sign = "+" if signed else ""
    mean, low, high = (f"{_rounded(each, digits):{sign}.{digits}f}".replace("-", MINUS) for each in numbers)
    return f"{mean} [{low}, {high}]" if row.is_sound else mean


def _count(row: Interval | None) -> str:
    return "0" if row is None else str(row.count)


def _mean(row: Interval | None) -> str:
    return "" if row is None else f"{_rounded(row.mean):.2f}".replace("-", MINUS)


def _rounded(number: float, digits: int = 2) -> float:
    return round(number, digits) + 0.0  # no negative zero
