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
from lit_lab.protocol import ComputedPrecision

from .engine.allocation import allocated_cache
from .engine.backends import Spec, backend, bytes_of, spec_of
from .vocabulary import LabelLosses, logits, logits_at, rows_at
from .weights.device_memory import free_memory

STEP = 128
"""Lengths of caches are multiples of this number of tokens: caches grow rarely, and waste little attention."""


MIN_DRAFTED = 50_000_000
"""Minimum number of a model's weights for drafts: the steps of a smaller one take little time."""

ALTERNATIVES = 20
"""How many of the most probable tokens are returned: the maximum for requests."""


@dataclass(frozen=True)
class Next:
    """The prediction of the next token.

    Attributes:
        logits: `<float32>[vocabulary_size]`; None if only the others are needed.
        values: The highest logits, highest first: `<float32>[20]`, fewer if the vocabulary is smaller.
        places: Their ids: `<int32>[20]`.
        total: The logarithm of the sum of all logits' exponentials.
        least: The lowest logit.
    """

    logits: Any
    values: Any
    places: Any
    total: Any
    least: Any


class CachedPass:
    """Runs tokens after the tokens in a cache.

    On TensorFlow, one graph serves prompts (many tokens into an empty cache), later steps (one token) and batches: its
    lengths are open, so that no new prompt waits for a compiler. JAX compiles for each length: there a prompt is run in
    chunks of a few lengths.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM` with `call_with_cache`, as in nearly all of keras-hub's text models.
        half: Whether products with weights are computed in bfloat16; only where the backend's `has_half_copies` says so.

    Attributes:
        room: Returns the bytes that nothing else will need, of which the compiled step takes up to half; None: unknown.

    Raises:
        Problem: `unsupported_model`: its cache has something else than keys and values, as RWKV's does.
    """

    def __init__(self, causal_lm: Any, half: bool = False) -> None:
        self._causal_lm = causal_lm
        self._embed = causal_lm.backbone.token_embedding
        self._has_own_head: bool | None = None  # unknown before the first pass
        self.vocabulary_size = int(self._embed.input_dim)
        self.block_weights = int(causal_lm.backbone.count_params() - self._embed.count_params())
        # Two sizes show which axis of each part is the batch, and which the length, whatever the form of this family's cache.
        try:
            one, other, wide = (allocated_cache(causal_lm, *size) for size in ((1, 3), (1, 5), (2, 3)))
            self._length_axes = tree.map_structure(_axis, one, other)
            self._batch_axes = tree.map_structure(_axis, one, wide)
            self.token_bytes = self.bytes_of(one) / 3
        except (AttributeError, StopIteration, TypeError, ValueError) as error:
            raise Problem(
                422,
                "unsupported_model",
                f"{type(causal_lm).__name__} has no cache of earlier tokens' keys and values, which LIT Lab needs.",
                "Choose a model of another family, such as Gemma, Llama, Mistral or Qwen.",
            ) from error
        specs = tree.map_structure(spec_of, one, self._length_axes, self._batch_axes)
        signature = [Spec((None, None), "int32"), specs, Spec((), "int32")]
        self._backend = backend()
        self._hidden = self._backend.open_graph(self._call, signature, **({"half": True} if half else {}))
        self._next: Any = None  # made for the first row, which is logits if the family has its own head
        self._next_rows: Any = None
        self._steps: dict[int, Any] = {}  # None: it isn't compiled yet, or is slower compiled
        self._copies: dict[Any, Any] = {}  # of weights, for all steps
        self.room = free_memory
        self._label_losses = LabelLosses(self._embed)

    @property
    def reads_hidden_states(self) -> bool:
        """Whether `logits` accepts the hidden states of any pass; false for families with their own head."""
        return self._has_own_head is False

    @property
    def precision(self) -> ComputedPrecision:
        """What it computes in."""
        found: ComputedPrecision = keras.backend.standardize_dtype(self._causal_lm.compute_dtype)
        return found

    @property
    def has_own_head(self) -> bool:
        """Whether this family computes its logits in its own way; unknown, and False, before the first pass."""
        return bool(self._has_own_head)

    def empty_cache(self, length: int, batch: int = 1) -> Any:
        """Return an empty cache."""
        return allocated_cache(self._causal_lm, batch, length)

    def resized(self, cache: Any, length: int) -> Any:
        """Return a cache of another length; positions beyond that length are lost."""

        def resize(part: Any, axis: int) -> Any:
            missing = length - part.shape[axis]
            if missing <= 0:
                return part[(slice(None),) * axis + (slice(length),)]
            return ops.pad(part, [[0, missing if index == axis else 0] for index in range(len(part.shape))])

        return cache if self.length_of(cache) == length else tree.map_structure(resize, cache, self._length_axes)

    def tiled(self, cache: Any, batch: int) -> Any:
        """Return a cache of one sequence, repeated for a batch."""
        return tree.map_structure(lambda part, axis: ops.repeat(part, batch, axis=axis), cache, self._batch_axes)

    def row_of(self, cache: Any, index: int) -> Any:
        """Return the cache of one of a batch's sequences."""

        def row(part: Any, axis: int) -> Any:
            is_one = part.shape[axis] == 1
            return part if is_one else part[(slice(None),) * axis + (slice(index, index + 1),)]

        return tree.map_structure(row, cache, self._batch_axes)

    def joined(self, caches: Sequence[Any]) -> Any:
        """Return a batch's cache from those of its sequences, all of one length."""
        parts = zip(*(tree.flatten(cache) for cache in caches), strict=True)
        axes = tree.flatten(self._batch_axes)
        found = [ops.concatenate(each, axis=axis) for each, axis in zip(parts, axes, strict=True)]
        return tree.pack_sequence_as(self._batch_axes, found)

    def length_for(self, tokens: int) -> int:
        """Return the length of a cache that no more tokens follow."""
        return cache_length(tokens) if self.compiles_shapes else tokens

    @property
    def compiles_shapes(self) -> bool:
        """Whether each new number of sequences or tokens waits for a compiler."""
        return self._backend.PROMPT_LENGTHS is not None

    def length_of(self, cache: Any) -> int:
        """Return a cache's length in tokens."""
        part, axis = tree.flatten(cache)[0], tree.flatten(self._length_axes)[0]
        return int(part.shape[axis])

    def bytes_of(self, cache: Any) -> int:
        """Return a cache's size."""
        return sum(bytes_of(spec_of(part)) for part in tree.flatten(cache))

    def run(self, ids: Any, cache: Any, position: int) -> tuple[Any, Any]:
        """Return the hidden states of some tokens, `[batch, num_tokens, width]`, and the cache with them in it.

        `logits` accepts them. They are already logits if the family computes these in its own way.

        Args:
            ids: `<int32>[batch, num_tokens]`.
            cache: Contains the previous tokens.
            position: Number of previous tokens.
        """
        found = []
        for part in self.parts(np.asarray(ids, np.int32)):
            hidden, cache = self._hidden(ops.convert_to_tensor(part), cache, ops.convert_to_tensor(position, "int32"))
            found.append(hidden)
            position += part.shape[1]
        return found[0] if len(found) == 1 else ops.concatenate(found, axis=1), cache

    def next(self, ids: Sequence[int], cache: Any, position: int) -> tuple[Next, Any]:
        """Return the prediction after some tokens, and the cache with these in it."""
        step = None
        for part in self.parts(np.array([ids], np.int32)):
            step = self._steps.get(self.length_of(cache)) if part.shape[1] == 1 else None
            found, cache = (step or self._hidden)(
                ops.convert_to_tensor(part), cache, ops.convert_to_tensor(position, "int32")
            )
            position += part.shape[1]
        # One graph of the blocks serves everything: tracing another one takes as long as a first short answer.
        return Next(*found) if step else self.next_of(found[:, -1]), cache

    def next_of(self, hidden: Any) -> Next:
        """Return the prediction of a hidden state, `[1, width]`; see `reads_hidden_states`."""
        if self._next is None:
            self._next = self._backend.open_graph(self._next_of, [spec_of(hidden)])
        return Next(*self._next(hidden))

    def next_rows(self, ids: Sequence[int], cache: Any, position: int) -> tuple[list[Next], Any]:
        """Return the prediction after each of some tokens, without its logits, and the cache with these in it; see `reads_hidden_states`."""
        hidden, cache = self.run(np.array([ids], np.int32), cache, position)
        if self._next_rows is None:
            self._next_rows = self._backend.open_graph(self._next_rows_of, [spec_of(hidden[0], 0)])
        found = [ops.convert_to_numpy(each) for each in self._next_rows(hidden[0])]
        return [Next(None, *row) for row in zip(*found, strict=True)], cache

    def compile_losses(self) -> None:
        """Compile `losses`, if it is more than plain operations."""
        if self.reads_hidden_states and self._embed.quantization_mode is None:
            self.losses(ops.zeros((1, int(self._embed.output_dim))), np.zeros(1, np.int32))

    def logits(self, hidden: Any, exact: bool = False) -> Any:
        """Return the logits of rows of hidden states, `<float32>[rows, vocabulary_size]`.

        Args:
            hidden: From `run`.
            exact: Whether to multiply in float32 if the weights have half precision: slower, for single rows.
        """
        return ops.cast(hidden, "float32") if self._has_own_head else logits(self._embed, hidden, exact)

    def logits_of(self, hidden: Any, places: Any) -> Any:
        """Return each row's logits of some tokens, in float32: `[rows, num_tokens]`; see `reads_hidden_states`.

        Args:
            hidden: Rows from `run`.
            places: The tokens of each row, `<int32>[rows, num_tokens]`.
        """
        return rows_at(self._embed, hidden, places)

    def losses(self, hidden: Any, labels: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return each label's loss after its row of hidden states, in nats: `<float32>[rows]`.

        Args:
            hidden: Rows from `run`.
            labels: `<int32>[rows]`.
        """
        with self._backend.without_gradients():
            if self._has_own_head or self._embed.quantization_mode is not None:
                found = ops.sparse_categorical_crossentropy(labels, self.logits(hidden, exact=True), from_logits=True)
            else:
                found = self._label_losses(hidden, labels)
        losses: NDArray[np.float32] = self._backend.array(found)
        return losses

    def compile_step(self, length: int) -> None:
        """Compile the step of one token over a cache of one length; until then the open graph runs it.

        If that fails, or if a compiled step is slower, the open graph continues to run it.
        """
        if length in self._steps:
            return
        self._steps[length] = None
        cache = self.empty_cache(length)
        room = self.room()
        step = self._backend.compiled_step(self._call_last, cache, self._copies, None if room is None else room // 2)
        if step is None:
            return
        step(ops.zeros((1, 1), "int32"), cache, ops.convert_to_tensor(0, "int32"))
        self._steps[length] = step

    def compiled_draft(self, length: int) -> Any | None:
        """Return a compiled step of one token with rounded weights, over caches of one length; None if it would be no faster than the model's.

        It takes a token, `<int32>[1, 1]`, a cache, and the number of tokens in it; and returns the most probable next token, `<int32>[1, 1]`, and
        the cache with the given one in it.
        """
        is_plain = self.reads_hidden_states and self._embed.quantization_mode is None
        if not is_plain or self.precision != "float32" or self._causal_lm.count_params() < MIN_DRAFTED:
            return None
        cache, room = self.empty_cache(length), self.room()
        step = self._backend.compiled_draft(
            self._call_likeliest, cache, self._copies, None if room is None else room // 2
        )
        if step is not None:
            step(ops.zeros((1, 1), "int32"), cache, ops.convert_to_tensor(0, "int32"))
        return step

    @property
    def compiled_steps(self) -> set[int]:
        """The cache lengths for which the step is compiled, as far as it can be."""
        return set(self._steps)

    def own_logits(self, ids: Sequence[int]) -> Any:
        """Return the logits after the last id from the model's own head, eagerly: the reference for other logits."""
        given = ops.convert_to_tensor([list(ids)], "int32")
        with self._backend.without_gradients():
            found, _, _ = self._causal_lm.call_with_cache(given, self.empty_cache(len(ids)), 0)
        return ops.cast(found[0, -1], "float32")

    def parts(self, ids: NDArray[np.int32]) -> Iterator[NDArray[np.int32]]:
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
        except TypeError:  # `super()` doesn't accept a wrapper
            hidden = None
        # Compared by identity: a family that changes its logits (Gemma 4 caps them) has made another tensor of them.
        self._has_own_head = hidden is None or hidden is not headless.hidden
        if self._has_own_head:
            hidden, _, filled = self._causal_lm.call_with_cache(ids, cache, position)
        return hidden, filled

    def _call_last(self, ids: Any, cache: Any, position: Any) -> tuple[tuple[Any, ...], Any]:
        hidden, cache = self._call(ids, cache, position)
        return self._next_of(hidden[:, -1]), cache

    def _call_likeliest(self, ids: Any, cache: Any, position: Any) -> tuple[Any, Any]:
        hidden, cache = self._call(ids, cache, position)
        return ops.cast(ops.argmax(self.logits(hidden[:, -1]), axis=-1), "int32")[:, None], cache

    def _next_rows_of(self, hidden: Any) -> tuple[Any, ...]:
        found = self.logits(hidden)
        values, places = ops.top_k(found, min(ALTERNATIVES, self.vocabulary_size))
        return values, places, ops.logsumexp(found, axis=-1), ops.min(found, axis=-1)

    def _next_of(self, hidden: Any) -> tuple[Any, ...]:
        found = self.logits(hidden)[0]
        values, places = ops.top_k(found, min(ALTERNATIVES, self.vocabulary_size))
        is_half = keras.backend.standardize_dtype(hidden.dtype) != "float32"
        if is_half and not self._has_own_head and self._embed.quantization_mode is None:
            # Half precision has many ties among the most probable tokens. These few are worth their exact logits.
            values = logits_at(self._embed, hidden[0], places)
            found = ops.scatter_update(found, places[:, None], values)
            order = ops.argsort(-values)
            values, places = ops.take(values, order), ops.take(places, order)
        return found, values, places, ops.logsumexp(found), ops.min(found)


class Headless:
    """A model whose logits are its hidden states, to call `call_with_cache` on.

    Args:
        causal_lm: The model.

    Attributes:
        hidden: The input of the last call of the embedding layer's reverse; None: it wasn't called.
    """

    def __init__(self, causal_lm: Any) -> None:
        self._causal_lm = causal_lm
        self.backbone = HeadlessBackbone(causal_lm.backbone, self)
        self.hidden: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._causal_lm, name)


class HeadlessBackbone:
    """The backbone of a `Headless` model.

    Args:
        backbone: The model's backbone.
        model: The model.
    """

    def __init__(self, backbone: Any, model: Headless) -> None:
        self._backbone = backbone
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backbone, name)

    def token_embedding(self, inputs: Any, reverse: bool = False) -> Any:
        """Embed tokens, or return hidden states as they are."""
        if not reverse:
            return self._backbone.token_embedding(inputs)
        self._model.hidden = inputs
        return inputs


def cache_length(tokens: int) -> int:
    """Return the length of a new cache for so many tokens."""
    return -(-tokens // STEP) * STEP


def _axis(one: Any, other: Any) -> int:
    """Return the axis in which two tensors differ."""
    return next(axis for axis, (a, b) in enumerate(zip(one.shape, other.shape, strict=True)) if a != b)
