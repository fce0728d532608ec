"""Inseq's and Captum's side of `peers.py`: their saliency of a sentence, in the environment of `requirements/peers.in`.

    python benchmarks/peers_inseq.py REQUEST

Inseq attributes each generated token by a pass of its own. With Captum, the engineer writes the function that is explained.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import captum.attr
import inseq
import peers_child
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


def by_inseq(model: Any, tokenizer: Any, asked: dict[str, Any]) -> peers_child.Explain:
    """Return a function that explains by Inseq. Raises ValueError if it tokenizes an answer differently."""
    texts = {}
    for each in asked["answers"]:
        prompt, whole = (tokenizer.decode(ids) for ids in (each["ids"][: each["prompt_tokens"]], each["ids"]))
        if tokenizer(whole, add_special_tokens=False).input_ids != each["ids"] or not whole.startswith(prompt):
            raise ValueError("Inseq takes texts, and tokenizes this one differently")
        texts[tuple(each["ids"])] = (prompt, whole)
    explainer = inseq.load_model(model, "saliency", tokenizer=tokenizer)

    def explain(ids: list[int], seam: int, target: tuple[int, int]) -> Any:
        prompt, whole = texts[tuple(ids)]
        # Its positions count tokens of the whole text.
        out = explainer.attribute(
            prompt,
            whole,
            attr_pos_start=target[0],
            attr_pos_end=target[1],
            show_progress=False,
            skip_special_tokens=False,
            step_scores=[],
        )
        return out.sequence_attributions[0].aggregate().target_attributions.nan_to_num().sum(1).tolist()

    return explain


def by_captum(model: Any) -> peers_child.Explain:
    """Return a function that explains by Captum."""

    def explain(ids: list[int], seam: int, target: tuple[int, int]) -> Any:
        start, end = target
        given = torch.tensor([ids[:end]])

        def logprob(embedded: torch.Tensor) -> torch.Tensor:
            scores = torch.log_softmax(
                model(inputs_embeds=embedded, use_cache=False).logits[:, start - 1 : end - 1], -1
            )
            return scores.gather(-1, given[:, start:end, None]).sum((1, 2))

        embedded = model.get_input_embeddings()(given).detach().requires_grad_()
        return captum.attr.Saliency(logprob).attribute(embedded, abs=False)[0].norm(dim=-1).tolist()

    return explain


def main() -> None:
    """Measure, and print JSON."""
    asked = peers_child.request()
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    file = Path(asked["model"])
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32).eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    try:
        explain = by_captum(model) if asked["peer"] == "captum" else by_inseq(model, tokenizer, asked)
    except ValueError as error:
        print(json.dumps({"refused": str(error)}))
        return
    print(json.dumps(peers_child.measure(asked, explain)))


if __name__ == "__main__":
    main()
