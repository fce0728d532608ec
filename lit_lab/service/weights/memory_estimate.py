"""Estimates the memory that a preset will take from its files, before anything is loaded.

Weights are certain: their number times their size. The memory of a map of the longest prompt follows from what the engine
stores between its passes (docs/architecture.md, "The engine"): for every block, its matrix products and softmax, in float32
whatever the weights' precision. `benchmarks/memory.py` compares the estimate with measurements.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from lit_lab.problem import Problem
from lit_lab.protocol import ModelFit, Precision

from ..gguf import header
from . import named, preset_validation, regular, stored

BYTES_PER_NUMBER = 4  # that the engine saves; measured for bfloat16 models, too
COMPILED = 1.1  # measured ratio of the memory in use to what is stored
AGAIN = 2.0  # the same ratio for a block that is computed again, with a margin
EAGER = 3.0  # the same ratio for small models, whose first map of a length is computed before the length is compiled

BYTES: dict[str, int] = {"float32": 4, "bfloat16": 2, "float16": 2}
TARGET_ROWS = 256  # tokens of an answer whose probabilities are in memory at the same time
SPARE = 128 * 2**20  # bytes for compiled code and everything else
MAX_EXPANSION = 8  # weights per number in a file: quantized ones are packed, and tied ones are stored once
ALLOWED_WEIGHTS = 1_000_000  # whatever the files contain
LIMITS = (131072, 65536, 32768, 16384, 8192, 4096, 2048, 1024, 512, 256)
"""Limits to offer if memory doesn't suffice, in tokens."""


@dataclass(frozen=True)
class Shape:
    """The part of a model's architecture that determines its memory."""

    is_chain: ClassVar[bool] = True
    """Whether its blocks can be run one by one (`engine/graph.py`)."""

    parameters: int
    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int

    def weights(self, precision: Precision) -> int:
        """Return the bytes of the weights."""
        return self.parameters * BYTES[precision]

    def activations(self, tokens: int) -> int:
        """Return the bytes that a map over so many tokens takes besides the weights."""
        from ..engine.forward_cache import MAX_PASSES
        from ..salience.gradients import MAX_EAGER_WEIGHTS, MAX_RESIDUAL_BYTES

        queries = self.heads * self.head_dim
        kept = queries + 2 * self.kv_heads * self.head_dim + 2 * self.hidden + 3 * self.intermediate
        attention = 2 * self.heads * tokens
        block = tokens * (kept + attention) * BYTES_PER_NUMBER
        # Every block's, and one block's again, in the backward pass.
        blocks = (self.layers + 1) * block
        cache = 2 * self.layers * tokens * self.kv_heads * self.head_dim * BYTES_PER_NUMBER
        head = 2 * min(tokens, TARGET_ROWS) * self.vocabulary * BYTES_PER_NUMBER
        if self.parameters - self.vocabulary * self.hidden <= MAX_EAGER_WEIGHTS:
            return int(blocks * EAGER) + cache + head
        if not self.is_chain:
            return int(blocks * COMPILED) + cache + head
        # For longer prompts, only the blocks' inputs are stored, and each block is computed again in the backward pass.
        inputs = MAX_PASSES * self.layers * tokens * self.hidden * BYTES_PER_NUMBER
        again = max(MAX_PASSES * MAX_RESIDUAL_BYTES, inputs + int(AGAIN * block))
        return int(min(blocks, again) * COMPILED) + cache + head

    def total(self, precision: Precision, tokens: int) -> int:
        """Return the maximum number of bytes that it needs."""
        return self.weights(precision) + self.activations(tokens) + SPARE


class Undivided(Shape):
    """The shape of a model whose blocks can't run one by one, such as Gemma 4."""

    is_chain = False


def shape(folder: Path, config: dict[str, Any], made: int = 0) -> Shape | None:
    """Return a preset's shape; None if its configuration doesn't contain it.

    Args:
        folder: The preset.
        config: Its `config.json`, Keras's or Hugging Face's.
        made: How many weights Keras creates for its configuration.
    """
    return shape_of(config, numbers(folder, made))


def shape_of(config: dict[str, Any], parameters: int) -> Shape | None:
    """Return the shape of a model with so many weights; None if its configuration doesn't contain it."""
    inner = config.get("config") if "registered_name" in config else config.get("text_config") or config

    def number(*names: str) -> int | None:
        found = (inner.get(name) for name in names) if isinstance(inner, dict) else ()
        return next((value for value in found if isinstance(value, int) and value > 0), None)

    layers = number("num_layers", "num_hidden_layers", "n_layer")
    hidden = number("hidden_dim", "hidden_size", "n_embd")
    heads = number("num_query_heads", "num_heads", "num_attention_heads", "n_head")
    vocabulary = number("vocabulary_size", "vocab_size")
    if not (layers and hidden and heads and vocabulary and parameters):
        return None
    kind = str(config.get("class_name") or config.get("model_type"))
    return (Undivided if kind.lower().startswith("gemma4") else Shape)(
        parameters=parameters,
        layers=layers,
        hidden=hidden,
        intermediate=number("intermediate_dim", "intermediate_size", "n_inner") or 4 * hidden,
        heads=heads,
        kv_heads=number("num_key_value_heads") or heads,
        head_dim=number("head_dim") or hidden // heads,
        vocabulary=vocabulary,
    )


def check(name: str, shape: Shape, precision: Precision, tokens: int, free: int, shown: str) -> None:
    """Refuse a model that doesn't fit.

    Args:
        name: The model, for messages.
        shape: Its shape.
        precision: The precision to load it in.
        tokens: Maximum length of a prompt with its answer.
        free: Free memory in bytes.
        shown: The device, for messages.

    Raises:
        NoRoomError: The model doesn't fit; with the numbers, and with what would fit.
    """
    needed = shape.total(precision, tokens)
    if needed <= free:
        return
    fits = what_fits(shape, precision, tokens, free)
    where = _where(shown)
    message = (
        f"{name} needs {gigabytes(needed)} of {where}, and {gigabytes(free)} are free: {gigabytes(shape.weights(precision))} "
        f"for its weights in {precision}, the rest for maps of prompts up to {tokens:,} tokens."
    )
    hint = (
        "It fits with other settings: choose below."
        if fits
        else "Unload another model, close other programs that use memory, or choose a smaller model."
    )
    raise NoRoomError(message, hint, fits)


def check_weights(name: str, count: int, precision: Precision, free: int, shown: str) -> None:
    """Refuse a model whose weights alone don't fit, if nothing else is known about it.

    Args:
        name: The model, for messages.
        count: The number of weights.
        precision: The precision to load it in.
        free: Free memory in bytes.
        shown: The device, for messages.

    Raises:
        NoRoomError: with the numbers.
    """
    needed = count * BYTES[precision]
    if needed > free:
        raise NoRoomError(
            f"{name} needs {gigabytes(needed)} of {_where(shown)} for its weights in {precision}, and {gigabytes(free)} are "
            "free.",
            "Unload another model, close other programs that use memory, or choose a smaller model.",
            [],
        )


def _where(shown: str) -> str:
    return "memory" if shown == "CPU" else f"{shown} memory"


def what_fits(shape: Shape, precision: Precision, tokens: int, free: int) -> list[ModelFit]:
    """Return the settings that would fit: its precision and bfloat16, each with the longest limit that fits."""
    result = []
    choices: list[Precision] = [precision] if BYTES[precision] == 2 else [precision, "bfloat16"]
    for choice in choices:
        limits = (tokens, *(limit for limit in LIMITS if limit < tokens))
        limit = next((limit for limit in limits if shape.total(choice, limit) <= free), None)
        if limit is not None:
            result.append(ModelFit(precision=choice, max_length=None if limit == tokens else limit))
    return result


class NoRoomError(Problem):
    """A model doesn't fit into memory.

    Args:
        message: The numbers.
        hint: What to do.
        fits: The settings that would fit.
    """

    def __init__(self, message: str, hint: str, fits: list[ModelFit]) -> None:
        super().__init__(507, "no_room", message, hint)
        self.fits = fits


def gigabytes(size: int) -> str:
    """Return a size as text."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.0f} MB"


def numbers(folder: Path, made: int = 0) -> int:
    """Return the maximum number of weights that any part of a preset declares; 0 if none does.

    Args:
        folder: The preset, already checked by `preset_validation.check`.
        made: How many weights Keras creates for its configuration.
    """
    return max(made, _held(folder), _declared(folder))


def check_held(folder: Path, path: str, made: int) -> None:
    """Refuse a preset if its files can contain only a small part of its weights.

    Args:
        folder: The preset, already checked by `preset_validation.check`.
        path: The path as the user wrote it, for messages.
        made: How many weights Keras creates for its configuration.

    Raises:
        Problem: `preset_unsafe`.
    """
    held = _held(folder)
    if made > MAX_EXPANSION * held + ALLOWED_WEIGHTS:
        raise named.unsafe(
            path,
            f"its configuration describes {made:,} weights, but its files contain {held:,}.",
            "Copy the preset again, or use one that save_to_preset has written.",
        )


def _held(folder: Path) -> int:
    if header.is_gguf(folder):
        return header.read(folder).numbers
    files = preset_validation.weights(folder)
    # A folder with both formats has the same weights twice.
    return max(
        sum(stored.numbers_in(file) for file in files if file.suffix == kind) for kind in (".h5", ".safetensors")
    )


def _declared(folder: Path) -> int:
    try:
        count = regular.json_of(folder / "metadata.json").get("parameter_count")
    except (OSError, ValueError, AttributeError, RecursionError):
        return 0
    return count if type(count) is int and count > 0 else 0
