"""Prompts whose forward pass is kept from when they were answered: their answers' gradients need no other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .buckets import WASTE, length_bucket, rest_bucket
from .cut import Cut
from .head import Head
from .kept import Kept
from .passes import MOST_ROWS, Check
from .prompt_passes import Prompt, PromptPasses
from .wanted import Wanted


class Prompts:
    """Reads prompts for whoever answers them, and explains what continues them.

    Nobody waits for a compiler here: until `prepare` has compiled what is wanted, nothing is read.

    Not for use from several threads at once, but for `prepare`.

    Args:
        cut: The model.
        head: Its head.
        window: Most tokens of a sequence; None: any number.
        budget: Most bytes to keep of a pass; longer prompts aren't read here.
        kept: Where passes are kept.
    """

    def __init__(self, cut: Cut, head: Head, window: int | None, budget: int, kept: Kept) -> None:
        self._cut = cut
        self._head = head
        self._window = window
        self._budget = budget
        self._kept = kept
        self._passes: dict[int, PromptPasses] = {}
        self._wanted = Wanted()
        self._refused: set[tuple[int, int]] = set()  # lengths and rows that there is no room for

    @property
    def is_prepared(self) -> bool:
        """Whether everything that was wanted so far is compiled."""
        return not self._wanted

    def want(self, length: int, rows: int) -> None:
        """Say that prompts of about `length` tokens are to come, with answers of `rows`."""
        bucket = length_bucket(length, self._window)
        # A family whose positions are learned can't be run beyond its window, not even on padding.
        is_beyond = self._window is not None and bucket + rest_bucket(rows) > self._window
        if rows > MOST_ROWS or is_beyond or (bucket, rest_bucket(rows)) in self._refused:
            return
        known = self._passes.get(bucket)
        if known is None or known.rows(rows) is None:
            self._wanted.add(bucket, rows)

    def prepare(self) -> None:
        """Compile what is wanted; what is there already may be used meanwhile, from another thread."""
        while self._prepare_oldest():
            pass

    def _prepare_oldest(self) -> bool:
        with self._wanted.oldest() as wanted:
            if wanted is None:
                return False
            bucket, rows = wanted
            # Asked here, not beforehand: that takes a trial.
            passes = (
                (self._passes.get(bucket) or PromptPasses(self._cut, self._head, bucket)) if self._cut.goes_on else None
            )
            if passes is None or passes.kept_bytes(rows) > self._budget:
                self._refused.add((bucket, rest_bucket(rows)))
                return True
            passes.compile(rows)
            self._passes[bucket] = passes
            return True

    def read(self, ids: Sequence[int], check: Check) -> tuple[Any, Any] | None:
        """Return what predicts a prompt's next token, and its keys and values; None: there is nothing compiled for it.

        Args:
            ids: The prompt.
            check: Called between pieces of work.

        Returns:
            The hidden state at the model's end, `[1, width]`, and a cache of at least this prompt's length, as the model's
            family has it.
        """
        passes = self._of_length(len(ids))
        if passes is None:
            return None
        found = self._kept.get("prompt", tuple(ids))
        if found is None:
            self._kept.make_room()
            found = passes, passes.read(tuple(ids), check)
            self._kept.put("prompt", tuple(ids), found)
        passes, prompt = found
        return prompt.hidden, passes.cache(prompt)

    def gradient(
        self, ids: Sequence[int], start: int, end: int, check: Check
    ) -> tuple[float, NDArray[np.float32], NDArray[np.float32]] | None:
        """Return a target's loss, its embeddings and its gradient, as `PromptPasses.gradient`; None: no pass to go by.

        Args:
            ids: The whole sequence.
            start: First token of the target.
            end: The token after its last.
            check: Called between pieces of work.
        """
        found = self._beginning(tuple(ids), start)
        if found is None:
            return None
        passes, prompt = found
        if passes.rows(len(ids) - len(prompt.ids)) is None:
            self.want(passes.length, len(ids) - len(prompt.ids))
            return None
        return passes.gradient(prompt, tuple(ids), start, end, check)

    def _beginning(self, ids: tuple[int, ...], start: int) -> tuple[PromptPasses, Prompt] | None:
        """Return the longest prompt that is kept and ends where the target begins, or before."""
        kept = self._kept.of_kind("prompt")
        found = [prompt for prompt in kept if len(prompt) <= start and ids[: len(prompt)] == prompt]
        return self._kept.get("prompt", max(found, key=len)) if found else None

    def _of_length(self, length: int) -> PromptPasses | None:
        # A copy: another may be compiled meanwhile.
        size = min((size for size in list(self._passes) if size >= length), default=None)
        if size is None or (size > WASTE * length and size != length_bucket(length, self._window)):
            return None
        return self._passes[size]
