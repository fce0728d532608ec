"""llama.cpp's side of `peers.py` and `real_model.py`, in an environment with `llama-cpp-python`. It computes in the file's own format.

python benchmarks/peers_llama.py REQUEST
"""

from __future__ import annotations

import json
import os
import time

import llama_cpp  # type: ignore[import-not-found]  # it is in an environment of its own
import peers_child


def main() -> None:
    """Measure, and print JSON."""
    asked = peers_child.request()
    threads = int(os.environ["OMP_NUM_THREADS"])
    longest = max(each["prompt_tokens"] for each in asked["answers"]) + asked["tokens"]
    start = time.perf_counter()
    model = llama_cpp.Llama(
        asked["model"], n_ctx=max(512, longest), verbose=False, n_threads=threads, n_threads_batch=threads
    )
    loaded = time.perf_counter() - start

    def generate(ids: list[int], count: int) -> list[float]:
        begun = time.perf_counter()
        times: list[float] = []
        model.reset()
        for _ in model.generate(ids, temp=0.0, reset=True):
            times.append(time.perf_counter() - begun)
            if len(times) == count:
                break
        return times

    print(json.dumps(peers_child.measure(asked, generate=generate) | {"load_s": loaded}))


if __name__ == "__main__":
    main()
