"""PyTorch's side of `peers.py`: `transformers` generates, and a map is five lines with `backward()`.

Runs in an environment of its own.

    python benchmarks/peers_torch.py FOLDER float32|bfloat16 ANSWERS TOKENS
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any


def memory(what: str) -> float:
    """Return a figure of this process's memory, in MB: `VmRSS` now, or `VmHWM`, the most since `forget`."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what))
    return float(line.split()[1]) * 1024 / 1e6


def main() -> None:
    """Measure, and print JSON."""
    folder, precision, answers_json, tokens = sys.argv[1:5]
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file="model.gguf", dtype=torch.float32)
    model = model.to(getattr(torch, precision)).eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    answers = json.loads(answers_json)

    def generate(ids: list[int]) -> tuple[float, float]:
        times: list[float] = []

        class Clock:
            def put(self, value: Any) -> None:
                times.append(time.perf_counter())

            def end(self) -> None:
                pass

        begun = time.perf_counter()
        given, count = torch.tensor([ids]), int(tokens)
        with torch.no_grad():
            model.generate(given, max_new_tokens=count, min_new_tokens=count, do_sample=False, streamer=Clock())
        _prompt, first, *_, last = times
        return first - begun, (len(times) - 2) / (last - first)

    def explain(ids: list[int], start: int, end: int) -> float:
        begun = time.perf_counter()
        given = torch.tensor([ids[:end]])
        embedded = model.get_input_embeddings()(given).detach().requires_grad_()
        rows = torch.arange(start - 1, end - 1)
        scores = model(inputs_embeds=embedded, logits_to_keep=rows, use_cache=False).logits[0]
        torch.nn.functional.cross_entropy(scores.float(), given[0, start:end], reduction="sum").backward()
        gradient: Any = embedded.grad
        gradient[0].float().norm(dim=-1).tolist()
        return time.perf_counter() - begun

    step = int(tokens) // 4
    made = [generate(answers[0]["ids"][: answers[0]["prompt_tokens"]])]
    figures: dict[str, float] = {"loaded_mb": memory("VmRSS")}
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM counts from here
    end = len(answers[0]["ids"])
    figures["first"] = explain(answers[0]["ids"], end - step, end)
    timed: dict[str, list[float]] = {"one": [], "next": [], "all": []}
    for each in answers[1:]:
        ids, seam = each["ids"], each["prompt_tokens"]
        made.append(generate(ids[:seam]))
        if each is answers[1]:
            timed["all"].append(sum(explain(ids, at, min(at + step, len(ids))) for at in range(seam, len(ids), step)))
            continue
        timed["one"].append(explain(ids, len(ids) - step, len(ids)))
        timed["next"].append(explain(ids, seam, seam + step))
    figures["peak_mb"] = memory("VmHWM") - figures["loaded_mb"]
    figures |= {figure: statistics.median(values) for figure, values in timed.items()}
    figures["first_token"] = statistics.median(first for first, _ in made[1:])
    figures["tokens_per_s"] = statistics.median(rate for _, rate in made[1:])
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
