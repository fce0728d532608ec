"""How much slower is a batch than the model service alone, on the same rows?

A script in this process sends the same requests for the same rows to the service, one after the other, without a batch's rows,
folder and parts. The batch runs them with `lit_lab.batch`, into a folder. Both use one service of this process with the embedded
model, and other rows come in each round, so that nothing is reused. The goal: a batch has at least 90% of the service's rows per second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from lit_lab.batches import rows
from lit_lab.batches.computing import compute
from lit_lab.batches.folder import Folder
from lit_lab.batches.plan import Plan
from lit_lab.batches.runner import run
from lit_lab.client import AsyncClient, connect

GOAL = 0.9
TEMPLATE = "Analyze a menu item in a restaurant. Be brief.\n\nTaste-likes: {likes}\nSuggestion: {dish}\nAnalysis:"


def dataset(folder: Path, number: int, count: int) -> Path:
    """Write rows that no other round has."""
    path = folder / f"{number}.jsonl"
    lines = [{"likes": f"Cheese {number}", "dish": f"Onion soup number {row}"} for row in range(count)]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


async def measure(client: AsyncClient, folder: Path, count: int, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each round, of the service alone and of batches, in turns."""
    plan = Plan(model=await client.default_model(), template=TEMPLATE, max_new_tokens=12, stop=("\n",))
    seconds: dict[str, list[float]] = {"service": [], "batch": []}
    for number in range(-1, rounds):  # one that doesn't count: the model is loaded, and its parts are compiled
        for kind in seconds:
            path = dataset(folder, 2 * number + (kind == "batch"), count)
            begun = time.perf_counter()
            if kind == "service":
                for row in rows.read(path, plan):
                    await compute(client, plan, row)
            else:
                await run(client, plan, path, Folder(folder / f"out{number}"))
            if number >= 0:
                seconds[kind].append(time.perf_counter() - begun)
    return seconds


async def main() -> int:
    """Measure, print, and return 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100, help="of each round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="of which the median counts (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        async with await connect("own") as client:
            seconds = await measure(client, Path(folder), options.rows, options.rounds)
    rates = {kind: options.rows / statistics.median(found) for kind, found in seconds.items()}
    figures: dict[str, Any] = {
        "rows_per_s": rates,
        "ratio": statistics.median(
            one / other for one, other in zip(seconds["service"], seconds["batch"], strict=True)
        ),
    }
    if options.json:
        print(json.dumps({"figures": figures, "goals": {"ratio": GOAL}, "seconds": seconds}))
    else:
        for kind, rate in rates.items():
            print(f"{kind:<10}{rate:>8.1f} rows per second")
        print(f"batch / service: {figures['ratio']:.2f}; goal: at least {GOAL}")
    return int(figures["ratio"] < GOAL)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
