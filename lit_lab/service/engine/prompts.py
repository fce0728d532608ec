"""Forward passes of prompts, which generating an answer and explaining it share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .buckets import WASTE, continuation_bucket, length_bucket
from .compile_queue import CompileQueue
from .forward_cache import ForwardCache
from .head import Head
from .passes import MAX_ROWS, Check
from .prompt_passes import PromptForward, PromptPasses
from .split_model import SplitModel


class Prompts:
    """Reads prompts for generation, and computes gradients of their continuations.

    No method except `compile_pending` compiles: until that has compiled the requested passes, the others return None.

    `compile_pending` may run in another thread; the other methods may not run at the same time as each other.

    Args:
        model: The model.
        head: The model's head.
        window: Maximum number of tokens of a sequence; None: no limit.
        budget: Maximum bytes of the results that a pass saves. Prompts that need more aren't read here.
        forward_cache: The cache of forward passes.
    """

    def __init__(
        self, model: SplitModel, head: Head, window: int | None, budget: int, forward_cache: ForwardCache
    ) -> None:
        self._model = model
        self._head = head
        self._window = window
        self._budget = budget
        self._forward_cache = forward_cache
        self._passes: dict[int, PromptPasses] = {}
        self._compile_queue = CompileQueue()
        self._refused: set[tuple[int, int]] = set()  # lengths and rows whose passes exceed the budget

    @property
    def is_compiled(self) -> bool:
        """Whether all requested passes are compiled."""
        return not self._compile_queue

    def request_compile(self, length: int, rows: int) -> None:
        """Request passes for prompts of about `length` tokens and answers of about `rows` tokens."""
        bucket = length_bucket(length, self._window)
        # A family with learned position embeddings can't run beyond its window, not even on padding.
        is_beyond = self._window is not None and bucket + continuation_bucket(rows) > self._window
        if rows > MAX_ROWS or is_beyond or (bucket, continuation_bucket(rows)) in self._refused:
            return
        known = self._passes.get(bucket)
        if known is None or known.rows(rows) is None:
            self._compile_queue.add(bucket, rows)

    def compile_pending(self) -> None:
        """Compile the requested passes. Another thread may use those that are already compiled meanwhile."""
        while self._compile_oldest():
            pass

    def _compile_oldest(self) -> bool:
        with self._compile_queue.oldest() as request:
            if request is None:
                return False
            bucket, rows = request
            # Checked only here, because `supports_kv_cache` runs the blocks.
            passes = (
                (self._passes.get(bucket) or PromptPasses(self._model, self._head, bucket))
                if self._model.supports_kv_cache
                else None
            )
            if passes is None or passes.residual_bytes(rows) > self._budget:
                self._refused.add((bucket, continuation_bucket(rows)))
                return True
            passes.compile(rows)
            self._passes[bucket] = passes
            return True

    def read(self, ids: Sequence[int], check: Check) -> tuple[Any, Any] | None:
        """Return a prompt's last hidden state and its key-value cache; None if no compiled pass fits the prompt.

        Args:
            ids: The prompt.
            check: Called before each part.

        Returns:
            The hidden state that predicts the next token, `[1, D]`, and a key-value cache of at least the prompt's
            length, in the form of the model's family.
        """
        passes = self._of_length(len(ids))
        if passes is None:
            return None
        found = self._forward_cache.needed("prompt", tuple(ids))
        if found is None:
            size = passes.held_bytes()
            self._forward_cache.make_room(size)
            found = passes, passes.read(tuple(ids), check)
            self._forward_cache.put("prompt", tuple(ids), found, size)
        passes, prompt = found
        return prompt.hidden, passes.cache(prompt)

    def gradient(
        self, ids: Sequence[int], start: int, end: int, check: Check
    ) -> tuple[float, NDArray[np.float32], NDArray[np.float32]] | None:
        """Return a target's loss, embeddings and gradient, as `PromptPasses.gradient` does.

        None if the cache has no pass of the sequence's prompt, or if no compiled pass fits the continuation.

        Args:
            ids: The whole sequence.
            start: First token of the target.
            end: The token after the target's last one.
            check: Called before each part.
        """
        found = self._beginning(tuple(ids), start)
        if found is None:
            return None
        passes, prompt = found
        if passes.rows(len(ids) - len(prompt.ids)) is None:
            self.request_compile(passes.length, len(ids) - len(prompt.ids))
            return None
        return passes.gradient(prompt, tuple(ids), start, end, check)

    def _beginning(self, ids: tuple[int, ...], start: int) -> tuple[PromptPasses, PromptForward] | None:
        """Return the longest cached prompt that the sequence begins with and that ends at or before the target's start."""
        cached = self._forward_cache.of_kind("prompt")
        found = [prompt for prompt in cached if len(prompt) <= start and ids[: len(prompt)] == prompt]
        return self._forward_cache.get("prompt", max(found, key=len)) if found else None

    def _of_length(self, length: int) -> PromptPasses | None:
        # A copy, because `compile_pending` may add passes meanwhile.
        size = min((size for size in list(self._passes) if size >= length), default=None)
        if size is None or (size > WASTE * length and size != length_bucket(length, self._window)):
            return None
        return self._passes[size]
