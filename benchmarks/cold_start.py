"""How long does it take until the first answer is explained? LIT Lab compared with LIT's own notebook widget, both from a cold start.

LIT Lab: on a new JupyterLab server, from the right-click to the shaded prompt in the notebook's own editor, in a real
browser. LIT: a new process, from its start through import, widget and answer to the first map, with the requests of its
page (`lit_widget.py`; not loading the page itself favours LIT). Both read bytecode, and they alternate.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Any

from lab_server import REPOSITORY, environment, lab_server

PRESET = REPOSITORY / "lit_lab/demo/preset"
HERE = REPOSITORY / "benchmarks"
GOALS = {"ratio": 0.7, "warm": 2.0, "silence": 1.0}


def run_lit(precision: str) -> dict[str, Any]:
    """Return the times of one run of LIT's widget."""
    kept = {key: value for key, value in environment(HERE).items() if not key.startswith("JUPYTER")}
    command = [sys.executable, str(HERE / "lit_widget.py"), f"--preset={PRESET}", f"--precision={precision}"]
    return run([*command, f"--started={time.time()}"], kept)


def run_lab() -> dict[str, Any]:
    """Return the times of a cold and a warm run in a browser, on a new server."""
    with lab_server() as server:
        command = ["node", str(HERE / "cold_start_browser.mjs"), server.url, server.token]
        try:
            return run(command, None)
        except RuntimeError as error:
            raise RuntimeError(f"{error}\nThe server's log:\n{server.log[-4000:]}") from error


def run(command: list[str], env: dict[str, str] | None) -> dict[str, Any]:
    """Run a command whose last line is JSON, and return that."""
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[:2]} failed:\n{done.stderr[-4000:]}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def median_moments(runs: list[dict[str, Any]]) -> dict[str, float]:
    """Return the median of each time."""
    return {name: statistics.median(run["seconds"][name] for run in runs) for name in runs[0]["seconds"]}


def main() -> int:
    """Measure, print, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="runs of each (default: %(default)s)")
    parser.add_argument(
        "--precision",
        default="bfloat16",
        choices=["bfloat16", "float32"],
        help="of LIT's widget; its own default is bfloat16, while float32 is what we compute in",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()

    lit_runs: list[dict[str, Any]] = []
    lab_runs: list[dict[str, Any]] = []
    # The first run of each doesn't count: it writes bytecode and fills the system's file cache.
    for repetition in range(options.repeat + 1):
        lit, lab = run_lit(options.precision), run_lab()
        if repetition:
            lit_runs.append(lit)
            lab_runs.append(lab)

    lit_seconds = median_moments(lit_runs)
    cold = median_moments([run["cold"] for run in lab_runs])
    warm = median_moments([run["warm"] for run in lab_runs])
    figures = {
        "lit": lit_seconds["map"],
        "cold": cold["overlay"],
        "ratio": statistics.median(
            lab["cold"]["seconds"]["overlay"] / lit["seconds"]["map"]
            for lab, lit in zip(lab_runs, lit_runs, strict=True)
        ),
        "warm": warm["overlay"],
        "silence": max(run[part]["silence"] for run in lab_runs for part in ("cold", "warm")),
    }
    if options.json:
        print(json.dumps({"figures": figures, "goals": GOALS, "lit": lit_runs, "lab": lab_runs}))
    else:
        print(f"LIT's widget ({options.precision}): " + tell(lit_seconds))
        print("LIT Lab, cold: " + tell(cold))
        for moment, words in lab_runs[-1]["cold"]["words"]:
            print(f"    {moment:6.1f} s  {words or '(no wait)'}")
        print("LIT Lab, warm: " + tell(warm))
        print(f"\n{'':<34}{'measured':>10}{'goal':>8}")
        for name, label in (
            ("ratio", "cold, LIT Lab ÷ LIT"),
            ("warm", "warm, right-click to overlay (s)"),
            ("silence", "longest without a word (s)"),
        ):
            print(f"{label:<34}{figures[name]:>10.2f}{GOALS[name]:>8.1f}")
    return int(any(figures[name] > goal for name, goal in GOALS.items()))


def tell(moments: dict[str, float]) -> str:
    """Return times as one line."""
    return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in moments.items())


if __name__ == "__main__":
    sys.exit(main())
