"""How many bytes does a browser fetch for the whole extension, compressed with gzip as JupyterLab's server sends them?

    python benchmarks/bundle.py [--json]

Measures the result of `jlpm build:prod`, and fails above a goal. The page loads files beside the entry when it needs them: the one for exported pages on the
first export, and the one for notebooks' values on the first analysis. What only Run over all rows needs has a goal of its own.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from pathlib import Path

STATIC = Path(__file__).parent.parent / "lit_lab/labextension/static"
GOAL = 300_000
"""Bytes of all files but those of batches."""

BATCHES = "batches."
"""How the names of files begin that load with the first batch: `webpackChunkName` in src/app/panel.ts."""

BATCHES_GOAL = 25_000
"""Bytes of those."""


def main() -> None:
    """Print the sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    files = {path.name: path.read_bytes() for path in STATIC.glob("*.js")}
    if any(b"webpack://" in content for content in files.values()) or not files:
        parser.error("run `jlpm build:prod` first: this is no production build")
    sizes = {name: (len(content), len(gzip.compress(content, 9))) for name, content in files.items()}
    of_batches = {name: size for name, size in sizes.items() if name.startswith(BATCHES)}
    if not of_batches:
        parser.error(f"no file begins with {BATCHES}: what batches need isn't apart")
    others = {name: size for name, size in sizes.items() if name not in of_batches}
    total, batches = (sum(packed for _, packed in part.values()) for part in (others, of_batches))
    if as_json:
        figures = {"files": sizes, "packed": total, "goal": GOAL, "ratio": total / GOAL}
        print(
            json.dumps(
                {**figures, "batches": {"packed": batches, "goal": BATCHES_GOAL, "ratio": batches / BATCHES_GOAL}}
            )
        )
        return
    print(f"{'file':40}{'bytes':>10}{'gzip':>10}{'of goal':>10}")
    for part, name, goal in ((others, "all without batches", GOAL), (of_batches, "batches", BATCHES_GOAL)):
        rows = sorted(part.items(), key=lambda row: -row[1][1])
        whole = (sum(size for size, _ in part.values()), sum(packed for _, packed in part.values()))
        for label, (size, packed) in [*rows, (name, whole)]:
            print(f"{label:40}{size:10,}{packed:10,}{packed / goal:10.2f}")
    sys.exit(total > GOAL or batches > BATCHES_GOAL)


if __name__ == "__main__":
    main()
