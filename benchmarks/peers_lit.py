"""LIT's side of `peers.py`, `real_model.py` and `gpu.py`: its salience and generation models, on the same Keras model and ids.

The model is a path that LIT Lab loads. LIT gets its ids through a preprocessor that reads numbers (`Numerals`).

python benchmarks/peers_lit.py REQUEST
"""

from __future__ import annotations

import json
import os
from typing import Any

import peers_child

from lit_lab.service import libraries


def main() -> None:
    """Measure, and print JSON. `refused` is why LIT can't compute maps of the model."""
    asked = peers_child.request()
    threads = int(os.environ["OMP_NUM_THREADS"])
    # Keeping freed memory in the process, TensorFlow's own default, makes LIT a third faster.
    os.environ["TF_ONEDNN_USE_SYSTEM_ALLOCATOR"] = "0"
    libraries.set_environment(threads, "tensorflow")
    libraries.import_backend(threads, "tensorflow")
    libraries.import_keras()
    from engine_models import Numerals
    from faithfulness_runs import load

    causal_lm = load(asked["model"], asked["precision"]).causal_lm
    causal_lm.preprocessor = Numerals(int(causal_lm.backbone.token_embedding.input_dim))
    print(json.dumps(figures(causal_lm, asked)), flush=True)
    os._exit(0)  # at once, because unloading a large model takes seconds


def figures(causal_lm: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """Return LIT's figures of a model."""
    from engine_lit import LitGeneration, LitSalience
    from engine_models import Case

    found: dict[str, Any] = {}
    try:
        lit = LitSalience(causal_lm)
        found |= peers_child.measure(asked, lambda ids, seam, target: lit.scores(Case(ids, [target]), target, seam))
    except Exception as error:  # LIT's own errors are of many kinds
        found["refused"] = " ".join(str(error).split())[:300]
    prompts = [each["ids"][: each["prompt_tokens"]] for each in asked["answers"]]
    length = max(map(len, prompts)) + asked["tokens"]
    generation = LitGeneration(causal_lm, length)
    generation.answer(prompts[0])  # traces
    rows = []
    for ids in prompts[1:]:
        # It returns nothing until the answer is complete, so its speed is a difference: an answer of one token to a longer prompt.
        answer = peers_child.timed(generation.answer, ids)
        rest = peers_child.timed(generation.answer, (ids + ids)[: length - 1])
        count = length - len(ids)
        rows.append({"first_token": answer, "answer": answer, "tokens_per_s": (count - 1) / max(1e-9, answer - rest)})
    return found | peers_child.medians(rows)


if __name__ == "__main__":
    main()
