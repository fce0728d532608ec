"""How much later does `jupyter lab` respond with the extension than without it?

The script starts both alternately, so that a busy machine is busy for both. Wall time is from the start of the process to
its first response to `GET api/status`; processor time is the time used by then, which has less noise.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys

from lab_server import lab_server

GOAL_MS = 50


def main() -> int:
    """Measure, print, and return 1 if both processor time and wall time miss the goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=9, help="starts of each (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()

    wall: dict[bool, list[float]] = {True: [], False: []}
    cpu: dict[bool, list[float]] = {True: [], False: []}
    # The first start of each doesn't count: it writes bytecode and fills the system's file cache.
    for repetition in range(options.repeat + 1):
        for extension in (True, False) if repetition % 2 else (False, True):
            with lab_server(extension=extension) as server:
                route = server.get("lit-lab/api/status")
                if (route == 200) != extension:
                    raise RuntimeError(
                        f"lit-lab/api/status answered {route}: the extension isn't installed as expected.\n{server.log}"
                    )
                if repetition:
                    wall[extension].append(1000 * server.seconds)
                    cpu[extension].append(1000 * server.cpu)

    rows = {
        name: {
            "with_ms": statistics.median(values[True]),
            "without_ms": statistics.median(values[False]),
            # Consecutive starts meet the same load, so the median of their differences is more stable.
            "more_ms": statistics.median(a - b for a, b in zip(values[True], values[False], strict=True)),
            "spread_ms": statistics.pstdev(values[False]),
        }
        for name, values in (("wall", wall), ("cpu", cpu))
    }
    if options.json:
        print(json.dumps({"repeat": options.repeat, "goal_ms": GOAL_MS, "raw": {"wall": wall, "cpu": cpu}, **rows}))
    else:
        print(f"{'':<6}{'with':>10}{'without':>10}{'more':>10}{'spread':>10}   (ms, medians of {options.repeat})")
        for name, row in rows.items():
            print(f"{name:<6}" + "".join(f"{row[key]:>10.0f}" for key in row))
        print(f"goal: less than {GOAL_MS} ms more")
    return int(min(row["more_ms"] for row in rows.values()) >= GOAL_MS)


if __name__ == "__main__":
    sys.exit(main())
