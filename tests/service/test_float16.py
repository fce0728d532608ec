"""float16 models load, and overflowing gradients give an error with a hint."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lit_lab.problem import Problem
from lit_lab.protocol import AnswerEvent, GenerateRequest, Precision, SalienceRequest, ScoresEvent, Span
from lit_lab.service.cancellation import Cancellation

PROMPT = "Taste-likes: I've a sweet-tooth\nTaste-dislikes: Don't like onions\nSuggestion: Onion soup\nAnalysis:"
ANSWER = " it has onions in it, which you don't like."


def load(precision: Precision) -> Any:
    from lit_lab.service import presets
    from lit_lab.service.language_model import LanguageModel

    return LanguageModel(presets.load("embedded", precision))


def request(model: Any) -> SalienceRequest:
    prompt = [token.id for token in model.tokenizer.prompt(PROMPT)]
    answer = [token.id for token in model.tokenizer.answer(ANSWER)]
    target = Span(start=len(prompt), end=len(prompt) + len(answer))
    return SalienceRequest(
        model="demo", ids=[*prompt, *answer], targets=[target], methods=["grad_l2", "grad_dot_input"]
    )


def scores(model: Any) -> dict[str, NDArray[np.float64]]:
    events = model.salience(request(model), Cancellation())
    return {event.method: np.array(event.scores) for event in events if isinstance(event, ScoresEvent)}


@pytest.fixture(scope="module")
def half(keras_libraries: None) -> Any:
    return load("float16")


def test_its_maps_are_those_of_float32_but_for_its_rounding(half: Any) -> None:
    assert half.causal_lm.backbone.token_embedding.embeddings.dtype == "float16"
    exact = scores(load("float32"))
    for method, found in scores(half).items():
        assert np.isfinite(found).all()
        assert np.max(np.abs(found - exact[method])) < 0.02 * np.max(np.abs(exact[method])), method


def test_it_answers(half: Any) -> None:
    asked = GenerateRequest(model="demo", prompt=PROMPT, max_new_tokens=6)
    final = list(half.generate(asked, Cancellation()))[-1]
    assert isinstance(final, AnswerEvent)
    assert len(final.tokens) == 6


def test_an_overflow_is_an_error_with_a_hint(keras_libraries: None) -> None:
    model = load("float16")
    embeddings = model.causal_lm.backbone.token_embedding.embeddings
    embeddings.assign(embeddings * 60_000.0)
    with pytest.raises(Problem) as failure:
        scores(model)
    assert failure.value.code == "not_finite"
    assert "float32" in failure.value.hint
