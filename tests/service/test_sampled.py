"""LIME and SHAP from known sets, with more sets until they are certain, compared with scikit-learn, `shap` and known values."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from fake_scorers import PAD, FakeScorer, additive, fields

from lit_lab.protocol import (
    AblationRequest,
    AnswerEvent,
    EditedText,
    EffectsEvent,
    EffectsRequest,
    GenerateRequest,
    PromptEvent,
    SegmentScoresEvent,
    Span,
    TextSpan,
)
from lit_lab.service.ablation import explain
from lit_lab.service.ablation.lime import every_mask, weights
from lit_lab.service.ablation.masks import Masks, SegmentValues
from lit_lab.service.ablation.sampled import (
    Sampled,
    first_passes,
    is_narrow,
    lime_fit,
    lime_mass,
    sampled,
    shap_fit,
    shap_mass,
)
from lit_lab.service.ablation.samples import expected_passes, max_samples
from lit_lab.service.cancellation import Cancellation

MANY = 12


def bent(num_segments: int) -> FakeScorer:
    """A target that depends on its segments neither linearly nor on each alone."""
    strength = np.linspace(-1, 2, num_segments)
    return FakeScorer(
        lambda present: 4 * np.tanh(sum(strength[n] for n in present) - 1) + 1.5 * ({0, num_segments - 1} <= present)
    )


def values_of(scorer: FakeScorer, num_segments: int) -> SegmentValues:
    given = fields([1] * num_segments)
    return SegmentValues(given["ids"], given["target"], given["segments"], "remove", PAD, scorer, Cancellation())


def found(method: Any, scorer: FakeScorer, num_segments: int, known: Masks | None = None, seed: int = 0) -> Sampled:
    known = np.zeros((0, num_segments), bool) if known is None else known
    steps = sampled(method, num_segments, values_of(scorer, num_segments), known, seed)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def outcomes_of(scorer: FakeScorer, masks: Masks) -> Any:
    return np.array([scorer.value(frozenset(np.flatnonzero(mask).tolist())) for mask in masks])


def half(num_segments: int, count: int, seed: int = 5) -> Masks:
    return np.asarray(np.random.default_rng(seed).random((count, num_segments)) < 0.5)


def test_the_fit_of_lime_is_scikit_learns() -> None:
    from sklearn.linear_model import LinearRegression

    scorer, masks = bent(6), half(6, 40)
    heavy = np.random.default_rng(1).random(40)
    known = LinearRegression().fit(masks, outcomes_of(scorer, masks), sample_weight=heavy)
    np.testing.assert_allclose(lime_fit(masks, outcomes_of(scorer, masks), heavy)[0], known.coef_, atol=1e-9)


def test_the_fit_of_shap_solves_the_constrained_problem() -> None:
    scorer, masks = bent(6), np.concatenate([np.ones((1, 6), bool), half(6, 40)])
    heavy = np.random.default_rng(1).random(41)
    outcomes = outcomes_of(scorer, masks)
    nothing = scorer.value(frozenset())
    found = shap_fit(masks, outcomes, heavy, nothing)[0]
    # Lagrange's conditions of the least squares whose scores add up to the whole effect.
    design = masks.astype(float)
    system = np.block([[design.T @ (design * heavy[:, None]), np.ones((6, 1))], [np.ones((1, 6)), np.zeros((1, 1))]])
    right = [*(design.T @ (heavy * (outcomes - nothing))), outcomes[0] - nothing]
    np.testing.assert_allclose(found, np.linalg.solve(system, right)[:6], atol=1e-9)


def test_shap_of_all_sets_is_the_package_s() -> None:
    import shap

    scorer, n = bent(7), 7
    masks, _ = every_mask(n)
    masks = masks[np.argsort(-masks.sum(1))]  # the full prompt first
    gone = n - masks.sum(1)
    likely = np.array([1 / len(np.flatnonzero(gone == size)) for size in gone])
    heavy = shap_mass(n)[gone] * likely
    ours = shap_fit(masks, outcomes_of(scorer, masks), heavy, scorer.value(frozenset()))[0]
    theirs = shap.KernelExplainer(lambda rows: outcomes_of(scorer, rows > 0.5), np.zeros((1, n))).shap_values(
        np.ones((1, n)), nsamples=2**n, l1_reg=False, silent=True
    )
    np.testing.assert_allclose(ours, theirs[0], atol=1e-8)


def test_sets_count_for_lime_as_often_as_lit_draws_them() -> None:
    n = 7
    masks, likelihood = every_mask(n)
    gone = n - masks.sum(1)
    same = np.array([np.sum(gone == size) for size in gone])
    mass = lime_mass(n)[gone] / same
    some = gone > 0  # the full prompt is one draw, whatever their number
    np.testing.assert_allclose(mass[some], (weights(masks) * likelihood)[some])


@pytest.mark.parametrize("known", [0, 32])
@pytest.mark.parametrize("method", ["lime", "shap"])
def test_errors_are_honest_and_scores_right_with_known_sets(method: Any, known: int) -> None:
    scorer = bent(MANY)
    masks, likelihood = every_mask(MANY)
    outcomes = outcomes_of(scorer, masks)
    if method == "lime":
        truth = lime_fit(masks, outcomes, weights(masks) * likelihood)[0]
    else:
        order = np.argsort(-masks.sum(1))
        gone = MANY - masks[order].sum(1)
        heavy = shap_mass(MANY)[gone] / np.array([np.sum(gone == size) for size in gone])
        truth = shap_fit(masks[order], outcomes[order], heavy, scorer.value(frozenset()))[0]
    runs = [found(method, scorer, MANY, half(MANY, known, seed), seed) for seed in range(60)]
    scores = np.array([run.scores for run in runs])
    said = np.sqrt(np.mean(np.square([run.errors for run in runs]), axis=0))
    off = np.sqrt(np.mean(np.square(scores - truth), axis=0))
    assert np.all((off / said > 0.4) & (off / said < 1.6)), off / said
    assert np.abs(scores.mean(0) - truth).max() < 0.1 * np.abs(truth).max() + 0.05


def test_more_sets_until_the_largest_scores_are_certain() -> None:
    easy = found("lime", additive(np.linspace(-1, 2, MANY).tolist()), MANY)
    assert easy.sets == 64
    np.testing.assert_allclose(easy.scores, np.linspace(-1, 2, MANY), atol=1e-9)
    random = np.random.default_rng(3)
    noise = dict[frozenset[int], float]()
    hard = found("shap", FakeScorer(lambda present: noise.setdefault(present, float(random.normal()))), MANY)
    assert hard.sets >= max_samples(MANY)
    assert hard.errors is not None
    assert not is_narrow(hard.scores, hard.errors)


@pytest.mark.parametrize("method", ["lime", "shap"])
def test_few_segments_have_all_their_sets(method: Any) -> None:
    exact = found(method, bent(6), 6)
    assert (exact.errors, exact.sets) == (None, 64)
    # With much noise, all 128 sets are tried in the end.
    random = np.random.default_rng(3)
    noise = dict[frozenset[int], float]()
    scorer = FakeScorer(lambda present: noise.setdefault(present, float(random.normal())))
    assert found(method, scorer, 7).errors is None


def test_a_requested_number_of_samples_is_drawn_as_lit_draws_them() -> None:
    scorer = bent(MANY)
    request = AblationRequest(method="lime", **fields([1] * MANY), samples=256)
    *_, event = explain(request, scorer, PAD, Cancellation())
    assert isinstance(event, SegmentScoresEvent)
    assert (event.sets, event.adaptive) == (256, False)
    *_, event = explain(request.model_copy(update={"samples": None}), scorer, PAD, Cancellation())
    assert isinstance(event, SegmentScoresEvent)
    assert event.adaptive
    assert event.sets is not None
    assert 64 <= event.sets < 256


def test_many_segments_overflow_nothing() -> None:
    run = found("shap", additive([0.5] * 400), 400, half(400, 32))
    np.testing.assert_allclose(run.scores, 0.5, atol=1e-9)


def test_known_sets_are_passes_that_are_spared() -> None:
    assert first_passes("lime", 20, 0) == pytest.approx(64, abs=3)
    assert first_passes("lime", 20, 1 + 20 + 32) == pytest.approx(11, abs=1)
    # The known sets never include the prompt without any segment.
    assert first_passes("shap", 20, 200) == pytest.approx(1 + 8, abs=1)
    assert first_passes("lime", 5, 20) == 32 - 20
    assert expected_passes("lime", MANY, 256) > 200


PROMPT = (
    "I like eggs. I don't like ham.\nThe dish is soup. It is hot. It is an omelette of eggs. It has ham. Do I like it?"
)


@pytest.fixture(scope="module")
def scored(embedded: Any) -> tuple[EffectsRequest, list[EffectsEvent]]:
    events = list(embedded.generate(GenerateRequest(model="m", prompt=PROMPT, max_new_tokens=12), Cancellation()))
    (before,) = (event for event in events if isinstance(event, PromptEvent))
    (answer,) = (event for event in events if isinstance(event, AnswerEvent))
    ids = [token.id for token in before.tokens]
    bounds = [0, 13, 31, 49, 60, 89, 101, len(PROMPT)]
    spans = [(start, len(PROMPT[:end].rstrip())) for start, end in pairwise(bounds)]
    request = EffectsRequest(
        model="m",
        prompt=PROMPT,
        ids=ids + [token.id for token in answer.tokens],
        answer_start=len(ids),
        segments=[TextSpan(turn=0, start=start, end=end) for start, end in spans],
    )
    return request, [event for event in embedded.effects(request, Cancellation()) if isinstance(event, EffectsEvent)]


def ablation_of(request: EffectsRequest, events: list[EffectsEvent], method: Any, **more: Any) -> AblationRequest:
    rows = [
        (event.kind, removed, float(np.sum(row)))
        for event in events
        for removed, row in zip(event.removed, event.logprobs, strict=True)
        if event.kind != "held_out"
    ]
    count, start = len(request.segments), request.answer_start
    edited = EditedText(
        prompt=request.prompt,
        answer_start=start,
        segments=request.segments,
        removed=[removed for _, removed, _ in rows],
        logprobs=[min(0.0, logprob) for *_, logprob in rows],
        num_random=sum(kind == "random" for kind, *_ in rows),
    )
    # Segments may be any spans of tokens, since the texts define the deleted parts.
    return AblationRequest(
        model="m",
        ids=request.ids,
        method=method,
        mode="text",
        segments=[Span(start=1 + at, end=2 + at) for at in range(count)],
        target=Span(start=start, end=len(request.ids)),
        edited=edited,
        **more,
    )


@pytest.mark.parametrize("method", ["lime", "shap"])
def test_the_cache_spares_passes_and_changes_no_value(embedded: Any, scored: Any, method: Any) -> None:
    request, events = scored
    *_, event = embedded.ablation(ablation_of(request, events, method), Cancellation())
    assert isinstance(event, SegmentScoresEvent)
    *_, alone = embedded.ablation(ablation_of(request, [], method), Cancellation())
    assert isinstance(alone, SegmentScoresEvent)
    assert event.passes < alone.passes
    assert event.logprob == pytest.approx(float(np.sum(events[0].logprobs[0])), abs=1e-4)
    # With all sets the result is the same, whether some were known or not.
    exact = {"samples": 2**7}
    *_, with_known = embedded.ablation(ablation_of(request, events, method, **exact), Cancellation())
    *_, without = embedded.ablation(ablation_of(request, [], method, **exact), Cancellation())
    assert isinstance(with_known, SegmentScoresEvent)
    assert isinstance(without, SegmentScoresEvent)
    np.testing.assert_allclose(with_known.scores, without.scores, atol=1e-3)


def test_leave_one_out_needs_no_pass(embedded: Any, scored: Any) -> None:
    request, events = scored
    *_, event = embedded.ablation(ablation_of(request, events, "leave_one_out"), Cancellation())
    assert isinstance(event, SegmentScoresEvent)
    assert event.passes == 0


@pytest.mark.parametrize(
    "change",
    [
        {"num_random": 99},
        {"logprobs": [0.0]},
        {"removed": [[7]], "logprobs": [-1.0]},
        {"segments": [{"turn": 0, "start": 0, "end": 5}]},
        {"answer_start": 1},
        {"prompt": "Short."},
    ],
)
def test_texts_that_contradict_the_request_are_refused(scored: Any, change: dict[str, Any]) -> None:
    whole = ablation_of(*scored, "lime").model_dump()
    with pytest.raises(ValueError):
        AblationRequest.model_validate({**whole, "edited": {**whole["edited"], **change}})
    with pytest.raises(ValueError):
        AblationRequest.model_validate({**whole, "mode": "remove"})
    with pytest.raises(ValueError):
        AblationRequest.model_validate({**whole, "foil": [3]})
