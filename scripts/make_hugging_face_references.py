"""Write what transformers says of small models in Hugging Face's form, for tests/service/test_hugging_face_folders.py.

Run by hand in an environment of its own, with `transformers` and `torch`: they are no part of this project's. The weights aren't
kept: `weights` makes them of their names and shapes, here and in the tests.

    python scripts/make_hugging_face_references.py tests/fixtures/hugging_face.json
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PLAIN = {"attn_implementation": "eager", "experts_implementation": "eager"}
VOCABULARY = 400
IDS = [2, 35, 77, 9, 311, 13, 102, 8, 221, 34, 55, 4]

SMALL: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "bos_token_id": 2,
    "eos_token_id": 1,
}
HEADS = SMALL | {"head_dim": 8}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 8, "decoder_sparse_step": 1}
QWEN35 = HEADS | {"linear_num_key_heads": 2, "linear_num_value_heads": 2, "linear_key_head_dim": 8}
QWEN35 |= {"linear_value_head_dim": 8, "layer_types": ["linear_attention", "full_attention"]}
LLAMA3 = {"rope_theta": 5e5, "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
LLAMA3 |= {"original_max_position_embeddings": 16}
GPT_OSS = SMALL | {"hidden_size": 32, "intermediate_size": 32, "head_dim": 16, "num_local_experts": 4}
GPT_OSS |= {"num_experts_per_tok": 2, "layer_types": ["sliding_attention", "full_attention"], "sliding_window": 4}
# The tokens of IDS are more than these were trained with at first, so the long factors count.
LONG_ROPE = {"rope_theta": 1e4, "rope_type": "longrope", "short_factor": [1.0, 1.1, 1.2, 1.3]}
LONG_ROPE |= {"long_factor": [1.0, 1.5, 2.0, 4.0], "original_max_position_embeddings": 8}

MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "Gemma": ("gemma", HEADS),
    "Gemma 2": ("gemma2", HEADS | {"sliding_window": 4, "query_pre_attn_scalar": 8}),
    "Gemma 3, text": ("gemma3_text", HEADS | {"sliding_window": 4, "query_pre_attn_scalar": 8}),
    "Gemma 4, text": (
        "gemma4_text",
        HEADS
        | {"sliding_window": 4, "layer_types": ["sliding_attention", "full_attention"], "global_head_dim": 8}
        | {"hidden_size_per_layer_input": 0, "num_kv_shared_layers": 0},
    ),
    "Llama 2, Vicuna": ("llama", SMALL | {"rms_norm_eps": 1e-5}),
    "Llama 3": ("llama", SMALL | {"rms_norm_eps": 1e-3, "rope_parameters": LLAMA3}),
    "SmolLM, SmolLM 2": ("llama", SMALL | {"rms_norm_eps": 1e-5, "tie_word_embeddings": True}),
    "SmolLM 3": ("smollm3", SMALL | {"no_rope_layers": [1, 0], "tie_word_embeddings": True}),
    "Mistral": ("mistral", HEADS | {"sliding_window": None}),
    "Mixtral": ("mixtral", HEADS | {"num_local_experts": 4, "num_experts_per_tok": 2, "sliding_window": None}),
    "Qwen 2, Qwen 2.5": ("qwen2", SMALL),
    "Qwen 3": ("qwen3", HEADS),
    "Qwen 3.5, text": ("qwen3_5_text", QWEN35),
    "Qwen 1.5 MoE": ("qwen2_moe", SMALL | EXPERTS | {"shared_expert_intermediate_size": 8}),
    "Qwen 3 MoE": ("qwen3_moe", HEADS | EXPERTS | {"norm_topk_prob": True}),
    "Qwen 3.5 MoE, text": ("qwen3_5_moe_text", QWEN35 | EXPERTS | {"shared_expert_intermediate_size": 8}),
    "GPT-2": (
        "gpt2",
        {"vocab_size": VOCABULARY, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64}
        | {"bos_token_id": 2, "eos_token_id": 1},
    ),
    "GPT-OSS": ("gpt_oss", GPT_OSS),
    "Phi-3": ("phi3", SMALL | {"original_max_position_embeddings": 64}),
    "Phi-3.5": ("phi3", SMALL | {"original_max_position_embeddings": 8, "rope_parameters": LONG_ROPE}),
}
"""By the family's name in docs/models.md: `model_type`, and what of its configuration isn't transformers' own."""


def weights(shapes: dict[str, list[int]]) -> dict[str, NDArray[Any]]:
    """Return the numbers of all tensors, the same each time: each name's depend on its place among the names."""
    result: dict[str, NDArray[Any]] = {}
    for place, name in enumerate(sorted(shapes)):
        random = np.random.default_rng([7, place])
        if name.endswith("_blocks"):
            result[name] = random.integers(0, 256, shapes[name], np.uint8)
        elif name.endswith("_scales"):
            result[name] = random.integers(123, 127, shapes[name], np.uint8)
        else:
            around = 1.0 if len(shapes[name]) == 1 and "norm" in name else 0.0
            result[name] = (around + 0.3 * random.standard_normal(shapes[name])).astype(np.float32)
    return result


def _shapes(file: Path) -> dict[str, list[int]]:
    with file.open("rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    return {name: about["shape"] for name, about in header.items() if name != "__metadata__"}


def _packed(shapes: dict[str, list[int]]) -> dict[str, list[int]]:
    """Return GPT-OSS's shapes as it is published: its experts' weights in four bits."""
    result = {}
    for name, shape in shapes.items():
        if name.endswith(("experts.gate_up_proj", "experts.down_proj")):
            experts, inner, outer = shape
            result[f"{name}_blocks"] = [experts, outer, inner // 32, 16]
            result[f"{name}_scales"] = [experts, outer, inner // 32]
        else:
            result[name] = shape
    return result


def _reference(kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    import torch
    from safetensors.torch import save_file
    from transformers import AutoConfig, AutoModelForCausalLM

    with tempfile.TemporaryDirectory() as folder:
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **settings))
        model.save_pretrained(folder)
        place = Path(folder)
        config = json.loads((place / "config.json").read_text())
        shapes = stored = _shapes(place / "model.safetensors")
        if kind == "gpt_oss":
            shapes = _packed(stored)
        values: dict[str, Any] = {name: torch.from_numpy(value) for name, value in weights(shapes).items()}
        if kind == "gpt_oss":
            from transformers.integrations.mxfp4 import convert_moe_packed_tensors

            for name in stored.keys() - shapes.keys():
                blocks, scales = values.pop(f"{name}_blocks"), values.pop(f"{name}_scales")
                values[name] = convert_moe_packed_tensors(blocks, scales, dtype=torch.float32).contiguous()
        save_file(values, place / "model.safetensors", {"format": "pt"})
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **PLAIN)
        with torch.no_grad():
            logits = model.double().eval()(torch.tensor([IDS])).logits[0, -1]
    return {"config": config, "shapes": shapes, "logits": [float(f"{value:.8g}") for value in logits]}


def main() -> None:
    """Write the file that is named."""
    written = {}
    for family, (kind, settings) in MODELS.items():
        try:
            written[family] = _reference(kind, settings)
        except Exception as error:
            print(f"{family}: {type(error).__name__}: {error}", file=sys.stderr)
    Path(sys.argv[1]).write_text(json.dumps({"ids": IDS, "models": written}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
