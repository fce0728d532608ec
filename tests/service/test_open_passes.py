"""Passes of large models, which serve all lengths: the first map doesn't wait for a compiler."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import small_families
from families import large
from small_gemma import VOCABULARY, make

from lit_lab.service.engine import open_passes, parts
from lit_lab.service.engine.compiled_parts import CompiledParts

pytestmark = pytest.mark.only_on("tensorflow")

TARGETS = [(30, 36), (5, 9), (1, 2), (39, 40)]


@pytest.fixture(scope="module")
def gemma(keras_libraries: None) -> Any:
    return make(num_layers=3)


@pytest.fixture(autouse=True)
def parts_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MAX_FUSED", 0)


@pytest.fixture(scope="module")
def traced(gemma: Any) -> Any:
    """The model's passes, traced once."""
    opened = large(gemma)
    with patch.object(parts, "MAX_FUSED", 0):
        opened.warm_up()
    return opened


@pytest.fixture
def opened(traced: Any) -> Any:
    """The same, without what a test before has computed."""
    traced.forget()
    return traced


@pytest.fixture(scope="module")
def half(keras_libraries: None) -> Any:
    return make("bfloat16")


def ids_of(length: int, seed: int = 1) -> list[int]:
    found: list[int] = np.random.default_rng(seed).integers(0, VOCABULARY, length).tolist()
    return found


def eager(causal_lm: Any) -> Any:
    from lit_lab.service.salience import EmbeddingGradients

    return EmbeddingGradients(causal_lm)


def same(found: Any, expected: Any) -> None:
    assert found.loss == pytest.approx(expected.loss, rel=1e-4)
    np.testing.assert_allclose(found.embeddings, expected.embeddings)
    np.testing.assert_allclose(found.gradient, expected.gradient, atol=1e-5 * np.abs(expected.gradient).max())


@pytest.fixture
def made() -> Iterator[list[bool]]:
    """The parts that were traced: for each, whether it saves results."""
    found: list[bool] = []
    of = CompiledParts.of

    def noted(self: CompiledParts, part: Any, *args: Any, **kwargs: Any) -> Any:
        if part.kind not in self._compiled:
            found.append(self.keep)
        return of(self, part, *args, **kwargs)

    with patch.object(CompiledParts, "of", noted):
        yield found


def test_one_trace_serves_every_length_target_and_window(gemma: Any, made: list[bool]) -> None:
    opened = large(gemma)
    opened.warm_up()
    traced = len(made)
    assert traced == 4  # the stem, a block with a window and one without, and the last block with the final norm
    for length in (40, 12, 97):
        ids = ids_of(length)
        for start, end in [each for each in TARGETS if each[1] <= length]:
            same(opened.of(ids, start, end, (1, length)), eager(gemma).of(ids, start, end))
    assert len(made) == traced
    assert opened.is_compiled


def test_a_sequence_is_read_once_for_all_targets(gemma: Any, opened: Any) -> None:
    ids = ids_of(40)
    opened.of(ids, 30, 33, (30, 40))
    with patch.object(open_passes.Passes, "forward_from", side_effect=AssertionError):
        same(opened.of(ids, 33, 40, (30, 40)), eager(gemma).of(ids, 33, 40))


def test_beyond_the_budget_the_backward_pass_computes_again(
    gemma: Any, opened: Any, made: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = opened.residual_bytes(10), opened.residual_bytes(100)
    assert many > 10 * few  # attention grows with the square
    monkeypatch.setattr(opened._opened._passes, "_budget", (few + many) // 2)
    same(opened.of(ids_of(10), 5, 9), eager(gemma).of(ids_of(10), 5, 9))
    assert not made
    same(opened.of(ids_of(100), 50, 60), eager(gemma).of(ids_of(100), 50, 60))
    assert made and not any(made)


@pytest.mark.parametrize(
    "family", ["Gemma3", "GPT2", *(pytest.param(name, marks=pytest.mark.long) for name in ("Gemma", "Llama", "OPT"))]
)
def test_what_a_pass_saves_is_known_before_it_runs(keras_libraries: None, family: str) -> None:
    opened = large(small_families.made(family))
    opened.warm_up()
    passes = opened._open_passes()
    for length in (12, 30):
        forward = passes.forward(tuple(ids_of(length)), lambda: None)
        kept = [forward.embeddings, forward.hidden, *(each for step in forward.steps for each in step.residuals)]
        kept += [given for step in forward.steps for given in step.inputs]
        assert opened.residual_bytes(length) == sum(tensor.dtype.size * int(np.prod(tensor.shape)) for tensor in kept)


def test_scores_of_an_answer_and_gradients_elsewhere(gemma: Any, opened: Any) -> None:
    reference = eager(gemma)
    ids = ids_of(30)
    logits = reference._array(reference._model.logits(opened.hidden(ids, 20)))
    np.testing.assert_allclose(logits, reference.target_logits(ids, 20), rtol=1e-4, atol=1e-4)
    embeddings = reference.embeddings(ids[:24])[None] * np.array([0.5, 0.9], np.float32)[:, None, None]
    for found, expected in zip(opened.at(ids, 20, 25, embeddings), reference.at(ids, 20, 25, embeddings), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_where_a_part_needs_a_known_length_each_length_is_compiled(gemma: Any) -> None:
    opened = large(gemma)
    with patch.object(open_passes.OpenPasses, "compile", side_effect=ValueError("None for the length")):
        opened.warm_up()
    assert opened.is_compiled
    ids = ids_of(40)
    same(opened.of(ids, 30, 36), eager(gemma).of(ids, 30, 36))
    assert opened._passes


def test_two_threads_trace_once(gemma: Any) -> None:
    opened = large(gemma)
    begun, go_on, count = threading.Event(), threading.Event(), []
    compile = open_passes.OpenPasses.compile

    def held(passes: Any) -> None:
        count.append(1)
        begun.set()
        assert go_on.wait(60)
        compile(passes)

    with patch.object(open_passes.OpenPasses, "compile", held), ThreadPoolExecutor(2) as threads:
        tracing = threads.submit(opened.warm_up)
        assert begun.wait(60)
        assert not opened.is_compiled
        # Answers don't wait for it.
        opened.request_compile_for_answer(20, 10)
        assert opened.hidden(ids_of(40), 30) is None
        asked = threads.submit(opened.of, ids_of(40), 30, 36)
        go_on.set()
        tracing.result(60)
        same(asked.result(60), eager(gemma).of(ids_of(40), 30, 36))
    assert len(count) == 1


def test_small_models_have_none(gemma: Any) -> None:
    assert eager(gemma)._opened is None


@pytest.mark.parametrize("is_native", [False, True])
def test_half_precision_only_where_the_processor_multiplies_it(
    half: Any, monkeypatch: pytest.MonkeyPatch, is_native: bool
) -> None:
    from lit_lab.service.engine.backends import on_tensorflow

    monkeypatch.setattr(on_tensorflow, "multiplies_bfloat16", lambda: is_native)
    assert (large(half)._opened is not None) == is_native
    assert large(make("float16", num_layers=1))._opened is None
    ids = ids_of(40)
    found, expected = large(half).of(ids, 30, 36), eager(half).of(ids, 30, 36)
    assert np.corrcoef(found.gradient.ravel(), expected.gradient.ravel())[0, 1] > 0.99
