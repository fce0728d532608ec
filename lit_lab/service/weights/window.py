"""The default for how many tokens a model takes: as many as it was trained for, as far as memory allows.

Nothing is allocated or compiled for the window itself: caches and passes depend on the length of the current prompt. The window is a
promise that a prompt of that length can be answered and explained, and memory may prevent that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lit_lab.protocol import Precision, WindowReason
from lit_lab.protocol.base import MAX_TOKENS

from . import regular
from .memory_estimate import Shape

USUAL = 1024
"""Tokens of a model whose length is unknown, and the maximum if the memory can't be estimated."""

MIN_WINDOW = 512
"""Minimum window in tokens: a model that doesn't fit with it is refused, with advice."""

STEP = 256
"""Windows that memory limits are multiples of this number of tokens."""

UNCHOSEN = (512, 1024)
"""The default lengths in presets of keras-hub's versions so far."""

PUBLISHED = 50_000_000
"""From this number of weights, a preset counts as one of its family's published models; smaller ones are custom."""

TRAINED = {
    "bloom": 2048,
    "falcon": 2048,
    "gemma": 8192,
    "gemma2": 8192,
    "gemma3": 32768,
    "gemma4": 131072,
    "gpt2": 1024,
    "gptneox": 2048,
    "gptoss": 131072,
    "llama": 4096,
    "llama3": 8192,
    "mistral": 32768,
    "mixtral": 32768,
    "opt": 2048,
    "phi3": 4096,
    "qwen": 32768,
    "qwen2": 32768,
    "qwen2moe": 8192,
    "qwen3": 32768,
    "qwen3moe": 32768,
    "qwenmoe": 8192,
    "smollm3": 65536,
}
"""Tokens that a family's published models were trained for, by their cards; the minimum if these differ."""

_STRETCHED_LLAMA = 131072  # Llama 3.1 and 3.2, whose positions are stretched


@dataclass(frozen=True)
class Window:
    """How many tokens a model takes, prompt and answer together.

    Attributes:
        tokens: The number of tokens.
        trained: The length it was trained for, as far as that is known.
        reason: Why it isn't larger.
    """

    tokens: int
    trained: int
    reason: WindowReason


def chosen(shape: Shape | None, precision: Precision, trained: int, free: int | None) -> Window:
    """Return the largest window that fits into free memory, up to the length that a model was trained for.

    Args:
        shape: The model's shape; None if its configuration doesn't contain it.
        precision: The precision it is loaded in.
        trained: Tokens that it was trained for.
        free: Free memory in bytes; None if the system doesn't report it.
    """
    most = min(trained, MAX_TOKENS)
    if shape is None or free is None:
        tokens = min(most, USUAL)
        return Window(tokens, trained, "model" if tokens == trained else "unknown")
    if shape.total(precision, most) <= free:
        return Window(most, trained, "model" if most == trained else "limit")
    fitting, beyond = 0, -(-most // STEP)  # in steps; the memory grows with the length
    while beyond - fitting > 1:
        middle = (fitting + beyond) // 2
        if shape.total(precision, middle * STEP) <= free:
            fitting = middle
        else:
            beyond = middle
    return Window(min(most, max(MIN_WINDOW, fitting * STEP)), trained, "memory")


def trained(folder: Path, config: dict[str, Any], parameters: int) -> int:
    """Return how many tokens, prompt and answer together, a model was trained for, according to its files.

    Args:
        folder: The preset, or its GGUF file.
        config: Its configuration, Keras's or Hugging Face's.
        parameters: Number of its weights.
    """
    if "registered_name" in config:
        return _of_preset(folder, config, parameters)
    inner = _dictionary(config.get("text_config")) or config
    declared = _number(inner, "max_position_embeddings", "n_positions", "n_ctx")
    # Phi-3.5 stretches positions by its input's length, padding included, so it doesn't run beyond where that begins.
    kind = str(inner.get("model_type", ""))
    places = (inner, *(_dictionary(inner.get(name)) for name in ("rope_scaling", "rope_parameters")))
    begins = [_number(place, "original_max_position_embeddings") for place in places if kind == "phi3"]
    return min([declared or TRAINED.get(_plain(kind), USUAL), *filter(None, begins)])


def _of_preset(folder: Path, config: dict[str, Any], parameters: int) -> int:
    saved = _saved(folder)
    inner = _dictionary(config.get("config"))
    declared = _number(inner, "max_sequence_length")
    if declared is not None and inner.get("rope_scaling_type"):
        declared = min(declared, _number(inner, "pretraining_sequence_length") or declared)
    if saved is not None and saved not in UNCHOSEN:
        return min(saved, declared or saved)
    if declared is not None:
        return declared
    if parameters < PUBLISHED:
        return saved or USUAL
    if inner.get("rope_frequency_adjustment_factor"):
        return _STRETCHED_LLAMA
    return TRAINED.get(_plain(str(config.get("class_name", "")).removesuffix("Backbone")), saved or USUAL)


def _saved(folder: Path) -> int | None:
    """Return the length in a Keras preset's files; None if there is none."""
    for file in ("preprocessor.json", "task.json"):
        try:
            found = regular.json_of(folder / file)["config"]
            inner = found.get("preprocessor") or {}
            values = (found.get("sequence_length"), (inner.get("config") or {}).get("sequence_length"))
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            continue
        for value in values:
            if type(value) is int and value > 0:
                return value
    return None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower().removesuffix("_text"))


def _number(config: dict[str, Any], *names: str) -> int | None:
    # A length without room for a prompt and an answer doesn't count.
    return next((value for name in names if type(value := config.get(name)) is int and value >= 2), None)


def _dictionary(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
