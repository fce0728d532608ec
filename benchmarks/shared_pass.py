"""How much time does it save to share a prompt's pass between its answer and the answer's maps?

    python benchmarks/shared_pass.py [--sizes embedded,100m,2b-2l,2b-6l,2b-26l] [--repeat 5] [--json]

The model answers a prompt of 250 tokens and explains an answer of 40, one sentence first, then the other three: once with a
single pass over the prompt, which the answer leaves to the maps, and once with two passes, as happens before anything is
compiled for such a prompt. Both alternate in one process for each size, with everything compiled before, and nothing cached
from the previous turn. The script prints medians and their ratios: below one, sharing is faster.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from engine import available_cores
from engine_lab import Lab
from engine_models import ANSWER_TOKENS, PROMPT_TOKENS, SHAPES, Case, load

from lit_lab.service import libraries

PARTS = {
    "first_token": "to the first token",
    "one": "from the answer's end to one sentence's map",
    "all": "from the answer's end to all four maps",
    "together": "first token and all four maps",
}


def turn(lab: Lab, case: Case, is_shared: bool) -> tuple[dict[str, float], list[Any]]:
    """Return the seconds of each part, and the gradients of all targets."""
    gradients = lab.model.gradients
    lab.forget()
    lab.model.decoder.forget()
    start = time.perf_counter()
    read = gradients.read if is_shared else lambda ids: None
    steps = lab.model.decoder.steps(case.ids[:PROMPT_TOKENS], len(case.ids), read=read)
    next(steps)
    seconds = {"first_token": time.perf_counter() - start}
    for _ in steps:
        pass
    window = case.targets[0][0], case.targets[-1][1]
    start = time.perf_counter()
    found = [gradients.of(case.ids, *case.targets[-1], window).gradient]
    seconds["one"] = time.perf_counter() - start
    found += [gradients.of(case.ids, *target, window).gradient for target in case.targets[:-1]]
    seconds["all"] = time.perf_counter() - start
    if is_shared == bool(gradients._forward_cache.of_kind("sequence")):
        raise RuntimeError("this isn't compiled for such a prompt, or there is no room for it")
    seconds["together"] = seconds["first_token"] + seconds["all"]
    return seconds, found


def measure(size: str, repeat: int) -> dict[str, dict[str, float]]:
    """Return the median seconds of each part, shared and not, of one size."""
    import numpy as np

    causal_lm, case = load(size)
    lab = Lab(causal_lm)
    lab.model.warm_up_generation()
    gradients = lab.model.gradients
    gradients.request_compile_for_answer(PROMPT_TOKENS, ANSWER_TOKENS)
    gradients.compile_pending()
    lab.token_moments(case.ids[:PROMPT_TOKENS], len(case.ids))
    lab.model.decoder.compile_pending()
    runs: dict[bool, list[dict[str, float]]] = {True: [], False: []}
    for round_ in range(repeat + 1):
        maps = {}
        for is_shared, found in runs.items():
            seconds, maps[is_shared] = turn(lab, case, is_shared)
            if round_:  # the first one warms up
                found.append(seconds)
        off = max(np.max(np.abs(a - b)) / np.max(np.abs(b)) for a, b in zip(maps[True], maps[False], strict=True))
        shape = SHAPES[size]
        if off > (1e-4 if shape is None or shape.dtype == "float32" else 0.1):
            raise RuntimeError(f"the two ways differ by {off:.1e} of the largest gradient")
    return {
        part: {
            name: statistics.median(each[part] for each in runs[is_shared])
            for name, is_shared in (("shared", True), ("apart", False))
        }
        for part in PARTS
    }


def main() -> None:
    """Measure each size in a separate process, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="embedded,100m", help=f"of {','.join(SHAPES)} (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="turns of either (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON, one line for each size, instead of tables")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sizes = options.sizes.split(",")
    if unknown := set(sizes) - set(SHAPES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(SHAPES)}")
    if options.child:
        libraries.set_environment(available_cores())
        libraries.import_backend(available_cores())
        libraries.import_keras()
        print(json.dumps(measure(sizes[0], options.repeat)))
        return
    for size in sizes:
        command = [sys.executable, str(Path(__file__)), f"--sizes={size}", f"--repeat={options.repeat}", "--child"]
        found = json.loads(
            subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()[-1]
        )
        ratios = {part: seconds["shared"] / seconds["apart"] for part, seconds in found.items()}
        if options.json:
            print(json.dumps({"size": size, "seconds": found, "ratios": ratios}), flush=True)
            continue
        print(f"\n{size}\n\n| | shared | apart | ratio |\n| --- | --- | --- | --- |")
        for part, seconds in found.items():
            print(f"| {PARTS[part]} | {seconds['shared']:.3f} s | {seconds['apart']:.3f} s | {ratios[part]:.2f} |")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
