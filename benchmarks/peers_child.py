"""What every peer's process measures, in the same order. Imports nothing of this project, since peers run in environments of their own.

A peer gets one JSON argument, the request of `peers.py`, and prints lines of JSON: `{"event": "map"}` after its first map, and the
figures last.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Explain = Callable[[list[int], int, tuple[int, int]], Any]
"""A function of a sequence, the index of its answer's first token, and a target; returns once the target's map is known."""

Generate = Callable[[list[int], int], list[float]]
"""A function of a prompt and a number of tokens; returns the seconds until each token."""

LeaveOut = Callable[[list[list[int]], list[int]], Any]
"""A function of the prompt without each of its parts, and the answer; returns once all the answer's tokens are scored."""


def request() -> dict[str, Any]:
    """Return the request."""
    found: dict[str, Any] = json.loads(sys.argv[1])
    return found


def memory(what: str, process: int | str = "self") -> float:
    """Return a figure of a process's memory, in MB: `VmRSS` now, or `VmHWM`, the most since `forget_peak`."""
    line = next(line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith(what))
    return float(line.split()[1]) * 1024 / 1e6


def forget_peak(process: int | str = "self") -> None:
    """Make `VmHWM` count from here."""
    Path(f"/proc/{process}/clear_refs").write_text("5")


def spans(answer: dict[str, Any], tokens: int) -> list[tuple[int, int]]:
    """Return the spans that stand in for an answer's four sentences."""
    start, end, step = answer["prompt_tokens"], len(answer["ids"]), max(1, tokens // 4)
    return [(at, min(at + step, end)) for at in range(start, end, step)]


def answered(times: list[float]) -> dict[str, float]:
    """Return an answer's figures, from the seconds until each of its tokens."""
    figures = {"first_token": times[0], "answer": times[-1]}
    return figures | ({"tokens_per_s": (len(times) - 1) / (times[-1] - times[0])} if len(times) > 1 else {})


def medians(rows: list[dict[str, float]]) -> dict[str, float]:
    """Return each figure's median."""
    return {figure: statistics.median(row[figure] for row in rows) for figure in (rows[0] if rows else ())}


def measure(
    asked: dict[str, Any],
    explain: Explain | None = None,
    generate: Generate | None = None,
    leave_out: LeaveOut | None = None,
) -> dict[str, float]:
    """Return the figures of a loaded model.

    The first answer and its last sentence come first, in a process that did nothing before. All sentences of the second answer are
    explained one after the other; of the others, the last and the first one.

    Args:
        asked: The request: `answers`, each with `ids`, `prompt_tokens` and, if parts are to be left out, `without`; and `tokens`, the
            length of an answer.
        explain: Computes a map; None: the peer has none.
        generate: Generates an answer; None: the peer can't.
        leave_out: Scores an answer without each part of its prompt; None: the peer can't.
    """
    first, second, *others = asked["answers"]
    tokens: int = asked["tokens"]
    figures: dict[str, float] = {}

    def answer(each: dict[str, Any]) -> dict[str, float]:
        assert generate is not None
        return answered(generate(each["ids"][: each["prompt_tokens"]], tokens))

    if generate is not None:
        figures["answer_first_token"] = answer(first)["first_token"]
    figures["loaded_mb"] = memory("VmRSS")
    figures["load_peak_mb"] = memory("VmHWM")
    forget_peak()
    if explain is not None:
        figures["first"] = timed(explain, first["ids"], first["prompt_tokens"], spans(first, tokens)[-1])
        print(json.dumps({"event": "map"}), flush=True)
    if generate is not None:
        figures |= medians([answer(each) for each in (second, *others)])
    if explain is not None:
        figures["all"] = sum(
            timed(explain, second["ids"], second["prompt_tokens"], span) for span in spans(second, tokens)
        )
        rows = []
        for each in others:
            row = {}
            for name, span in (("one", spans(each, tokens)[-1]), ("next", spans(each, tokens)[0])):
                row[name] = timed(explain, each["ids"], each["prompt_tokens"], span)
            rows.append(row)
        figures |= medians(rows)
    figures["total_mb"] = memory("VmHWM")
    if explain is not None:
        figures["peak_mb"] = figures["total_mb"] - figures["loaded_mb"]
    if leave_out is not None and "without" in first:
        rest = [each["ids"][each["prompt_tokens"] :] for each in others]
        figures["leave_one_out"] = statistics.median(
            timed(leave_out, each["without"], answer) for each, answer in zip(others, rest, strict=True)
        )
    return figures


def start(asked: dict[str, Any], explain: Explain) -> None:
    """Compute nothing but the first map, and report that."""
    first = asked["answers"][0]
    explain(first["ids"], first["prompt_tokens"], spans(first, asked["tokens"])[-1])
    print(json.dumps({"event": "map"}), flush=True)
    print(json.dumps({}), flush=True)


def timed(work: Callable[..., Any], *arguments: Any) -> float:
    """Return the seconds that a call takes."""
    begun = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - begun
