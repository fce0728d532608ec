"""How many bytes does a browser fetch for the whole extension, compressed with gzip as JupyterLab's server sends them?

    python benchmarks/bundle.py [--json]

Measures the result of `jlpm build:prod`, and fails above the goal. The page loads files beside the entry when it needs them: the one for exported pages on the
first export, and the one for notebooks' values on the first analysis.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from pathlib import Path

STATIC = Path(__file__).parent.parent / "lit_lab/labextension/static"
GOAL = 300_000
"""Bytes of all files."""


def main() -> None:
    """Print the sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    files = {path.name: path.read_bytes() for path in STATIC.glob("*.js")}
    if any(b"webpack://" in content for content in files.values()) or not files:
        parser.error("run `jlpm build:prod` first: this is no production build")
    sizes = {name: (len(content), len(gzip.compress(content, 9))) for name, content in files.items()}
    rows = sorted(sizes.items(), key=lambda row: -row[1][1])
    total = sum(packed for _, packed in sizes.values())
    if as_json:
        print(json.dumps({"files": sizes, "packed": total, "goal": GOAL, "ratio": total / GOAL}))
        return
    print(f"{'file':40}{'bytes':>10}{'gzip':>10}{'of goal':>10}")
    for name, (size, packed) in [*rows, ("all", (sum(size for size, _ in sizes.values()), total))]:
        print(f"{name:40}{size:10,}{packed:10,}{packed / GOAL:10.2f}")
    sys.exit(total > GOAL)


if __name__ == "__main__":
    main()
