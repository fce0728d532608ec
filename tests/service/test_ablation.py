"""Ablation methods, compared with known values, LIT's LIME and the package `shap`."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_scorers import BEGINNING, PAD, TARGET, FakeScorer, ReferenceScorer, additive, fields

from lit_lab.problem import Problem
from lit_lab.protocol import AblationMethod, AblationRequest, ProgressEvent, SegmentScoresEvent, Span
from lit_lab.service.ablation import explain
from lit_lab.service.ablation.lime import every_mask, sample_masks, weights
from lit_lab.service.ablation.masks import Scores, SegmentValues
from lit_lab.service.ablation.samples import max_samples, min_samples
from lit_lab.service.cancellation import Cancellation, Cancelled

METHODS: list[AblationMethod] = ["leave_one_out", "lime", "shap"]
FEW, MANY = 4, 12  # segments: few enough to try all sets, or only some of them


def run(scorer: Scores, method: AblationMethod, lengths: list[int], **more: Any) -> SegmentScoresEvent:
    request = AblationRequest(method=method, **{**fields(lengths), **more})
    *_, last = explain(request, scorer, PAD, Cancellation())
    assert isinstance(last, SegmentScoresEvent)
    return last


def interacting(num_segments: int) -> FakeScorer:
    """Segments 0 and 1 are alike, and either is enough; 2 and 3 act only together; the last one has no effect."""

    def value(present: frozenset[int]) -> float:
        rest = sum(0.1 * segment for segment in present if 3 < segment < num_segments - 1)
        return -9 + 3 * bool(present & {0, 1}) + 2 * ({2, 3} <= present) + rest + 0.05 * rest**2

    return FakeScorer(value)


@pytest.mark.parametrize("mode", ["remove", "mask"])
@pytest.mark.parametrize("num_segments", [1, FEW, MANY, 30])
@pytest.mark.parametrize("method", METHODS)
def test_finds_the_weights_of_an_additive_model(method: AblationMethod, num_segments: int, mode: str) -> None:
    known = np.random.default_rng(3).normal(size=num_segments).tolist()
    event = run(additive(known), method, [1 + n % 3 for n in range(num_segments)], mode=mode)
    np.testing.assert_allclose(event.scores, known, atol=1e-9)
    assert event.logprob == pytest.approx(-20 + sum(known))
    if event.errors is not None:
        np.testing.assert_allclose(event.errors, 0, atol=1e-9)
    assert (event.errors is None) == (method == "leave_one_out" or num_segments <= FEW)


@pytest.mark.parametrize("num_segments", [5, MANY])
def test_shapley_values_keep_their_axioms(num_segments: int) -> None:
    scorer = interacting(num_segments)
    event = run(scorer, "shap", [2] * num_segments)
    everything, nothing = scorer.value(frozenset(range(num_segments))), scorer.value(frozenset())
    assert sum(event.scores) == pytest.approx(everything - nothing, abs=1e-9)  # efficiency
    if num_segments == 5:  # with all sets, symmetry is exact and the last segment adds nothing
        np.testing.assert_allclose(event.scores, [1.5, 1.5, 1, 1, 0], atol=1e-12)
    else:
        assert event.errors is not None
        assert abs(event.scores[-1]) < 5 * event.errors[-1]
        assert abs(event.scores[0] - event.scores[1]) < 5 * np.hypot(*event.errors[:2])


def test_leave_one_out_gives_nothing_to_what_is_said_twice() -> None:
    event = run(interacting(5), "leave_one_out", [2] * 5)
    np.testing.assert_allclose(event.scores, [0, 0, 2, 2, 0], atol=1e-12)
    assert event.errors is None


def test_agrees_with_the_package_shap() -> None:
    import shap

    num_segments = 6
    scorer = interacting(num_segments)

    def values(masks: Any) -> Any:
        return np.array([scorer.value(frozenset(np.flatnonzero(mask).tolist())) for mask in masks])

    theirs = shap.KernelExplainer(values, np.zeros((1, num_segments))).shap_values(
        np.ones((1, num_segments)), nsamples=2**num_segments, l1_reg=False, silent=True
    )
    np.testing.assert_allclose(run(scorer, "shap", [1] * num_segments).scores, theirs[0], atol=1e-8)


def test_lime_agrees_with_lits() -> None:
    from lit_nlp.components.citrus import lime

    num_segments, samples, seed = MANY, 300, 11
    scorer = interacting(num_segments)

    def predict(sentences: Any) -> Any:
        kept = [{int(word) for word in sentence.split() if word != "<unk>"} for sentence in sentences]
        return np.array([scorer.value(frozenset(present)) for present in kept])

    sentence = " ".join(map(str, range(num_segments)))
    theirs = lime.explain(sentence, predict, num_samples=samples - 1, alpha=1e-10, seed=seed)
    ours = run(scorer, "lime", [1] * num_segments, samples=samples, seed=seed)
    np.testing.assert_allclose(ours.scores, theirs.feature_importance, atol=1e-7)
    expected = lime.sample_masks(samples, num_segments, seed)
    expected[0] = True
    np.testing.assert_array_equal(sample_masks(samples, num_segments, seed), expected)


def test_lime_of_all_sets_is_what_many_samples_come_to() -> None:
    scorer = interacting(5)
    exact = run(scorer, "lime", [1] * 5)
    masks, likelihood = every_mask(5)
    drawn = sample_masks(200_000, 5, 1)
    heavy = weights(drawn)
    heavy[0] *= len(drawn) / 2**5  # the full prompt counts as one of all sets, as it is one draw among the sampled
    np.testing.assert_allclose(heavy.mean(), weights(masks) @ likelihood, rtol=0.01)
    outcomes = np.array([scorer.value(frozenset(np.flatnonzero(mask).tolist())) for mask in drawn])
    root = np.sqrt(heavy)
    design = np.column_stack([np.ones(len(drawn)), drawn]) * root[:, None]
    many = np.linalg.lstsq(design, outcomes * root, rcond=None)[0][1:]
    np.testing.assert_allclose(exact.scores, many, atol=0.02)
    assert exact.errors is None


@pytest.mark.parametrize("method", ["lime", "shap"])
def test_the_seed_decides(method: AblationMethod) -> None:
    scorer = interacting(MANY)
    first, again, other = (run(scorer, method, [1] * MANY, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.scores != other.scores


@pytest.mark.parametrize("method", ["lime", "shap"])
def test_errors_shrink_with_samples_and_are_honest(method: AblationMethod) -> None:
    strength = np.linspace(-1, 2, MANY)
    scorer = FakeScorer(
        lambda present: (
            6 * np.tanh(sum(strength[n] for n in present) - 1) + 2 * ({9, 10, 11} <= present) + 0.1 * len(present)
        )
    )
    runs = {n: [run(scorer, method, [1] * MANY, samples=n, seed=seed) for seed in range(60)] for n in (200, 800)}
    mean_error = {n: np.mean([event.errors for event in events]) for n, events in runs.items()}
    assert mean_error[800] == pytest.approx(mean_error[200] / 2, rel=0.3)
    # The reported error is the estimates' real standard deviation.
    for n, events in runs.items():
        said = np.sqrt(np.mean(np.square([event.errors for event in events]), axis=0))
        found = np.std([event.scores for event in events], axis=0, ddof=1)
        assert np.all((found / said > 0.6) & (found / said < 1.5)), (n, found / said)


def test_each_sequence_is_scored_once() -> None:
    for method in METHODS:
        scorer = additive([1.0] * MANY)
        event = run(scorer, method, [2] * MANY)
        assert len(scorer.sequences) == len(set(scorer.sequences)) == event.passes
        assert event.passes <= (MANY + 1 if method == "leave_one_out" else max_samples(MANY))


def test_segments_that_say_the_same_side_by_side_are_one_pass() -> None:
    given = fields([2, 2, 2])
    given["ids"][1:5] = [10] * 4
    scorer = additive([1.0] * 3)
    *_, event = explain(AblationRequest(method="leave_one_out", **given), scorer, PAD, Cancellation())
    assert isinstance(event, SegmentScoresEvent)
    assert event.passes == 3


def test_what_is_taken_away() -> None:
    given = fields([2, 1])
    for mode, expected in (("remove", (BEGINNING, 11)), ("mask", (BEGINNING, PAD, PAD, 11))):
        values = SegmentValues(
            given["ids"], given["target"], given["segments"], mode, PAD, additive([1, 1]), Cancellation()
        )
        assert values.sequence(np.array([False, True])) == (*expected, TARGET, TARGET)


def test_too_few_samples_are_refused() -> None:
    for method in ("lime", "shap"):
        fewest = min_samples(method, MANY)
        assert run(additive([1.0] * MANY), method, [1] * MANY, samples=fewest).errors is not None
        with pytest.raises(Problem, match=f"at least {fewest} samples") as failure:
            run(additive([1.0] * MANY), method, [1] * MANY, samples=fewest - 1)
        assert failure.value.code == "too_few_samples"


def test_tells_progress() -> None:
    request = AblationRequest(method="shap", **fields([1] * MANY))
    *progress, last = explain(request, additive([1.0] * MANY), PAD, Cancellation())
    assert isinstance(last, SegmentScoresEvent)
    assert len(progress) > 3
    assert all(isinstance(event, ProgressEvent) for event in progress)
    done = [(event.done, event.total) for event in progress if isinstance(event, ProgressEvent)]
    assert done == sorted(done)
    assert done[-1] == (last.passes, last.passes)


@pytest.mark.parametrize("method", METHODS)
def test_cancelling_takes_effect_between_batches(method: AblationMethod) -> None:
    cancellation = Cancellation()
    scorer = additive([1.0] * 40)
    events = explain(AblationRequest(method=method, **fields([1] * 40)), scorer, PAD, cancellation)
    next(events)
    scored = len(scorer.sequences)
    cancellation.set()
    with pytest.raises(Cancelled):
        list(events)
    assert len(scorer.sequences) == scored


@pytest.mark.parametrize("mode", ["remove", "mask"])
def test_a_real_models_shares_add_up(causal_lm: Any, language_model: Any, mode: str) -> None:
    scorer = ReferenceScorer(causal_lm)
    ids = [token.id for token in language_model.tokenizer.prompt("Taste-likes: sweet\nSuggestion: Onion soup\nAvoid.")]
    cut = np.linspace(1, len(ids) - 3, 5).astype(int).tolist()
    segments = [Span(start=a, end=b) for a, b in pairwise(cut)]
    target = Span(start=len(ids) - 3, end=len(ids))
    request = AblationRequest(model="tiny", ids=ids, segments=segments, target=target, method="shap", mode=mode)
    *_, event = explain(request, scorer, language_model.causal_lm.preprocessor.tokenizer.pad_token_id, Cancellation())
    assert isinstance(event, SegmentScoresEvent)
    nothing = [*ids[:1], *ids[target.start :]] if mode == "remove" else None
    if nothing:
        everything, bare = scorer.log_probabilities([ids, nothing], 3, lambda done: None, Cancellation())
        assert event.logprob == pytest.approx(everything)
        assert sum(event.scores) == pytest.approx(everything - bare, abs=1e-6)


def test_the_mistaken_line_of_lits_sample(embedded: Any, record_property: Any) -> None:
    """The example's mistaken recommendation, "You have to try it.", makes the same recommendation likely again."""
    ids, segments, target, deciding = mistake(embedded)
    request = AblationRequest(model="embedded", ids=ids, segments=segments, target=target, method="leave_one_out")
    *_, event = explain(
        request,
        ReferenceScorer(embedded.causal_lm),
        embedded.causal_lm.preprocessor.tokenizer.pad_token_id,
        Cancellation(),
    )
    assert isinstance(event, SegmentScoresEvent)
    order = np.argsort(-np.array(event.scores)).tolist()
    record_property("rank", order.index(deciding) + 1)
    record_property("score", event.scores[deciding])
    assert event.scores[deciding] > 0


def mistake(embedded: Any) -> tuple[list[int], list[Span], Span, int]:
    """LIT's prompt `fewshot-mistake` in lines, with the mistaken recommendation as the target, and the index of the decisive line."""
    import lit_nlp

    samples = Path(lit_nlp.__file__).parent / "examples" / "prompt_debugging" / "prompt_examples.jsonl"
    prompt = json.loads(samples.read_text("utf-8").splitlines()[0])["prompt"]
    tokens = embedded.tokenizer.prompt(prompt)
    answer = embedded.tokenizer.answer(" It has eggs in it, which you don't like.\nRecommendation: You have to try it.")
    ids = [token.id for token in [*tokens, *answer]]
    text, start, segments, lines = "", 1, [], []
    for index, token in enumerate(tokens):
        text += token.text
        if "\n" in token.text or index == len(tokens) - 1:
            segments.append(Span(start=start, end=index + 1))
            lines.append(text)
            text, start = "", index + 1
    deciding = next(n for n, line in enumerate(lines) if line.startswith("Recommendation: You have to try it."))
    tail, begin = "", len(ids)
    while "Recommendation" not in tail:
        begin -= 1
        tail = answer[begin - len(tokens)].text + tail
    colon = next(n for n in range(begin, len(ids)) if ":" in answer[n - len(tokens)].text)
    return ids, segments, Span(start=colon + 1, end=len(ids)), deciding
