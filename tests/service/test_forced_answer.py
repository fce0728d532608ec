"""A forced answer: each token's probability on the exact ids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lit_lab.problem import Problem
from lit_lab.protocol import (
    AnswerEvent,
    GenerateRequest,
    PromptEvent,
    SalienceRequest,
    ScoreRequest,
    Span,
    StateEvent,
    TokenEvent,
)
from lit_lab.service.cancellation import Cancellation, Cancelled

PROMPT = "Taste-dislikes: Don't like onions or garlic\nSuggestion: Onion soup\nAnalysis:"
TARGETS = [" You have to try it.", "\n\nAvoid.", " é😀", "x"]


def score(model: Any, prompt: str, target: str, **options: Any) -> tuple[PromptEvent, list[Any], AnswerEvent]:
    events = list(model.score(ScoreRequest(model="tiny", prompt=prompt, target=target, **options), Cancellation()))
    assert isinstance(events[0], PromptEvent)
    assert isinstance(events[1], StateEvent)
    assert isinstance(events[-1], AnswerEvent)
    streamed = [event.token for event in events if isinstance(event, TokenEvent)]
    return events[0], streamed, events[-1]


@pytest.mark.parametrize("target", TARGETS)
def test_agrees_with_the_whole_models_probabilities(language_model: Any, target: str) -> None:
    prompt, streamed, final = score(language_model, PROMPT, target)
    expected = language_model.tokenizer.answer(target)
    assert [(token.id, token.text) for token in final.tokens] == [(token.id, token.text) for token in expected]
    assert (final.text, final.reason, streamed) == (target, "forced_answer", final.tokens)
    ids = [token.id for token in [*prompt.tokens, *final.tokens]]
    logits = language_model.gradients.target_logits(ids, len(prompt.tokens)).astype(np.float64)
    chances = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    own = chances[np.arange(len(expected)), [token.id for token in expected]]
    np.testing.assert_allclose([token.logprob for token in final.tokens], own, rtol=1e-4, atol=1e-4)
    for row, token in zip(chances, final.tokens, strict=True):
        best = np.sort(row)[::-1][:5]
        np.testing.assert_allclose([other.logprob for other in token.alternatives], best, rtol=1e-4, atol=1e-4)


def test_an_answer_given_back_has_the_probabilities_of_the_answer(embedded: Any) -> None:
    request = GenerateRequest(model="demo", prompt=PROMPT, max_new_tokens=24)
    *_, answer = embedded.generate(request, Cancellation())
    _, _, again = score(embedded, PROMPT, answer.text)
    assert [token.id for token in again.tokens] == [token.id for token in answer.tokens]
    np.testing.assert_allclose(
        [token.logprob for token in again.tokens], [token.logprob for token in answer.tokens], rtol=1e-3, atol=1e-4
    )
    for one, other in zip(again.tokens, answer.tokens, strict=True):
        assert (one.alternatives[0].id, one.alternatives[0].text) == (
            other.alternatives[0].id,
            other.alternatives[0].text,
        )


def test_a_long_text_comes_in_parts_that_change_nothing(language_model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from lit_lab.service import generation

    language_model.decoder.forget()
    _, _, whole = score(language_model, PROMPT, TARGETS[0])
    monkeypatch.setattr(generation, "PREFILL_CHUNK", 7)
    monkeypatch.setattr(generation, "LOGIT_ROWS", 2)
    language_model.decoder.forget()
    _, _, parts = score(language_model, PROMPT, TARGETS[0])
    np.testing.assert_allclose(
        [token.logprob for token in parts.tokens], [token.logprob for token in whole.tokens], rtol=1e-4, atol=1e-5
    )


def test_the_prompt_is_not_read_again_and_its_answer_not_spoilt(language_model: Any) -> None:
    request = GenerateRequest(model="tiny", prompt=PROMPT, max_new_tokens=6)
    *_, before = language_model.generate(request, Cancellation())
    prompt, _, forced = score(language_model, PROMPT, TARGETS[0])
    assert forced.reused == len(prompt.tokens) - 1
    *_, after = language_model.generate(request, Cancellation())
    assert [token.id for token in after.tokens] == [token.id for token in before.tokens]
    assert after.reused == len(prompt.tokens) - 1


def test_as_many_alternatives_as_are_asked_for(language_model: Any) -> None:
    _, _, final = score(language_model, PROMPT, "x", alternatives=0)
    assert final.tokens[0].alternatives == []


@pytest.mark.parametrize(
    ("prompt", "target", "code"),
    [
        ("", "x", "empty_prompt"),
        (PROMPT, "x " * 90, "target_too_long"),
        ("soup " * 120, "x", "prompt_too_long"),
        (PROMPT, "\ud83d", "lone_surrogate"),
    ],
)
def test_what_does_not_fit_is_refused(language_model: Any, prompt: str, target: str, code: str) -> None:
    request = ScoreRequest.model_construct(model="tiny", prompt=prompt, target=target, alternatives=5)
    with pytest.raises(Problem) as failure:
        list(language_model.score(request, Cancellation()))
    assert failure.value.code == code
    assert failure.value.hint


def test_is_cancelled_between_its_parts(language_model: Any) -> None:
    cancellation = Cancellation()
    stream = language_model.score(ScoreRequest(model="tiny", prompt=PROMPT, target=TARGETS[0]), cancellation)
    next(event for event in stream if isinstance(event, TokenEvent))
    cancellation.set()
    with pytest.raises(Cancelled):
        list(stream)


def test_one_forward_pass_serves_probabilities_and_maps(
    shallow_causal_lm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lit_lab.service.language_model import LanguageModel
    from lit_lab.service.salience import EmbeddingGradients, grad_l2

    model = LanguageModel(shallow_causal_lm)
    model.warm_up_generation()
    prompt, _, apart = score(model, PROMPT, TARGETS[0])
    ids = [token.id for token in [*prompt.tokens, *apart.tokens]]
    model.gradients.request_compile(len(ids), len(apart.tokens))
    model.compile_pending()
    (passes,) = model.gradients._passes.values()
    runs = []
    real = passes.forward_from
    monkeypatch.setattr(passes, "forward_from", lambda *given: runs.append(1) or real(*given))

    # The prompt's keys and values are there: to read the text alone takes less than a whole pass.
    _, _, known = score(model, PROMPT, TARGETS[0])
    assert (known.reused, len(runs)) == (len(prompt.tokens) - 1, 0)

    model.decoder.forget()
    _, _, shared = score(model, PROMPT, TARGETS[0])
    assert (shared.reused, len(runs)) == (0, 1)
    for one, other in zip(shared.tokens, apart.tokens, strict=True):
        assert one.id == other.id
        assert one.logprob == pytest.approx(other.logprob, rel=1e-4, abs=1e-4)
        assert [found.logprob for found in one.alternatives] == pytest.approx(
            [found.logprob for found in other.alternatives], rel=1e-4, abs=1e-4
        )

    target = Span(start=len(ids) - 3, end=len(ids))
    request = SalienceRequest(model="tiny", ids=ids, targets=[target], methods=["grad_l2"])
    *_, scores = model.salience(request, Cancellation())
    assert len(runs) == 1
    np.testing.assert_allclose(
        scores.scores[: target.end - 1],
        grad_l2(EmbeddingGradients(shallow_causal_lm).of(ids, target.start, target.end)),
        rtol=1e-3,
        atol=1e-6,
    )
