"""Results computed from scores with deleted parts of a prompt, compared with scikit-learn, SciPy and models with known effects."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from lit_lab import load_run, protocol
from lit_lab.client import effect_table
from lit_lab.effects import Effects, effects_of, lasso, log_odds, rank_correlation

SEAM = 4


def effects(weights: list[float], samples: int = 64, held_out: int = 32, seed: int = 3) -> Effects:
    """Return the effects in a model with one token of answer, whose log-odds are a sum over the present segments."""
    n = len(weights)
    random = np.random.default_rng(seed).random((samples + held_out, n)) < 0.5
    removed = np.concatenate([np.zeros((1, n), bool), np.eye(n, dtype=bool), random])
    odds = (~removed) @ np.array(weights) - 2.0
    kinds = np.array(["one"] * (n + 1) + ["random"] * samples + ["held_out"] * held_out)
    return Effects(
        segments=tuple((0, at, at + 1) for at in range(n)),
        seam=SEAM,
        removed=removed,
        logprobs=-np.log1p(np.exp(-odds))[:, None],
        is_random=kinds == "random",
        is_held_out=kinds == "held_out",
    )


TARGET = slice(SEAM, SEAM + 1)


@pytest.mark.parametrize("alpha", [0.001, 0.01, 0.2])
@pytest.mark.parametrize(("samples", "features"), [(40, 6), (16, 25)])
def test_the_fit_is_scikit_learn_s(alpha: float, samples: int, features: int) -> None:
    from sklearn.linear_model import Lasso

    random = np.random.default_rng(samples)
    kept = (random.random((samples, features)) < 0.5).astype(float)
    kept[:, 0] = 1  # a segment that all sets contain
    outcomes = kept @ random.normal(size=features) + 0.1 * random.normal(size=samples)
    scale = kept.std(axis=0)
    standardized = (kept - kept.mean(axis=0)) / np.where(scale > 0, scale, 1)
    known = Lasso(alpha=alpha, tol=1e-10, max_iter=100_000).fit(standardized, outcomes).coef_ / np.where(
        scale > 0, scale, 1
    )
    found = lasso(kept, outcomes, alpha)
    np.testing.assert_allclose(found, known, atol=1e-5)
    assert found[0] == 0


def test_log_odds_are_exact_where_a_target_is_nearly_certain() -> None:
    odds = np.array([-800.0, -30.0, 0.0, 30.0])
    logprobs = -np.logaddexp(0, -odds)
    np.testing.assert_allclose(log_odds(logprobs), odds, atol=1e-2)
    assert np.isfinite(log_odds(np.array([0.0])))


def test_leave_one_out_and_contextcite_find_known_weights() -> None:
    weights = [2.0, 0.0, -1.0, 0.5, 0.0]
    found = effects(weights)
    whole = found.target_logprobs(TARGET)[0]
    for at, score in enumerate(found.leave_one_out(TARGET)):
        assert score == pytest.approx(whole - found.logprobs[at + 1, 0])
    fit = found.context_cite(TARGET)
    np.testing.assert_allclose(fit, weights, atol=0.1)
    assert fit[0] == max(fit)
    whole_probability, without = found.token_probabilities(TARGET)
    assert whole_probability == pytest.approx(np.exp(whole))
    np.testing.assert_allclose(without, np.exp(found.logprobs[1:6, 0]))


def test_contextcite_fits_whole_blocks() -> None:
    weights = [2.0, 0.0, -1.0, 0.5, 0.0]
    found = effects(weights, samples=24)
    np.testing.assert_array_equal(found.context_cite(TARGET), found.context_cite(TARGET, 16))
    assert (found.context_cite(TARGET) != found.context_cite(TARGET, 24)).any()
    # Nothing else is there.
    np.testing.assert_array_equal(
        effects(weights, samples=9).context_cite(TARGET), effects(weights, samples=9).context_cite(TARGET, 9)
    )


def test_a_true_map_predicts_and_a_reversed_one_contradicts() -> None:
    weights = [2.0, 0.0, -1.0, 0.5, 0.3]
    found = effects(weights)
    assert found.datamodelling_score(weights, TARGET) == pytest.approx(1)
    assert found.datamodelling_score([-weight for weight in weights], TARGET) == pytest.approx(-1)
    assert found.datamodelling_score([1.0, 1.0, 1.0, 1.0, 1.0], TARGET) is not None
    assert found.datamodelling_score([0.0] * 5, TARGET) is None
    assert effects(weights, held_out=7).datamodelling_score(weights, TARGET) is None


def test_the_rank_correlation_is_scipy_s() -> None:
    random = np.random.default_rng(1)
    one, other = random.integers(0, 5, 40).astype(float), random.normal(size=40)
    assert rank_correlation(one, other) == pytest.approx(spearmanr(one, other).statistic)


def test_targets_outside_of_the_answer_are_refused() -> None:
    with pytest.raises(ValueError, match="must lie in the answer"):
        effects([1.0]).leave_one_out(slice(SEAM - 1, SEAM + 1))
    with pytest.raises(ValueError, match="no random set"):
        effects([1.0], samples=0).context_cite(TARGET)


def kept(first: int, removed: list[list[int]], kind: str = "one", **more: Any) -> protocol.KeptEffects:
    event = {
        "event": "effects", "kind": kind, "first": first, "total": 9, "removed": removed,
        "logprobs": [[-0.5 - at, None if 2 in gone else -0.1] for at, gone in enumerate(removed, first)],
    }  # fmt: skip
    segments = [{"turn": 0, "start": 0, "end": 4}, {"turn": 0, "start": 4, "end": 9}]
    fields = {
        "segments": segments,
        "answer_segments": [{"start": 5, "end": 6}],
        "held_out": 16,
        "seed": 0,
        "events": [event],
    }
    return protocol.KeptEffects.model_validate(fields | more)


def test_jobs_of_the_same_segments_are_one_in_the_order_of_their_sets() -> None:
    one, other = effects_of([kept(3, [[0, 1]], "random"), kept(0, [[], [2], [1]]), kept(0, [[]], seed=1)], SEAM)
    assert one.removed.tolist() == [[False, False], [False, True], [True, True]]
    assert one.logprobs[:, 0].tolist() == [-0.5, -2.5, -3.5]
    assert one.is_random.tolist() == [False, False, True]
    np.testing.assert_equal(one.leave_one_out(slice(SEAM, SEAM + 1)), [np.nan, 2.0])
    assert len(other.removed) == 1
    with pytest.raises(ValueError, match="the prompt as it is"):
        effects_of([kept(1, [[1]])], SEAM)


def half(job: protocol.KeptEffects, difference: float) -> protocol.KeptEffects:
    (event,) = job.events
    logprobs = [[value and value - 0.25 for value in row] for row in event.logprobs]
    changed = event.model_copy(update={"precision": "bfloat16", "difference": difference, "logprobs": logprobs})
    return job.model_copy(update={"events": [changed]})


def test_a_table_has_one_precision() -> None:
    ones = [[], [2], [1], [0]]
    exact, some = kept(0, ones), kept(0, ones[:2])
    first, second = half(exact, 0.02), half(kept(4, [[0, 1]] * 16, "held_out"), 0.03)
    pair, half_pair = kept(0, [[0, 1]], "chosen"), half(kept(0, [[0, 1]], "chosen"), 0.02)
    request = protocol.EffectsRequest(
        model="m", prompt="123456789", ids=[1] * 7, answer_start=SEAM,
        segments=exact.segments, answer_segments=exact.answer_segments,
    )  # fmt: skip

    def check(jobs: list[protocol.KeptEffects], difference: float | None, whole: float) -> None:
        for order in (jobs, jobs[::-1]):
            (found,) = effects_of(order, SEAM)
            assert (found.difference, found.logprobs[0, 0]) == (difference, whole)
            assert effect_table.known_logprobs(order, request)[()][0] == whole

    # Exact scores count once there are as many as those in half precision show.
    check([some, first], 0.02, -0.75)
    check([exact, first, second], 0.03, -0.75)
    check([exact, first], None, -0.5)
    # Those that continue others, which aren't exact, count for nothing.
    check([first, kept(4, [[0, 1]] * 16, "held_out")], 0.02, -0.75)
    (found,) = effects_of([exact, first, half_pair], SEAM)
    assert len(found.removed) == 3  # without the answer's
    assert len(effects_of([exact, first, pair], SEAM)[0].removed) == 4

    # What continues exact scores must be exact; where half precision can't be continued, all is.
    def asked(*jobs: protocol.KeptEffects) -> tuple[int, str]:
        continued = effect_table.continued(request, jobs)
        return continued.skip, continued.precision

    assert asked(exact) == (4, "float32")
    assert asked(first) == (4, "auto")
    assert asked() == (0, "auto")
    assert asked(first, kept(4, [[0, 1]], "held_out")) == (0, "float32")
    # Effects of other segments say nothing about these.
    other = exact.model_copy(update={"segments": exact.segments[:1]})
    assert asked(first, other) == (4, "auto")
    assert asked(exact, half(other, 0.02)) == (4, "float32")


def test_chosen_pairs_come_last_and_say_what_two_segments_do_together() -> None:
    ones, pair = kept(0, [[], [1], [0]]), kept(0, [[0, 1], [0, 2]], "chosen")
    (found,) = effects_of([pair, ones], SEAM)
    assert found.removed.tolist() == [[False, False], [False, True], [True, False], [True, True]]
    assert not (found.is_random | found.is_held_out).any()
    # Alone they cost 1 and 2 nats; the pair costs none.
    assert found.interaction(slice(SEAM, SEAM + 1), 0, 1) == -3
    (without,) = effects_of([ones], SEAM)
    assert np.isnan(without.interaction(slice(SEAM, SEAM + 1), 0, 1))
    # Alone they can't be compared with anything, and don't distort the rest.
    assert effects_of([pair], SEAM) == ()


def test_many_sets_of_many_segments_are_refused_before_they_take_memory() -> None:
    segments = [{"turn": 0, "start": at, "end": at + 1} for at in range(20_000)]
    with pytest.raises(ValueError, match="too many"):
        effects_of([kept(0, [[]] * 20_000, segments=segments)], SEAM)


def saved(**effects: Any) -> str:
    tokens = [{"id": at, "piece": "x", "text": "x", "kind": "text"} for at in range(6)]
    run = {
        "id": "a", "created": 1.0, "model": "demo", "prompt": "xxxx", "answer": "xx", "reason": "end", "seconds": 1.0,
        "sampling": {"temperature": 0.0, "top_k": None, "top_p": None, "seed": 0},
        "prompt_tokens": tokens[:4], "answer_tokens": tokens[4:], "effects": [kept(0, [[], [1]]).model_dump() | effects],
    }  # fmt: skip
    return json.dumps(run)


def test_a_saved_run_has_its_effects() -> None:
    (found,) = load_run(saved()).effects
    assert found.seam == SEAM
    np.testing.assert_equal(found.leave_one_out(slice(SEAM, SEAM + 2)), [np.nan, 1.0])


def test_passages_and_their_sentences_are_two_ways_to_cut_the_same_run() -> None:
    run = json.loads(saved())
    inner = kept(0, [[], [0]], segments=[{"turn": 0, "start": 4, "end": 6}], answer_segments=[])
    run["effects"].append(inner.model_dump())
    passages, sentences = load_run(json.dumps(run)).effects
    assert passages.segments == ((0, 0, 4), (0, 4, 9))
    assert sentences.segments == ((0, 4, 6),)
    np.testing.assert_equal(sentences.leave_one_out(slice(SEAM, SEAM + 1)), [1.0])


def test_effects_that_contradict_themselves_are_refused() -> None:
    wrong = kept(0, [[], [1]]).model_dump()
    wrong["events"][0]["removed"][1] = [7]
    with pytest.raises(ValueError, match="isn't among the 3"):
        load_run(saved(**wrong))
    short = kept(0, [[], [1]]).model_dump()
    short["events"][0]["logprobs"][1] = [-0.5]
    with pytest.raises(ValueError, match="score 2 tokens"):
        load_run(saved(**short))
