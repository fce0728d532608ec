"""Is a dataset of 100,000 rows searched and scrolled without waiting?

A file of made-up prompts is read by a Jupyter server as users run it. Searches are timed through HTTP, from request to
whole answer; the server's memory before and after says what reading cost. Then a headless Chromium scrolls the list with
the wheel while the browser's own trace is taken: a task of more than 16 ms would cost a frame.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from lab_server import Server, lab_server

HERE = Path(__file__).resolve().parent
GOALS = {"search_ms": 200.0, "task_ms": 16.0}
SEARCHES = ("zebra", "quick brown", "a", "nosuchwordanywhere", "row 9999", "summarize the following")


def write(path: Path, rows: int, words: int) -> None:
    """Write a dataset of prompts of so many words."""
    chance = random.Random(7)
    vocabulary = ["".join(chance.choices("abcdefghijklmnop", k=chance.randint(2, 9))) for _ in range(5000)]
    with path.open("w") as file:
        for number in range(rows):
            extra = ("zebra", "quick brown fox", "summarize the following text")[number % 3] if number % 50 == 0 else ""
            prompt = f"Row {number}: {' '.join(chance.choices(vocabulary, k=words))} {extra}"
            file.write(json.dumps({"prompt": prompt, "target": "yes", "source": f"source {number % 7}"}) + "\n")


def ask(server: Server, method: str, path: str, body: Any = None) -> Any:
    """Return the answer of one of our routes."""
    request = urllib.request.Request(
        f"{server.url}/lit-lab/api/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"token {server.token}"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=120) as reply:
        return json.load(reply)


def memory(server: Server) -> float:
    """Return the server's resident memory, in MB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def main() -> int:
    """Measure, print, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="(default: %(default)s)")
    parser.add_argument("--words", type=int, default=60, help="of each prompt (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="times that each search is done (default: %(default)s)")
    parser.add_argument("--no-browser", action="store_true", help="leave the scrolling out")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()

    with lab_server() as server:
        path = server.scratch / "root" / "large.jsonl"
        write(path, options.rows, options.words)
        ask(server, "GET", "datasets")  # what is imported for the first request isn't the dataset's
        before, start = memory(server), time.perf_counter()
        dataset = ask(server, "POST", "datasets/open", {"path": "large.jsonl"})
        peak = before
        while ask(server, "GET", f"datasets/{dataset['id']}")["state"] == "reading":
            peak = max(peak, memory(server))
            time.sleep(0.05)
        figures: dict[str, float] = {
            "file_mb": path.stat().st_size / 1e6,
            "read_s": time.perf_counter() - start,
            "memory_mb": max(peak, memory(server)) - before,
        }
        times = []
        for repetition in range(options.repeat):
            for search in SEARCHES:
                # Another filter each time: what was looked up already would come from memory.
                query = {"search": f"{search} {'yes' * (repetition % 2)}", "source": f"source {repetition % 7}"}
                start = time.perf_counter()
                ask(server, "POST", f"datasets/{dataset['id']}/search", query)
                times.append(1000 * (time.perf_counter() - start))
        figures |= {"search_ms": statistics.median(times), "search_worst_ms": max(times)}
        if not options.no_browser:
            command = ["node", str(HERE / "datasets_browser.mjs"), server.url, server.token]
            done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
            print(done.stdout,done.stderr,file=sys.stderr)
            if done.returncode:
                raise RuntimeError(done.stderr)
            figures |= json.loads(done.stdout)

    if options.json:
        print(json.dumps({"rows": options.rows, "figures": figures, "goals": GOALS, "searches_ms": times}))
    else:
        print(f"{options.rows:,} rows")
        for name, figure in figures.items():
            goal = f"   goal: under {GOALS[name]:.0f}" if name in GOALS else ""
            print(f"{name:<18}{figure:>10.1f}{goal}")
    return int(any(figures[name] >= goal for name, goal in GOALS.items() if name in figures))


if __name__ == "__main__":
    sys.exit(main())
