"""The cache of scores: lookups and bounds."""

from __future__ import annotations

from typing import Any

import pytest

from lit_lab.protocol import EstimateRequest, SalienceRequest, ScoresEvent, Span
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.score_cache import ScoreCache


def test_finds_what_was_put_in() -> None:
    cache = ScoreCache()
    cache.put((1, 2), "this", [0.5, -1.0], 0.25)
    assert cache.get((1, 2), "this") == ([0.5, -1.0], 0.25)
    assert cache.get((1, 2), "that") is None
    assert cache.get((1, 3), "this") is None


def test_lets_go_of_what_was_not_asked_for_longest() -> None:
    cache = ScoreCache(max_bytes=3 * 2000)
    for name in "abc":
        cache.put((1,), name, [0.0] * 100, None)
    assert cache.get((1,), "a") is not None
    for name in "def":
        cache.put((1,), name, [0.0] * 100, None)
    assert cache.get((1,), "b") is None
    assert cache.get((1,), "f") is not None


def test_one_that_is_too_large_is_not_kept() -> None:
    cache = ScoreCache(max_bytes=1000)
    cache.put((1,), "a", [0.0] * 1000, None)
    assert cache.get((1,), "a") is None


@pytest.fixture
def request_() -> SalienceRequest:
    return SalienceRequest(
        model="tiny",
        ids=[2, 300, 301, 302, 303, 304],
        targets=[Span(start=3, end=5)],
        methods=["grad_l2", "grad_dot_input", "integrated_gradients"],
    )


def test_coming_back_computes_nothing(
    causal_lm: Any, request_: SalienceRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lit_lab.service.language_model import LanguageModel

    model = LanguageModel(causal_lm)
    first = [event for event in model.salience(request_, Cancellation()) if isinstance(event, ScoresEvent)]
    assert first[2].gap is not None
    monkeypatch.setattr(model.gradients, "of", None)
    monkeypatch.setattr(model.gradients, "at", None)
    again = [event for event in model.salience(request_, Cancellation()) if isinstance(event, ScoresEvent)]
    assert again == first


def test_an_estimate_knows_seconds_once_the_model_has_worked(causal_lm: Any, request_: SalienceRequest) -> None:
    from lit_lab.service.language_model import LanguageModel

    model = LanguageModel(causal_lm)
    asked = EstimateRequest(request=request_).request
    assert model.estimate(asked).seconds is None
    list(model.salience(request_, Cancellation()))
    estimate = model.estimate(asked)
    assert estimate.seconds is not None
    assert estimate.seconds > 0
    assert estimate.passes > 2
