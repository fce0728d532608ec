"""TensorFlow, JAX and PyTorch on the embedded model (or a larger one): time, and agreement with LIT in float32.

Each backend runs in a separate process, one after the other: TensorFlow in this environment, the others in those that
`make test-backends` builds. A ratio is TensorFlow's time divided by the other's: above 1 is faster than TensorFlow.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
TIMES = {
    "one": "one sentence, nothing kept",
    "next": "next sentence",
    "first_token": "first token of an answer",
    "token": "further tokens, each",
    "compile": "compiling a map, once",
}


def child(size: str, backend: Any, threads: int, repeat: int) -> dict[str, Any]:
    """Return the medians of `TIMES` in seconds, each target's scores, and LIT's scores on TensorFlow."""
    from lit_lab.service import libraries

    libraries.set_environment(threads, backend)
    libraries.import_backend(threads, backend)
    libraries.import_keras()
    from engine_lab import Lab
    from engine_lit import LitSalience
    from engine_models import PROMPT_TOKENS, load

    causal_lm, case = load(size)
    lab = Lab(causal_lm)
    begin = time.perf_counter()
    lab.compile(case)
    times: dict[str, list[float]] = {name: [] for name in TIMES} | {"compile": [time.perf_counter() - begin]}
    *others, last = case.targets
    scores = {target: lab.scores(case, target) for target in case.targets}
    ids = case.ids[:PROMPT_TOKENS]
    for warm in range(2):
        lab.model.decoder.forget()
        lab.token_moments(ids, len(case.ids))
        if not warm:
            lab.model.decoder.compile_pending()
    for _ in range(repeat):
        for name, targets in (("one", [last]), ("next", others)):
            if name == "one":
                lab.forget()
            for target in targets:
                begin = time.perf_counter()
                lab.scores(case, target)
                times[name].append(time.perf_counter() - begin)
        lab.model.decoder.forget()
        first, *further = lab.token_moments(ids, len(case.ids))
        times["first_token"].append(first)
        times["token"].append((further[-1] - first) / len(further))
    result: dict[str, Any] = {"seconds": {name: statistics.median(each) for name, each in times.items()}}
    result["scores"] = [{method: values.tolist() for method, values in maps.items()} for maps in scores.values()]
    if backend == "tensorflow":
        lit = LitSalience(causal_lm)
        maps = [lit.scores(case, target) for target in case.targets]
        result["lit_scores"] = [{method: values.tolist() for method, values in each.items()} for each in maps]
    return result


def agreement(ours: list[Any], lits: list[Any], method: str) -> float:
    """Return the largest difference of a map from LIT's, relative to the map's largest score."""
    pairs = [(np.array(one[method]), np.array(other[method])) for one, other in zip(ours, lits, strict=True)]
    return float(max(np.abs(a - b).max() / np.abs(b).max() for a, b in pairs))


def pythons() -> dict[str, Path]:
    """Return the interpreter of each backend that is installed."""
    found = {"tensorflow": Path(sys.executable)}
    for name in ("jax", "torch"):
        path = ROOT / f".venv-{name}" / "bin" / "python"
        if path.exists():
            found[name] = path
    return found


def main() -> None:
    """Run each backend, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="embedded", choices=["embedded", "100m"])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.size, options.child, options.threads, options.repeat)), flush=True)
        os._exit(0)  # end at once, because unloading the libraries takes seconds
    results = {}
    for name, python in pythons().items():
        given = ["--size", options.size, "--repeat", str(options.repeat), "--threads", str(options.threads)]
        command = [python, __file__, "--child", name, *given]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            sys.exit(f"{name} failed:\n{run.stderr[-3000:]}")
        results[name] = json.loads(run.stdout.splitlines()[-1])
    base = results["tensorflow"]
    for result in results.values():
        result["ratios"] = {name: base["seconds"][name] / result["seconds"][name] for name in TIMES}
        result["agreement"] = {m: agreement(result["scores"], base["lit_scores"], m) for m in base["lit_scores"][0]}
    if options.json:
        kept = ("seconds", "ratios", "agreement")
        print(json.dumps({n: {key: r[key] for key in kept} | {"size": options.size} for n, r in results.items()}))
        return
    print(f"{options.size}, {options.threads} threads")
    print(f"{'':32}" + "".join(f"{name:>24}" for name in results))
    for name, label in TIMES.items():
        cells = [f"{r['seconds'][name] * 1000:10.1f} ms {r['ratios'][name]:5.2f}x" for r in results.values()]
        print(f"{label:32}" + "".join(f"{cell:>24}" for cell in cells))
    for method in base["agreement"]:
        print(f"{method + ' off LIT':32}" + "".join(f"{r['agreement'][method]:24.1e}" for r in results.values()))


if __name__ == "__main__":
    main()
