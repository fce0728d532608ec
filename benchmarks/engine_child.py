"""One part of `engine.py`'s measurements for one size, in a separate process. The last line of output is JSON.

Times are in seconds, one for each repetition unless stated otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from typing import Any

from engine_exact import exact_scores
from engine_flops import matrix_rates, target_flops
from engine_generation import generation
from engine_lab import Lab
from engine_lit import LitSalience
from engine_memory import Peak, held_bytes
from engine_models import PROMPT_TOKENS, Case, load
from engine_profile import profile

from lit_lab.service import libraries


def salience(size: str, repeat: int) -> dict[str, Any]:
    """Time LIT and LIT Lab alternately, in one process, on one model.

    Each repetition of LIT Lab drops its caches and explains, as if the user clicked one after the other, the answer's last
    sentence (`one`: it follows the most tokens) and the others (`next`: they reuse the forward pass). Then it drops its
    caches again, and one request explains all of them (`all`). Both sides are warmed up and compiled before.
    """
    causal_lm, case = load(size)
    lit, lab = LitSalience(causal_lm), Lab(causal_lm)
    *others, last = case.targets
    # LIT takes minutes with a large model. One call stands for all targets, since it computes the whole sequence for any
    # target (only a mask differs), and a short sequence warms it up.
    large = size.startswith("2b")
    lit_targets = [last] if large else case.targets
    short = Case(case.ids[: PROMPT_TOKENS + 2], [(PROMPT_TOKENS, PROMPT_TOKENS + 2)])
    lit.scores(short if large else case, short.targets[0])
    lab.compile(case)
    explain_all(lab, case)
    lab.scores(case, last)

    times: dict[str, list[float]] = {name: [] for name in ("lit_one", "lit_all", "one", "next", "all")}
    lit_scores, scores = {}, {}
    for _ in range(repeat):
        seconds = []
        for target in lit_targets:
            start = time.perf_counter()
            lit_scores[target] = lit.scores(case, target)
            seconds.append(time.perf_counter() - start)
        times["lit_one"] += seconds
        times["lit_all"].append(sum(seconds) * len(case.targets) / len(seconds))
        lab.forget()
        seconds = []
        for target in (last, *others):
            start = time.perf_counter()
            scores[target] = lab.scores(case, target)
            seconds.append(time.perf_counter() - start)
        times["one"].append(seconds[0])
        times["next"] += seconds[1:]
        times["all"].append(_seconds(lambda: explain_all(lab, case)))

    lab.click(case, last)
    rows = last[1] - 1
    return {
        "seconds": times | {"click": [_seconds(lambda: lab.click(case, last)) for _ in range(10)]},
        "scores": _listed(scores),
        "lit_scores": _listed(lit_scores),
        # Memory has no room for a large model's weights at twice the size.
        "exact_scores": None if large else _listed(exact_scores(causal_lm, case)),
        "flops": target_flops(causal_lm.backbone, rows, last[1] - last[0]),
        "rates": matrix_rates(causal_lm.backbone, rows),
        "parameters": int(causal_lm.count_params()),
        "dtype": causal_lm.backbone.compute_dtype,
    }


def explain_all(lab: Lab, case: Case) -> None:
    """Explain all sentences without caches, like a request for all of them: first the clicked one, which is the last."""
    lab.forget()
    for target in reversed(case.targets):
        lab.scores(case, target, (case.targets[0][0], case.targets[-1][1]))


def scores(size: str, dtype: str | None, layers: int | None) -> dict[str, Any]:
    """Return LIT Lab's scores of all targets, at another precision or with fewer layers."""
    causal_lm, case = load(size, dtype, layers)
    lab = Lab(causal_lm)
    return {"scores": _listed({target: lab.scores(case, target) for target in case.targets})}


def first(size: str, side: str) -> dict[str, Any]:
    """Time the first request for salience in this process, with the libraries imported, the model loaded, and nothing compiled.

    `request` is a user's wait if nothing was prepared. `compiled` compiles everything first, and includes that time.
    """
    causal_lm, case = load(size)
    target = case.targets[-1]
    if side == "lit":
        lit = LitSalience(causal_lm)
        return {"seconds": _seconds(lambda: lit.scores(case, target))}
    lab = Lab(causal_lm)

    def compile_and_request() -> None:
        lab.compile(case)
        lab.click(case, target)

    return {"seconds": _seconds(compile_and_request if side == "compiled" else lambda: lab.click(case, target))}


def memory(size: str, side: str) -> dict[str, Any]:
    """Return the peak memory, in bytes, of explaining the answer when everything is compiled and warm.

    `above` is the memory above that of the loaded model: it includes compiled code, cached passes and copies of weights, and
    for LIT what its first call left behind. `passing` is the memory above that between two requests.
    LIT Lab explains all sentences without caches, and LIT one, since it never does more at a time.
    """
    causal_lm, case = load(size)
    loaded = held_bytes()
    work: Callable[[], Any]
    if side == "lit":
        lit = LitSalience(causal_lm)

        def work() -> None:
            lit.scores(case, case.targets[-1])
    else:
        lab = Lab(causal_lm)
        lab.compile(case)

        def work() -> None:
            explain_all(lab, case)

    work()
    if side == "lab":
        lab.forget()
    between = held_bytes()
    with Peak() as peak:
        work()
    return {"above": peak.bytes - loaded, "passing": peak.bytes - between, "loaded": loaded}


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _listed(scores: dict[tuple[int, int], dict[str, Any]]) -> list[Any]:
    """Return scores by target in a form for JSON: pairs of a target and its methods' lists."""
    return [[target, {name: values.tolist() for name, values in maps.items()}] for target, maps in scores.items()]


def main() -> None:
    """Import as the service does, measure, print, and end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["salience", "scores", "first", "memory", "generation", "profile"])
    parser.add_argument("size")
    parser.add_argument("--side", choices=["lit", "lab", "compiled"], default="lab")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--dtype")
    parser.add_argument("--layers", type=int)
    options = parser.parse_args()
    if options.part != "memory":
        # Keeping freed memory in the process, TensorFlow's own default, makes LIT a third faster at 100M weights.
        os.environ["TF_ONEDNN_USE_SYSTEM_ALLOCATOR"] = "0"
    libraries.set_environment(options.threads)
    libraries.import_tensorflow(options.threads)
    libraries.import_keras()
    import tensorflow as tf
    from lit_nlp.examples.prompt_debugging import keras_lms  # noqa: F401 - imported now, so that nobody is timed for it

    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "salience": lambda: salience(options.size, options.repeat),
        "scores": lambda: scores(options.size, options.dtype, options.layers),
        "first": lambda: first(options.size, options.side),
        "memory": lambda: memory(options.size, options.side),
        "generation": lambda: generation(options.size, options.repeat),
        "profile": lambda: profile(options.size, options.repeat),
    }
    gpus = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    result = parts[options.part]() | {"device": gpus[0].get("device_name", "GPU") if gpus else "CPU"}
    print(json.dumps(result), flush=True)
    os._exit(0)  # end at once, because unloading a large model takes seconds, and threads may still run


if __name__ == "__main__":
    main()
