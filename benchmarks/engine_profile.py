"""Where the time of one target's gradient goes, measured with timers around the engine's parts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from engine_flops import block_flops, head_flops, last_block_flops, matrix_rates
from engine_lab import Lab
from engine_models import load

WATCHED = ("CompiledPart.forward", "Head.__call__", "CompiledPart.backward")
"""Methods of `lit_lab.service.engine`."""


def profile(size: str, repeat: int) -> dict[str, Any]:
    """Return the median times of the parts of a target's gradient without caches, compiled and warm.

    `parts` has, in the order of execution, the seconds of each part, and FLOP per second if it consists of matrix products.
    """
    import tensorflow as tf

    causal_lm, case = load(size)
    backbone = causal_lm.backbone
    lab = Lab(causal_lm)
    target = case.targets[-1]
    lab.compile(case)
    lab.scores(case, target)
    tf.test.experimental.sync_devices()
    runs: list[dict[str, float]] = []
    plain: list[float] = []
    calls: dict[str, int] = {}
    for _ in range(max(repeat, 3)):
        lab.forget()
        start = time.perf_counter()
        lab.scores(case, target)
        plain.append(time.perf_counter() - start)
        lab.forget()
        with stopwatches() as times:
            start = time.perf_counter()
            lab.scores(case, target)
            total = time.perf_counter() - start
        if not times["CompiledPart.forward"]:
            raise RuntimeError("the engine's compiled parts weren't used")
        *lower, top = times["CompiledPart.forward"]
        top_back, *lower_back = times["CompiledPart.backward"]
        calls = {"blocks, forward": len(lower), "blocks, backward": len(lower_back)}
        seconds = {
            "blocks, forward": sum(lower),
            "last block, forward": top,
            "head, both": sum(times["Head.__call__"]),
            "last block, backward": top_back,
            "blocks, backward": sum(lower_back),
        }
        runs.append(seconds | {"the rest (embedding, Python, transfers)": total - sum(seconds.values())})

    rows, targets = target[1] - 1, target[1] - target[0]
    blocks, block = backbone.num_layers - 1, block_flops(backbone, rows)
    last = last_block_flops(backbone, rows, targets)
    flops = {
        "blocks, forward": blocks * block.forward,
        "last block, forward": last.forward,
        "head, both": head_flops(backbone, targets),
        "last block, backward": last.backward,
        "blocks, backward": blocks * block.backward,
    }
    parts = []
    for name in runs[0]:
        seconds_of = statistics.median(run[name] for run in runs)
        parts.append(
            {
                "name": name,
                "calls": calls.get(name, 1),
                "seconds": seconds_of,
                "flops_per_s": flops[name] / seconds_of if name in flops else None,
            }
        )
    rates = matrix_rates(backbone, rows)
    return {"seconds": statistics.median(plain), "parts": parts, "rate": max(rates.values())}


@contextmanager
def stopwatches() -> Iterator[dict[str, list[float]]]:
    """Time every call of `WATCHED` inside of the context. On a GPU, each waits until the device is done."""
    import tensorflow as tf

    from lit_lab.service.engine import head
    from lit_lab.service.engine.backends import on_tensorflow

    owners = {"Head": head.Head, "CompiledPart": on_tensorflow.CompiledPart}
    times: dict[str, list[float]] = {name: [] for name in WATCHED}

    def watched(name: str, method: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            start = time.perf_counter()
            result = method(*arguments, **named)
            tf.test.experimental.sync_devices()
            times[name].append(time.perf_counter() - start)
            return result

        return call

    with ExitStack() as stack:
        for name in WATCHED:
            owner, _, method = name.partition(".")
            replacement = watched(name, getattr(owners[owner], method))
            stack.enter_context(mock.patch.object(owners[owner], method, replacement))
        yield times
