"""Drafts with rounded weights change no answer: the model confirms each token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_families import EACH, made

from lit_lab.protocol import Sampling
from lit_lab.service import cached_pass
from lit_lab.service.cancellation import Cancellation, Cancelled
from lit_lab.service.generation import Decoder, Step

pytestmark = pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="only TensorFlow has drafts")

PROMPT = [2, 5, 6, 7]
LENGTH = 30


def run(decoder: Decoder, ids: list[int], length: int = LENGTH, **options: Any) -> list[Step]:
    return list(decoder.steps(ids, length, alternatives=3, **options))


def assert_same(found: list[Step], expected: list[Step]) -> None:
    assert [step.id for step in found] == [step.id for step in expected]
    np.testing.assert_allclose([s.logprob for s in found], [s.logprob for s in expected], rtol=1e-4, atol=1e-4)
    for one, other in zip(found, expected, strict=True):
        assert [id for id, _ in one.alternatives] == [id for id, _ in other.alternatives]


@pytest.fixture(scope="module")
def small() -> Iterator[None]:
    """Let small models and matrices have drafts."""
    from lit_lab.service.engine.backends import tensorflow_step

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cached_pass, "MIN_DRAFTED", 0)
        patch.setattr(tensorflow_step, "MIN_COPIED", 16)
        yield


@pytest.fixture(scope="module")
def decoder(keras_libraries: None, small: None) -> Decoder:
    """A decoder whose weights bfloat16 doesn't represent, with compiled drafts."""
    made_decoder = Decoder(made("Llama"))
    run(made_decoder, PROMPT)
    made_decoder.compile_pending()
    assert made_decoder.is_compiled
    assert not made_decoder.cached_pass.compiled_steps
    return made_decoder


@pytest.fixture
def proposals(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """All drafts of the test."""
    found: list[list[int]] = []
    propose = decoder.drafts.propose

    def recorded(*given: Any) -> list[int]:
        found.append(propose(*given))
        return found[-1]

    monkeypatch.setattr(decoder.drafts, "propose", recorded)
    return found


@pytest.fixture(scope="module")
def expected(decoder: Decoder) -> list[Step]:
    """The answer without drafts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoder.drafts, "propose", lambda *_: [])
        decoder.forget()
        return run(decoder, PROMPT)


def test_an_answer_by_drafts_is_the_models_own(
    decoder: Decoder, expected: list[Step], proposals: list[list[int]]
) -> None:
    decoder.forget()
    assert_same(run(decoder, PROMPT), expected)
    # The first is short, so that the answer begins soon.
    assert [len(draft) for draft in proposals][:4] == [1, 2, 4, 8]
    assert sum(map(len, proposals)) < len(expected)


@settings(max_examples=30)
@given(lengths=st.lists(st.integers(0, 9), min_size=1), wrong=st.integers(0, 10))
def test_wrong_drafts_change_nothing(decoder: Decoder, expected: list[Step], lengths: list[int], wrong: int) -> None:
    """Whatever is drafted, and wherever the first error is."""
    ids = [*PROMPT, *(step.id for step in expected)]
    left = list(lengths)

    def propose(id: int, cache: Any, position: int, room: int, check: Any) -> list[int]:
        count = min(room, left.pop()) if left else 0
        assert ids[position] == id
        draft = ids[position + 1 : position + 1 + count]
        return [token if at != wrong else (token + 1) % 50 for at, token in enumerate(draft)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoder.drafts, "propose", propose)
        patch.setattr(decoder.drafts, "confirmed", lambda *_: None)
        decoder.forget()
        assert_same(run(decoder, PROMPT), expected)
    # What the cache holds is the model's own, too.
    longer = [*ids[:-1], 9]
    found = run(decoder, longer, len(longer) + 3)
    assert decoder.reused == len(ids) - 1
    decoder.forget()
    assert_same(found, run(decoder, longer, len(longer) + 3))


@pytest.mark.parametrize("length", range(len(PROMPT) + 1, len(PROMPT) + 8))
def test_no_token_comes_after_the_last(decoder: Decoder, expected: list[Step], length: int) -> None:
    decoder.forget()
    assert_same(run(decoder, PROMPT, length), expected[: length - len(PROMPT)])


def test_drafts_end_where_the_cache_does(decoder: Decoder, proposals: list[list[int]]) -> None:
    prompt = [PROMPT[at % 4] for at in range(cached_pass.STEP - cached_pass.STEP // 2 - 1)]
    decoder.forget()
    found = run(decoder, prompt, cached_pass.STEP + 20)
    assert len(found) == cached_pass.STEP + 20 - len(prompt)
    drafts = sum(map(len, proposals))
    assert drafts
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoder.drafts, "propose", lambda *_: [])
        decoder.forget()
        assert_same(found, run(decoder, prompt, cached_pass.STEP + 20))


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9])
def test_an_answer_that_is_left_within_a_draft_leaves_a_sound_cache(
    decoder: Decoder, expected: list[Step], count: int
) -> None:
    decoder.forget()
    steps = decoder.steps(PROMPT, LENGTH)
    taken = [next(steps).id for _ in range(count)]
    steps.close()
    longer = [*PROMPT, *taken, 9]
    found = run(decoder, longer)
    assert decoder.reused == len(PROMPT) + count - 1
    decoder.forget()
    assert_same(found, run(decoder, longer))
    assert taken == [step.id for step in expected[:count]]


def test_a_draft_can_be_cancelled(decoder: Decoder) -> None:
    decoder.forget()
    cancellation = Cancellation()
    steps = decoder.steps(PROMPT, LENGTH, cancellation=cancellation)
    next(steps)
    cancellation.set()
    with pytest.raises(Cancelled):
        next(steps)


def test_sampled_answers_have_no_drafts(decoder: Decoder, proposals: list[list[int]]) -> None:
    decoder.forget()
    sampling = Sampling(temperature=1.0, seed=3)
    plain = run(decoder, PROMPT, sampling=sampling)
    assert not proposals
    assert not decoder.is_compiled  # they have a step of their own
    decoder.compile_pending()
    assert decoder.is_compiled
    decoder.forget()
    assert [step.id for step in run(decoder, PROMPT, sampling=sampling)] == [step.id for step in plain]


def test_a_long_draft_of_a_slow_model_is_cut_off(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    from lit_lab.service import drafts

    monkeypatch.setattr(drafts, "MAX_SECONDS", -1.0)
    monkeypatch.setattr(decoder.drafts, "_count", 8)
    assert len(decoder.drafts.propose(PROMPT[0], decoder.cached_pass.empty_cache(128), 0, 20, lambda: None)) == 1


def test_a_model_that_confirms_few_goes_on_without(
    keras_libraries: None, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = Decoder(made("Llama"))
    plain = run(decoder, PROMPT, 80)
    decoder.compile_pending()
    assert not decoder.cached_pass.compiled_steps
    propose = decoder.drafts.propose
    monkeypatch.setattr(decoder.drafts, "propose", lambda *given: [(id + 1) % 50 for id in propose(*given)])
    decoder.forget()
    assert_same(run(decoder, PROMPT, 80), plain)
    assert not decoder.drafts.pay
    assert propose(PROMPT[0], decoder.cached_pass.empty_cache(128), 0, 20, lambda: None) == []
    assert not decoder.is_compiled
    decoder.compile_pending()
    assert decoder.is_compiled
    assert decoder.cached_pass.compiled_steps


def test_weights_that_bfloat16_represents_need_no_drafts(keras_libraries: None, small: None) -> None:
    causal_lm = made("Llama")
    for variable in causal_lm.weights:
        variable.assign(keras.ops.cast(keras.ops.cast(variable, "bfloat16"), "float32"))
    exact = Decoder(causal_lm)
    run(exact, PROMPT)
    exact.compile_pending()
    assert exact.is_compiled
    assert exact.cached_pass.compiled_steps


def test_without_memory_for_rounded_weights_there_are_none(keras_libraries: None, small: None) -> None:
    poor = Decoder(made("Llama"))
    poor.cached_pass.room = lambda: 0
    run(poor, PROMPT)
    poor.compile_pending()
    assert poor.is_compiled
    assert poor.cached_pass.compiled_steps


def test_memory_counts_after_a_sampled_answer_too(keras_libraries: None, small: None) -> None:
    """Its step has looked at the weights, and copied none."""
    poor = Decoder(made("Llama"))
    run(poor, PROMPT, sampling=Sampling(temperature=1.0))
    poor.compile_pending()
    poor.cached_pass.room = lambda: 0
    run(poor, PROMPT)
    assert not poor.is_compiled  # drafts are tried
    poor.compile_pending()
    assert poor.is_compiled
    assert not poor.drafts.are_compiled(128)


def test_one_weight_that_bfloat16_lacks_is_not_worth_drafts(keras_libraries: None, small: None) -> None:
    causal_lm = made("Llama")
    inexact = max(causal_lm.backbone.transformer_layers[0].weights, key=lambda each: int(np.prod(each.shape)))
    for variable in causal_lm.weights:
        if variable is not inexact:
            variable.assign(keras.ops.cast(keras.ops.cast(variable, "bfloat16"), "float32"))
    decoder = Decoder(causal_lm)
    run(decoder, PROMPT)
    decoder.compile_pending()
    assert decoder.is_compiled
    assert not decoder.drafts.are_compiled(128)


def test_small_models_have_none(keras_libraries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached_pass, "MIN_DRAFTED", 1_000_000)
    decoder = Decoder(made("Llama"))
    run(decoder, PROMPT)
    decoder.compile_pending()
    assert decoder.cached_pass.compiled_steps


@pytest.mark.parametrize("family", EACH)
def test_every_familys_drafts_are_confirmed(keras_libraries: None, small: None, family: str) -> None:
    decoder = Decoder(made(family))
    plain = run(decoder, PROMPT)
    decoder.compile_pending()
    assert decoder.is_compiled
    assert decoder.drafts.are_compiled(128) == decoder.cached_pass.reads_hidden_states
    decoder.forget()
    assert_same(run(decoder, PROMPT), plain)
