"""Computes maps by Inseq and Captum. It runs in their environment, and imports nothing of this project.

python faithfulness_peers_child.py asked.json answered.jsonl
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import captum.attr
import inseq
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

INSEQ = ("saliency", "input_x_gradient", "integrated_gradients", "attention")
STEPS = 32
SAMPLES = 64


def main() -> None:
    """Answer the requests."""
    asked = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    torch.set_num_threads(asked["threads"])
    torch.manual_seed(0)
    file = Path(asked["gguf"])
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    model = AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    with Path(sys.argv[2]).open("w", encoding="utf-8") as out:
        for run in asked["runs"]:
            maps: dict[str, list[list[float]]] = {}
            for target in run["targets"]:
                for name, scores in by_captum(model, tokenizer, run, target).items():
                    maps.setdefault(f"Captum: {name}", []).append(scores)
            for name, by_target in by_inseq(model, tokenizer, run).items():
                maps[f"Inseq: {name}"] = by_target
            logprobs = [float(logprob(model, run, target)(prompt_of(run))) for target in run["targets"]]
            out.write(json.dumps({"item": run["item"], "maps": maps, "logprobs": logprobs}) + "\n")
            out.flush()
            print(f"peers: {run['item']}", file=sys.stderr, flush=True)


def prompt_of(run: dict[str, Any]) -> torch.Tensor:
    """Return the prompt's ids: `<int64>[1, num_prompt_tokens]`."""
    return torch.tensor([run["ids"][: run["seam"]]])


def logprob(model: Any, run: dict[str, Any], target: list[int]) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return a function of the prompt's ids that returns the target's log-probability: `<float32>[batch]`."""
    answer = torch.tensor(run["ids"][run["seam"] :])
    start, end = target

    def function(prompt: torch.Tensor) -> torch.Tensor:
        whole = torch.cat([prompt, answer.expand(len(prompt), -1)], dim=1)[:, :end]
        scores = torch.log_softmax(model(whole).logits[:, start - 1 : end - 1], dim=-1)
        return scores.gather(-1, whole[:, start:end, None]).sum((1, 2))

    return function


def by_captum(model: Any, tokenizer: Any, run: dict[str, Any], target: list[int]) -> dict[str, list[float]]:
    """Return Captum's maps of a target: gradients, summed over a sentence's tokens, and perturbations of whole sentences."""
    prompt, function = prompt_of(run), logprob(model, run, target)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    # Tokens outside of sentences belong to the last feature, and replace themselves.
    mask, baseline = torch.full_like(prompt, len(run["parts"])), prompt.clone()
    for number, (start, end) in enumerate(run["parts"]):
        mask[0, start:end] = number
        baseline[0, start:end] = pad
    layer = model.get_input_embeddings()
    found: dict[str, list[float]] = {}
    product = captum.attr.LayerGradientXActivation(function, layer).attribute(prompt)
    found["gradient x activation, sum"] = by_part(product.sum(-1)[0], run)
    integrated = captum.attr.LayerIntegratedGradients(function, layer).attribute(
        prompt, baselines=torch.full_like(prompt, pad), n_steps=STEPS, internal_batch_size=4
    )
    found["integrated gradients, sum"] = by_part(integrated.sum(-1)[0], run)
    with torch.no_grad():
        for name, method, more in (
            ("feature ablation", captum.attr.FeatureAblation, {}),
            ("kernel SHAP", captum.attr.KernelShap, {"n_samples": SAMPLES}),
            ("LIME", captum.attr.Lime, {"n_samples": SAMPLES}),
        ):
            scores = method(function).attribute(prompt, baselines=baseline, feature_mask=mask, **more)
            found[name] = [float(scores[0, start]) for start, _ in run["parts"]]
    return found


def by_inseq(model: Any, tokenizer: Any, run: dict[str, Any]) -> dict[str, list[list[float]]]:
    """Return Inseq's maps of all targets with its own aggregation, or none if it tokenizes the text differently."""
    texts = [tokenizer.decode(ids) for ids in (run["ids"][: run["seam"]], run["ids"])]
    if tokenizer(texts[1], add_special_tokens=False).input_ids != run["ids"] or not texts[1].startswith(texts[0]):
        return {}
    found: dict[str, list[list[float]]] = {}
    for name in INSEQ:
        explainer = inseq.load_model(model, name, tokenizer=tokenizer)
        more = {"n_steps": STEPS, "internal_batch_size": 4} if name == "integrated_gradients" else {}
        out = explainer.attribute(
            texts[0], texts[1], show_progress=False, skip_special_tokens=False, step_scores=[], **more
        )
        scores = out.sequence_attributions[0].aggregate().target_attributions  # [tokens, generated tokens]
        first = scores.shape[1] - (len(run["ids"]) - run["seam"])
        for start, end in run["targets"]:
            columns = scores[:, first + start - run["seam"] : first + end - run["seam"]].nan_to_num().sum(1)
            found.setdefault(name, []).append(by_part(columns, run))
    return found


def by_part(scores: torch.Tensor, run: dict[str, Any]) -> list[float]:
    """Return the sum of the tokens' scores in each sentence."""
    return [float(scores[start:end].detach().sum()) for start, end in run["parts"]]


if __name__ == "__main__":
    main()
