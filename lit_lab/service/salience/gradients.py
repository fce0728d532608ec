"""Gradients of a target's loss with respect to the embedding layer's output: what all gradient methods rest on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from ..engine.backends import backend
from ..engine.buckets import ROWS, WASTE, length_bucket
from ..engine.cut import Cut
from ..engine.head import Head
from ..engine.kept import Kept
from ..engine.passes import MOST_ROWS, Check, Forward, Passes
from ..engine.prompts import Prompts
from ..engine.wanted import Wanted

KEPT_BYTES = 2 * 2**30  # of one forward pass; all of what is kept is at most twice that
LARGE = 50_000_000  # weights of the blocks from which on compiling takes less time than one target without it
_MOST_WASTE = 2.5  # up to which another bucket is faster than eager Keras


@dataclass(frozen=True)
class TargetGradient:
    """What one target's loss says of the tokens before its end.

    Attributes:
        embeddings: The embedding layer's output, `<float32>[num_tokens, width]`; as LIT has it, before the scaling
            that some families (Gemma) apply next.
        gradient: The summed loss's gradient with respect to it, in nats, `<float32>[num_tokens, width]`.
        loss: The summed loss: the target's negative log-probability, in nats.

    `num_tokens` is the target's end less one: no later token has a part in the loss.
    """

    embeddings: NDArray[np.float32]
    gradient: NDArray[np.float32]
    loss: float


class EmbeddingGradients:
    """Gradients through a Keras CausalLM, cut open at its embedding layer's output.

    A sequence's forward pass is done once and kept, or goes on from that of its prompt, if that was kept when it was
    answered (`read`); each target then takes one backward pass. Logits are computed for
    the target's rows alone, and no gradient of a weight. Until `prepare` has compiled a sequence's length, small models
    are run by eager Keras: who waits for a map never waits for a compiler where that would take longer.

    Not for use from several threads at once, but for `prepare`.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM` with a functional backbone.
        window: Most tokens of a sequence; None: any number.
        kept_bytes: Most bytes that one forward pass keeps.

    Raises:
        AttributeError: The backbone hasn't the usual shape; KeyError and ValueError likewise.
    """

    def __init__(self, causal_lm: Any, window: int | None = None, kept_bytes: int = KEPT_BYTES) -> None:
        self._backend = backend()
        self._array: Callable[[Any], NDArray[np.float32]] = self._backend.array
        self._cut = Cut(causal_lm)
        self._head = Head(self._cut)
        self._eager_head = Head(self._cut, compiled=False)
        self._window = window
        self._budget = kept_bytes
        self._passes: dict[int, Passes] = {}
        self._wanted = Wanted()
        self._kept = Kept()
        self._prompts = Prompts(self._cut, self._head, window, kept_bytes, self._kept)
        self._large: bool = sum(int(block.count_params()) for block in self._cut.blocks) > LARGE

    @property
    def is_prepared(self) -> bool:
        """Whether everything that was wanted so far is compiled."""
        return not self._wanted and self._prompts.is_prepared

    def want(self, length: int, rows: int = ROWS[0]) -> None:
        """Say that sequences of about `length` tokens are to come, with windows of `rows`; `prepare` compiles for them."""
        bucket = length_bucket(length, self._window)
        known = self._passes.get(bucket)
        if known is None or not known.serves(min(rows, bucket - 1)):
            self._wanted.add(bucket, rows)

    def want_answer(self, prompt: int, answer: int) -> None:
        """Say that prompts of about so many tokens are to come, with answers of so many that are to be explained.

        Once that is compiled, too, `read` reads such a prompt for whoever answers it, and the answer's gradients need no
        second pass over it.
        """
        if answer < 1:
            return
        self.want(prompt + answer, min(answer, MOST_ROWS))
        self._prompts.want(prompt, answer)

    def read(self, ids: Sequence[int], check: Check = lambda: None) -> tuple[Any, Any] | None:
        """Return what predicts a prompt's next token, and its keys and values, as `Prompts.read`."""
        return self._prompts.read(ids, check)

    def prepare(self) -> None:
        """Compile what is wanted; who asks meanwhile, from another thread, doesn't wait for it."""
        while self._prepare_oldest():
            pass
        self._prompts.prepare()

    def _prepare_oldest(self) -> bool:
        with self._wanted.oldest() as wanted:
            if wanted is None:
                return False
            bucket, rows = wanted
            passes = self._passes.get(bucket) or Passes(self._cut, self._head, bucket, self._budget)
            passes.compile(rows)
            self._passes[bucket] = passes
            return True

    def kept_bytes(self, length: int) -> int:
        """Return how much the kept forward pass of a sequence takes, without running anything."""
        return Passes(self._cut, self._head, length_bucket(length, self._window), self._budget).kept_bytes()

    def forget(self) -> None:
        """Let go of the kept forward passes."""
        self._kept.clear()

    @property
    def waits_for_compiler(self) -> bool:
        """Whether whoever asks for what isn't compiled waits until it is, as large models are quicker so."""
        return self._large

    def of(
        self,
        ids: Sequence[int],
        start: int,
        end: int,
        window: tuple[int, int] | None = None,
        check: Check = lambda: None,
    ) -> TargetGradient:
        """Return the gradient of the summed loss of tokens `[start, end)`, each predicted from those before it.

        Args:
            ids: The whole sequence, `<int>[num_tokens]`.
            start: First token of the target, 1 or more: token 0 is never predicted.
            end: The token after the target's last.
            window: Span in which this and the next targets lie, so that their rows are computed at once.
            check: Called between pieces of work; raises when nobody waits any more.
        """
        if self._kept.get("sequence", tuple(ids)) is None:
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
        """Return the hidden states that tokens from `start` on are predicted by, `[len(ids) - start, width]`.

        They are those of a forward pass that is kept, so that a gradient of these tokens needs no other. None where that
        would have to be compiled first.
        """
        passes = self._passes.get(min((size for size in list(self._passes) if size >= len(ids)), default=0))
        rows = len(ids) - start
        if passes is None or passes.length > WASTE * len(ids) or rows > MOST_ROWS or not passes.serves(rows):
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
        """Return the target's losses and gradients at other embeddings than the tokens' own.

        Args:
            ids: The sequence; what is scored is still the probability of tokens `[start, end)`.
            start: First token of the target.
            end: The token after its last.
            embeddings: `<float32>[batch, end - 1, width]`.
            check: Called between pieces of work.

        Returns:
            `<float64>[batch]`, in nats, and `<float32>[batch, end - 1, width]`.
        """
        ready = self._ready(end, (start, end), (start, end))
        if ready is None:
            return self._eagerly_at(ids[:end], start, embeddings, check)
        passes, _ = ready
        losses, gradients = [], []
        for given in embeddings:
            padded = np.zeros((1, passes.length, self._cut.width), np.float32)
            padded[0, : end - 1] = given
            at = ops.cast(ops.convert_to_tensor(padded), self._cut.embed.compute_dtype)
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
        return self._array(ops.mean(ops.cast(self._backend.tensor(self._cut.embed.embeddings), "float32"), axis=0))

    def target_logits(self, ids: Sequence[int], start: int) -> NDArray[np.float32]:
        """Return the scoring pass's logits for tokens `[start, len(ids))`: `<float32>[num_targets, vocabulary_size]`."""
        with self._backend.without_gradients():
            hidden = self._cut.run(self._own(ids[:-1])[0])
            return self._array(self._cut.logits(hidden[:, start - 1 :])[0])

    def _ready(
        self, length: int, target: tuple[int, int], window: tuple[int, int]
    ) -> tuple[Passes, tuple[int, int]] | None:
        """Return compiled passes for a length, and a window that they are compiled for; None when there are none yet.

        What isn't compiled is wanted from now on. Meanwhile a longer bucket does as well, better than waiting or eager
        Keras: what it wastes is only padding. A window that is too long shrinks to the target: its other rows are then
        computed when they are asked for.
        """
        needed = target[1] - target[0]
        if window[1] - window[0] > max(MOST_ROWS, needed):
            window = target
        rows = window[1] - window[0]
        passes = self._of_length(length)
        if passes is None or passes.length > WASTE * length:
            self.want(length, rows)
        if passes is None:
            return None
        if passes.serves(rows) or (self._large and not passes.serves(needed)):
            return passes, window
        if passes.length <= WASTE * length:
            self.want(passes.length, rows)
        return (passes, target) if passes.serves(needed) else None

    def _of_length(self, length: int) -> Passes | None:
        """Return passes for a length, compiled or, where that takes less time than one target without, to be compiled."""
        # A copy: another may be compiled meanwhile.
        compiled = min((size for size in list(self._passes) if size >= length), default=None)
        if compiled is not None and compiled <= (WASTE if self._large else _MOST_WASTE) * length:
            return self._passes[compiled]
        if not self._large:
            return None
        bucket = length_bucket(length, self._window)
        self._passes[bucket] = Passes(self._cut, self._head, bucket, self._budget)
        return self._passes[bucket]

    def _forward(self, passes: Passes, ids: tuple[int, ...], check: Check) -> Forward:
        known: tuple[Passes, Forward] | None = self._kept.get("sequence", ids)
        if known is not None and known[0] is passes:
            return known[1]
        self._kept.make_room()
        forward = passes.forward(ids, check)
        self._kept.put("sequence", ids, (passes, forward))
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
            given = ops.cast(ops.convert_to_tensor(embeddings[at : at + 8]), self._cut.embed.compute_dtype)
            some, their = self._differentiate(ids, start, given)
            losses.append(some)
            gradients.append(their)
        return np.concatenate(losses), np.concatenate(gradients)

    def _differentiate(
        self, ids: Sequence[int], start: int, embeddings: Any
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        def rows(given: Any) -> Any:
            # Row i predicts token i + 1.
            return self._cut.run(given)[:, start - 1 :]

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
            embeddings = self._cut.embeddings(np.array([ids], np.int32))
        return embeddings, self._array(embeddings[0])
