"""Small models of the families that are trusted without a check. Tests in one process share them, because tracing takes seconds."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from families import GROUPED, HEADS

WINDOWED: dict[str, Any] = {"head_dim": 8, "image_size": 16, "sliding_window_size": 4}
FAMILIES: dict[str, dict[str, Any]] = {
    "Gemma": {**GROUPED, "head_dim": 8},
    "Gemma3": {**GROUPED, **WINDOWED, "use_sliding_window_attention": True},
    "Gemma4": {**GROUPED, **WINDOWED},
    "GPT2": {**HEADS, "max_sequence_length": 32},
    "Llama": GROUPED,
    "Llama3": GROUPED,
    "Mistral": GROUPED,
    "OPT": {**HEADS, "max_sequence_length": 32},
    "Phi3": GROUPED,
    "Qwen3": {**GROUPED, "head_dim": 8},
}

KINDS = ("Gemma", "Gemma3", "Gemma4", "GPT2", "Llama", "OPT")
"""Families of which each other one is like one of these."""

EACH = [family if family in KINDS else pytest.param(family, marks=pytest.mark.long) for family in FAMILIES]
"""Parameters of a test of all families."""


def made(family: str, **more: Any) -> Any:
    """Return a small model of a family, with random weights."""
    import keras
    from keras_nlp import models

    keras.utils.set_random_seed(3)
    backbone = getattr(models, f"{family}Backbone")(**FAMILIES[family] | more)
    return getattr(models, f"{family}CausalLM")(backbone=backbone, preprocessor=None)


@functools.cache
def shared(family: str) -> tuple[Any, Any]:
    """Return a small model and its pass."""
    from lit_lab.service.cached_pass import CachedPass

    causal_lm = made(family)
    return causal_lm, CachedPass(causal_lm)
