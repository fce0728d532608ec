"""A small model of each family of keras-hub, and its gradient in float64 without LIT Lab's engine.

The tests use them, and so does `scripts/make_families_table.py`, which writes the results into docs/models.md.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from reference_gradients import double_precision, loss_and_gradient, numbers

SMALL: dict[str, Any] = {"vocabulary_size": 64, "num_layers": 2, "hidden_dim": 16, "intermediate_dim": 32}
GROUPED: dict[str, Any] = {**SMALL, "num_query_heads": 2, "num_key_value_heads": 1}
HEADS: dict[str, Any] = {**SMALL, "num_heads": 2}
EXPERTS: dict[str, Any] = {**GROUPED, "num_experts": 2, "top_k": 1}
SHARED: dict[str, Any] = {**EXPERTS, "moe_intermediate_dim": 16}


@dataclass(frozen=True)
class Family:
    """A family's name in keras-hub, the usual name of its models, and a small shape."""

    cls: str
    models: str
    shape: dict[str, Any] = field(hash=False)


GEMMA2 = {"final_logit_soft_cap": 30.0, "attention_logit_soft_cap": 50.0, "use_post_ffw_norm": True}
GEMMA2 |= {"use_post_attention_norm": True, "use_sliding_window_attention": True, "sliding_window_size": 4}
GEMMA3 = {"image_size": 16, "sliding_window_size": 4, "use_sliding_window_attention": True}
GEMMA4 = {"image_size": 16, "sliding_window_size": 4, "layer_types": ["sliding_attention", "full_attention"]}
# One layer of each kind: without positions, and with a state in place of attention.
SMOLLM3 = {"num_attention_heads": 2, "num_key_value_heads": 1, "attention_bias": False, "attention_dropout": 0.0}
SMOLLM3 |= {"rope_layer_enabled_list": [True, False], "layer_types": ["full_attention"] * 2, "mlp_bias": False}
SMOLLM3 |= {"layer_norm_epsilon": 1e-6, "max_position_embeddings": 32, "rope_theta": 1e4, "partial_rotary_factor": 1.0}
QWEN35 = {"layer_types": ["linear_attention", "full_attention"], "linear_num_key_heads": 2, "head_dim": 8}
QWEN35 |= {"linear_num_value_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8}
QWEN35_EXPERTS = SHARED | QWEN35 | {"shared_expert_intermediate_size": 16}
del QWEN35_EXPERTS["intermediate_dim"]

FAMILIES = (
    Family("Gemma", "Gemma", {**GROUPED, "head_dim": 8}),
    Family("Gemma", "Gemma 2", {**GROUPED, "head_dim": 8, **GEMMA2}),
    Family("Gemma3", "Gemma 3, text", {**GROUPED, "head_dim": 8, **GEMMA3}),
    Family("Gemma4", "Gemma 4, text", {**GROUPED, "head_dim": 8, **GEMMA4}),
    Family("Gemma4", "Gemma 4 E2B, E4B, text", {**GROUPED, "head_dim": 8, **GEMMA4, "hidden_size_per_layer_input": 8}),
    Family("Llama", "Llama 2, Vicuna", GROUPED),
    Family("Llama3", "Llama 3", GROUPED),
    Family("Llama3", "SmolLM, SmolLM 2", {**GROUPED, "tie_word_embeddings": True}),
    Family("SmolLM3", "SmolLM 3", {**SMALL, **SMOLLM3}),
    Family("Mistral", "Mistral", GROUPED),
    Family("Mixtral", "Mixtral", EXPERTS),
    Family("Phi3", "Phi-3", GROUPED),
    Family("Qwen", "Qwen 2, Qwen 2.5", GROUPED),
    Family("Qwen3", "Qwen 3", {**GROUPED, "head_dim": 8}),
    Family("Qwen3_5", "Qwen 3.5, text", {**GROUPED, **QWEN35}),
    Family("QwenMoe", "Qwen 1.5 MoE", {**SHARED, "shared_expert_intermediate_dim": 16}),
    Family("Qwen3Moe", "Qwen 3 MoE", {**SHARED, "head_dim": 8}),
    Family("Qwen3_5Moe", "Qwen 3.5 MoE, text", QWEN35_EXPERTS),
    Family("GPT2", "GPT-2", {**HEADS, "max_sequence_length": 32}),
    Family("GPTNeoX", "GPT-NeoX, Pythia", HEADS),
    Family("GptOss", "GPT-OSS", {**EXPERTS, "head_dim": 8}),
    Family("Falcon", "Falcon", {**SMALL, "num_attention_heads": 2}),
    Family("Bloom", "Bloom", HEADS),
    Family("OPT", "OPT", {**HEADS, "max_sequence_length": 32}),
)

IDS = [3, 5, 7, 9, 11, 13, 2, 8, 21, 34, 55, 4]
TARGET = (9, 12)


@functools.cache
def build(family: Family) -> Any:
    """Return a CausalLM with the same random weights in each call. To change it, make another one: `build.__wrapped__`."""
    import keras
    from keras_nlp import models

    keras.utils.set_random_seed(3)
    backbone = getattr(models, f"{family.cls}Backbone")(**family.shape)
    for variable in backbone.weights:  # otherwise some families' logits are too small to tell results apart
        if len(variable.shape) > 1:
            variable.assign(variable * 2.0)
    return getattr(models, f"{family.cls}CausalLM")(backbone=backbone, preprocessor=None)


def reference(family: Family, causal_lm: Any) -> NDArray[np.float64]:
    """Return the gradient of `IDS`' target by Keras's own pass over the whole sequence, `<float64>[num_tokens, width]`."""
    import keras
    from keras import ops

    start, end = TARGET
    with double_precision():
        # Some families' configuration lacks parts of the shape.
        config = causal_lm.backbone.get_config() | family.shape
        backbone = type(causal_lm.backbone).from_config(config | {"dtype": "float64"})
        for ours, theirs in zip(backbone.weights, causal_lm.backbone.weights, strict=True):
            ours.assign(numbers(theirs).astype(np.float64))
        embed = backbone.token_embedding
        # OPT looks up tokens and adds positions in one layer. The positions are constant, so the gradient is the same.
        opened = backbone.embeddings if family.cls == "OPT" else embed
        given = {name: backbone.input[name] for name in ("padding_mask", "position_ids") if name in backbone.input}
        body = keras.Model([opened.output, *given.values()], backbone.output)
        tokens = np.array([IDS], np.int32)
        every = {"padding_mask": np.ones_like(tokens), "position_ids": np.arange(len(IDS), dtype=np.int32)[None]}
        looked_up = embed(ops.convert_to_tensor(tokens))
        places = opened(ops.convert_to_tensor(tokens)) - looked_up

        def losses(embeddings: Any) -> Any:
            hidden = body([embeddings + places, *(ops.convert_to_tensor(every[name]) for name in given)])
            logits = embed(hidden, reverse=True)
            return ops.sparse_categorical_crossentropy(tokens[:, 1:], logits[:, :-1], from_logits=True)[
                :, start - 1 : end - 1
            ]

        _, gradient = loss_and_gradient(losses, numbers(looked_up))
    return gradient[0, : end - 1]


@dataclass(frozen=True)
class Agreement:
    """How far the engine's scores are from the reference's: max|a-b| / max|b|."""

    grad_l2: float
    grad_dot_input: float


WAYS = ("eager", "compiled", "shared", "open")
"""How the engine gets a gradient: not compiled yet, compiled, from a pass that the prompt's answer shares, or for a large model,
from passes that serve all lengths."""


def agreements(family: Family, ways: Sequence[str] = WAYS) -> dict[str, Agreement] | None:
    """Compare the two gradient methods' scores. Return None if the service says that the model has no salience.

    Args:
        family: Its family.
        ways: Some of `WAYS`. `shared` is skipped if the blocks can't run with a key-value cache, and `open` if the backend has
            no such passes.
    """
    from lit_lab.service.salience import EmbeddingGradients

    causal_lm = build(family)
    try:
        gradients = EmbeddingGradients(causal_lm)
    except (AttributeError, KeyError, ValueError):  # as `LanguageModel.gradients` computes them
        return None
    exact = reference(family, causal_lm)
    found = {}
    for way in ways:
        gradients.forget()
        if way == "open":
            opened = large(causal_lm)
            if opened._open_passes() is not None:
                found[way] = _agreement(opened.of(IDS, *TARGET), exact)
            continue
        if way == "compiled":
            # No more rows than requested, so fewer than the length: otherwise the block is called as a whole.
            with patch("lit_lab.service.engine.passes.row_bucket", lambda rows, length: rows):
                gradients.request_compile(len(IDS), TARGET[1] - TARGET[0])
                gradients.compile_pending()
        elif way == "shared":
            gradients._prompts.request_compile(TARGET[0], TARGET[1] - TARGET[0])
            gradients.compile_pending()
            if gradients.read(IDS[: TARGET[0]]) is None:
                continue
        found[way] = _agreement(gradients.of(IDS, *TARGET), exact)
        assert bool(gradients._forward_cache.of_kind("sequence")) == (way == "compiled")
    return found


def large(causal_lm: Any) -> Any:
    """Return gradients that treat a model as a large one, whose blocks are parts of their own."""
    from lit_lab.service.engine import parts
    from lit_lab.service.salience import EmbeddingGradients, gradients

    with patch.object(gradients, "MAX_EAGER_WEIGHTS", -1), patch.object(parts, "MAX_FUSED", 0):
        return EmbeddingGradients(causal_lm)


def _agreement(ours: Any, exact: NDArray[np.float64]) -> Agreement:
    embeddings = ours.embeddings.astype(np.float64)

    def off(a: NDArray[Any], b: NDArray[Any]) -> float:
        return float(np.max(np.abs(a - b)) / np.max(np.abs(b)))

    return Agreement(
        off(np.linalg.norm(ours.gradient, axis=-1), np.linalg.norm(exact, axis=-1)),
        off((ours.gradient * ours.embeddings).sum(-1), (exact * embeddings).sum(-1)),
    )
