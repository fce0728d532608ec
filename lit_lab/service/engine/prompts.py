"""Forward passes of prompts that are shared by generating an answer and explaining it."""

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
    """Reads prompts for generation, and explains their continuations.

    No caller waits for a compiler here: nothing is read until `compile_pending` has compiled what was requested.

    Not for use from several threads at once, except for `compile_pending`.

    Args:
        model: The model.
        head: Its head.
        window: Most tokens of a sequence; None: any number.
        budget: Most bytes that a pass keeps; longer prompts aren't read here.
        forward_cache: The cache of passes.
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
        self._refused: set[tuple[int, int]] = set()  # lengths and rows whose pass is over the budget

    @property
    def is_compiled(self) -> bool:
        """Whether everything requested so far is compiled."""
        return not self._compile_queue

    def request_compile(self, length: int, rows: int) -> None:
        """Request passes for prompts of about `length` tokens with answers of `rows`."""
        bucket = length_bucket(length, self._window)
        # A family with learned positions can't run beyond its window, not even on padding.
        is_beyond = self._window is not None and bucket + continuation_bucket(rows) > self._window
        if rows > MAX_ROWS or is_beyond or (bucket, continuation_bucket(rows)) in self._refused:
            return
        known = self._passes.get(bucket)
        if known is None or known.rows(rows) is None:
            self._compile_queue.add(bucket, rows)

    def compile_pending(self) -> None:
        """Compile what was requested; compiled passes stay usable meanwhile, from another thread."""
        while self._compile_oldest():
            pass

    def _compile_oldest(self) -> bool:
        with self._compile_queue.oldest() as request:
            if request is None:
                return False
            bucket, rows = request
            # Checked only here, because the check is a trial run.
            passes = (
                (self._passes.get(bucket) or PromptPasses(self._model, self._head, bucket))
                if self._model.supports_kv_cache
                else None
            )
            if passes is None or passes.kept_bytes(rows) > self._budget:
                self._refused.add((bucket, continuation_bucket(rows)))
                return True
            passes.compile(rows)
            self._passes[bucket] = passes
            return True

    def read(self, ids: Sequence[int], check: Check) -> tuple[Any, Any] | None:
        """Return a prompt's last hidden state and its cache; None if no compiled pass fits it.

        Args:
            ids: The prompt.
            check: Called between the parts.

        Returns:
            The hidden state that predicts the next token, `[1, D]`, and a cache of at least this prompt's length, in the
            form of the model's family.
        """
        passes = self._of_length(len(ids))
        if passes is None:
            return None
        found = self._forward_cache.get("prompt", tuple(ids))
        if found is None:
            self._forward_cache.make_room()
            found = passes, passes.read(tuple(ids), check)
            self._forward_cache.put("prompt", tuple(ids), found)
        passes, prompt = found
        return prompt.hidden, passes.cache(prompt)

    def gradient(
        self, ids: Sequence[int], start: int, end: int, check: Check
    ) -> tuple[float, NDArray[np.float32], NDArray[np.float32]] | None:
        """Return a target's loss, embeddings and gradient, as `PromptPasses.gradient`; None if there is no pass for it.

        Args:
            ids: The whole sequence.
            start: First token of the target.
            end: The token after its last.
            check: Called between the parts.
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
        """Return the longest cached prompt that ends where the target begins, or before."""
        cached = self._forward_cache.of_kind("prompt")
        found = [prompt for prompt in cached if len(prompt) <= start and ids[: len(prompt)] == prompt]
        return self._forward_cache.get("prompt", max(found, key=len)) if found else None

    def _of_length(self, length: int) -> PromptPasses | None:
        # A copy: another may be compiled meanwhile.
        size = min((size for size in list(self._passes) if size >= length), default=None)
        if size is None or (size > WASTE * length and size != length_bucket(length, self._window)):
            return None
        return self._passes[size]
