"""Does memory use stay constant, however many prompts are run?

    python benchmarks/soak.py --runs 1000

The script uses a Jupyter server with its usual configuration, the embedded model and a history. A run is what a click on Run
produces: an answer, and the maps of all its sentences. Prompts differ in words and length, and some recur, as with users. The
script reads the memory of both processes at regular intervals. At first caches fill (results of the last jobs, scores,
compiled lengths), so the slope is that of a straight line through the second half of the readings.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from itertools import pairwise
from typing import Any

import numpy as np
from lab_jobs import ask, held_mb, ready, run
from lab_server import lab_server

GOALS = {"server": 1.0, "service": 2.0}
"""Most MB per 100 runs."""
REST = 5.0  # idle seconds after each reading, in which the service compiles in the background
DISHES = (
    "Onion soup",
    "Quiche Lorraine",
    "Caesar salad",
    "Mushroom risotto",
    "Pad thai",
    "Apple pie",
    "Ramen",
    "Falafel",
)
FOODS = ("Cheese", "Eggs", "Spicy food", "Fish", "Mushrooms", "Bread", "Lentils", "Cream", "Peanuts", "Tomatoes")


def prompt(chance: random.Random, most: int) -> str:
    """Return a prompt like the tutorial's, after at most this number of examples, usually a few."""
    examples = []
    for _ in range(min(most, chance.choice((0, 0, 1, 2, 3, 5, 8)))):
        likes, dislikes = chance.sample(FOODS, 2)
        examples.append(
            f"Taste-likes: {likes}\nTaste-dislikes: {dislikes}\nSuggestion: {chance.choice(DISHES)}\n"
            f"Analysis: It may suit somebody who likes {likes.lower()}.\nRecommendation: You have to try it.\n"
        )
    likes, dislikes = chance.sample(FOODS, 2)
    asked = f"Taste-likes: {likes}\nTaste-dislikes: {dislikes}\nSuggestion: {chance.choice(DISHES)}\nAnalysis:"
    return "\n".join([*examples, asked])


def once(server: Any, text: str, tokens: int) -> None:
    """Answer a prompt with at most this number of tokens, and explain all sentences of the answer."""
    events = run(server, {"kind": "generate", "model": "demo", "prompt": text, "max_new_tokens": tokens})
    asked = next(event for event in events if event["event"] == "prompt")["tokens"]
    answer = next(event for event in events if event["event"] == "answer")["tokens"]
    ids = [token["id"] for token in [*asked, *answer]]
    ends = [at for at, token in enumerate(answer, len(asked) + 1) if token["text"].endswith((".", "\n"))]
    bounds = sorted({len(asked), *ends, len(ids)})
    targets = [{"start": start, "end": end} for start, end in pairwise(bounds)]
    if targets:
        run(server, {"kind": "salience", "model": "demo", "ids": ids, "targets": targets})


def slope(read: list[dict[str, float]], of: str) -> float:
    """Return MB per 100 runs, over the second half."""
    half = read[len(read) // 2 :]
    if len(half) < 2:
        return float("nan")
    return 100 * float(np.polyfit([row["runs"] for row in half], [row[of] for row in half], 1)[0])


def main() -> int:
    """Measure, print, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1_000, help="(default: %(default)s)")
    parser.add_argument("--every", type=int, default=50, help="runs between two readings (default: %(default)s)")
    parser.add_argument("--tokens", type=int, default=60, help="most tokens of an answer (default: %(default)s)")
    parser.add_argument("--examples", type=int, default=8, help="most examples in a prompt (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    chance = random.Random(7)
    texts = [prompt(chance, options.examples) for _ in range(max(1, options.runs // 2))]

    with lab_server() as server:
        pid = ready(server)
        read: list[dict[str, float]] = []
        for number in range(options.runs + 1):
            if number % options.every == 0:
                held = {"server": held_mb(server.process.pid), "service": held_mb(pid)}
                read.append({"runs": number, **held})
                if not options.json:
                    print(
                        f"{number:>6} runs   server {held['server']:8.1f} MB   service {held['service']:8.1f} MB",
                        flush=True,
                    )
                time.sleep(REST)
            if number < options.runs:
                once(server, chance.choice(texts), options.tokens)
        if ready(server) != pid:
            raise RuntimeError("the model service was started anew meanwhile")
        kept = ask(server, "POST", "runs/search", {})["total"]

    slopes = {of: slope(read, of) for of in GOALS}
    if options.json:
        print(json.dumps({"runs": options.runs, "kept": kept, "mb": read, "mb_per_100_runs": slopes, "goals": GOALS}))
    else:
        print(f"{kept:,} runs in the history")
        for of, value in slopes.items():
            print(f"{of:>8}: {value:+.2f} MB per 100 runs, second half   goal: under {GOALS[of]:.0f}")
    return int(any(not slopes[of] < goal for of, goal in GOALS.items()))


if __name__ == "__main__":
    sys.exit(main())
