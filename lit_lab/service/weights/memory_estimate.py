"""The memory that a preset will take, reckoned from its files before anything is loaded.

Weights are certain: their number times their size. What a map of the longest prompt takes is reckoned from what the
engine keeps between its passes (docs/architecture.md, "The engine"): for every block, its matrix products and softmax, in
float32 whatever the weights are in. `benchmarks/memory.py` holds this against what is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from lit_lab.problem import Problem
from lit_lab.protocol import ModelFit, Precision

from ..gguf import header
from . import named, preset_validation, regular, stored

KEPT = 4  # bytes of a number that the engine keeps: a bfloat16 model's, too, were measured as large
COMPILED = 1.1  # what was measured to be taken, to what is kept
AGAIN = 2.0  # what a block that is computed again was measured to take, to what it would keep, with room for more
EAGER = 3.0  # the same of small models, whose first map of a length is computed before that is compiled

BYTES: dict[str, int] = {"float32": 4, "bfloat16": 2, "float16": 2}
TARGET_ROWS = 256  # tokens of an answer whose probabilities are held at once
SPARE = 128 * 2**20  # bytes for compiled code and whatever else comes
MAX_EXPANSION = 8  # weights made of one number of a file: quantized ones are packed, and tied ones are stored once
FEW = 1_000_000  # weights that may be made whatever the files hold
LIMITS = (131072, 65536, 32768, 16384, 8192, 4096, 2048, 1024, 512, 256)
"""Limits that are offered where memory doesn't suffice, in tokens."""


@dataclass(frozen=True)
class Shape:
    """What of a model's architecture its memory depends on."""

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
        """Return the bytes that a map over so many tokens takes beside the weights."""
        from ..engine.forward_cache import MAX_PASSES
        from ..salience.gradients import KEPT_BYTES, LARGE

        queries = self.heads * self.head_dim
        kept = queries + 2 * self.kv_heads * self.head_dim + 2 * self.hidden + 3 * self.intermediate
        attention = 2 * self.heads * tokens
        block = tokens * (kept + attention) * KEPT
        # Every block's, and one block's a second time, on the way back.
        blocks = (self.layers + 1) * block
        cache = 2 * self.layers * tokens * self.kv_heads * self.head_dim * KEPT
        head = 2 * min(tokens, TARGET_ROWS) * self.vocabulary * KEPT
        if self.parameters - self.vocabulary * self.hidden <= LARGE:
            return int(blocks * EAGER) + cache + head
        if not self.is_chain:
            return int(blocks * COMPILED) + cache + head
        # Of longer prompts the blocks' inputs alone are kept, and each block is computed again on the way back.
        inputs = MAX_PASSES * self.layers * tokens * self.hidden * KEPT
        again = max(MAX_PASSES * KEPT_BYTES, inputs + int(AGAIN * block))
        return int(min(blocks, again) * COMPILED) + cache + head

    def total(self, precision: Precision, tokens: int) -> int:
        """Return the bytes that it needs at most."""
        return self.weights(precision) + self.activations(tokens) + SPARE


class Undivided(Shape):
    """The shape of a model whose blocks are run all at once, as Gemma 4's are."""

    is_chain = False


def shape(folder: Path, config: dict[str, Any], made: int = 0) -> Shape | None:
    """Return a preset's shape; None where its configuration doesn't tell it.

    Args:
        folder: The preset.
        config: Its `config.json`, Keras's or Hugging Face's.
        made: How many weights Keras makes of its configuration.
    """
    return shape_of(config, numbers(folder, made))


def shape_of(config: dict[str, Any], parameters: int) -> Shape | None:
    """Return the shape of a model of so many weights; None where its configuration doesn't tell it."""
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
    """Refuse what can't fit.

    Args:
        name: The model, for messages.
        shape: Its shape.
        precision: What it is to be loaded in.
        tokens: Its longest prompt with its answer.
        free: Bytes that may be taken.
        shown: The device, for messages.

    Raises:
        NoRoomError: with the numbers, and what would fit.
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
        "It fits otherwise: choose below."
        if fits
        else "Unload another model, close what else uses memory, or choose a smaller model."
    )
    raise NoRoomError(message, hint, fits)


def check_weights(name: str, count: int, precision: Precision, free: int, shown: str) -> None:
    """Refuse a model whose weights alone can't fit, of which nothing more is known.

    Args:
        name: The model, for messages.
        count: How many weights it has.
        precision: What it is to be loaded in.
        free: Bytes that may be taken.
        shown: The device, for messages.

    Raises:
        NoRoomError: with the numbers.
    """
    needed = count * BYTES[precision]
    if needed > free:
        raise NoRoomError(
            f"{name} needs {gigabytes(needed)} of {_where(shown)} for its weights in {precision}, and {gigabytes(free)} are "
            "free.",
            "Unload another model, close what else uses memory, or choose a smaller model.",
            [],
        )


def _where(shown: str) -> str:
    return "memory" if shown == "CPU" else f"{shown} memory"


def what_fits(shape: Shape, precision: Precision, tokens: int, free: int) -> list[ModelFit]:
    """Return how a model would fit: as it is with a shorter limit, and in bfloat16, with the longest limit that does."""
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
        fits: How it would fit.
    """

    def __init__(self, message: str, hint: str, fits: list[ModelFit]) -> None:
        super().__init__(507, "no_room", message, hint)
        self.fits = fits


def gigabytes(size: int) -> str:
    """Return a size in words."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.0f} MB"


def numbers(folder: Path, made: int = 0) -> int:
    """Return how many weights a preset has, at most: the largest of what its parts say. 0: none says it.

    Args:
        folder: The preset, which `preset_validation.check` has looked through.
        made: How many Keras makes of its configuration, whatever its files hold.
    """
    return max(made, _held(folder), _told(folder))


def check_held(folder: Path, path: str, made: int) -> None:
    """Refuse a preset of whose weights its files can hold only a small part.

    Args:
        folder: The preset, which `preset_validation.check` has looked through.
        path: What the user wrote, for messages.
        made: How many weights Keras makes of its configuration.

    Raises:
        Problem: `preset_unsafe`.
    """
    held = _held(folder)
    if made > MAX_EXPANSION * held + FEW:
        raise named.unsafe(
            path,
            f"its configuration describes {made:,} weights, and its files hold {held:,}.",
            "Copy the preset again, or load one as save_to_preset writes it.",
        )


def _held(folder: Path) -> int:
    if header.is_gguf(folder):
        return header.read(folder).numbers
    files = preset_validation.weights(folder)
    # A folder with both formats has the same weights twice.
    return max(
        sum(stored.numbers_in(file) for file in files if file.suffix == kind) for kind in (".h5", ".safetensors")
    )


def _told(folder: Path) -> int:
    try:
        count = regular.json_of(folder / "metadata.json").get("parameter_count")
    except (OSError, ValueError, AttributeError, RecursionError):
        return 0
    return count if type(count) is int and count > 0 else 0
