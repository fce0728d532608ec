"""An answer reuses what it shares with the previous one, which saves time and changes no result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_lab.problem import Problem
from lit_lab.protocol import AnswerEvent, GenerateRequest, TokenEvent
from lit_lab.service.cancellation import Cancellation, Cancelled

IDS = st.lists(st.integers(4, 60), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def decoder(causal_lm: Any) -> Any:
    from lit_lab.service.generation import Decoder

    return Decoder(causal_lm)


def run(decoder: Any, ids: list[int], count: int = 5) -> list[Any]:
    return list(decoder.steps(ids, len(ids) + count, None, 3))


@settings(max_examples=25)
@given(first=IDS, kept=st.integers(0, 20), further=IDS)
def test_the_same_as_from_nothing(decoder: Any, first: list[int], kept: int, further: list[int]) -> None:
    run(decoder, first)
    prompt = first[:kept] + further
    with_it = run(decoder, prompt)
    common = next((i for i, (a, b) in enumerate(zip(first, prompt, strict=False)) if a != b), min(kept, len(first)))
    assert decoder.reused >= min(common, len(prompt) - 1)
    assert decoder.reused < len(prompt)
    decoder.forget()
    without = run(decoder, prompt)
    assert decoder.reused == 0
    assert [step.id for step in with_it] == [step.id for step in without]
    np.testing.assert_allclose(
        [step.logprob for step in with_it], [step.logprob for step in without], rtol=1e-4, atol=1e-4
    )


def test_the_answer_before_is_taken_over_too(decoder: Any) -> None:
    prompt = [2, 5, 6, 7]
    answer = [step.id for step in run(decoder, prompt, 8)]
    run(decoder, prompt + answer + [9])
    # All but the answer's last token, which was generated but never read.
    assert decoder.reused == len(prompt) + len(answer) - 1


def test_an_answer_that_was_left_leaves_a_sound_cache(decoder: Any) -> None:
    steps = decoder.steps([2, 5, 6, 7], 20)
    next(steps)
    next(steps)
    steps.close()
    taken = run(decoder, [2, 5, 6, 8])
    assert decoder.reused == 3
    decoder.forget()
    assert [step.id for step in run(decoder, [2, 5, 6, 8])] == [step.id for step in taken]


def test_a_longer_sequence_than_the_cache_grows_it(decoder: Any) -> None:
    from lit_lab.service.cached_pass import STEP

    decoder.forget()
    prompt = [2, 5, 6]
    grown = [step.id for step in run(decoder, prompt, STEP)]
    decoder.forget()
    # The last tokens again, with a prompt whose cache is large from the start.
    again = [step.id for step in run(decoder, prompt + grown[:-5], 5)]
    assert again == grown[-5:]


def test_the_compiled_step_says_the_same_at_every_place(decoder: Any) -> None:
    decoder.forget()
    plain = run(decoder, [2, 5, 6, 7], 12)
    decoder.compile_pending()
    assert decoder.is_compiled
    assert decoder.cached_pass.compiled_steps
    decoder.forget()
    compiled = run(decoder, [2, 5, 6, 7], 12)
    assert [step.id for step in compiled] == [step.id for step in plain]
    np.testing.assert_allclose([s.logprob for s in compiled], [s.logprob for s in plain], rtol=1e-4, atol=1e-4)


def test_a_run_tells_what_it_took_over(language_model: Any) -> None:
    request = GenerateRequest(model="tiny", prompt="Analyze a menu item.\nSuggestion:", max_new_tokens=4)
    list(language_model.generate(request, Cancellation()))
    longer = request.model_copy(update={"prompt": request.prompt + " soup"})
    final = list(language_model.generate(longer, Cancellation()))[-1]
    assert isinstance(final, AnswerEvent)
    assert final.reused > 5
    assert final.first_seconds is not None
    assert 0 < final.first_seconds <= final.seconds


def test_a_cancelled_run_leaves_a_sound_cache(language_model: Any) -> None:
    cancellation = Cancellation()
    request = GenerateRequest(model="tiny", prompt="Suggestion: Onion soup", max_new_tokens=9)
    with pytest.raises(Cancelled):
        for event in language_model.generate(request, cancellation):
            if isinstance(event, TokenEvent):
                cancellation.set()
    after = list(language_model.generate(request, Cancellation()))[-1]
    language_model.decoder.forget()
    fresh = list(language_model.generate(request, Cancellation()))[-1]
    assert after.text == fresh.text


def test_after_a_long_prompt_a_short_ones_cache_is_short(decoder: Any) -> None:
    """With a long cache, each step would also attend to its empty positions."""
    run(decoder, [7] * 600)
    short = run(decoder, [7, 8, 9])
    assert decoder.reused == 1
    assert decoder.cached_pass.length_of(decoder.caches.newest.cache) == 128
    decoder.forget()
    assert [step.id for step in run(decoder, [7, 8, 9])] == [step.id for step in short]


def test_a_cache_that_is_too_large_is_not_kept(decoder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from lit_lab.service import generation

    monkeypatch.setattr(generation, "MAX_CACHE_BYTES", 1000)
    run(decoder, [2, 5, 6])
    run(decoder, [2, 5, 6])
    assert decoder.reused == 0


def test_a_long_prompt_is_read_in_parts_and_can_be_left_between_them(
    decoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lit_lab.service import generation

    prompt = list(range(4, 34))
    decoder.forget()
    whole = run(decoder, prompt)
    monkeypatch.setattr(generation, "PREFILL_CHUNK", 8)
    decoder.forget()
    assert [step.id for step in run(decoder, prompt)] == [step.id for step in whole]
    decoder.forget()
    cancellation = Cancellation()
    cancellation.set()
    with pytest.raises(Cancelled):
        list(decoder.steps(prompt, 40, cancellation=cancellation))
    # Tokens that were read before the stop aren't read again.
    assert [step.id for step in run(decoder, prompt)] == [step.id for step in whole]
    assert decoder.reused == 8


def test_overflowed_arithmetic_is_an_error(causal_lm: Any) -> None:
    from lit_lab.service.generation import Decoder

    decoder = Decoder(causal_lm)
    norm = causal_lm.backbone.layer_norm.trainable_variables[0]
    before = norm.numpy()
    norm.assign(np.full_like(before, np.inf))
    try:
        with pytest.raises(Problem) as failure:
            next(decoder.steps([2, 5, 6], 5))
    finally:
        norm.assign(before)
    assert failure.value.code == "not_finite"
