"""The model's forward pass over a key-value cache, without the vocabulary head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops, tree
from numpy.typing import NDArray

from lit_lab.problem import Problem

from .engine.allocation import allocated_cache
from .engine.backends import Spec, backend, bytes_of, spec_of
from .vocabulary import logits, logits_at

STEP = 128
"""Caches are so many tokens long, or a multiple: long enough to grow rarely, short enough to waste little attention."""


ALTERNATIVES = 20
"""How many of the most probable tokens are returned: the most that a request may ask for."""


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


class CachedPass:
    """Runs tokens on top of those that a cache holds.

    On TensorFlow, one graph serves prompts (many tokens into an empty cache), later steps (one token) and batches: its
    lengths are open, so that no new prompt waits for a compiler. JAX compiles for each length: there a prompt is run in
    chunks of a few lengths.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM` with `call_with_cache`, as nearly all of keras-hub's text models have it.

    Raises:
        Problem: `unsupported_model`: it keeps something else of earlier tokens, as RWKV does.
    """

    def __init__(self, causal_lm: Any) -> None:
        self._causal_lm = causal_lm
        self._embed = causal_lm.backbone.token_embedding
        self._has_own_head: bool | None = None  # unknown before the first pass
        self.vocabulary_size = int(self._embed.input_dim)
        # Two sizes tell which axis of which part is the batch, and which the length, whatever this family's cache
        # looks like.
        try:
            one, other, wide = (allocated_cache(causal_lm, *size) for size in ((1, 3), (1, 5), (2, 3)))
            self._length_axes = tree.map_structure(_axis, one, other)
            self._batch_axes = tree.map_structure(_axis, one, wide)
        except (AttributeError, StopIteration, TypeError, ValueError) as error:
            raise Problem(
                422,
                "unsupported_model",
                f"{type(causal_lm).__name__} keeps no keys and values of earlier tokens, by which LIT Lab runs a model.",
                "Choose a model of another family, such as Gemma, Llama, Mistral or Qwen.",
            ) from error
        specs = tree.map_structure(spec_of, one, self._length_axes, self._batch_axes)
        signature = [Spec((None, None), "int32"), specs, Spec((), "int32")]
        self._backend = backend()
        self._hidden = self._backend.open_graph(self._call, signature)
        self._last = self._backend.open_graph(self._call_last, signature)
        self._row = Spec((1, int(self._embed.output_dim)), self._embed.compute_dtype)
        self._next = self._backend.open_graph(self._next_of, [self._row])
        self._steps: dict[int, Any] = {}

    @property
    def reads_hidden_states(self) -> bool:
        """Whether `logits` takes the hidden states of any pass; not of a family with a head of its own."""
        return self._has_own_head is False

    def empty_cache(self, length: int, batch: int = 1) -> Any:
        """Return an empty cache."""
        return allocated_cache(self._causal_lm, batch, length)

    def resized(self, cache: Any, length: int) -> Any:
        """Return a cache of another length; what it holds from there on is lost."""

        def resize(part: Any, axis: int) -> Any:
            missing = length - part.shape[axis]
            if missing < 0:
                return ops.take(part, np.arange(length), axis=axis)
            return ops.pad(part, [[0, missing if index == axis else 0] for index in range(len(part.shape))])

        return tree.map_structure(resize, cache, self._length_axes)

    def tiled(self, cache: Any, batch: int) -> Any:
        """Return a cache of one sequence, repeated for a batch."""
        return tree.map_structure(lambda part, axis: ops.repeat(part, batch, axis=axis), cache, self._batch_axes)

    def length_of(self, cache: Any) -> int:
        """Return a cache's length in tokens."""
        part, axis = tree.flatten(cache)[0], tree.flatten(self._length_axes)[0]
        return int(part.shape[axis])

    def bytes_of(self, cache: Any) -> int:
        """Return a cache's size."""
        return sum(bytes_of(spec_of(part)) for part in tree.flatten(cache))

    def run(self, ids: Any, cache: Any, position: int) -> tuple[Any, Any]:
        """Return the hidden states of some tokens, `[batch, num_tokens, width]`, and the cache with them in it.

        They are what `logits` takes: the logits themselves where the family makes them in a way of its own.

        Args:
            ids: `<int32>[batch, num_tokens]`.
            cache: Holds the tokens before.
            position: How many these are.
        """
        found = []
        for part in self._parts(np.asarray(ids, np.int32)):
            hidden, cache = self._hidden(ops.convert_to_tensor(part), cache, ops.convert_to_tensor(position, "int32"))
            found.append(hidden)
            position += part.shape[1]
        return found[0] if len(found) == 1 else ops.concatenate(found, axis=1), cache

    def next(self, ids: Sequence[int], cache: Any, position: int) -> tuple[Next, Any]:
        """Return what is known of the token after some, and the cache with these in it."""
        for part in self._parts(np.array([ids], np.int32)):
            forward = self._steps.get(self.length_of(cache), self._last) if part.shape[1] == 1 else self._last
            found, cache = forward(ops.convert_to_tensor(part), cache, ops.convert_to_tensor(position, "int32"))
            position += part.shape[1]
        return Next(*found), cache

    def next_of(self, hidden: Any) -> Next:
        """Return what is known of the token that a hidden state predicts, `[1, width]`; see `reads_hidden_states`."""
        return Next(*self._next(hidden))

    def compile_next(self) -> None:
        """Compile `next_of`, if it may be used."""
        if self.reads_hidden_states:
            self.next_of(ops.zeros(self._row.shape, self._row.dtype))

    def logits(self, hidden: Any, exact: bool = False) -> Any:
        """Return the logits of rows of hidden states, `<float32>[rows, vocabulary_size]`.

        Args:
            hidden: Of `run`.
            exact: Whether they are multiplied in float32 where the weights have half its precision: slower, for a row.
        """
        return ops.cast(hidden, "float32") if self._has_own_head else logits(self._embed, hidden, exact)

    def losses(self, hidden: Any, labels: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return how improbable each label is after its row of hidden states, in nats: `<float32>[rows]`.

        Args:
            hidden: Rows of what `run` returns.
            labels: `<int32>[rows]`.
        """
        with self._backend.without_gradients():
            found = ops.sparse_categorical_crossentropy(labels, self.logits(hidden, exact=True), from_logits=True)
        losses: NDArray[np.float32] = self._backend.array(found)
        return losses

    def compile_step(self, length: int) -> None:
        """Compile the step of one token over a cache of one length; until then the open graph does it.

        It keeps doing it where that fails.
        """
        if length in self._steps:
            return
        self._steps[length] = self._last
        cache = self.empty_cache(length)
        step = self._backend.compiled_step(self._call_last, cache)
        step(ops.zeros((1, 1), "int32"), cache, ops.convert_to_tensor(0, "int32"))
        self._steps[length] = step

    @property
    def compiled_steps(self) -> set[int]:
        """The cache lengths for which the step is compiled, as far as it can be."""
        return set(self._steps)

    def own_logits(self, ids: Sequence[int]) -> Any:
        """Return the logits after the last of some ids by the model's own head, eagerly: what others are held to."""
        given = ops.convert_to_tensor([list(ids)], "int32")
        with self._backend.without_gradients():
            found, _, _ = self._causal_lm.call_with_cache(given, self.empty_cache(len(ids)), 0)
        return ops.cast(found[0, -1], "float32")

    def _parts(self, ids: NDArray[np.int32]) -> Iterator[NDArray[np.int32]]:
        """Yield tokens, `[batch, num_tokens]`, in parts of lengths that are compiled only once."""
        if self._backend.PROMPT_LENGTHS is None:
            yield ids
            return
        at = 0
        while at < ids.shape[1]:
            length = next(size for size in self._backend.PROMPT_LENGTHS if size <= ids.shape[1] - at)
            yield ids[:, at : at + length]
            at += length

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
        return self._next_of(hidden[:, -1]), cache

    def _next_of(self, hidden: Any) -> tuple[Any, ...]:
        found = self.logits(hidden)[0]
        values, places = ops.top_k(found, min(ALTERNATIVES, self.vocabulary_size))
        is_half = keras.backend.standardize_dtype(hidden.dtype) != "float32"
        if is_half and not self._has_own_head and self._embed.quantization_mode is None:
            # Half precision has many ties among the likeliest. These few are worth their exact logits.
            values = logits_at(self._embed, hidden[0], places)
            found = ops.scatter_update(found, places[:, None], values)
            order = ops.argsort(-values)
            values, places = ops.take(values, order), ops.take(places, order)
        return found, values, places, ops.logsumexp(found), ops.min(found)


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
