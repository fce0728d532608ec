"""PyTorch's side of `real_model.py`: `transformers` generates, and a map is five lines with `backward()`.

Runs in the environment of `make test-real`.

    python benchmarks/real_model_torch.py FOLDER float32|bfloat16 ANSWERS TOKENS THREADS
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any


def main() -> None:
    """Measure, and print JSON."""
    folder, precision, answers_json, tokens, threads = sys.argv[1:6]
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(int(threads))
    bare = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, precision)).eval()
    figures: dict[str, float] = {"load_s": time.perf_counter() - start}
    answers = json.loads(answers_json)

    def generate(ids: list[int]) -> tuple[float, float, float]:
        times: list[float] = []

        class Clock:
            def put(self, value: Any) -> None:
                times.append(time.perf_counter())

            def end(self) -> None:
                pass

        begun = time.perf_counter()
        with torch.no_grad():
            model.generate(
                torch.tensor([ids]),
                max_new_tokens=int(tokens),
                min_new_tokens=int(tokens),
                do_sample=False,
                streamer=Clock(),
            )
        _prompt, first, *_, last = times
        return first - begun, last - begun, (len(times) - 2) / (last - first)

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

    for parameter in model.parameters():
        parameter.requires_grad_(False)
    prompts = [each["ids"][: each["prompt_tokens"]] for each in answers]
    made = [generate(ids) for ids in prompts]
    figures["first_s"], figures["again_first_s"] = made[0][0], made[1][0]
    figures["answer_s"] = made[1][1]
    figures["tokens_per_s"] = sorted(rate for *_, rate in made)[len(made) // 2]
    step = int(tokens) // 4
    ends = [len(each["ids"]) for each in answers]
    figures["map_first_s"] = explain(answers[0]["ids"], ends[0] - step, ends[0])
    figures["map_one_s"] = explain(answers[1]["ids"], ends[1] - step, ends[1])
    seam = answers[1]["prompt_tokens"]
    figures["map_next_s"] = explain(answers[1]["ids"], seam, seam + step)
    figures["peak_mb"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - bare) * 1024 / 1e6
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
