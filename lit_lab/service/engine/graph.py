"""A Keras backbone from its embedding layer's output on, as one model and as a chain of blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops


@dataclass(frozen=True)
class Chain:
    """A backbone as a chain of blocks, each with one input besides the padding mask.

    Attributes:
        stem: Model from the token embeddings to the first block's input, both `[B, T, D]`.
        blocks: The transformer blocks, at least one.
        top: Model from the last block's output to the backbone's output, both `[B, T, D]`.
    """

    stem: Any
    blocks: list[Any]
    top: Any


class Graph:
    """A backbone from its embedding layer's output on.

    Args:
        backbone: A functional backbone.

    Attributes:
        embed: The embedding layer.
        width: D, the size of an embedding.
        chain: The chain of blocks; None if the backbone isn't one.

    Raises:
        AttributeError, KeyError, ValueError: The backbone's structure isn't supported.
    """

    def __init__(self, backbone: Any) -> None:
        self.embed = backbone.token_embedding
        self.width = int(self.embed.output_dim)
        mask = backbone.input["padding_mask"]
        embedder = _position_embedder(backbone)
        # Gemma 4's backbone and blocks take positions as another input, so its blocks aren't a `Chain`.
        self._positions = backbone.input.get("position_ids")
        self.chain: Chain | None = None
        if self._positions is not None:
            self._body = keras.Model([self.embed.output, mask, self._positions], backbone.output)
        elif embedder is None:
            # `output` is the output of the layer's first call, which embeds the tokens. A later call reverses the embedding.
            self._body = keras.Model([self.embed.output, mask], backbone.output)
            self.chain = _chain(backbone, self._stem)
        else:
            stem = _position_model(embedder, self.embed.compute_dtype, self.width)
            rest = keras.Model([embedder.output, mask], backbone.output)
            self._body = keras.Model([stem.input, mask], rest([stem.output, mask]))
            self.chain = _chain(backbone, lambda entry: stem if entry is embedder.output else None)

    @property
    def variables(self) -> list[Any]:
        """The backbone's variables, without the embedding layer's."""
        return list(self._body.variables)

    def run(self, embeddings: Any) -> Any:
        """Return the backbone's output, `[B, T, D]`, for embeddings `[B, T, D]`."""
        ones = ops.ones(ops.shape(embeddings)[:2], "int32")  # [B, T]
        if self._positions is None:
            return self._body([embeddings, ones])
        return self._body([embeddings, ones, ops.cumsum(ones, axis=1) - 1])

    def _stem(self, entry: Any) -> Any:
        """Return a model from the embeddings to the first block's input. In most families both are the same tensor."""
        start = self.embed.output
        return keras.Model(start, keras.layers.Identity(dtype=start.dtype)(entry) if entry is start else entry)


def kind_of(block: Any) -> str:
    """Return a string that is equal for blocks that compute the same function of different weights."""
    try:
        config = {key: value for key, value in block.get_config().items() if key != "name"}
    except AttributeError:  # Llama's `get_config` reads attributes that its blocks lack
        public = {key: value for key, value in vars(block).items() if not key.startswith("_")}
        config = {key: value for key, value in public.items() if isinstance(value, (bool, int, float, str, type(None)))}
        config.pop("name", None)
    shapes = [tuple(variable.shape) for variable in block.variables]
    return f"{type(block).__name__} {config} {shapes}"


def _position_embedder(backbone: Any) -> Any | None:
    """Return the layer that embeds tokens and adds positions, as in OPT; None if no single layer does both."""
    layer = getattr(backbone, "embeddings", None)
    return layer if getattr(layer, "token_embedding", None) is backbone.token_embedding else None


def _position_model(embedder: Any, dtype: str, width: int) -> Any:
    """Return a model that adds the layer's position embeddings to token embeddings."""
    tokens = keras.Input((None, width), dtype=dtype)  # [B, T, D]
    return keras.Model(tokens, tokens + embedder.position_embedding(tokens))


def _chain(backbone: Any, stem_to: Callable[[Any], Any | None]) -> Chain | None:
    """Return the chain of a backbone's blocks; None if they don't form one.

    Args:
        backbone: A functional backbone.
        stem_to: Returns the model from the token embeddings to a given tensor of the backbone, or None.
    """
    blocks = list(getattr(backbone, "transformer_layers", []))
    if not blocks:
        return None
    mask = backbone.input["padding_mask"]
    entries = [_first_input(block, mask) for block in blocks]
    if any(after is not before.output for before, after in zip(blocks, entries[1:], strict=False)):
        return None
    try:
        stem = stem_to(entries[0])
        top = keras.Model(blocks[-1].output, backbone.output)
    except ValueError:  # one of them needs another input, such as the padding mask
        return None
    return Chain(stem, blocks, top) if stem is not None else None


def _first_input(block: Any, mask: Any) -> Any:
    inputs = block.input
    return next(each for each in inputs if each is not mask) if isinstance(inputs, (list, tuple)) else inputs
