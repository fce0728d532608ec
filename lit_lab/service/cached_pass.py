"""The model's forward pass over a key-value cache, without the vocabulary head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import tensorflow as tf

from .engine.allocation import allocated_cache
from .engine.pieces import compiled, weights_read
from .vocabulary import logits, logits_at

STEP = 128
"""Caches are so many tokens long, or a multiple: long enough to grow rarely, short enough to waste little attention."""


ALTERNATIVES = 20
"""How many of the likeliest tokens are told apart, as many as anybody may ask for."""


@dataclass(frozen=True)
class Next:
    """What is known of the next token.

    Attributes:
        logits: `<float32>[vocabulary_size]`.
        values: The highest of them, highest first: `<float32>[20]`, fewer where the vocabulary is smaller.
        places: Whose they are: `<int32>[20]`.
        total: The logarithm of the sum of all their powers.
        least: The lowest of them.
    """

    logits: Any
    values: Any
    places: Any
    total: Any
    least: Any


_NUM_FOUND = len(fields(Next))


class CachedPass:
    """Runs tokens on top of those that a cache holds.

    One graph serves prompts (many tokens into an empty cache), later steps (one token) and batches: its lengths are
    open, so that no new prompt waits for a compiler.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM` with `call_with_cache`, as all of keras-hub's text models have it.
    """

    def __init__(self, causal_lm: Any) -> None:
        self._causal_lm = causal_lm
        self._embed = causal_lm.backbone.token_embedding
        self._has_own_head = False
        self.vocabulary_size = int(self._embed.input_dim)
        # Two sizes tell which axis of which part is the batch, and which the length, whatever this family's cache
        # looks like.
        one, other, wide = (allocated_cache(causal_lm, *size) for size in ((1, 3), (1, 5), (2, 3)))
        self._length_axes = tf.nest.map_structure(_axis, one, other)
        self._batch_axes = tf.nest.map_structure(_axis, one, wide)
        self._specs = tf.nest.map_structure(_open, one, self._length_axes, self._batch_axes)
        signature = [tf.TensorSpec([None, None], tf.int32), self._specs, tf.TensorSpec([], tf.int32)]
        self._hidden = tf.function(self._call, input_signature=signature, autograph=False)
        self._last = tf.function(self._call_last, input_signature=signature, autograph=False)
        self._steps: dict[int, Any] = {}

    def empty_cache(self, length: int, batch: int = 1) -> Any:
        """Return an empty cache."""
        return allocated_cache(self._causal_lm, batch, length)

    def resized(self, cache: Any, length: int) -> Any:
        """Return a cache of another length; what it holds from there on is lost."""

        def resize(part: Any, axis: int) -> Any:
            missing = length - part.shape[axis]
            if missing < 0:
                return tf.gather(part, tf.range(length), axis=axis)
            return tf.pad(part, [[0, missing if index == axis else 0] for index in range(len(part.shape))])

        return tf.nest.map_structure(resize, cache, self._length_axes)

    def tiled(self, cache: Any, batch: int) -> Any:
        """Return a cache of one sequence, repeated for a batch."""
        return tf.nest.map_structure(lambda part, axis: tf.repeat(part, batch, axis=axis), cache, self._batch_axes)

    def length_of(self, cache: Any) -> int:
        """Return a cache's length in tokens."""
        part, axis = tf.nest.flatten(cache)[0], tf.nest.flatten(self._length_axes)[0]
        return int(part.shape[axis])

    def bytes_of(self, cache: Any) -> int:
        """Return a cache's size."""
        return sum(int(part.shape.num_elements()) * part.dtype.size for part in tf.nest.flatten(cache))

    def run(self, ids: Any, cache: Any, position: int) -> tuple[Any, Any]:
        """Return the hidden states of some tokens, `[batch, num_tokens, width]`, and the cache with them in it.

        They are what `logits` takes: the logits themselves where the family makes them in a way of its own.

        Args:
            ids: `<int32>[batch, num_tokens]`.
            cache: Holds the tokens before.
            position: How many these are.
        """
        hidden, cache = self._hidden(ids, cache, tf.constant(position, tf.int32))
        return hidden, cache

    def next(self, ids: Sequence[int], cache: Any, position: int) -> tuple[Next, Any]:
        """Return what is known of the token after some, and the cache with these in it."""
        forward = self._steps.get(self.length_of(cache), self._last) if len(ids) == 1 else self._last
        found, cache = forward(tf.constant([ids], tf.int32), cache, tf.constant(position, tf.int32))
        return Next(*found), cache

    def logits(self, hidden: Any, exact: bool = False) -> Any:
        """Return the logits of rows of hidden states, `<float32>[rows, vocabulary_size]`.

        Args:
            hidden: Of `run`.
            exact: Whether they are multiplied in float32 where the weights have half its precision: slower, for a row.
        """
        return tf.cast(hidden, tf.float32) if self._has_own_head else logits(self._embed, hidden, exact)

    def compile_step(self, length: int) -> None:
        """Compile by XLA the step of one token over a cache of one length; until then the open graph does it.

        It keeps doing it where that fails.
        """
        if length in self._steps:
            return
        self._steps[length] = self._last
        cache = self.empty_cache(length)
        specs = [tf.TensorSpec(part.shape, part.dtype) for part in tf.nest.flatten(cache)]
        traced = tf.function(
            lambda ids, position, *parts: self._call_last(ids, tf.nest.pack_sequence_as(cache, parts), position),
            autograph=False,
        ).get_concrete_function(tf.TensorSpec([1, 1], tf.int32), tf.TensorSpec([], tf.int32), *specs)
        run = compiled(traced, traced.graph.inputs[: 2 + len(specs)], traced.graph.outputs, weights_read(traced))

        def step(ids: Any, cache: Any, position: Any) -> Any:
            results = run(ids, position, *tf.nest.flatten(cache))
            return results[:_NUM_FOUND], tf.nest.pack_sequence_as(cache, results[_NUM_FOUND:])

        step(tf.zeros((1, 1), tf.int32), cache, tf.constant(0, tf.int32))
        self._steps[length] = step

    @property
    def compiled_steps(self) -> set[int]:
        """The cache lengths for which the step is compiled, as far as it can be."""
        return set(self._steps)

    def own_logits(self, ids: Sequence[int]) -> Any:
        """Return the logits after the last of some ids by the model's own head, eagerly: what others are held to."""
        found, _, _ = self._causal_lm.call_with_cache(tf.constant([ids], tf.int32), self.empty_cache(len(ids)), 0)
        return tf.cast(found[0, -1], tf.float32)

    def _call(self, ids: Any, cache: Any, position: Any) -> tuple[Any, Any]:
        headless = Headless(self._causal_lm)
        try:
            hidden, _, filled = type(self._causal_lm).call_with_cache(headless, ids, cache, position)
        except TypeError:  # `super()` knows no stand-in
            hidden = None
        # The very same: a family that does more to its logits (Gemma 4 bends them) has made a tensor of its own of them.
        self._has_own_head = hidden is None or hidden is not headless.hidden
        if self._has_own_head:
            hidden, _, filled = self._causal_lm.call_with_cache(ids, cache, position)
        return hidden, filled

    def _call_last(self, ids: Any, cache: Any, position: Any) -> tuple[tuple[Any, ...], Any]:
        hidden, cache = self._call(ids, cache, position)
        found = self.logits(hidden[:, -1])[0]
        values, places = tf.math.top_k(found, min(ALTERNATIVES, self.vocabulary_size))
        if hidden.dtype != tf.float32 and not self._has_own_head and self._embed.quantization_mode is None:
            # Half precision has many ties among the likeliest. These few are worth their exact logits.
            values = logits_at(self._embed, hidden[0, -1], places)
            found = tf.tensor_scatter_nd_update(found, places[:, tf.newaxis], values)
            order = tf.argsort(values, direction="DESCENDING", stable=True)
            values, places = tf.gather(values, order), tf.gather(places, order)
        return (found, values, places, tf.reduce_logsumexp(found), tf.reduce_min(found)), cache


class Headless:
    """A model whose logits are its hidden states, for `call_with_cache` to be called on.

    Args:
        causal_lm: The model.

    Attributes:
        hidden: What logits were last asked for; None: they weren't asked of the embedding layer.
    """

    def __init__(self, causal_lm: Any) -> None:
        self._causal_lm = causal_lm
        self.backbone = _HeadlessBackbone(causal_lm.backbone, self)
        self.hidden: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._causal_lm, name)


class _HeadlessBackbone:
    def __init__(self, backbone: Any, model: Headless) -> None:
        self._backbone = backbone
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backbone, name)

    def token_embedding(self, inputs: Any, reverse: bool = False) -> Any:
        if not reverse:
            return self._backbone.token_embedding(inputs)
        self._model.hidden = inputs
        return inputs


def cache_length(tokens: int) -> int:
    """Return how long a cache is made for so many tokens."""
    return -(-tokens // STEP) * STEP


def _axis(one: Any, other: Any) -> int:
    """Return the axis in which two tensors differ."""
    return next(axis for axis, (a, b) in enumerate(zip(one.shape, other.shape, strict=True)) if a != b)


def _open(part: Any, *axes: int) -> Any:
    return tf.TensorSpec([None if axis in axes else size for axis, size in enumerate(part.shape)], part.dtype)
