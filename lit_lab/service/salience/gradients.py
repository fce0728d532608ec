"""Gradients of a target's loss with respect to the embedding layer's output. All gradient methods use them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from ..engine.backends import backend
from ..engine.buckets import ROWS, WASTE, length_bucket
from ..engine.compile_queue import CompileQueue
from ..engine.forward_cache import ForwardCache
from ..engine.head import Head
from ..engine.open_passes import Opened, OpenPasses
from ..engine.passes import MAX_ROWS, Check, Forward, Passes
from ..engine.prompts import Prompts
from ..engine.split_model import SplitModel

MAX_RESIDUAL_BYTES = 2 * 2**30  # saved by one forward pass; two passes are cached
MAX_EAGER_WEIGHTS = 50_000_000  # weights of the blocks; above, compiling takes less time than one target in eager Keras
_MAX_WASTE = 2.5  # padded length / length, up to which a compiled pass is faster than eager Keras


@dataclass(frozen=True)
class TargetGradient:
    """The gradient of a target's loss with respect to the embeddings.

    `num_tokens` is the target's end minus one: later tokens don't affect the loss.

    Attributes:
        embeddings: The embedding layer's output, `<float32>[num_tokens, width]`, as LIT has it: before the scaling that
            some families, such as Gemma, apply next.
        gradient: The loss's gradient with respect to `embeddings`, in nats, `<float32>[num_tokens, width]`.
        loss: The target's negative log-probability, summed over its tokens, in nats.
    """

    embeddings: NDArray[np.float32]
    gradient: NDArray[np.float32]
    loss: float


class EmbeddingGradients:
    """Computes gradients of targets' losses with respect to a Keras CausalLM's embeddings.

    A sequence's forward pass runs once and is cached. If generation has cached a pass of the sequence's prompt (`read`),
    only the tokens after the prompt run. Each target then takes one backward pass. Logits are computed for the target's
    rows only, and gradients of weights not at all. Small models run in eager Keras until `compile_pending` has compiled a
    sequence's length: no map waits for the compiler if eager Keras is faster.

    `compile_pending` may run in another thread; the other methods may not run at the same time as each other.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM` with a functional backbone.
        window: Maximum number of tokens of a sequence; None: no limit.
        residual_bytes: Maximum bytes of the results that one forward pass saves.
        cache_bytes: Maximum bytes of all cached passes; None: two passes are cached.

    Raises:
        QuantizedError: The model's weights are integers.
        AttributeError, KeyError, ValueError: The backbone's structure isn't supported.
    """

    def __init__(
        self,
        causal_lm: Any,
        window: int | None = None,
        residual_bytes: int = MAX_RESIDUAL_BYTES,
        cache_bytes: int | None = None,
    ) -> None:
        self._backend = backend()
        self._array: Callable[[Any], NDArray[np.float32]] = self._backend.array
        self._model = SplitModel(causal_lm)
        self._head = Head(self._model)
        self._eager_head = Head(self._model, compiled=False)
        self._window = window
        self._budget = residual_bytes
        self._passes: dict[int, Passes] = {}
        self._compile_queue = CompileQueue()
        self._forward_cache = ForwardCache(cache_bytes)
        self._prompts = Prompts(self._model, self._head, window, residual_bytes, self._forward_cache)
        self._large: bool = sum(int(block.count_params()) for block in self._model.blocks) > MAX_EAGER_WEIGHTS
        has_open = self._large and self._backend.has_open_parts(self._model.embed.compute_dtype)
        self._opened = Opened(self._model, self._head, residual_bytes) if has_open else None

    @property
    def is_compiled(self) -> bool:
        """Whether all requested passes are compiled."""
        is_traced = self._opened is None or self._opened.is_ready
        return is_traced and not self._compile_queue and self._prompts.is_compiled

    def warm_up(self) -> None:
        """Trace the passes of a large model. Other methods, called in another thread, wait for it if they need them."""
        if self._opened is not None:
            self._opened.get()

    def request_compile(self, length: int, rows: int = ROWS[0]) -> None:
        """Request passes for sequences of about `length` tokens and windows of `rows` rows.

        `compile_pending` compiles them.
        """
        opened = self._opened
        # Without waiting: it may be traced just now. If it can't be, the first map requests its length.
        if opened is not None and not (opened.is_ready and opened.get() is None):
            return
        bucket = length_bucket(length, self._window)
        known = self._passes.get(bucket)
        if known is None or not known.serves(min(rows, bucket - 1)):
            self._compile_queue.add(bucket, rows)

    def request_compile_for_answer(self, prompt: int, answer: int) -> None:
        """Request passes for prompts and answers of about these numbers of tokens.

        Once they are compiled, `read` runs such a prompt for generation, and the answer's gradients reuse its pass.
        """
        if answer < 1:
            return
        self.request_compile(prompt + answer, min(answer, MAX_ROWS))
        self._prompts.request_compile(prompt, answer)

    def read(self, ids: Sequence[int], check: Check = lambda: None) -> tuple[Any, Any] | None:
        """Return a prompt's last hidden state and its key-value cache, or None; see `Prompts.read`."""
        return self._prompts.read(ids, check)

    def compile_pending(self) -> None:
        """Compile the requested passes. Other methods, called in another thread, don't wait for it."""
        self.warm_up()
        while self._compile_oldest():
            pass
        self._prompts.compile_pending()

    def _compile_oldest(self) -> bool:
        with self._compile_queue.oldest() as request:
            if request is None:
                return False
            bucket, rows = request
            passes = self._passes.get(bucket) or Passes(self._model, self._head, bucket, self._budget)
            passes.compile(rows)
            self._passes[bucket] = passes
            return True

    def residual_bytes(self, length: int) -> int:
        """Return the bytes that the forward pass of a sequence saves, without running the pass."""
        if (opened := self._open_passes()) is not None:
            return opened.residual_bytes(length)
        return Passes(self._model, self._head, length_bucket(length, self._window), self._budget).residual_bytes()

    @property
    def forward_cache(self) -> ForwardCache:
        """The cached forward passes."""
        return self._forward_cache

    def forget(self) -> None:
        """Drop the cached forward passes."""
        self._forward_cache.clear()

    def of(
        self,
        ids: Sequence[int],
        start: int,
        end: int,
        window: tuple[int, int] | None = None,
        check: Check = lambda: None,
    ) -> TargetGradient:
        """Return the gradient of the summed loss of tokens `[start, end)`.

        Args:
            ids: The whole sequence, `<int>[num_tokens]`.
            start: First token of the target, at least 1: the model doesn't predict token 0.
            end: The token after the target's last one.
            window: A span that contains this target and the next ones, whose rows are then computed at once.
            check: Called between the parts of a pass; raises if the request is cancelled.
        """
        if self._forward_cache.get("sequence", tuple(ids)) is None:
            shared = self._prompts.gradient(ids, start, end, check)
            if shared is not None:
                loss, embeddings, gradient = shared
                return TargetGradient(embeddings, gradient, loss)
        ready = self._ready(len(ids), (start, end), window or (start, end))
        if ready is None:
            embeddings, gradient, loss = self._eagerly(ids[:end], start)
            return TargetGradient(embeddings, gradient, loss)
        passes, window = ready
        forward = self._forward(passes, tuple(ids), check)
        loss, found = passes.gradient(forward, start, end, window, check)
        return TargetGradient(forward.own[: end - 1], found, loss)

    def hidden(self, ids: Sequence[int], start: int, check: Check = lambda: None) -> Any | None:
        """Return the hidden states that predict the tokens from `start` on, `[len(ids) - start, width]`.

        The forward pass is cached, for the gradients of these tokens. None if no pass is ready that fits the sequence.
        """
        rows = len(ids) - start
        if self._opened is not None and not self._opened.is_ready:
            return None
        passes = self._open_passes() or self._compiled_passes(len(ids), rows)
        if passes is None or rows > MAX_ROWS:
            return None
        return passes.hidden(self._forward(passes, tuple(ids), check), start, len(ids))

    def at(
        self,
        ids: Sequence[int],
        start: int,
        end: int,
        embeddings: NDArray[np.float32],
        check: Check = lambda: None,
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Return a target's losses and their gradients at given embeddings.

        Args:
            ids: The sequence, at least to the target's end.
            start: First token of the target.
            end: The token after the target's last one.
            embeddings: `<float32>[batch, end - 1, width]`
            check: Called between the parts of a pass; raises if the request is cancelled.

        Returns:
            Summed losses, `<float64>[batch]`, in nats, and gradients, `<float32>[batch, end - 1, width]`.
        """
        ready = self._ready(end, (start, end), (start, end))
        if ready is None:
            return self._eagerly_at(ids[:end], start, embeddings, check)
        passes, _ = ready
        losses, gradients = [], []
        for given in embeddings:
            length = end - 1 if isinstance(passes, OpenPasses) else passes.length
            padded = np.zeros((1, length, self._model.width), np.float32)
            padded[0, : end - 1] = given
            at = ops.cast(ops.convert_to_tensor(padded), self._model.embed.compute_dtype)
            forward = passes.forward_from(at, tuple(ids[:end]), check)
            loss, gradient = passes.gradient(forward, start, end, (start, end), check)
            losses.append(loss)
            gradients.append(gradient)
        return np.array(losses), np.stack(gradients)

    def embeddings(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return the embedding layer's output: `<float32>[num_tokens, width]`."""
        return self._own(ids)[1]

    def mean_embedding(self) -> NDArray[np.float32]:
        """Return the mean of the vocabulary's embeddings: `<float32>[width]`."""
        return self._array(ops.mean(ops.cast(self._backend.tensor(self._model.embed.embeddings), "float32"), axis=0))

    def target_logits(self, ids: Sequence[int], start: int) -> NDArray[np.float32]:
        """Return the logits that predict tokens `[start, len(ids))`: `<float32>[num_targets, vocabulary_size]`.

        They come from an eager pass through the split model, for comparing it with generation's.
        """
        with self._backend.without_gradients():
            hidden = self._model.run(self._own(ids[:-1])[0])
            return self._array(self._model.logits(hidden[:, start - 1 :])[0])

    def _ready(
        self, length: int, target: tuple[int, int], window: tuple[int, int]
    ) -> tuple[Passes, tuple[int, int]] | None:
        """Return passes for a sequence's length, and a window to compute; None if no compiled passes fit.

        Requests the passes that aren't compiled. Until they are, passes for a longer bucket are used, because more padding
        takes less time than waiting or eager Keras. If no passes are compiled for the window, it shrinks to the target;
        the rows of other targets are then computed when they are needed.
        """
        needed = target[1] - target[0]
        if window[1] - window[0] > max(MAX_ROWS, needed):
            window = target
        rows = window[1] - window[0]
        if (opened := self._open_passes()) is not None:
            return opened, window
        passes = self._of_length(length)
        if passes is None or passes.length > WASTE * length:
            self.request_compile(length, rows)
        if passes is None:
            return None
        if passes.serves(rows) or (self._large and not passes.serves(needed)):
            return passes, window
        if passes.length <= WASTE * length:
            self.request_compile(passes.length, rows)
        return (passes, target) if passes.serves(needed) else None

    def _open_passes(self) -> OpenPasses | None:
        return None if self._opened is None else self._opened.get()

    def _compiled_passes(self, length: int, rows: int) -> Passes | None:
        """Return compiled passes for a length and a number of rows, if padding wastes little."""
        passes = self._passes.get(min((size for size in list(self._passes) if size >= length), default=0))
        return passes if passes is not None and passes.length <= WASTE * length and passes.serves(rows) else None

    def _of_length(self, length: int) -> Passes | None:
        """Return compiled passes for a length, or new ones if compiling takes less time than one target in eager Keras."""
        # A copy, because `compile_pending` may add passes meanwhile.
        compiled = min((size for size in list(self._passes) if size >= length), default=None)
        if compiled is not None and compiled <= (WASTE if self._large else _MAX_WASTE) * length:
            return self._passes[compiled]
        if not self._large:
            return None
        bucket = length_bucket(length, self._window)
        self._passes[bucket] = Passes(self._model, self._head, bucket, self._budget)
        return self._passes[bucket]

    def _forward(self, passes: Passes, ids: tuple[int, ...], check: Check) -> Forward:
        known: tuple[Passes, Forward] | None = self._forward_cache.needed("sequence", ids)
        if known is not None and known[0] is passes:
            return known[1]
        size = passes.held_bytes(len(ids))
        self._forward_cache.make_room(size)
        forward = passes.forward(ids, check)
        self._forward_cache.put("sequence", ids, (passes, forward), size)
        return forward

    def _eagerly(self, ids: Sequence[int], start: int) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
        embeddings, own = self._own(ids[:-1])
        losses, gradients = self._differentiate(ids, start, embeddings)
        return own, gradients[0], float(losses[0])

    def _eagerly_at(
        self, ids: Sequence[int], start: int, embeddings: NDArray[np.float32], check: Check
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        losses, gradients = [], []
        for at in range(0, len(embeddings), 8):
            check()
            given = ops.cast(ops.convert_to_tensor(embeddings[at : at + 8]), self._model.embed.compute_dtype)
            some, their = self._differentiate(ids, start, given)
            losses.append(some)
            gradients.append(their)
        return np.concatenate(losses), np.concatenate(gradients)

    def _differentiate(
        self, ids: Sequence[int], start: int, embeddings: Any
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        def rows(given: Any) -> Any:
            # Row i predicts token i + 1.
            return self._model.run(given)[:, start - 1 :]

        def head(hidden: Any) -> tuple[Any, Any]:
            batch, count, width = hidden.shape
            labels = np.tile(np.array(ids[start:], np.int32), batch)
            losses, upstream = self._eager_head(ops.reshape(hidden, (-1, width)), labels)
            return ops.reshape(losses, (batch, count)), ops.reshape(upstream, hidden.shape)

        losses, gradient = self._backend.differentiated(rows, head, embeddings)
        return self._array(losses).sum(axis=1, dtype=np.float64), self._array(gradient)

    def _own(self, ids: Sequence[int]) -> tuple[Any, NDArray[np.float32]]:
        """Return the tokens' embeddings, `[1, num_tokens, width]`, and their values, `<float32>[num_tokens, width]`."""
        with self._backend.without_gradients():
            embeddings = self._model.embeddings(np.array([ids], np.int32))
        return embeddings, self._array(embeddings[0])
