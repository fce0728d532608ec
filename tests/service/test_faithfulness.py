"""Tests of a map: curves, measures and stability, with known values and with a real model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fake_scorers import PAD, FakeScorer, ReferenceScorer, additive, fields
from paths import KnownGradients

from lit_lab.protocol import CurveEvent, FaithfulnessEvent, FaithfulnessRequest, ProgressEvent, Span
from lit_lab.service.cancellation import Cancellation, Cancelled
from lit_lab.service.faithfulness import MAX_STEPS, SIMILAR, cuts, length_matched
from lit_lab.service.faithfulness import test as examine
from lit_lab.service.salience import METHODS, EmbeddingGradients
from lit_lab.service.stability import rank_correlation, stability

WEIGHTS = [4.0, 0.0, 2.0, 1.0, 0.5, 3.0, 0.2, 0.1]
LENGTHS = [3, 3, 2, 6, 5, 9, 2, 4]


def untouched() -> KnownGradients:
    """Gradients that must not be computed."""

    def fail(embeddings: Any) -> Any:
        raise AssertionError("no gradient was asked for")

    return KnownGradients(fail, fail)


def run(scorer: Any, scores: list[float], lengths: list[int] = LENGTHS, **more: Any) -> tuple[Any, FaithfulnessEvent]:
    """Return the curves by kind and order, and the measures."""
    request = FaithfulnessRequest(scores=scores, **{**fields(lengths), **more})
    *events, last = examine(request, scorer, untouched(), PAD, METHODS, Cancellation())
    assert isinstance(last, FaithfulnessEvent)
    curves = {(e.kind, e.order): e.points for e in events if isinstance(e, CurveEvent)}
    assert len(curves) == 6
    return curves, last


def test_the_true_order_is_better_than_chance_and_its_reverse_as_much_worse() -> None:
    curves, right = run(additive(WEIGHTS), (np.array(WEIGHTS) / LENGTHS).tolist())
    _, wrong = run(additive(WEIGHTS), (-np.array(WEIGHTS) / LENGTHS).tolist())
    assert right.effect == pytest.approx(sum(WEIGHTS))
    assert right.faithfulness is not None
    assert right.deviation is not None
    assert right.length_adjusted is not None
    assert right.faithfulness > 2 * right.deviation > 0
    assert right.length_adjusted > 0
    assert wrong.faithfulness == pytest.approx(-right.faithfulness)
    assert right.stability is None
    # Computed by hand: the area between the two curves, insertion minus deletion at each share.
    order = np.argsort(-np.array(WEIGHTS) / LENGTHS, kind="stable")  # with ties
    share = np.concatenate([[0], np.cumsum(np.array(LENGTHS)[order])]) / sum(LENGTHS)
    gained = np.concatenate([[0], np.cumsum(np.array(WEIGHTS)[order])])
    between = np.trapz(gained - (sum(WEIGHTS) - gained), share) / sum(WEIGHTS)
    assert right.faithfulness == pytest.approx(between)
    np.testing.assert_allclose([p.share for p in curves["insertion", "map"]], share)
    np.testing.assert_allclose([p.logprob for p in curves["insertion", "map"]], -20 + gained)
    np.testing.assert_allclose([p.logprob for p in curves["deletion", "map"]], -20 + sum(WEIGHTS) - gained)


def test_curves_share_their_ends() -> None:
    curves, event = run(additive(WEIGHTS), WEIGHTS)
    for (kind, _), points in curves.items():
        values = [-20 + sum(WEIGHTS), -20]
        np.testing.assert_allclose(
            [points[0].logprob, points[-1].logprob], values if kind == "deletion" else values[::-1]
        )
        assert (points[0].share, points[-1].share) == (0, 1)
        assert [p.share for p in points] == sorted(p.share for p in points)
    assert event.passes > 2


def test_ranking_by_length_knows_nothing_besides_length() -> None:
    # Every token has the same effect, so only a segment's length matters.
    lengths = [2, 3, 4, 6, 2, 3, 5, 6, 8, 8, 2, 4]
    _, event = run(additive([float(n) for n in lengths]), [float(n) for n in lengths], lengths, orders=20)
    assert event.faithfulness == pytest.approx(0, abs=1e-9)  # over shares of tokens, all orders are equal
    assert event.length_adjusted == pytest.approx(0, abs=1e-9)


def test_random_orders_get_nothing_on_average() -> None:
    scores = np.random.default_rng(0).normal(size=(200, len(WEIGHTS)))
    found = [run(additive(WEIGHTS), one.tolist(), orders=1)[1].faithfulness for one in scores]
    _, event = run(additive(WEIGHTS), WEIGHTS, orders=50)
    assert event.deviation is not None
    values = np.array(found, np.float64)
    assert abs(values.mean()) < 4 * event.deviation / np.sqrt(len(values))
    assert np.sqrt(np.mean(values**2)) == pytest.approx(event.deviation, rel=0.3)


@pytest.mark.parametrize("weights", [[0.0] * 8, [0.001] * 8])
def test_without_an_effect_there_are_no_numbers(weights: list[float]) -> None:
    curves, event = run(additive(weights), WEIGHTS)
    assert (event.faithfulness, event.deviation, event.length_adjusted) == (None, None, None)
    assert event.effect == pytest.approx(sum(weights))
    assert len(curves) == 6


def test_segments_that_speak_against_the_target_can_be_ranked_too() -> None:
    weights = [-4.0, 2.0, 1.0, -1.0, 2.0, 0.0, 0.0, 0.0]
    _, right = run(additive(weights), (np.array(weights) / LENGTHS).tolist())
    assert right.effect == pytest.approx(0)
    assert right.logprob_range == pytest.approx(sum(map(abs, weights)))
    assert right.faithfulness is not None
    assert right.deviation is not None
    assert 2 * right.deviation < right.faithfulness <= 1


def test_length_matched_orders_have_segments_of_about_the_same_length_in_each_place() -> None:
    random = np.random.default_rng(5)
    lengths = np.array([1, 1, 2, 3, 3, 4, 5, 7, 10, 11, 12, 40], np.float64)
    seen = set()
    for _ in range(200):
        order = random.permutation(len(lengths))
        matched = length_matched(order, lengths, random)
        assert sorted(matched) == list(range(len(lengths)))
        ratio = lengths[matched] / lengths[order]
        assert np.all((ratio < SIMILAR + 1e-9) & (ratio > 1 / SIMILAR - 1e-9))
        assert matched[order == 11] == 11  # no other segment is as long
        seen.add(tuple(matched[np.argsort(order)]))
    assert len(seen) > 20


def test_where_no_segment_has_a_like_the_length_is_not_matched() -> None:
    _, event = run(additive([1.0, 2.0, 3.0]), [1, 2, 3], [1, 4, 16])
    assert event.faithfulness is not None
    assert event.length_adjusted is None


def test_many_segments_go_in_groups() -> None:
    for number in (1, 2, 20, 21, 57, 400):
        points = cuts(number)
        assert len(points) <= MAX_STEPS + 2
        assert (points[0], points[-1]) == (0, number)
        np.testing.assert_array_equal(points, np.unique(number - points))
    scorer = additive([1.0] * 57)
    curves, event = run(scorer, [float(n) for n in range(57)], [1 + n % 3 for n in range(57)])
    assert all(len(points) == len(cuts(57)) for points in curves.values())
    assert len(scorer.sequences) == len(set(scorer.sequences)) == event.passes


def test_the_seed_decides() -> None:
    first, again, other = (run(additive(WEIGHTS), WEIGHTS, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first[0] != other[0]
    assert first[0]["deletion", "map"] == other[0]["deletion", "map"]


def test_curves_come_as_they_are_done_and_cancelling_ends_it() -> None:
    cancellation = Cancellation()
    scorer = additive(WEIGHTS)
    request = FaithfulnessRequest(scores=WEIGHTS, **fields(LENGTHS))
    seen = []
    with pytest.raises(Cancelled):
        for event in examine(request, scorer, untouched(), PAD, METHODS, cancellation):
            seen.append(event)
            if isinstance(event, CurveEvent):
                scored = len(scorer.sequences)
                cancellation.set()
    assert isinstance(seen[0], ProgressEvent)
    assert scored == len(scorer.sequences) == 2 * (len(LENGTHS) - 1) + 2


def test_one_segment() -> None:
    _, event = run(FakeScorer(lambda present: -1.0 - (not present)), [1.0], [4])
    assert event.effect == 1
    assert event.faithfulness == pytest.approx(0)
    assert event.stability is None


def test_rank_correlation() -> None:
    from scipy.stats import spearmanr

    random = np.random.default_rng(2)
    for _ in range(20):
        one, other = random.integers(0, 6, (2, 15)).astype(np.float64)
        assert rank_correlation(one, other) == pytest.approx(spearmanr(one, other)[0])
    assert rank_correlation(np.zeros(3), np.arange(3.0)) == 0


@pytest.mark.parametrize(
    "method", ["grad_l2", "grad_dot_input", pytest.param("integrated_gradients", marks=pytest.mark.long)]
)
def test_stability_of_a_real_map(causal_lm: Any, method: Any) -> None:
    ids = [2, 300, 301, 20, 302, 303, 30, 40, 50, 60, 70, 80]
    segments = [Span(start=n, end=n + 2) for n in range(1, 9, 2)]
    request = FaithfulnessRequest(
        model="tiny",
        ids=ids,
        segments=segments,
        target=Span(start=10, end=12),
        scores=[1, 2, 3, 4],
        method=method,
        jitters=2,
        noise=0.001,
    )
    gradients = EmbeddingGradients(causal_lm)
    *_, last = examine(request, ReferenceScorer(causal_lm), gradients, 0, METHODS, Cancellation())
    assert isinstance(last, FaithfulnessEvent)
    assert last.stability == pytest.approx(1, abs=0.21)  # hardly any noise: at most two neighbours swap
    calm, shaken = ([*values(request, gradients, noise)] for noise in (0.001, 1.0))
    assert shaken[0] <= calm[0] <= 1
    assert calm[1] >= 2 * 3
    cancellation = Cancellation()
    cancellation.set()
    with pytest.raises(Cancelled):
        list(stability(request, method, gradients, METHODS, cancellation))


def values(request: FaithfulnessRequest, gradients: Any, noise: float) -> tuple[float, int]:
    assert request.method is not None
    shaken = request.model_copy(update={"noise": noise})
    steps = stability(shaken, request.method, gradients, METHODS, Cancellation())
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
