"""PyTorch's side of `peers.py`, `real_model.py` and `gpu.py`: `transformers` generates, and a map is five lines with `backward()`.

Runs in an environment of its own. The model is a GGUF file, a folder in Hugging Face's form, or `gemma2:LAYERS`, which has Gemma 2 2B's
shape and random weights.

    python benchmarks/peers_torch.py REQUEST
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peers_child
import torch
from transformers import AutoConfig, AutoModelForCausalLM

GEMMA2 = {
    "vocab_size": 256_000,
    "hidden_size": 2304,
    "intermediate_size": 9216,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "query_pre_attn_scalar": 256,
    "sliding_window": 4096,
    "attn_logit_softcapping": 50.0,
    "final_logit_softcapping": 30.0,
}
"""Gemma 2 2B without its number of layers; as `SHAPES` in `engine_models.py`."""
ROUNDS = 6
BANDWIDTH_ROWS = 2**14


def load(path: str, precision: str, device: str, changed: dict[str, int]) -> Any:
    """Return a model without gradients of its weights."""
    dtype = getattr(torch, precision)
    if path.startswith("gemma2:"):
        shape = GEMMA2 | changed | {"num_hidden_layers": int(path.partition(":")[2])}
        with torch.device(device):
            model = AutoModelForCausalLM.from_config(AutoConfig.for_model("gemma2", **shape), dtype=dtype)
    elif path.endswith(".gguf"):
        file = Path(path)
        model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
        model = model.to(dtype)
    else:
        model = AutoModelForCausalLM.from_pretrained(path, dtype=dtype)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model.to(device).eval()


class Peer:
    """The few lines that an engineer would write.

    Args:
        model: The model.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    def generate(self, ids: list[int], count: int) -> list[float]:
        """Return the seconds until each token of a greedy answer."""
        times: list[float] = []

        class Clock:
            def put(self, value: Any) -> None:
                times.append(time.perf_counter())

            def end(self) -> None:
                pass

        begun = time.perf_counter()
        given = self._tensor([ids])
        with torch.no_grad():
            self._model.generate(given, max_new_tokens=count, min_new_tokens=count, do_sample=False, streamer=Clock())
        return [at - begun for at in times[1:]]  # the first call is about the prompt

    def explain(self, ids: list[int], seam: int, target: tuple[int, int]) -> list[float]:
        """Return the L2 norm of the gradient of a target's loss, for each token before it."""
        start, end = target
        given = self._tensor([ids[:end]])
        embedded = self._model.get_input_embeddings()(given).detach().requires_grad_()
        rows = torch.arange(start - 1, end - 1, device=given.device)
        scores = self._model(inputs_embeds=embedded, logits_to_keep=rows, use_cache=False).logits[0]
        torch.nn.functional.cross_entropy(scores.float(), given[0, start:end], reduction="sum").backward()
        gradient: Any = embedded.grad
        norms: list[float] = gradient[0].float().norm(dim=-1).tolist()
        return norms

    def leave_out(self, prompts: list[list[int]], answer: list[int]) -> list[list[float]]:
        """Return the log-probabilities of an answer's tokens behind each of several prompts."""
        found = []
        for prompt in prompts:
            given = self._tensor([prompt + answer])
            rows = torch.arange(len(prompt) - 1, given.shape[1] - 1, device=given.device)
            with torch.no_grad():
                scores = self._model(given, logits_to_keep=rows, use_cache=False).logits[0].float()
            losses = torch.nn.functional.cross_entropy(scores, given[0, len(prompt) :], reduction="none")
            found.append((-losses).tolist())
        return found

    def _tensor(self, ids: list[list[int]]) -> torch.Tensor:
        return torch.tensor(ids, device=self._model.device)


def matrix_rate(shapes: list[list[int]], rows: int, dtype: torch.dtype) -> float:
    """Return the floating-point operations per second of products with matrices of the largest of these shapes."""
    best = 0.0
    for inner, outer in shapes:
        # Many matrices, as in a model: none stays in the cache.
        matrices = [torch.randn(inner, outer).to(dtype) for _ in range(16)]
        given = torch.randn(rows, inner).to(dtype)

        def products(matrices: list[torch.Tensor] = matrices, given: torch.Tensor = given) -> None:
            for each in matrices:
                torch.mm(given, each)

        best = max(best, 2 * rows * inner * outer * len(matrices) / _best(products))
    return best


def read_rate() -> float:
    """Return how many bytes per second a product of a matrix and a vector reads here at best."""
    matrix, vector = torch.ones(BANDWIDTH_ROWS, BANDWIDTH_ROWS), torch.ones(BANDWIDTH_ROWS)
    return 4.0 * BANDWIDTH_ROWS**2 / _best(lambda: torch.mv(matrix, vector))


def _best(work: Callable[[], Any]) -> float:
    return min(peers_child.timed(work) for _ in range(ROUNDS))


def main() -> None:
    """Measure, and print JSON."""
    asked = peers_child.request()
    device = asked.get("device", "cpu")
    if device == "cpu":
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    bare = peers_child.memory("VmRSS")
    begun = time.perf_counter()
    model = load(asked["model"], asked["precision"], device, asked.get("shape", {}))
    loaded = time.perf_counter() - begun
    peer = Peer(model)
    if asked.get("only") == "start":
        peers_child.start(asked, peer.explain)
        return
    figures = peers_child.measure(asked, peer.explain, peer.generate, peer.leave_out)
    figures |= {"load_s": loaded, "bare_mb": bare}
    if device != "cpu":
        figures["device_mb"] = torch.cuda.max_memory_allocated() / 1e6
    del model, peer
    if asked.get("shapes"):
        figures["matrix_rate"] = matrix_rate(asked["shapes"], asked["rows"], getattr(torch, asked["precision"]))
        figures["read_rate"] = read_rate()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
