"""Estimates a job's cost: passes through the model, and seconds from measurements."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from lit_lab.protocol import (
    AblationRequest,
    EffectsRequest,
    Estimate,
    FaithfulnessRequest,
    Integration,
    SalienceRequest,
    Span,
)

from .ablation.sampled import first_passes
from .ablation.samples import expected_passes
from .effects.sets import num_passes
from .faithfulness import cuts
from .salience.flow import FLOW_ROWS
from .salience.integrated_gradients import integrated_points
from .stability import GRADIENT_PASSES

EstimatedRequest = SalienceRequest | AblationRequest | EffectsRequest | FaithfulnessRequest

_HALVING = 8  # measurements after which an old one has half its weight


def passes(request: EstimatedRequest) -> int:
    """Return the expected number of passes for a request; a gradient counts as two.

    Unknown beforehand: which random sets of LIME and SHAP repeat, and are only scored once, and where integrated gradients
    must divide their path more finely.

    Raises:
        Problem: `too_few_samples`.
    """
    # A contrastive target needs passes through both continuations.
    if isinstance(request, EffectsRequest):
        return num_passes(request)
    return _passes(request) * (1 if request.foil is None else 2)


def _passes(request: SalienceRequest | AblationRequest | FaithfulnessRequest) -> int:
    if isinstance(request, SalienceRequest):
        return _salience_passes(request)
    num_segments = len(request.segments)
    if isinstance(request, AblationRequest):
        known = 0 if request.edited is None else len(request.edited.removed)
        if request.method != "leave_one_out" and request.samples is None:
            return first_passes(request.method, num_segments, known)
        return expected_passes(request.method, num_segments, request.samples or 0)
    inner = len(cuts(num_segments)) - 2
    # The map's order and each length-matched one have two curves; random ones and their reverses share theirs.
    curves = 2 + 2 * request.orders + 2 * request.orders
    return min(2 + inner * curves, 1 << min(num_segments, 62)) + _stability_passes(request)


def _salience_passes(request: SalienceRequest) -> int:
    methods = set(request.methods)
    # A sequence's targets share one forward pass, and a target's simple methods share one gradient.
    passes = 1 + len(request.targets) if methods - {"integrated_gradients", "flow"} else 0
    if "integrated_gradients" in methods:
        passes += GRADIENT_PASSES * integrated_points(request.integration) * len(request.targets)
    if "flow" in methods:
        passes += flow_passes(request.targets)
    return passes


def flow_passes(targets: Sequence[Span]) -> int:
    """Return flow's passes for all targets together."""
    rows = max(target.end for target in targets) - min(target.start for target in targets)
    return -(-rows // FLOW_ROWS)


def _stability_passes(request: FaithfulnessRequest) -> int:
    if request.method is None or not request.jitters or len(request.segments) < 2:
        return 0
    maps = request.jitters + 1
    return (
        GRADIENT_PASSES * maps * (integrated_points(Integration()) if request.method == "integrated_gradients" else 1)
    )


def tokens(request: EstimatedRequest) -> int:
    """Return the maximum number of tokens in a pass of the request: nothing after the last target is computed."""
    if isinstance(request, SalienceRequest):
        return max(target.end for target in request.targets)
    if isinstance(request, EffectsRequest):
        # The text before a removed segment is computed once, and random sets lack half of the rest.
        return round(request.answer_start * (1 - _lead(request)) / 2) + len(request.ids) - request.answer_start
    return request.target.end


def _lead(request: EffectsRequest) -> float:
    """Return the part of the prompt's text before its first segment, 0 to 1: every set contains it."""
    texts = [request.prompt or ""] if request.turns is None else [turn.text for turn in request.turns]
    first = request.segments[0]
    return (sum(map(len, texts[: first.turn])) + first.start) / max(1, sum(map(len, texts)))


class Speed:
    """A model's speed: a running mean of seconds per pass and token, from real runs.

    Its methods may be called from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds = 0.0
        self._work = 0.0

    def measured(self, seconds: float, passes: int, tokens: int) -> None:
        """Add a measurement; older ones lose weight, because models warm up and machines get busy.

        Args:
            seconds: Time without compiling.
            passes: Passes through the model; a gradient counts as two.
            tokens: Tokens of each pass.
        """
        if passes <= 0 or tokens <= 0:
            return
        with self._lock:
            fade = 0.5 ** (1 / _HALVING)
            self._seconds = fade * self._seconds + seconds
            self._work = fade * self._work + passes * tokens

    def estimate(self, request: EstimatedRequest) -> Estimate:
        """Return a request's estimated cost.

        Raises:
            Problem: `too_few_samples`.
        """
        count = passes(request)
        with self._lock:
            per_token = self._seconds / self._work if self._work else None
        return Estimate(passes=count, seconds=None if per_token is None else per_token * count * tokens(request))
