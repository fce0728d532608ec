"""The engine compared with LIT 1.3.1: salience, memory, first requests and answers, on models from small to Gemma 2 2B.

LIT's own `KerasSalienceModel` and `KerasGenerationModel` and the service's `LanguageModel` use the same Keras model and
the same ids (250 tokens of prompt, 40 of answer, in four sentences), in float32 except for `2b-26l`. They alternate in one
process for each size; first requests and memory are measured in new processes. The figures are medians and their ratios.
Both use the same number of threads. At a 2B size, LIT takes minutes for a call and up to 20 GiB of memory.

    python benchmarks/engine.py                                    # embedded and 100m
    python benchmarks/engine.py --sizes 2b-2l --only salience,memory
    python benchmarks/engine.py --sizes embedded --profile
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from engine_figures import FIELDS, GOALS, figures, missed
from engine_memory import available_bytes
from engine_models import SHAPES, parameters
from engine_tables import print_tables, tell_profile

HERE = Path(__file__).parent
PARTS = ("salience", "first", "memory", "generation")


class Measurement:
    """Runs one size's parts, each in a separate process.

    Args:
        size: One of `SHAPES`.
        threads: Threads for arithmetic, on both sides.
        repeat: Repetitions within a process, or, for first requests, of processes.
    """

    def __init__(self, size: str, threads: int, repeat: int) -> None:
        self._size = size
        self._threads = threads
        self._repeat = repeat

    def part(self, name: str) -> dict[str, Any]:
        """Measure one part."""
        if name == "first":
            return self._first()
        if name == "memory":
            return {side: self.child("memory", f"--side={side}") for side in ("lit", "lab")}
        return self.child(name, f"--repeat={self._repeat}")

    def float32(self) -> dict[str, Any] | None:
        """Return LIT Lab's scores in float32 for a size in half precision. None for the others.

        Uses as many layers as fit into memory. If these aren't all, also returns scores in half precision (`half_scores`).
        """
        shape = SHAPES[self._size]
        if shape is None or shape.dtype == "float32":
            return None
        room = available_bytes()
        choices = (shape.layers, shape.layers // 2, shape.layers // 4)
        # Building, a pass and the libraries take one and a half times as much again: all 26 layers, 10 GB of weights,
        # filled 24 GB.
        fits = [count for count in choices if room is None or 2.5 * 4 * parameters(shape, count) + 2e9 < room]
        layers = fits[0] if fits else 2
        exact = self.child("scores", "--dtype=float32", f"--layers={layers}")["scores"]
        half = None if layers == shape.layers else self.child("scores", f"--layers={layers}")["scores"]
        return {"layers": layers, "scores": exact, "half_scores": half}

    def child(self, part: str, *arguments: str) -> dict[str, Any]:
        """Run `engine_child.py`, and return its last line."""
        words = [part, self._size, *arguments]
        print(" ".join(words), file=sys.stderr, flush=True)
        command = [sys.executable, str(HERE / "engine_child.py"), *words, f"--threads={self._threads}"]
        kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        with tempfile.TemporaryFile("w+") as log:
            done = subprocess.run(
                command, env=kept | {"TF_CPP_MIN_LOG_LEVEL": "3"}, stdout=subprocess.PIPE, stderr=log, text=True
            )
            if done.returncode:
                log.seek(0)
                raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}:\n{log.read()[-4000:]}")
        result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return result

    def _first(self) -> dict[str, list[float]]:
        runs: dict[str, list[float]] = {"lit": [], "lab": [], "compiled": []}
        for _ in range(self._repeat):
            for side, seconds in runs.items():
                seconds.append(self.child("first", f"--side={side}")["seconds"])
        return runs


def main() -> int:
    """Measure, print, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="embedded,100m", help=f"of {','.join(SHAPES)} (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each (default: %(default)s)")
    parser.add_argument(
        "--only", help=f"parts, of {','.join(PARTS)} (default: all; the 2B sizes without generation, which has no goal)"
    )
    parser.add_argument("--threads", type=int, default=available_cores(), help="for either side (default: %(default)s)")
    parser.add_argument("--profile", action="store_true", help="print_tables instead where the time of one target goes")
    parser.add_argument("--details", type=Path, help="file to write all measurements to, as JSON")
    parser.add_argument("--json", action="store_true", help="print JSON, one line for each size, instead of tables")
    options = parser.parse_args()
    sizes = options.sizes.split(",")
    for name, known in ((sizes, SHAPES), ((options.only or PARTS[0]).split(","), PARTS)):
        if unknown := set(name) - set(known):
            parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(known)}")

    results: dict[str, dict[str, Any]] = {}
    details: dict[str, dict[str, Any]] = {}
    for size in sizes:
        measurement = Measurement(size, options.threads, options.repeat)
        if options.profile:
            details[size] = measurement.part("profile")
            tell_profile(size, details[size])
            continue
        chosen = options.only.split(",") if options.only else [name for name in PARTS if applies(size, name)]
        parts = details[size] = {name: measurement.part(name) for name in PARTS if name in chosen}
        if "salience" in parts and (exact := measurement.float32()):
            parts["float32"] = exact
        results[size] = figures(size, parts)
        if options.json:
            print(json.dumps(results[size]), flush=True)
    if options.details:
        options.details.write_text(json.dumps(details))
    if results and not options.json:
        print_tables(results, details, options.threads)
    return int(any(missed(size, field, row[field]) for size, row in results.items() for field in FIELDS if row[field]))


def applies(size: str, part: str) -> bool:
    """Return whether any goal of a size depends on a part."""
    return part != "generation" or "first_token_ratio" in GOALS[size]


def available_cores() -> int:
    """Return how many cores this process may use, which may be fewer than the machine's in a container."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


if __name__ == "__main__":
    sys.exit(main())
