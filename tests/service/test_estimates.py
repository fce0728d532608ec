"""Estimates match the computations that follow."""

from __future__ import annotations

from typing import Any

import pytest
from fake_scorers import PAD, additive, fields
from paths import KnownGradients

from lit_lab.problem import Problem
from lit_lab.protocol import (
    AblationRequest,
    FaithfulnessEvent,
    FaithfulnessRequest,
    Integration,
    SalienceRequest,
    SegmentScoresEvent,
    Span,
)
from lit_lab.service.ablation import explain
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.estimates import Speed, passes
from lit_lab.service.faithfulness import test as examine
from lit_lab.service.salience import METHODS

NUMBERS = [1, 2, 5, 9, 12, 30]


@pytest.mark.parametrize("num_segments", NUMBERS)
@pytest.mark.parametrize("method", ["leave_one_out", "lime", "shap"])
def test_ablation_takes_what_was_said(method: Any, num_segments: int) -> None:
    request = AblationRequest(method=method, **fields([2] * num_segments))
    *_, event = explain(request, additive([1.0] * num_segments), PAD, Cancellation())
    assert isinstance(event, SegmentScoresEvent)
    assert event.passes == pytest.approx(passes(request), rel=0.1)


@pytest.mark.parametrize("num_segments", [1, 2, 9, 12, 30, 100])
def test_faithfulness_takes_what_was_said(num_segments: int) -> None:
    request = FaithfulnessRequest(scores=[float(n) for n in range(num_segments)], **fields([2] * num_segments))
    nothing = KnownGradients(lambda e: 0.0, lambda e: e)
    *_, event = examine(request, additive([1.0] * num_segments), nothing, PAD, METHODS, Cancellation())
    assert isinstance(event, FaithfulnessEvent)
    assert event.passes <= passes(request)
    assert event.passes >= passes(request) * 0.5


@pytest.mark.parametrize("method", ["grad_l2", "integrated_gradients"])
def test_the_stability_of_a_map_is_counted(method: Any) -> None:
    weights = [1.0, 2.0, 3.0]
    linear = KnownGradients(lambda e: float(e.sum()), lambda e: e * 0 + 1)
    bare, whole = (
        FaithfulnessRequest(scores=weights, method=m, jitters=3, **fields([2, 3, 4])) for m in (None, method)
    )
    events = [list(examine(one, additive(weights), linear, PAD, METHODS, Cancellation()))[-1] for one in (bare, whole)]
    assert all(isinstance(event, FaithfulnessEvent) for event in events)
    assert events[1].passes - events[0].passes == passes(whole) - passes(bare) > 0  # type: ignore[union-attr]


def test_salience() -> None:
    def request(methods: Any, targets: int, **integration: Any) -> SalienceRequest:
        spans = [Span(start=n, end=n + 1) for n in range(1, targets + 1)]
        given = Integration(**integration)
        return SalienceRequest(model="fake", ids=list(range(20)), targets=spans, methods=methods, integration=given)

    assert passes(request(["grad_l2"], 1)) == 2
    assert passes(request(["grad_l2", "grad_dot_input"], 3)) == 4
    one, three = (passes(request(["integrated_gradients"], n)) for n in (1, 3))
    assert three == 3 * one >= 3 * 2 * 32
    assert passes(request(["integrated_gradients"], 1, steps=64)) > one
    assert passes(request(["grad_l2", "integrated_gradients"], 1)) == one + 2


def test_seconds_come_from_what_was_measured() -> None:
    request = AblationRequest(method="leave_one_out", **fields([2] * 9))
    speed = Speed()
    assert speed.estimate(request).seconds is None
    speed.measured(2.0, passes=10, tokens=100)
    assert speed.estimate(request).passes == 10
    assert speed.estimate(request).seconds == pytest.approx(0.002 * 10 * request.target.end)
    for _ in range(200):
        speed.measured(6.0, passes=10, tokens=100)
    assert speed.estimate(request).seconds == pytest.approx(0.006 * 10 * request.target.end, rel=1e-3)
    speed.measured(1.0, passes=0, tokens=0)  # nothing ran, so the estimate doesn't change
    assert speed.estimate(request).seconds == pytest.approx(0.006 * 10 * request.target.end, rel=1e-3)


def test_what_is_refused_is_refused_before_it_starts() -> None:
    with pytest.raises(Problem, match="at least"):
        passes(AblationRequest(method="shap", samples=9, **fields([1] * 12)))
