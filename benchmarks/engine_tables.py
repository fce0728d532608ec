"""The tables of `engine.py`: figures beside their goals, and absolute times and sizes."""

from __future__ import annotations

from typing import Any

from engine_figures import (
    CLICK_GOAL_MS,
    FIELDS,
    GPU_GOAL_MS,
    GPU_GOAL_SIZE,
    LABELS,
    METHODS,
    formatted,
    formatted_goal,
    max_error,
    median_error,
    medians,
    missed,
)

_NAME, _COLUMN = 50, 26


def print_tables(results: dict[str, dict[str, Any]], details: dict[str, dict[str, Any]], threads: int) -> None:
    """Print a table of figures and goals, then one of absolute times and sizes, with a column for each size."""
    row("", list(results))
    for field in FIELDS:
        row(LABELS[field], [figure(size, field, figures[field]) for size, figures in results.items()])
    print(f"\nAbsolute, medians, {threads} threads")
    columns = [dict(absolutes(size, parts)) for size, parts in details.items()]
    names = dict.fromkeys(name for column in columns for name in column)
    row("", list(details))
    for name in names:
        row(name, [column.get(name, "") for column in columns])


def figure(size: str, field: str, value: float | None) -> str:
    """Return a figure with its goal, and by how much it misses the goal if it does."""
    if value is None:
        return ""
    verdict = missed(size, field, value)
    if verdict is None:
        return formatted(field, value)
    return f"{formatted(field, value)} {formatted_goal(size, field)} {verdict or '✓'}"


def absolutes(size: str, parts: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the names and values of measurements."""
    lines: list[tuple[str, str]] = []
    if "salience" in parts:
        salience = parts["salience"]
        seconds = medians(salience["seconds"])
        best, rate = max(salience["rates"].items(), key=lambda item: float(item[1]))
        click = 1000 * seconds["click"]
        gpu = ""
        if size == GPU_GOAL_SIZE and salience["device"] != "CPU":
            gpu = f" ≤ {GPU_GOAL_MS:.0f} ms {'✓' if 1000 * seconds['all'] <= GPU_GOAL_MS else 'missed'}"
        lines += [
            ("device", salience["device"]),
            ("weights", f"{salience['parameters']:,} {salience['dtype']}"),
            ("LIT, one sentence", milliseconds(seconds["lit_one"])),
            ("ours, one sentence, nothing cached", milliseconds(seconds["one"])),
            ("ours, next sentence", milliseconds(seconds["next"])),
            ("LIT, all sentences", milliseconds(seconds["lit_all"])),
            ("ours, all sentences", milliseconds(seconds["all"]) + gpu),
            (f"cached click (≤ {CLICK_GOAL_MS:.0f} ms)", f"{click:.1f} ms{' ✓' if click <= CLICK_GOAL_MS else ''}"),
            ("arithmetic of one sentence", f"{salience['flops'] / 1e9:,.1f} GFLOP"),
            ("ours, one sentence, achieved", f"{salience['flops'] / seconds['one'] / 1e9:,.1f} GFLOP/s"),
            ("matrix products", f"{rate / 1e9:,.1f} GFLOP/s"),
            ("    the fastest", best),
        ]
        if salience["exact_scores"] is not None:
            for method in METHODS:
                ours, lit = (
                    max_error(salience[side], salience["exact_scores"], method) for side in ("scores", "lit_scores")
                )
                lines.append((f"{method} off float64: ours, LIT's", f"{ours:.1e}, {lit:.1e}"))
        if "float32" in parts:
            exact = parts["float32"]
            lines.append(("float32 reference", f"{exact['layers']} layers"))
            if exact["half_scores"] is None:
                for method in METHODS:
                    error = median_error(salience["lit_scores"], exact["scores"], method)
                    lines.append((f"LIT's own {method} against it", f"{error:.1e}"))
    if "first" in parts:
        first = medians(parts["first"])
        lines += [
            ("LIT, first request", milliseconds(first["lit"])),
            ("ours, first request, compiled before", milliseconds(first["compiled"])),
            ("ours, first request at once", milliseconds(first["lab"])),
        ]
    if "memory" in parts:
        lit, lab = parts["memory"]["lit"], parts["memory"]["lab"]
        lines += [
            ("LIT, peak above the loaded model", mebibytes(lit["above"])),
            ("ours, peak above the loaded model", mebibytes(lab["above"])),
            ("LIT, of this passing, not held between requests", mebibytes(lit["passing"])),
            ("ours, of this passing", f"{mebibytes(lab['passing'])}, {lab['passing'] / lit['passing']:.2f} of LIT's"),
        ]
    if "generation" in parts:
        generation = parts["generation"]
        lines += [
            ("LIT, compiling and first answer", milliseconds(generation["lit_compiling"])),
            ("LIT, answer", milliseconds(generation["lit_answer"])),
            ("ours, first token", milliseconds(generation["first_token"])),
            ("LIT, tokens per second", f"{generation['lit_tokens_per_s']:.1f}"),
            ("ours, tokens per second", f"{generation['tokens_per_s']:.1f}"),
        ]
    return lines


def tell_profile(size: str, profile: dict[str, Any]) -> None:
    """Print the parts of one target's gradient, in the order of execution."""
    print(f"{size} ({profile['device']}): one sentence, nothing cached, {milliseconds(profile['seconds'])}")
    row("", ["calls", "time", "GFLOP/s"])
    for part in profile["parts"]:
        rate = "" if part["flops_per_s"] is None else f"{part['flops_per_s'] / 1e9:,.1f}"
        row(f"    {part['name']}", [str(part["calls"]), milliseconds(part["seconds"]), rate])
    row("    matrix products alone", ["", "", f"{profile['rate'] / 1e9:,.1f}"])


def milliseconds(seconds: float) -> str:
    """Return a time as the tables show it."""
    return f"{1000 * seconds:,.1f} ms" if seconds < 1 else f"{1000 * seconds:,.0f} ms"


def mebibytes(size: float) -> str:
    """Return a size as the tables show it."""
    return f"{size / 2**20:,.0f} MiB"


def row(name: str, cells: list[str]) -> None:
    """Print a line of a table."""
    print(f"{name:<{_NAME}}" + "".join(f"{cell:>{_COLUMN}}" for cell in cells))
