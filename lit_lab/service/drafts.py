"""Drafts of an answer's next tokens, by a step with rounded weights, for the model to confirm."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from keras import ops

from .cached_pass import CachedPass

MAX_TOKENS = 12
"""Maximum number of tokens of a draft. A pass that confirms so many takes about as long as two to four steps."""

MAX_SECONDS = 0.25
"""A draft that has taken so long gets no more tokens: until it is confirmed, the reader sees nothing new."""

MIN_CONFIRMED = 0.6
"""Minimum share of drafted tokens that are confirmed: with fewer, a step for each token is faster."""

MIN_COUNTED = 64
"""Minimum number of drafted tokens before that share counts."""


class Drafts:
    """Drafts the most probable next tokens.

    A step reads all weights once, which takes nearly all of its time. Rounded to bfloat16, they are read in half of the time. The model then
    computes all drafted tokens in one pass, which also reads the weights once, and keeps those that it would have chosen itself: the answer and
    its log-probabilities are the model's own.

    Args:
        cached_pass: The model's pass.
    """

    def __init__(self, cached_pass: CachedPass) -> None:
        self._cached_pass = cached_pass
        self._steps: dict[int | None, Any] = {}  # by length of the cache; None: it has none
        self._count = 1
        self._proposed = self._confirmed = 0

    def begin(self) -> None:
        """Begin an answer: its first drafts are short, so that its first tokens come soon."""
        self._count = 1

    def are_compiled(self, length: int | None) -> bool:
        """Return whether there are drafts over caches of a length."""
        return self.pay and self._steps.get(length) is not None

    def are_untried(self, length: int) -> bool:
        """Return whether `compile` may find drafts over caches of a length."""
        return self.pay and length not in self._steps

    @property
    def pay(self) -> bool:
        """Whether enough drafted tokens were confirmed so far. A model that is as good as random confirms few."""
        return self._proposed < MIN_COUNTED or self._confirmed >= MIN_CONFIRMED * self._proposed

    def compile(self, length: int) -> bool:
        """Compile the step for caches of a length, if that was not tried yet.

        Returns:
            Whether this model has drafts.
        """
        if not self.pay:
            return False
        if length not in self._steps:
            self._steps[length] = None
            self._steps[length] = self._cached_pass.compiled_draft(length)
        return self._steps[length] is not None

    def propose(self, id: int, cache: Any, position: int, room: int, check: Callable[[], None]) -> list[int]:
        """Return the tokens that probably follow another one; none if the step isn't compiled.

        Args:
            id: The token before them, which isn't in the cache.
            cache: Contains the previous tokens; isn't changed.
            position: Number of previous tokens.
            room: Maximum number of tokens to return.
            check: Called before each token; raises if the request is cancelled.
        """
        step = self._steps.get(self._cached_pass.length_of(cache))
        if step is None or not self.pay:
            return []
        started = time.monotonic()
        given, found = ops.convert_to_tensor([[id]], "int32"), []
        for at in range(min(room, self._count)):
            check()
            given, cache = step(given, cache, ops.convert_to_tensor(position + at, "int32"))
            found.append(given)
            if time.monotonic() - started > MAX_SECONDS:
                break
        check()
        return [int(each[0, 0]) for each in found]

    def confirmed(self, proposed: int, confirmed: int) -> None:
        """Set the length of the next draft by how many tokens of one were confirmed."""
        self._proposed += proposed
        self._confirmed += confirmed
        self._count = min(MAX_TOKENS, 2 * proposed) if confirmed == proposed else max(1, confirmed)
