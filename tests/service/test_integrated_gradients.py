"""Integrated gradients and their axioms, on functions with a known integral and on real models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from paths import WIDTH, KnownGradients, ReferenceGradients

from lit_lab.protocol import Integration
from lit_lab.service.cancellation import Cancellation, Cancelled
from lit_lab.service.salience import EmbeddingGradients
from lit_lab.service.salience.integrated_gradients import (
    MAX_REFINEMENT,
    NEARLY_ZERO,
    IntegratedGradients,
    PathGradients,
    integrate,
    integrated_points,
    integrating,
)

BASELINES: list[Literal["zero", "mean"]] = ["zero", "mean"]


def run(gradients: PathGradients, ids: list[int], start: int, **integration: Any) -> IntegratedGradients:
    return integrate(gradients, ids, start, len(ids), Integration(**integration), Cancellation())


def begin(gradients: PathGradients, ids: list[int], baseline: str) -> Any:
    own = gradients.embeddings(ids[:-1])
    return NEARLY_ZERO * own if baseline == "zero" else np.broadcast_to(gradients.mean_embedding(), own.shape)


@pytest.mark.parametrize("baseline", BASELINES)
def test_a_linear_loss_gives_weight_times_change(baseline: Any) -> None:
    weights = np.arange(4 * WIDTH, dtype=np.float64).reshape(4, WIDTH) - 5
    gradients = KnownGradients(lambda e: float((weights * e).sum()), lambda e: weights)
    ids = [2, 3, 5, 7, 9]
    found = run(gradients, ids, 4, baseline=baseline)
    change = gradients.embeddings(ids[:-1]) - begin(gradients, ids, baseline)
    np.testing.assert_allclose(found.scores, (weights * change).sum(1), rtol=1e-5)
    assert found.gap < 1e-5
    assert found.points == gradients.places == integrated_points(Integration())


def test_the_axioms_hold() -> None:
    # Tokens 0 and 1 interact symmetrically, 2 acts alone, and 3 has no effect.
    def loss(e: Any) -> float:
        a, b, c, _ = e.mean(1)
        return float(np.exp(0.1 * a * b) + c**3)

    def gradient(e: Any) -> Any:
        a, b, c, _ = e.mean(1)
        both = 0.1 * np.exp(0.1 * a * b)
        return np.repeat(np.array([both * b, both * a, 3 * c**2, 0])[:, None], WIDTH, axis=1) / WIDTH

    found = run(KnownGradients(loss, gradient), [4, 4, 2, 6, 1], 4, baseline="mean")
    together = np.exp(0.1 * 16) - np.exp(0.1)
    np.testing.assert_allclose(found.scores, [together / 2, together / 2, 8 + 1, 0], rtol=1e-4)


def test_a_sudden_bend_is_divided_finely_and_the_gap_returned() -> None:
    def cliff(height: float, steepness: float) -> KnownGradients:
        def loss(e: Any) -> float:
            return float(height * np.tanh(steepness * (e.mean() - 0.7)))

        def gradient(e: Any) -> Any:
            return np.full_like(e, height * steepness / np.cosh(steepness * (e.mean() - 0.7)) ** 2 / e.size)

        return KnownGradients(loss, gradient)

    bend = run(cliff(5, 30), [3, 3, 3], 2)
    first = integrated_points(Integration())
    assert first < bend.points <= 2 * MAX_REFINEMENT * first
    assert bend.gap <= 0.01
    # No number of steps can integrate a jump: the event reports the gap, and the computation ends.
    jump = run(cliff(5, 1e6), [3, 3, 3], 2)
    assert jump.gap > 0.5
    assert jump.points <= 2 * MAX_REFINEMENT * first


def test_more_steps_more_points() -> None:
    assert integrated_points(Integration(steps=64)) > integrated_points(Integration(steps=32)) > 32


def test_a_loss_that_does_not_change_has_no_gap() -> None:
    found = run(KnownGradients(lambda e: 1.0, np.zeros_like), [2, 3, 4], 2)
    assert found.gap == 0
    assert not found.scores.any()


def test_tells_progress() -> None:
    gradients = KnownGradients(lambda e: float(np.tanh(30 * (e.mean() - 0.7))), np.zeros_like)
    events = list(integrating(gradients, [3, 3, 3], 2, 3, Integration(), Cancellation()))
    done = [event.done for event in events]
    assert len(done) > 3
    assert done == sorted(done)
    assert all(event.done <= event.total for event in events)
    assert done[-1] == events[-1].total == gradients.places


def test_cancelling_takes_effect_between_batches() -> None:
    cancellation = Cancellation()

    def loss(e: Any) -> float:
        cancellation.set()
        return 0.0

    gradients = KnownGradients(loss, np.zeros_like)
    with pytest.raises(Cancelled):
        integrate(gradients, [2, 3, 4], 2, 3, Integration(steps=64), cancellation)
    assert gradients.places <= 16


@pytest.mark.parametrize("baseline", BASELINES)
def test_a_real_models_scores_add_up(causal_lm: Any, baseline: Any) -> None:
    gradients = EmbeddingGradients(causal_lm)
    plain = ReferenceGradients(causal_lm)
    ids = [2, 300, 301, 20, 302, 303, 30, 40, 50, 60]
    found = run(gradients, ids, 7, baseline=baseline)
    ends = np.stack([begin(plain, ids, baseline), plain.embeddings(ids[:-1])])
    (before, after), _ = plain.at(ids, 7, len(ids), ends, lambda: None)
    assert found.scores.shape == (len(ids) - 1,)
    assert abs(found.scores.sum() - (after - before)) / abs(after - before) == pytest.approx(found.gap, abs=1e-3)
    assert found.gap <= 0.01
    np.testing.assert_allclose(found.scores, run(plain, ids, 7, baseline=baseline).scores, atol=1e-3)


@pytest.mark.long
@pytest.mark.parametrize("sample", [0, 3, 9])
def test_the_gap_is_small_on_lits_samples(embedded: Any, sample: int, record_property: Any) -> None:
    import lit_nlp

    samples = Path(lit_nlp.__file__).parent / "examples" / "prompt_debugging" / "prompt_examples.jsonl"
    row = json.loads(samples.read_text("utf-8").splitlines()[sample])
    prompt = [token.id for token in embedded.tokenizer.prompt(row["prompt"])]
    answer = [token.id for token in embedded.tokenizer.answer(row["target"] or " You don't like it.")][:8]
    found = run(EmbeddingGradients(embedded.causal_lm), prompt + answer, len(prompt))
    record_property("gap", found.gap)
    record_property("points", found.points)
    assert found.gap <= 0.01
