"""How much does reading a very large file of prompts cost the Jupyter server, in memory and in waiting times of other requests?

The script writes a file of made-up prompts, opens it through the API of a Jupyter server with its usual configuration, and
deletes it at the end. While the server reads the file, the script requests its state, as the panel does, and `api/status`, as
any other client would. Then it reads and searches rows, and closes the dataset while the server reads the file a second time.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from lab_server import Server, lab_server

from datasets import ask, memory

GOALS = {"memory_mb": 100.0}
TEXT = "Why is the sky blue, and what would it take for it to be another colour? " * 6
EXPLAINED = {
    "file_mb": "size of the file (MB)",
    "rows": "rows",
    "first_rows_s": "until the first rows could be seen (s)",
    "read_s": "until all were there (s)",
    "states": "progress reports meanwhile",
    "memory_mb": "memory that the server took more, at most (MB)",
    "kept_mb": "  and when all rows were there (MB)",
    "temporary_mb": "disk for the rows, as long as the dataset is open (MB)",
    "wait_ms": "the longest that anybody waited for api/status (ms)",
    "page_ms": "the last page of the list (ms)",
    "search_ms": "a search for a rare word (ms)",
    "closed_ms": "closing it while it is read (ms)",
    "stopped_s": "  until the disk for it was free (s)",
}


def write(path: Path, megabytes: int) -> int:
    """Write a file of about this size, and return its number of rows."""
    rows = 0
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        if path.suffix == ".csv":
            table.writerow(("prompt", "target", "source"))
        while rows % 1000 or file.tell() < megabytes * 1_000_000:
            prompt = f"Question {rows}: {TEXT}{'zebra' if rows % 10_000 == 0 else ''}"
            if path.suffix == ".csv":
                table.writerow((prompt, "because", f"source {rows % 7}"))
            else:
                row = {"prompt": prompt, "target": "because", "source": f"source {rows % 7}"}
                file.write(json.dumps(row) + "\n")
            rows += 1
    return rows


def temporary(server: Server) -> float:
    """Return the size on disk of the server's unnamed temporary files, in MB."""
    total = 0
    for link in Path(f"/proc/{server.process.pid}/fd").iterdir():
        try:
            if str(link.readlink()).endswith("(deleted)"):
                total += link.stat().st_size
        except OSError:
            continue
    return total / 1e6


def measure(server: Server, path: Path, patience: float) -> dict[str, float]:
    """Open a file in the server's folder, and return the figures."""
    pid = server.process.pid
    for route in ("datasets", "status"):
        ask(server, "GET", route)
    before, start = memory(pid), time.perf_counter()
    state: dict[str, Any] = ask(server, "POST", "datasets/open", {"path": path.name})
    url, peak, wait, states, first = f"datasets/{state['id']}", before, 0.0, 0, 0.0
    while state["state"] == "reading":
        if time.perf_counter() - start > patience:
            raise RuntimeError(f"It took longer than {patience:.0f} s: {state}")
        asked = time.perf_counter()
        server.get("api/status")
        wait = max(wait, time.perf_counter() - asked)
        state = ask(server, "GET", url)
        states += 1
        if not first and state["rows"]:
            first = time.perf_counter() - start
        peak = max(peak, memory(pid))
        time.sleep(0.2)
    if state["error"]:
        raise RuntimeError(state["error"])
    figures = {
        "file_mb": path.stat().st_size / 1e6,
        "rows": state["rows"],
        "first_rows_s": first,
        "read_s": time.perf_counter() - start,
        "states": states,
        "wait_ms": 1000 * wait,
        "temporary_mb": temporary(server),
        "kept_mb": memory(pid) - before,
    }
    for name, query in (("page_ms", {"offset": state["rows"] - 100}), ("search_ms", {"search": "zebra"})):
        asked = time.perf_counter()
        ask(server, "POST", f"{url}/search", query)
        figures[name] = 1000 * (time.perf_counter() - asked)
    figures["memory_mb"] = max(peak, memory(pid)) - before
    ask(server, "DELETE", url)

    state = ask(server, "POST", "datasets/open", {"path": path.name})
    time.sleep(1)
    asked = time.perf_counter()
    ask(server, "DELETE", f"datasets/{state['id']}")
    figures["closed_ms"] = 1000 * (time.perf_counter() - asked)
    while temporary(server) > 1:
        time.sleep(0.05)
    figures["stopped_s"] = time.perf_counter() - asked
    return figures


def main() -> int:
    """Measure, print, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000, help="size of the file (default: %(default)s)")
    parser.add_argument("--kind", choices=["jsonl", "csv"], default="jsonl", help="(default: %(default)s)")
    parser.add_argument("--patience", type=float, default=900, help="seconds to wait at most (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    with lab_server(config="c.LitLab.dataset_megabytes = 0") as server:
        path = server.scratch / "root" / f"large.{options.kind}"
        rows = write(path, options.megabytes)
        figures = measure(server, path, options.patience)
    if figures["rows"] != rows:
        raise RuntimeError(f"The file has {rows:,} rows, and {figures['rows']:,} were read.")
    figures["load"] = os.getloadavg()[0]
    if options.json:
        print(json.dumps({"kind": options.kind, "figures": figures, "goals": GOALS}))
    else:
        for name, label in EXPLAINED.items():
            goal = f"   goal: under {GOALS[name]:.0f}" if name in GOALS else ""
            print(f"{label:<60}{figures[name]:>12,.1f}{goal}")
    return int(any(figures[name] >= goal for name, goal in GOALS.items()))


if __name__ == "__main__":
    sys.exit(main())
