"""Generates answers token by token, or draft by draft, over a key-value cache that the next prompt reuses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from lit_lab.problem import Problem
from lit_lab.protocol import Sampling

from .cached_pass import ALTERNATIVES, STEP, CachedPass, Next, cache_length
from .cancellation import Cancellation
from .drafts import Drafts
from .engine.backends import backend
from .kv_caches import KVCaches, shared
from .sampling import Chooser, chooser

MAX_CACHE_BYTES = 2**30  # of a key-value cache that the next prompt reuses
LOGIT_ROWS = 64  # rows whose logits are computed at once: 64 MB with a vocabulary of 256,000
PREFILL_CHUNK = 512  # tokens of a prompt that run at once: attention's memory grows with their number

Read = Callable[[Sequence[int]], tuple[Any, Any] | None]
"""Takes a prompt. Returns the hidden state that predicts the next token, `[1, width]`, and a cache of the prompt's keys and
values; or None if no pass fits the prompt."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """A token of an answer.

    Attributes:
        id: The token.
        logprob: The token's log-probability, independent of the sampling settings.
        alternatives: The most probable tokens in its place and their log-probabilities, most probable first.
    """

    id: int
    logprob: float
    alternatives: list[tuple[int, float]]


class Decoder:
    """Continues a sequence of token ids.

    `compile_pending` may run in another thread; the other methods may not run at the same time as each other.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM`.
        max_bytes: Maximum bytes of the caches that later prompts reuse; None: the latest one.

    Attributes:
        caches: The key-value caches that later prompts reuse.
        reused: Number of tokens of the last run's prompt that were in the cache.
    """

    def __init__(self, causal_lm: Any, max_bytes: int | None = None) -> None:
        self.cached_pass = CachedPass(causal_lm)
        self._array: Callable[[Any], NDArray[np.float32]] = backend().array
        self.caches = KVCaches(max_bytes)
        self.drafts = Drafts(self.cached_pass)
        self._pending_length: int | None = None
        self._is_greedy = True
        self.reused = 0

    def warm_up(self) -> None:
        """Compile the code that the first prompt and the effects of its answer need."""
        next(self.steps([0, 0], 3))
        try:
            self.cached_pass.compile_losses()
        except Exception:  # the first effects say so; answers don't need it
            log.warning("the losses of this model can't be computed", exc_info=True)
        self.forget()

    @property
    def is_compiled(self) -> bool:
        """Whether the step is compiled for the length of the last cache, or that of drafts."""
        length = self._pending_length
        if length is None:
            return True
        if self._is_greedy and self.drafts.are_untried(length):
            return False
        return (self._is_greedy and self.drafts.are_compiled(length)) or length in self.cached_pass.compiled_steps

    def compile_pending(self) -> None:
        """Compile the step for the length of the last cache. Until then, an open graph runs it, which is slower."""
        length, is_greedy = self._pending_length, self._is_greedy
        if length is not None and not (is_greedy and self.drafts.compile(length)):
            self.cached_pass.compile_step(length)

    def forget(self) -> None:
        """Drop the caches."""
        self.caches.clear()

    def steps(
        self,
        ids: Sequence[int],
        length: int,
        sampling: Sampling | None = None,
        alternatives: int = 0,
        cancellation: Cancellation | None = None,
        read: Read = lambda ids: None,
    ) -> Generator[Step, None, None]:
        """Yield tokens until the sequence is `length` tokens long.

        The prefix that the sequence shares with the previous one isn't computed again. The caller may end the iteration
        after any token; the model then runs no further step.

        Args:
            ids: The sequence so far, at least one token.
            length: Maximum number of tokens of the whole sequence.
            sampling: How to choose tokens; None: greedily.
            alternatives: How many of the most probable tokens to return, at most 20.
            cancellation: Checked between the chunks of a long prompt.
            read: Runs the prompt in a pass that its maps will use. Not called if most of the prompt is in the cache.

        Raises:
            Problem: `not_finite`.
            Cancelled: The reader is gone.
        """
        choose = chooser(sampling or Sampling(), self.cached_pass.vocabulary_size, ids)
        known, cache, self.reused = self._taken(ids)
        pending = list(ids[self.reused :])
        found: Next | None = None
        self.drafts.begin()
        try:
            passed = read(ids) if self._may_read(ids) else None
            if passed is not None:
                found = self.cached_pass.next_of(passed[0])
                cache = self.cached_pass.resized(passed[1], _roomy(ids))
                known, pending, self.reused = list(ids), [], 0
            cache = self._grown(cache, len(ids))
            while len(pending) > PREFILL_CHUNK:
                _, cache = self.cached_pass.next(pending[:PREFILL_CHUNK], cache, len(known))
                known += pending[:PREFILL_CHUNK]
                pending = pending[PREFILL_CHUNK:]
                if cancellation is not None:
                    cancellation.check()
            end = len(ids)
            while end < length:
                draft: list[int] = []
                rows = [found] if found is not None else []
                if pending:
                    cache = self._grown(cache, end)
                    if choose is None and end > len(ids):
                        room = min(length - 1, self.cached_pass.length_of(cache)) - end
                        check = cancellation.check if cancellation is not None else lambda: None
                        draft = self.drafts.propose(pending[0], cache, len(known), room, check)
                    if draft:
                        rows, cache = self.cached_pass.next_rows([*pending, *draft], cache, len(known))
                    else:
                        row, cache = self.cached_pass.next(pending, cache, len(known))
                        rows = [row]
                    known += pending
                found, pending = None, []
                confirmed = 0
                for row, expected in zip(rows, [*draft, None], strict=True):
                    step = self._step(row, choose, alternatives)
                    end += 1
                    yield step
                    if step.id != expected:
                        pending = [step.id]
                        break
                    known.append(step.id)
                    confirmed += 1
                if draft:
                    self.drafts.confirmed(len(draft), confirmed)
        finally:
            self._pending_length, self._is_greedy = self.cached_pass.length_of(cache), choose is None
            # After a failure, too: the cache then contains the tokens in `known`.
            self._keep(known, cache)

    def known(self, ids: Sequence[int]) -> int:
        """Return how many tokens of a prompt are in the cache."""
        return self.caches.known(ids)

    def forced(
        self,
        ids: Sequence[int],
        target: Sequence[int],
        alternatives: int = 0,
        cancellation: Cancellation | None = None,
    ) -> Generator[Step, None, None]:
        """Yield the tokens of a forced continuation, each with its probability after those before it.

        Args:
            ids: The sequence so far, at least one token.
            target: The continuation, at least one token.
            alternatives: How many of the most probable tokens to return, at most 20.
            cancellation: Checked between the chunks of a long sequence.

        Raises:
            Problem: `not_finite`.
            Cancelled: The reader is gone.
        """
        known, cache, self.reused = self._taken(ids)
        # The last token's prediction isn't needed.
        pending = [*ids[self.reused :], *target[:-1]]
        scored = 0
        try:
            cache = self._grown(cache, len(ids) + len(target))
            while scored < len(target):
                if cancellation is not None:
                    cancellation.check()
                # Up to the last token of the prompt, whose row is the first that is scored.
                before = max(0, len(ids) - 1 - len(known))
                part = pending[: min(PREFILL_CHUNK, before) or LOGIT_ROWS]
                hidden, cache = self.cached_pass.run(np.array([part], np.int32), cache, len(known))
                known += part
                pending = pending[len(part) :]
                if before:
                    continue
                labels = target[scored : scored + len(part)]
                yield from self._scored(hidden[0], labels, alternatives)
                scored += len(part)
        finally:
            self._keep(known, cache)

    def scored_from(self, hidden: Any, target: Sequence[int], alternatives: int = 0) -> Generator[Step, None, None]:
        """Yield the same as `forced`, from the hidden states of another pass.

        Args:
            hidden: The hidden states that predict the tokens, `[num_tokens, width]`.
            target: The tokens.
            alternatives: How many of the most probable tokens to return, at most 20.

        Raises:
            Problem: `not_finite`.
        """
        self.reused = 0
        for at in range(0, len(target), LOGIT_ROWS):
            yield from self._scored(hidden[at : at + LOGIT_ROWS], target[at : at + LOGIT_ROWS], alternatives)

    def _scored(self, hidden: Any, labels: Sequence[int], alternatives: int) -> Generator[Step, None, None]:
        with backend().without_gradients():
            logits = self.cached_pass.logits(hidden, exact=True)
            values, places = ops.top_k(logits, min(ALTERNATIVES, self.cached_pass.vocabulary_size))
            totals = self._array(ops.logsumexp(logits, axis=-1))
            own = self._array(ops.take_along_axis(logits, np.array(labels, np.int32)[:, None], axis=1))[:, 0]
        ranked = np.minimum(self._array(values) - totals[:, None], 0.0)
        logprobs = np.minimum(own - totals, 0.0)
        if not (np.isfinite(totals).all() and np.isfinite(own).all()):
            raise _not_finite()
        where = ops.convert_to_numpy(places)
        for row, id in enumerate(labels):
            likeliest = list(zip(where[row].tolist(), ranked[row].tolist(), strict=True))
            yield Step(id, float(logprobs[row]), likeliest[:alternatives])

    def prefilled(self, ids: Sequence[int], length: int, check: Callable[[], None] = lambda: None) -> Any:
        """Return a cache that contains all of `ids` and has room for `length` tokens.

        It reuses the cache of the last run, and stays for the next one.

        Args:
            ids: A sequence, possibly empty.
            length: At least that of the sequence.
            check: Called between the chunks of a long sequence; raises if the request is cancelled.
        """
        if (kept := self.caches.containing(ids)) is not None:
            return self._grown(kept.cache, length)
        known, cache, _ = self._taken(ids)
        try:
            cache = self._grown(cache, length)
            while len(known) < len(ids):
                check()
                part = list(ids[len(known) : len(known) + PREFILL_CHUNK])
                _, cache = self.cached_pass.run(np.array([part], np.int32), cache, len(known))
                known += part
        finally:
            self._keep(known, cache)
        return cache

    def next_logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return the model's own logits of the token after `ids`: `<float32>[vocabulary_size]`."""
        return self._array(self.cached_pass.own_logits(ids))

    def _taken(self, ids: Sequence[int]) -> tuple[list[int], Any, int]:
        """Return the tokens in the cache, the cache, and how many of them match `ids`."""
        needed = _roomy(ids)
        kept = self.caches.take(ids, round(self.cached_pass.token_bytes * needed))
        if kept is None:
            return [], self.cached_pass.empty_cache(needed), 0
        known, cache = kept.known, kept.cache
        reused = shared(known, ids)
        if self.cached_pass.length_of(cache) > 2 * needed:
            cache = self.cached_pass.resized(cache, needed)  # each step would attend to the empty rest
        # The rest of the cache is overwritten before anything attends to it.
        return known[:reused], cache, reused

    def _keep(self, known: list[int], cache: Any) -> None:
        size = self.cached_pass.bytes_of(cache)
        if size <= MAX_CACHE_BYTES:
            self.caches.put(known, cache, size)

    def _may_read(self, ids: Sequence[int]) -> bool:
        """Return whether another pass may read a prompt: the family has the usual head, and little of the prompt is cached."""
        return self.cached_pass.reads_hidden_states and self.reused <= len(ids) // 2

    def _grown(self, cache: Any, length: int) -> Any:
        needed = cache_length(length)
        return cache if self.cached_pass.length_of(cache) >= needed else self.cached_pass.resized(cache, needed)

    def _step(self, found: Next, choose: Chooser | None, alternatives: int) -> Step:
        total = float(found.total)
        if not (np.isfinite(total) and np.isfinite(float(found.least))):
            raise _not_finite()
        places = ops.convert_to_numpy(found.places).tolist()
        # Rounding may lift a probability above one.
        likeliest = np.minimum(self._array(found.values) - np.float32(total), 0.0).tolist()
        id, logprob = places[0], likeliest[0]
        if choose is not None:
            id = choose(found.logits)
            logprob = min(float(found.logits[id]) - total, 0.0)
        return Step(id, logprob, list(zip(places, likeliest, strict=True))[:alternatives])


def _roomy(ids: Sequence[int]) -> int:
    """Return the length of a new cache for a prompt."""
    # With space for the beginning of an answer, so that few answers need another length midway.
    return cache_length(len(ids) + STEP // 2)


def _not_finite() -> Problem:
    return Problem(
        500,
        "not_finite",
        "The model's arithmetic overflowed: its probabilities are not numbers.",
        "Load the model in float32, or choose another one.",
    )
