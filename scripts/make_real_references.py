"""Write what transformers and plain PyTorch say of a real model, for tests/service/test_real_model.py and tests/real.

Run in an environment of its own, with `transformers`, `torch` and `gguf`: they are no part of this project's.

    python scripts/make_real_references.py SmolLM2-135M-Instruct.Q4_1.gguf tests/fixtures/smollm2.json
    python scripts/make_real_references.py model.gguf said.json --folder hugging_face

With a folder, the same weights are written there in Hugging Face's form, in float32.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

PROMPT = "The capital of France is"
TEXTS = [
    "  two  blanks\n\nand lines\n",
    "it's 12,345.60 (twelve)",
    "naïve 😀 Ünïcödé مرحبا 你好",
    "def f(x):\n\treturn x != 1",
    "<|im_start|>user\nHi!<|im_end|>",
    "\n\n\n",
    "a\u00a0b",
    "https://example.org/?q=1&r=2#x",
]
ANSWER = 40  # tokens
EXPLAINED = 6  # of them, from the first on
EVERY = 97  # logit that is kept


def main() -> None:
    """Write the file that is named."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("written", type=Path)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    file = options.file
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32).eval()
    if options.folder:
        # It holds plain numbers by now, whatever the file had.
        model.hf_quantizer, model.is_quantized = None, False
        model.config.__dict__.pop("quantization_config", None)
        model.save_pretrained(options.folder)
        tokenizer.save_pretrained(options.folder)
    ids = tokenizer(PROMPT).input_ids
    with torch.no_grad():
        answer = model.generate(torch.tensor([ids]), max_new_tokens=ANSWER, do_sample=False)[0, len(ids) :].tolist()
        logits = model(torch.tensor([ids])).logits[0, -1].tolist()
    whole = torch.tensor([ids + answer[:EXPLAINED]])
    found: dict[str, list[float]] = {}
    # In float64, so that what is off is ours.
    model = model.double()
    # Where Keras's layer ends, as LIT has it: Gemma 3 multiplies behind it, and transformers' layer of Gemma 3 within.
    embedder = model.get_input_embeddings()
    embedded = embedder.weight[whole].detach().requires_grad_()
    at = len(ids) - 1
    scores = model(inputs_embeds=embedded * getattr(embedder, "embed_scale", 1.0)).logits[0, at : at + EXPLAINED]
    torch.nn.functional.cross_entropy(scores, whole[0, len(ids) :], reduction="sum").backward()
    gradient: Any = embedded.grad
    found["grad_l2"] = gradient[0].norm(dim=-1).tolist()
    found["grad_dot_input"] = (gradient * embedded)[0].sum(-1).tolist()
    written = {
        "prompt": PROMPT,
        "ids": ids,
        "answer": answer,
        "explained": EXPLAINED,
        "every": EVERY,
        "logits": [float(f"{value:.8g}") for value in logits[::EVERY]],
        "maps": {name: [float(f"{value:.8g}") for value in values[: at + EXPLAINED]] for name, values in found.items()},
        "texts": [{"text": text, "ids": tokenizer(text, add_special_tokens=False).input_ids} for text in TEXTS],
    }
    options.written.write_text(json.dumps(written, ensure_ascii=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
