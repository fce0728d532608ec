"""llama.cpp's side of `real_model.py`. Runs in the environment of `make test-real`.

python benchmarks/real_model_llama.py FILE ANSWERS TOKENS THREADS
"""

from __future__ import annotations

import json
import sys
import time


def main() -> None:
    """Measure, and print JSON."""
    file, answers_json, tokens, threads = sys.argv[1:5]
    import llama_cpp  # type: ignore[import-not-found]  # it is in the environment of `make test-real`

    start = time.perf_counter()
    model = llama_cpp.Llama(file, n_ctx=512, verbose=False, n_threads=int(threads), n_threads_batch=int(threads))
    figures = {"load_s": time.perf_counter() - start}
    made = []
    for each in json.loads(answers_json):
        begun = time.perf_counter()
        times: list[float] = []
        model.reset()
        for _ in model.generate(each["ids"][: each["prompt_tokens"]], temp=0.0, reset=True):
            times.append(time.perf_counter())
            if len(times) == int(tokens):
                break
        made.append((times[0] - begun, times[-1] - begun, (len(times) - 1) / (times[-1] - times[0])))
    figures["first_s"], figures["again_first_s"] = made[0][0], made[1][0]
    figures["answer_s"] = made[1][1]
    figures["tokens_per_s"] = sorted(rate for *_, rate in made)[len(made) // 2]
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
