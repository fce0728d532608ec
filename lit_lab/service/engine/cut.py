"""A Keras CausalLM taken apart: embedding, stem, transformer blocks, top and head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import keras
import numpy as np
from keras import ops

from .remembered import Remembered, remembered

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
            self._chain = _chain(backbone, self._stem)
        else:
            stem = _positions(placed, self.embed.compute_dtype, self.width)
            rest = keras.Model([placed.output, mask], backbone.output)
            self.body = keras.Model([stem.input, mask], rest([stem.output, mask]))
            self._chain = _chain(backbone, lambda entry: stem if entry is placed.output else None)
        self.blocks: list[Any] = self._chain[1] if self._chain else []
        self._usual = remembered(causal_lm, len(self.blocks)) if self.blocks else None

    @cached_property
    def _cache(self) -> Remembered | None:
        # Not before it is asked for: the trial would be waited for by whoever asks for the first map.
        kinds = {_kind(block): block for block in self.blocks}
        usual = self._usual
        return (
            usual if usual is not None and usual.agrees(kinds.values(), self.width, self.embed.compute_dtype) else None
        )

    @property
    def goes_on(self) -> bool:
        """Whether a prompt can be read apart from what continues it: of a chain of blocks with the usual caches."""
        return self._cache is not None

    @property
    def keys_and_values(self) -> Remembered:
        """What a block's attention remembers of each token.

        Raises:
            ValueError: Not what is usual: the model doesn't `goes_on`.
        """
        if self._cache is None:
            raise ValueError("no cache of the usual shape")
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
        kept = self._cache  # asked now: not while a backend traces what it will compile

        def last(x: Any, start: Any) -> Any:
            if kept is None or rows == x.shape[1]:
                return top(_slice(block(x), start, rows))
            _, filled = kept.filled(block, x)
            return top(kept.continued(block, _slice(x, start, rows), filled, start))

        return Part(last, block.variables + top.variables, f"upper {rows}")

    def prompt(self) -> list[Part]:
        """Return the parts that read a prompt, from its embeddings, `[1, length, width]`, on.

        Of each block also the keys and values come out, for what continues the prompt: `[1, 2, length, heads, width of
        a head]`. The last part takes a row's number, and computes nothing else but this row's hidden state at the
        model's end, `[1, 1, width]`, which predicts the prompt's next token.

        Compiled as one, these come of all blocks: `[1, blocks, 2, length, heads, width of a head]`.
        """
        stem, blocks, top = self._chained()
        kept = self.keys_and_values

        def read(block: Any) -> Part:
            return Part(lambda x: kept.filled(block, x), block.variables, f"prompt {_kind(block)}")

        def last(x: Any, row: Any) -> tuple[Any, Any]:
            _, filled = kept.filled(blocks[-1], x)
            return filled, top(kept.continued(blocks[-1], _slice(x, row, 1), filled, row))

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
                x, filled = kept.filled(block, x)
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
        kept = self.keys_and_values

        def begin(x: Any, start: Any) -> Any:
            # A family whose tokens are told their positions there tells them by counting.
            empty = ops.zeros((1, length + rows, self.width), x.dtype)
            return _slice(stem(ops.slice_update(empty, [0, start, 0], x)), start, rows)

        def go_on(block: Any, x: Any, known: Any, start: Any) -> Any:
            longer = ops.pad(known, [(0, rows if axis == 2 else 0) for axis in range(5)])
            return kept.continued(block, x, longer, start)

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

    def _stem(self, entry: Any) -> Any:
        """Return the model from the tokens' embeddings to the first block's input, which in most families is the same."""
        start = self.embed.output
        return keras.Model(start, keras.layers.Identity(dtype=start.dtype)(entry) if entry is start else entry)


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
    mask = backbone.input["padding_mask"]
    entries = [_first_input(block, mask) for block in blocks]
    if any(after is not before.output for before, after in zip(blocks, entries[1:], strict=False)):
        return None
    try:
        stem = stem_to(entries[0])
        top = keras.Model(blocks[-1].output, backbone.output)
    except ValueError:  # they need more than that, such as the padding mask
        return None
    return (stem, blocks, top) if stem is not None else None


def _first_input(block: Any, mask: Any) -> Any:
    given = block.input
    return next(each for each in given if each is not mask) if isinstance(given, (list, tuple)) else given


def _kind(block: Any) -> str:
    try:
        config = {key: value for key, value in block.get_config().items() if key != "name"}
    except AttributeError:  # Llama's says more than its blocks know
        told = {key: value for key, value in vars(block).items() if not key.startswith("_")}
        config = {key: value for key, value in told.items() if isinstance(value, (bool, int, float, str, type(None)))}
        config.pop("name", None)
    shapes = [tuple(variable.shape) for variable in block.variables]
    return f"{type(block).__name__} {config} {shapes}"


def _variables(parts: list[Part]) -> list[Any]:
    return [variable for part in parts for variable in part.variables]


def _weights(parts: list[Part]) -> int:
    return sum(int(np.prod(variable.shape)) for variable in _variables(parts))


def _slice(x: Any, start: Any, rows: int) -> Any:
    # Taken, not sliced: the place of a slice would have to be known to the compiler, in its gradient at the latest.
    return ops.take(x, start + ops.arange(rows), axis=1)
