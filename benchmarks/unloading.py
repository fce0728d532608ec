"""Does an unloaded model leave anything in memory?

    python benchmarks/unloading.py --models 20

The script uses a Jupyter server with its usual configuration. It loads and uses the embedded model, for the memory of a new
service. Then it loads small models of different families and shapes one after the other, uses them in each way that the panel
offers (an answer, maps before and after compilation, integrated gradients, leaving out sentences, LIT's app), and unloads
them; the table shows the process's memory after each. After an idle minute, the service continues in a new process, in which
the script uses the embedded model as at first, and compares its memory with that of the first process.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import unloading_presets
from lab_jobs import PATIENCE, ask, held_mb, ready, run
from lab_server import Server, cpu_seconds, lab_server

GOAL = 1.15
"""Most of what a fresh service holds."""
QUIET, LONG = 0.05, 6
"""Share of a processor below which a process rests, and for how many seconds: longer than it waits before it compiles."""
PROMPT = "Taste-likes: Cheese\nTaste-dislikes: Eggs\nSuggestion: Quiche Lorraine\nAnalysis:"
TOKENS = 24


def rest(server: Server) -> None:
    """Wait until all computations and compilations have ended."""
    quiet = 0
    while quiet < LONG:
        pid = ready(server)  # another process may have taken its place meanwhile
        before = cpu_seconds(pid)
        time.sleep(1.0)
        quiet = quiet + 1 if cpu_seconds(pid) - before < QUIET else 0


def use(server: Server, model: str, lit: bool) -> None:
    """Use a model in all ways, at once and again after it has been idle."""
    for prompt in (PROMPT, f"{PROMPT} "):
        events = run(server, {"kind": "generate", "model": model, "prompt": prompt, "max_new_tokens": TOKENS})
        tokens = [
            token["id"] for event in events if event["event"] in ("prompt", "answer") for token in event["tokens"]
        ]
        seam = len(next(event for event in events if event["event"] == "prompt")["tokens"])
        ids = tokens if len(tokens) > seam else [*tokens, tokens[-1]]
        asked: dict[str, Any] = {"model": model, "ids": ids}
        target = {"start": seam, "end": len(ids)}
        run(server, {"kind": "salience", **asked, "targets": [target]})
        rest(server)
    integration = {"integration": {"steps": 8}, "methods": ["integrated_gradients"]}
    run(server, {"kind": "salience", **asked, "targets": [target], **integration})
    segments = [{"start": at, "end": at + 4} for at in range(1, seam - 4, 4)]
    run(server, {"kind": "ablation", **asked, "target": target, "segments": segments, "method": "leave_one_out"})
    if lit:
        run(server, {"kind": "lit_app", "model": model, "max_new_tokens": TOKENS})
    rest(server)


def renewed(server: Server, pid: int) -> int:
    """Wait until another process has taken this one's place, and return its id."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        service = ask(server, "GET", "status")["service"]
        if service["state"] == "ready" and service["pid"] != pid:
            return int(service["pid"])
        time.sleep(1.0)
    raise RuntimeError("no other process took this one's place")


def change(server: Server, kind: str, model: str, **more: Any) -> None:
    """Change the list of models."""
    ask(server, "POST", "models/change", {"change": {"kind": kind, "name": model, **more}})


def main() -> int:
    """Measure, print, and return 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=20, help="how many are loaded (default: %(default)s)")
    parser.add_argument("--without-lit", action="store_true", help="leave LIT's app out")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    lit = not options.without_lit
    with tempfile.TemporaryDirectory(prefix="lit-lab-presets-") as folder:
        presets = unloading_presets.write(Path(folder), options.models)
        listed = [f"model-{number}:{preset}" for number, preset in enumerate(presets)]
        with lab_server(config=f"c.LitLab.models = {['demo:embedded', *listed]!r}") as server:
            use(server, "demo", lit)
            fresh = held_mb(ready(server))
            held: list[float] = []
            for entry in listed:
                name = entry.partition(":")[0]
                use(server, name, lit)
                change(server, "unload", name)
                pid = ready(server)
                rest(server)
                held.append(held_mb(ready(server)))
                if not options.json:
                    print(f"{name:>10} unloaded {held[-1]:8.1f} MB   {held[-1] / fresh:.2f}", flush=True)
            pid = renewed(server, pid)
            use(server, "demo", lit)
            last = held_mb(pid)
    ratio = last / fresh
    if options.json:
        print(json.dumps({"fresh_mb": fresh, "unloaded_mb": held, "last_mb": last, "ratio": ratio, "goal": GOAL}))
    else:
        print(f"     fresh {fresh:8.1f} MB\n at last {last:8.1f} MB   {ratio:.2f}   goal: at most {GOAL}")
    return int(ratio > GOAL)


if __name__ == "__main__":
    sys.exit(main())
