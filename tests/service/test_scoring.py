"""Log-probabilities of many sequences: the same as those of single passes through the whole model."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from reference_gradients import numbers, whole_inputs
from small_families import EACH, shared

from lit_lab.service.cancellation import Cancellation, Cancelled

RANDOM = np.random.default_rng(3)
SEQUENCES = [[3, 5, 7, *RANDOM.integers(4, 60, count).tolist(), 9, 11, 13] for count in (0, 9, 4, 4, 12, 1)]


def reference(causal_lm: Any, sequence: list[int], num_targets: int) -> float:
    from keras import ops

    chances = numbers(ops.log_softmax(ops.cast(causal_lm(whole_inputs(causal_lm, sequence)), "float32")[0]))
    places = range(len(sequence) - num_targets, len(sequence))
    return float(sum(chances[place - 1, sequence[place]] for place in places))


@functools.cache
def scorer(causal_lm: Any) -> Any:
    from lit_lab.service.cached_pass import CachedPass
    from lit_lab.service.scoring import Scorer

    return Scorer(CachedPass(causal_lm))


def score(scorer: Any, sequences: list[list[int]], num_targets: int) -> Any:
    return scorer.log_probabilities(sequences, num_targets, lambda done: None, Cancellation())


@pytest.mark.parametrize("family", EACH)
def test_agrees_with_the_whole_model(keras_libraries: None, family: str) -> None:
    from lit_lab.service.scoring import Scorer

    causal_lm, cached_pass = shared(family)
    exact = [reference(causal_lm, sequence, 3) for sequence in SEQUENCES]
    np.testing.assert_allclose(score(Scorer(cached_pass), SEQUENCES, 3), exact, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("num_targets", [1, 3, 5])
def test_agrees_whatever_the_room(causal_lm: Any, monkeypatch: pytest.MonkeyPatch, num_targets: int) -> None:
    from lit_lab.service import scoring

    exact = [reference(causal_lm, sequence, num_targets) for sequence in SEQUENCES]
    np.testing.assert_allclose(score(scorer(causal_lm), SEQUENCES, num_targets), exact, rtol=1e-4, atol=1e-4)
    monkeypatch.setattr(scoring, "BATCH_BYTES", 1)
    monkeypatch.setattr(scoring, "LOGIT_BYTES", 1)
    np.testing.assert_allclose(score(scorer(causal_lm), SEQUENCES, num_targets), exact, rtol=1e-4, atol=1e-4)


def test_nothing_before_the_target_but_one_token(causal_lm: Any) -> None:
    found = score(scorer(causal_lm), [[3, 9], [3, 9]], 1)
    assert found == pytest.approx(reference(causal_lm, [3, 9], 1), rel=1e-4)


def test_no_sequences_are_no_scores(causal_lm: Any) -> None:
    assert score(scorer(causal_lm), [], 2).shape == (0,)


def test_tells_progress_and_is_cancelled_between_batches(causal_lm: Any) -> None:
    cancellation = Cancellation()
    finished: list[int] = []

    def progress(done: int) -> None:
        finished.append(done)
        cancellation.set()

    sequences = [[3, index % 50 + 4, 9, 11] for index in range(40)]
    with pytest.raises(Cancelled):
        scorer(causal_lm).log_probabilities(sequences, 1, progress, cancellation)
    assert finished == [16]
