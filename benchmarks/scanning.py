"""How long does it take to find the models on this machine?

    python benchmarks/scanning.py
    python benchmarks/scanning.py --file gemma-3-270m.gguf --json

The script reads a file's header like the list of models does, and with the gguf package's own reader, the one-line
alternative. Then it scans a folder with 100 such files twice, when they are new and when they are known. The file is that
of SmolLM2, downloaded like `lit-lab fetch smollm2-135m` does, unless you name another.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lit_lab.models import known
from lit_lab.service.gguf import header
from lit_lab.service.scanning.scanner import Scanner

MODELS = 100
GOALS = {"header": 0.030, "known": 0.300}
"""Most seconds for the header of one file, and for 100 models that are known."""


def seconds(work: Callable[[], object], repeat: int) -> float:
    """Return the median of several runs."""
    took = []
    for _ in range(repeat):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return statistics.median(took)


def measured(file: Path, repeat: int) -> dict[str, float]:
    """Return the seconds of each step."""
    from gguf import GGUFReader

    found = {"gguf": seconds(lambda: GGUFReader(file), 1), "header": seconds(lambda: header.skim(file), repeat)}
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        for number in range(MODELS):
            os.link(file, Path(folder) / f"model-{number}.gguf")
        scanner = Scanner(["folders"], [folder])
        found["new"] = seconds(scanner.look, 1)
        found["known"] = seconds(scanner.look, repeat)
        assert len(scanner.look()) == MODELS
    return found


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", type=Path, help="a GGUF file; links to it are made beside it for a while")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    about = known.known()[0].package
    assert about is not None
    file = options.file or known.fetch(about)
    from lit_lab.service.scanning import facts  # noqa: F401 - what this imports isn't what is measured

    found = measured(file, options.repeat)
    if options.json:
        print(json.dumps({"file": file.name, "seconds": found, "goals": GOALS}))
        return
    print(f"{file.name}, {file.stat().st_size / 1e6:,.0f} MB\n")
    print(f"{'':34} {'seconds':>8}  {'goal':>6}  {'of the gguf package':>19}")
    for name, what in (
        ("gguf", "header, by the gguf package"),
        ("header", "header, by LIT Lab"),
        ("new", f"{MODELS} models that are new"),
        ("known", f"{MODELS} models that are known"),
    ):
        goal = f"{GOALS[name]:.3f}" if name in GOALS else ""
        ratio = f"{found[name] / found['gguf']:.3f}" if name == "header" else ""
        print(f"{what:34} {found[name]:8.3f}  {goal:>6}  {ratio:>19}")


if __name__ == "__main__":
    main()
