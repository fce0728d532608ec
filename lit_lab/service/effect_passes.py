"""A model's effects: in half precision where that agrees with float32, otherwise in float32."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Generator, Iterator
from typing import Any

from lit_lab.protocol import ComputedPrecision, EffectsEvent, EffectsRequest, StateEvent

from . import effects
from .cached_pass import CachedPass
from .cancellation import Cancellation, Cancelled
from .estimates import Speed
from .half_copy import HalfCopy
from .tokens import SequenceTokenizer

log = logging.getLogger(__name__)

MIN_SETS = 9
"""Minimum number of sets for which half precision pays: the check of a run takes six passes."""

MIN_SECONDS = 0.5
"""Minimum time that a check leaves of a job's seconds, so that each job scores something."""

MAX_CHECKS = 32
"""Maximum number of runs whose checks are remembered: a run's effects are computed by several jobs."""


class EffectPasses:
    """Computes effects by a model, or by its half-precision copy.

    Args:
        causal_lm: The model.
        exact: Its pass.
        tokenizer: Its tokenizer.
        window: Its window.

    Attributes:
        half: The copy.
        owner: The user whose requests come next.
    """

    def __init__(self, causal_lm: Any, exact: CachedPass, tokenizer: SequenceTokenizer, window: int) -> None:
        self.half = HalfCopy(causal_lm, exact)
        self.owner = ""
        self._exact = exact
        self._precision: ComputedPrecision = exact.precision
        self._tokenizer = tokenizer
        self._window = window
        self._checks: dict[bytes, effects.Check] = {}
        # Separate from other passes' speeds: passes that share their beginning are much quicker.
        self._exact_speed = Speed()
        self._half_speed = Speed()
        self._is_half = False  # whether the last job that had the choice used the copy

    def speed(self, request: EffectsRequest) -> Speed:
        """Return the speed that is to be expected for a request."""
        return self._half_speed if self._is_half and request.precision == "auto" else self._exact_speed

    def explain(self, request: EffectsRequest, cancellation: Cancellation) -> Iterator[StateEvent | EffectsEvent]:
        """Score an answer with parts of its prompt deleted. Yields and raises as `effects.explain`."""
        half, check = None, None
        if request.precision == "auto":
            begun = time.monotonic()
            half, check = yield from self._chosen(request, cancellation)
            self._is_half = half is not None
            if request.seconds is not None:
                left = max(min(request.seconds, MIN_SECONDS), request.seconds - (time.monotonic() - begun))
                request = request.model_copy(update={"seconds": left})
        scorer = effects.PrefixScorer(half or self._exact)
        speed = self._half_speed if half else self._exact_speed
        precision: ComputedPrecision = "bfloat16" if half else self._precision
        started = time.monotonic()
        for event in effects.explain(
            request,
            self._tokenizer,
            scorer,
            self._window,
            cancellation,
            precision=precision,
            difference=check.difference if half and check else None,
        ):
            yield event
            now, tokens, scorer.tokens = time.monotonic(), scorer.tokens, 0
            speed.measured(now - started, 1, tokens)
            started = now

    def _chosen(
        self, request: EffectsRequest, cancellation: Cancellation
    ) -> Generator[StateEvent, None, tuple[CachedPass | None, effects.Check | None]]:
        """Return the copy's pass and its check, if it may score this run; otherwise None."""
        self.half.is_wanted = True
        continues = request.skip > 0 or bool(request.chosen)  # in which precision is known to the client
        if not continues and (not self.half.is_made or effects.num_sets(request) < MIN_SETS):
            return None, None  # the copy is made in the background
        if not self.half.has_room:
            return None, None
        if not self.half.is_made:
            yield StateEvent(message="Preparing half precision…")
        half = self.half.cached_pass()
        if half is None:
            return None, None
        key = _key(self.owner, request)
        check = self._checks.get(key)
        if check is None:
            yield StateEvent(message="Checking half precision…")
            check = self._checks[key] = self._checked(request, half, cancellation)
            if len(self._checks) > MAX_CHECKS:
                del self._checks[next(iter(self._checks))]
        return (half, check) if check.passed else (None, None)

    def _checked(self, request: EffectsRequest, half: CachedPass, cancellation: Cancellation) -> effects.Check:
        """Return a run's check. One that fails for any reason isn't passed: the job goes on in float32."""
        try:
            edited = effects.EditedPrompt(request, self._tokenizer, self._window)
            return effects.checked(request, edited, self._exact, half, cancellation)
        except Cancelled:
            raise
        except Exception:
            log.warning("half precision can't be checked", exc_info=True)
            return effects.Check(float("inf"), False)


def _key(owner: str, request: EffectsRequest) -> bytes:
    """Return what identifies an owner's run and its segments: jobs that continue each other have the same check."""
    text = request.model_dump_json(include={"ids", "answer_start", "segments", "seed"})
    return hashlib.blake2b(f"{owner}\n{text}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
