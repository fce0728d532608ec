"""Greedy generation: the exact ids, and where it ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lit_lab.problem import Problem
from lit_lab.protocol import MAX_TOKENS, AnswerEvent, GenerateRequest, PromptEvent, Token, TokenEvent
from lit_lab.service.cancellation import Cancellation, Cancelled

PROMPTS = ["Analyze a menu item in a restaurant.\n", "Suggestion: 😀 soup", "é"]


def request(prompt: str, max_new_tokens: int, **options: Any) -> GenerateRequest:
    return GenerateRequest(model="tiny", prompt=prompt, max_new_tokens=max_new_tokens, **options)


def answer(model: Any, prompt: str, max_new_tokens: int = 20) -> tuple[list[Token], list[Token], AnswerEvent]:
    """Return the prompt's tokens, the streamed tokens and the answer."""
    prompt_tokens: list[Token] = []
    streamed: list[Token] = []
    final = None
    for event in model.generate(request(prompt, max_new_tokens), Cancellation()):
        if isinstance(event, PromptEvent):
            assert not streamed
            prompt_tokens = event.tokens
        elif isinstance(event, TokenEvent):
            streamed.append(event.token)
        elif isinstance(event, AnswerEvent):
            final = event
    assert final is not None
    return prompt_tokens, streamed, final


@pytest.mark.parametrize("prompt", PROMPTS)
def test_each_token_is_the_scoring_passs_most_likely(language_model: Any, prompt: str) -> None:
    prompt_tokens, _, final = answer(language_model, prompt)
    ids = [token.id for token in prompt_tokens + final.tokens]
    logits = language_model.gradients.target_logits(ids, len(prompt_tokens))
    assert np.argmax(logits, axis=-1).tolist() == [token.id for token in final.tokens]


def test_each_token_is_the_most_likely_on_the_embedded_model(embedded: Any) -> None:
    prompt = "Analyze a menu item in a restaurant.\n\nTaste-dislikes: onions\nSuggestion: Onion soup\nAnalysis:"
    prompt_tokens, _, final = answer(embedded, prompt, 40)
    ids = [token.id for token in prompt_tokens + final.tokens]
    logits = embedded.gradients.target_logits(ids, len(prompt_tokens))
    assert np.argmax(logits, axis=-1).tolist() == [token.id for token in final.tokens]


def test_the_answer_is_the_one_that_keras_gives(embedded: Any) -> None:
    prompt = "Taste-dislikes: Don't like onions or garlic\nSuggestion: Onion soup\nAnalysis:"
    prompt_tokens, _, final = answer(embedded, prompt, 24)
    keras = embedded.causal_lm.generate(prompt, max_length=len(prompt_tokens) + 24)
    assert prompt + final.text == keras


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_stream_says_what_the_answer_says(language_model: Any, prompt: str) -> None:
    _, streamed, final = answer(language_model, prompt)
    assert [token.id for token in streamed] == [token.id for token in final.tokens]
    assert final.text == "".join(token.text for token in final.tokens)
    # The only possible addition is a character that was never completed.
    shown = "".join(token.text for token in streamed)
    assert final.text in (shown, shown + "\ufffd")


def test_stops_at_the_most_tokens_asked_for(language_model: Any) -> None:
    _, _, final = answer(language_model, PROMPTS[0], 3)
    assert (len(final.tokens), final.reason) == (3, "length")


def test_stops_when_the_window_is_full(language_model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language_model.tokenizer, "stop_ids", frozenset())
    prompt_tokens, _, final = answer(language_model, PROMPTS[0], MAX_TOKENS)
    assert (len(prompt_tokens) + len(final.tokens), final.reason) == (language_model.window, "window")


def test_stops_at_an_end_token_which_is_not_part_of_the_answer(
    language_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, free = answer(language_model, PROMPTS[0])
    end = free.tokens[4].id
    first = [token.id for token in free.tokens].index(end)
    monkeypatch.setattr(language_model.tokenizer, "stop_ids", frozenset({end}))
    _, streamed, final = answer(language_model, PROMPTS[0])
    assert final.reason == "end"
    assert final.tokens == free.tokens[:first] == streamed


@pytest.mark.parametrize("tokens", [96, 97, 500])
def test_a_prompt_that_does_not_fit_is_refused_with_both_lengths(language_model: Any, tokens: int) -> None:
    with pytest.raises(Problem, match=rf"{tokens} tokens.*96") as failure:
        answer(language_model, "1" * (tokens - 1))
    assert failure.value.code == "prompt_too_long"
    assert failure.value.hint


def test_a_prompt_that_leaves_room_for_one_token(language_model: Any) -> None:
    _, _, final = answer(language_model, "1" * 94)
    assert (len(final.tokens), final.reason) == (1, "window")


def test_an_empty_prompt_is_refused(language_model: Any) -> None:
    with pytest.raises(Problem) as failure:
        answer(language_model, "")
    assert failure.value.code == "empty_prompt"


def test_cancelling_takes_effect_before_the_next_token(language_model: Any) -> None:
    cancellation = Cancellation()
    seen = 0
    with pytest.raises(Cancelled):
        for event in language_model.generate(request(PROMPTS[0], 50), cancellation):
            if isinstance(event, TokenEvent):
                seen += 1
                if seen == 2:
                    cancellation.set()
    assert seen == 2


def test_a_configured_window_counts(causal_lm: Any) -> None:
    from lit_lab.service.model_window import window

    assert window(causal_lm, None) == 96
    assert window(causal_lm, 32) == 32
    assert window(causal_lm, 4096) == 4096
