"""A Keras CausalLM taken apart: embedding, stem, transformer blocks, top and head."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from .allocation import allocated_cache

WHOLE = 4_000_000
"""Weights without the embeddings up to which a model is compiled as one graph.

Above, its blocks share compiled functions, one for each kind of block: compiling takes as long for 2 layers as for 26.
"""


class QuantizedError(ValueError):
    """A model's weights are quantized to whole numbers."""


@dataclass(frozen=True)
class Part:
    """A part of the model as a function of its weights, which can so be shared by all parts of its kind.

    Attributes:
        call: From inputs to an output, or several.
        variables: The Keras variables that `call` uses.
        kind: Parts of one kind are the same function of different weights.
        moved: How many of its inputs, the first ones, gradients are taken with respect to.
    """

    call: Callable[..., Any]
    variables: list[Any]
    kind: str
    moved: int = 1


class Cut:
    """A CausalLM, cut open at its embedding layer's output.

    `score(layer_intercept_fn=…)` of keras-hub would show the embeddings too, but not all families have it, and it
    computes logits for every token where only the target's are needed. Cut as a functional model, all families run
    the same way.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM` with a functional backbone.

    Raises:
        QuantizedError: The weights are whole numbers: gradients through them are wrong by more than half.
        AttributeError: The backbone hasn't the usual shape, and so for the next two.
        KeyError: …
        ValueError: …
    """

    def __init__(self, causal_lm: Any) -> None:
        backbone = causal_lm.backbone
        if any(keras.backend.standardize_dtype(weight.dtype) in ("int8", "uint8") for weight in backbone.weights):
            raise QuantizedError
        self.embed = backbone.token_embedding
        self.width = int(self.embed.output_dim)
        mask = backbone.input["padding_mask"]
        placed = _placed(backbone)
        # Gemma 4 is told its tokens' positions; its blocks want them too, and are no chain of one input each.
        self._positions = backbone.input.get("position_ids")
        if self._positions is not None:
            self.body = keras.Model([self.embed.output, mask, self._positions], backbone.output)
            self._chain = None
        elif placed is None:
            # `output` is that of the layer's first call: the embedding, not its reverse at the end.
            self.body = keras.Model([self.embed.output, mask], backbone.output)
            self._chain = _chain(backbone, lambda entry: keras.Model(self.embed.output, entry))
        else:
            stem = _positions(placed, self.embed.compute_dtype, self.width)
            rest = keras.Model([placed.output, mask], backbone.output)
            self.body = keras.Model([stem.input, mask], rest([stem.output, mask]))
            self._chain = _chain(backbone, lambda entry: stem if entry is placed.output else None)
        self.blocks: list[Any] = self._chain[1] if self._chain else []
        self._cache = _cache_shape(causal_lm, len(self.blocks))

    @property
    def goes_on(self) -> bool:
        """Whether a prompt can be read apart from what continues it: of a chain of blocks with the usual caches."""
        return self._cache is not None and bool(self.blocks) and all(map(_cache_names, self.blocks))

    @property
    def keys_and_values(self) -> tuple[int, int, str]:
        """Heads, width of a head and type of what a block's attention remembers of each token."""
        if self._cache is None:
            raise ValueError("not of the usual shape")
        return self._cache

    def lower(self) -> list[Part]:
        """Return the parts below the last block: from the embeddings to its input, `[batch, length, width]` each."""
        if self._chain is None:
            return []
        stem, blocks, _ = self._chain
        parts = [Part(stem, stem.variables, "stem")]
        parts += [Part(block, block.variables, _kind(block)) for block in blocks[:-1]]
        if _weights(parts) > WHOLE:
            return parts
        calls = [part.call for part in parts]

        def all_of_them(x: Any) -> Any:
            for call in calls:
                x = call(x)
            return x

        return [Part(all_of_them, _variables(parts), "lower")]

    def upper(self, rows: int) -> Part:
        """Return the last part: from the last block's input and a first row to `rows` rows of the hidden states.

        Only these rows are computed, where the last block can be called with a key-value cache: it is called for its
        keys and values first (what else it computes is dropped by the compiler), and then for the rows alone.

        Args:
            rows: How many.
        """
        if self._chain is None:

            def whole(x: Any, start: Any) -> Any:
                return _slice(self.run(x), start, rows)

            return Part(whole, self.body.variables, f"upper {rows}")
        _, blocks, top = self._chain
        block = blocks[-1]
        is_whole = self._cache is None or _cache_names(block) is None

        def last(x: Any, start: Any) -> Any:
            if is_whole or rows == x.shape[1]:
                return top(_slice(block(x), start, rows))
            _, filled = self._filled(block, x)
            return top(_continued(block, _slice(x, start, rows), filled, start))

        return Part(last, block.variables + top.variables, f"upper {rows}")

    def prompt(self) -> list[Part]:
        """Return the parts that read a prompt, from its embeddings, `[1, length, width]`, on.

        Of each block also the keys and values come out, for what continues the prompt: `[1, 2, length, heads, width of
        a head]`. The last part takes a row's number, and computes nothing else but this row's hidden state at the
        model's end, `[1, 1, width]`, which predicts the prompt's next token.

        Compiled as one, these come of all blocks: `[1, blocks, 2, length, heads, width of a head]`.
        """
        stem, blocks, top = self._chained()

        def read(block: Any) -> Part:
            return Part(lambda x: self._filled(block, x), block.variables, f"prompt {_kind(block)}")

        def last(x: Any, row: Any) -> tuple[Any, Any]:
            _, filled = self._filled(blocks[-1], x)
            return filled, top(_continued(blocks[-1], _slice(x, row, 1), filled, row))

        parts = [
            Part(stem, stem.variables, "prompt stem"),
            *map(read, blocks[:-1]),
            Part(last, blocks[-1].variables + top.variables, "prompt last"),
        ]
        if _weights(parts) > WHOLE:
            return parts

        def all_of_them(x: Any, row: Any) -> tuple[Any, Any]:
            x = stem(x)
            found = []
            for block in blocks[:-1]:
                x, filled = self._filled(block, x)
                found.append(filled)
            filled, hidden = last(x, row)
            return ops.stack([*found, filled], axis=1), hidden

        return [Part(all_of_them, _variables(parts), "prompt")]

    def rest(self, length: int, rows: int) -> list[Part]:
        """Return the parts that read `rows` tokens more, from their embeddings on: one for each of `prompt`.

        Each takes what comes out of the one before, `[1, rows, width]`; where its fellow has keys and values, these; and
        the place of its first token. The last one's output are the hidden states at the model's end.

        Args:
            length: Of the prompt that the keys and values are of, padded.
            rows: How many tokens are read.
        """
        stem, blocks, top = self._chained()

        def begin(x: Any, start: Any) -> Any:
            # A family whose tokens are told their positions there tells them by counting.
            empty = ops.zeros((1, length + rows, self.width), x.dtype)
            return _slice(stem(ops.slice_update(empty, [0, start, 0], x)), start, rows)

        def go_on(block: Any, x: Any, known: Any, start: Any) -> Any:
            return _continued(block, x, ops.pad(known, [(0, rows if axis == 2 else 0) for axis in range(5)]), start)

        def read(block: Any) -> Part:
            return Part(partial(go_on, block), block.variables, f"rest {rows} {_kind(block)}", moved=2)

        def last(x: Any, known: Any, start: Any) -> Any:
            return top(go_on(blocks[-1], x, known, start))

        parts = [
            Part(begin, stem.variables, f"rest {rows} stem"),
            *map(read, blocks[:-1]),
            Part(last, blocks[-1].variables + top.variables, f"rest {rows} last", moved=2),
        ]
        if _weights(parts) > WHOLE:
            return parts

        def all_of_them(x: Any, known: Any, start: Any) -> Any:
            x = begin(x, start)
            for number, block in enumerate(blocks):
                x = go_on(block, x, known[:, number], start)
            return top(x)

        return [Part(all_of_them, _variables(parts), f"rest {rows}", moved=2)]

    def embeddings(self, ids: Any) -> Any:
        """Return `[batch, length, width]`, as LIT has them: before the scaling that some families apply next."""
        return self.embed(ids)

    def run(self, embeddings: Any) -> Any:
        """Return the hidden states at the model's end, `[batch, length, width]`."""
        ones = ops.ones(ops.shape(embeddings)[:2], "int32")
        if self._positions is None:
            return self.body([embeddings, ones])
        return self.body([embeddings, ones, ops.cumsum(ones, axis=1) - 1])

    def logits(self, hidden: Any) -> Any:
        """Return the head's logits in float32, `[…, vocabulary_size]`."""
        return ops.cast(self.embed(hidden, reverse=True), "float32")

    def _chained(self) -> tuple[Any, list[Any], Any]:
        if self._chain is None:
            raise ValueError("no chain of blocks")
        return self._chain

    def _filled(self, block: Any, x: Any) -> tuple[Any, Any]:
        """Return a block's output, and its keys and values, `[batch, 2, length, heads, width of a head]`."""
        heads, width, dtype = self.keys_and_values
        empty = ops.zeros((x.shape[0], 2, x.shape[1], heads, width), dtype=dtype)
        return _cached(block, x, empty, 0)


def _placed(backbone: Any) -> Any | None:
    """Return the layer that looks tokens up and adds their positions in one, as OPT has it; None where they are two."""
    layer = getattr(backbone, "embeddings", None)
    return layer if getattr(layer, "token_embedding", None) is backbone.token_embedding else None


def _positions(placed: Any, dtype: str, width: int) -> Any:
    """Return a model that adds positions to tokens' embeddings, as such a layer does."""
    tokens = keras.Input((None, width), dtype=dtype)
    return keras.Model(tokens, tokens + placed.position_embedding(tokens))


def _chain(backbone: Any, stem_to: Callable[[Any], Any | None]) -> tuple[Any, list[Any], Any] | None:
    """Return stem, blocks and top of a backbone that is a chain of blocks; None when it isn't one.

    Args:
        backbone: A functional backbone.
        stem_to: Returns the model from the tokens' embeddings to a tensor of the backbone, or None.
    """
    blocks = list(getattr(backbone, "transformer_layers", []))
    if not blocks:
        return None
    entries = [_first_input(block) for block in blocks]
    if any(after is not before.output for before, after in zip(blocks, entries[1:], strict=False)):
        return None
    try:
        stem = stem_to(entries[0])
        top = keras.Model(blocks[-1].output, backbone.output)
    except ValueError:  # they need more than that, such as the padding mask
        return None
    return (stem, blocks, top) if stem is not None else None


def _first_input(block: Any) -> Any:
    given = block.input
    return given[0] if isinstance(given, (list, tuple)) else given


def _cached(block: Any, x: Any, known: Any, start: Any) -> tuple[Any, Any]:
    """Return a block's output for tokens from a place on, and its keys and values with theirs."""
    names = _cache_names(block)
    if names is None:
        raise ValueError("no cache")
    cache, position = names
    output, filled = block(x, **{cache: known, position: start})
    return output, filled


def _continued(block: Any, x: Any, known: Any, start: Any) -> Any:
    return _cached(block, x, known, start)[0]


def _cache_names(block: Any) -> tuple[str, str] | None:
    """Return how a block's call names its key-value cache and the position in it."""
    names = inspect.signature(type(block).call).parameters
    for name in names:
        if name.endswith("cache") and not name.startswith("cross") and f"{name}_update_index" in names:
            return name, f"{name}_update_index"
    return None


def _cache_shape(causal_lm: Any, blocks: int) -> tuple[int, int, str] | None:
    """Return heads, width of a head and type of a block's key-value cache; None when it isn't of the usual shape."""
    try:
        cache = allocated_cache(causal_lm, 1, 3)
    except (AttributeError, TypeError, ValueError):
        return None
    shape = tuple(getattr(cache, "shape", ()))
    # [batch, blocks, keys and values, length, heads, width of a head]
    if len(shape) != 6 or shape[1:4] != (blocks, 2, 3):
        return None
    return int(shape[4]), int(shape[5]), keras.backend.standardize_dtype(cache.dtype)


def _kind(block: Any) -> str:
    config = {key: value for key, value in block.get_config().items() if key != "name"}
    shapes = [tuple(variable.shape) for variable in block.variables]
    return f"{type(block).__name__} {config} {shapes}"


def _variables(parts: list[Part]) -> list[Any]:
    return [variable for part in parts for variable in part.variables]


def _weights(parts: list[Part]) -> int:
    return sum(int(np.prod(variable.shape)) for variable in _variables(parts))


def _slice(x: Any, start: Any, rows: int) -> Any:
    # Taken, not sliced: the place of a slice would have to be known to the compiler, in its gradient at the latest.
    return ops.take(x, start + ops.arange(rows), axis=1)
