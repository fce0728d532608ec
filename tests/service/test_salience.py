"""Salience, compared with LIT's own `KerasSalienceModel` on the same presets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lit_lab.problem import Problem
from lit_lab.protocol import Method, SalienceRequest, ScoresEvent, Span, StateEvent
from lit_lab.service.cancellation import Cancellation, Cancelled

AGREEMENT = 1e-5  # max|a - b| / max|b|, as the design asks
# Compiled, a product of gradient and input is less exact where it nearly cancels out: 2.6e-5 was seen, and 3.0e-5 in a
# process that had compiled another model before.
COMPILED_PRODUCTS = 5e-5
# Of sentences of which the embedded model is certain, LIT's own maps are this far from float64 (docs/engine.md, "Rounding"): 1.2e-5
# was seen without AVX-512.
EMBEDDED = 2.5e-5

PROMPTS = [
    "Analyze a menu item in a restaurant.\nTaste-dislikes: Don't like onions or garlic\nSuggestion:",
    "Analysis: it has cooked onions 😀 in it,  which\n\nyou don't like.",
    "<start_of_turn>user\nAvoid.<end_of_turn>\n",
]
METHODS: list[Method] = ["grad_l2", "grad_dot_input"]


def lit_scores(causal_lm: Any, ids: list[int], target: Span) -> dict[str, NDArray[np.float32]]:
    """Return LIT's scores for exactly these ids. LIT itself would join the texts and tokenize again."""
    import keras
    import tensorflow as tf
    from lit_nlp.examples.prompt_debugging import keras_lms

    assert keras.config.floatx() == "float32"
    oracle = keras_lms.KerasSalienceModel(model=causal_lm, max_length=len(ids))
    mask = [int(target.start <= index < target.end) for index in range(len(ids))]
    outputs = oracle._pred(tf.constant([ids]), tf.ones((1, len(ids)), tf.bool), [mask])
    return {method: outputs[method].numpy()[0] for method in METHODS}


def scores(model: Any, ids: list[int], targets: list[Span], methods: list[Method] = METHODS) -> list[ScoresEvent]:
    request = SalienceRequest(model="tiny", ids=ids, targets=targets, methods=methods)
    return [event for event in model.salience(request, Cancellation()) if isinstance(event, ScoresEvent)]


def agreement(ours: list[float], reference: NDArray[np.float32]) -> float:
    return float(np.max(np.abs(np.asarray(ours, np.float32) - reference)) / np.max(np.abs(reference)))


def check(
    model: Any, ids: list[int], targets: list[Span], products: float = AGREEMENT, others: float = AGREEMENT
) -> float:
    """Compare all targets and methods with LIT; return the worst agreement."""
    events = scores(model, ids, targets)
    assert [(event.target, event.method) for event in events] == [(t, m) for t in targets for m in METHODS]
    worst = 0.0
    for event in events:
        assert len(event.scores) == len(ids)
        found = agreement(event.scores, lit_scores(model.causal_lm, ids, event.target)[event.method])
        assert found <= (products if event.method == "grad_dot_input" else others)
        worst = max(worst, found)
    return worst


@pytest.fixture(scope="module")
def compiled_model(causal_lm: Any) -> Any:
    from lit_lab.service.language_model import LanguageModel

    model = LanguageModel(causal_lm)
    model.gradients.request_compile(56)
    model.compile_pending()
    return model


@pytest.mark.only_on("tensorflow")  # which LIT runs on here
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_agrees_with_lit(causal_lm: Any, compiled_model: Any, prompt: str, compiled: bool) -> None:
    from lit_lab.service.language_model import LanguageModel

    language_model = compiled_model if compiled else LanguageModel(causal_lm)
    ids = [token.id for token in language_model.tokenizer.prompt(prompt)]
    length = len(ids)
    check(
        language_model,
        ids,
        [
            Span(start=length - 1, end=length),
            Span(start=1, end=3),
            Span(start=length // 2, end=length),
            Span(start=1, end=length),
        ],
        COMPILED_PRODUCTS if compiled else AGREEMENT,
    )


@pytest.mark.only_on("tensorflow")  # which LIT runs on here
@pytest.mark.parametrize("compiled", [False, True])
def test_agrees_with_lit_on_the_embedded_model(embedded: Any, record_property: Any, compiled: bool) -> None:
    import lit_nlp

    from lit_lab.service.language_model import LanguageModel

    embedded = LanguageModel(embedded.causal_lm)
    if compiled:
        embedded.gradients.request_compile(330)  # a bucket that fits all of them
        embedded.compile_pending()

    samples = Path(lit_nlp.__file__).parent / "examples" / "prompt_debugging" / "prompt_examples.jsonl"
    worst = 0.0
    for line in samples.read_text("utf-8").splitlines()[:2]:
        prompt = [token.id for token in embedded.tokenizer.prompt(json.loads(line)["prompt"])]
        answer = [token.id for token in embedded.tokenizer.answer(" You don't like it.\nRecommendation: Avoid.")]
        ids, seam = prompt + answer, len(prompt)
        targets = [Span(start=seam, end=seam + 5), Span(start=seam + 5, end=len(ids)), Span(start=7, end=19)]
        products = COMPILED_PRODUCTS if compiled else EMBEDDED
        worst = max(worst, check(embedded, ids, targets, products, EMBEDDED))
    record_property("agreement", worst)


@pytest.mark.only_on("tensorflow")  # which LIT runs on here
def test_agrees_with_lits_whole_way_from_the_text(language_model: Any) -> None:
    from lit_nlp.examples.prompt_debugging import keras_lms

    from lit_lab.service.causal_lm import SalienceModel

    # Joining these texts merges no tokens, so LIT sees the same ids.
    prompt, target = "Suggestion: Onion soup\n", "Avoid."
    tokens = language_model.tokenizer.prompt(prompt) + language_model.tokenizer.answer(target)
    assert [t.id for t in language_model.tokenizer.prompt(prompt + target)] == [t.id for t in tokens]
    mask = [int(index >= len(tokens) - 3) for index in range(len(tokens))]
    example = {"prompt": prompt, "target": target, "target_mask": mask}
    (ours,) = SalienceModel(language_model).predict([example])
    (lits,) = keras_lms.KerasSalienceModel(model=language_model.causal_lm, max_length=96).predict([example])
    assert len(ours["tokens"]) == len(lits["tokens"])
    for method in METHODS:
        assert agreement(ours[method], lits[method]) <= AGREEMENT


def test_nothing_after_the_target_has_a_part(language_model: Any) -> None:
    ids = [token.id for token in language_model.tokenizer.prompt(PROMPTS[0])]
    whole, cut = (scores(language_model, i, [Span(start=5, end=9)]) for i in (ids, ids[:9]))
    for a, b in zip(whole, cut, strict=True):
        assert a.scores[:9] == b.scores
        assert set(a.scores[8:]) == {0.0}
        assert all(score != 0 for score in a.scores[:8])


def test_a_target_of_one_token_after_another_token(language_model: Any) -> None:
    (event,) = scores(language_model, [2, 300], [Span(start=1, end=2)], ["grad_l2"])
    assert event.scores[0] > 0
    assert event.scores[1] == 0


def test_only_the_methods_asked_for_are_sent(language_model: Any) -> None:
    events = scores(language_model, [2, 300, 301], [Span(start=1, end=2)], ["grad_dot_input"])
    assert [event.method for event in events] == ["grad_dot_input"]


def test_scoring_and_generation_agree_on_the_logits(language_model: Any) -> None:
    ids = [token.id for token in language_model.tokenizer.prompt(PROMPTS[0])]
    scoring = language_model.gradients.target_logits([*ids, 0], len(ids))[-1]
    np.testing.assert_allclose(scoring, language_model.decoder.next_logits(ids), rtol=1e-4, atol=1e-4)


def test_cancelling_takes_effect_before_the_next_target(language_model: Any) -> None:
    request = SalienceRequest(
        model="tiny", ids=[2, 300, 301, 302], targets=[Span(start=1, end=2), Span(start=2, end=3), Span(start=3, end=4)]
    )
    cancellation = Cancellation()
    seen = []
    with pytest.raises(Cancelled):
        for event in language_model.salience(request, cancellation):
            if isinstance(event, ScoresEvent):
                seen.append(event.target.start)
                cancellation.set()
    assert seen == [1, 1]


def test_says_what_it_does(language_model: Any) -> None:
    request = SalienceRequest(model="tiny", ids=[2, 300], targets=[Span(start=1, end=2)])
    first = next(language_model.salience(request, Cancellation()))
    assert isinstance(first, StateEvent)
    assert "salience" in first.message


def test_a_sequence_longer_than_the_window_is_refused(language_model: Any) -> None:
    request = SalienceRequest(model="tiny", ids=[2] + [300] * 96, targets=[Span(start=1, end=2)])
    with pytest.raises(Problem, match=r"97 tokens.*96") as failure:
        list(language_model.salience(request, Cancellation()))
    assert failure.value.code == "sequence_too_long"


def test_ids_of_another_model_are_refused(language_model: Any) -> None:
    request = SalienceRequest(model="tiny", ids=[2, 40_000], targets=[Span(start=1, end=2)])
    with pytest.raises(Problem, match="40000"):
        list(language_model.salience(request, Cancellation()))


def test_gradients_belong_to_a_user_who_comes_while_they_are_created(monkeypatch: pytest.MonkeyPatch) -> None:
    from lit_lab.service import salience_maps

    maps = salience_maps.SalienceMaps(None, None, 8)  # type: ignore[arg-type]
    is_late = True

    class Cache:
        owner = "nobody"

        def __setattr__(self, name: str, value: Any) -> None:
            nonlocal is_late
            if is_late:
                is_late = False
                maps.serve("second")  # as another thread would, just before
            super().__setattr__(name, value)

    class Gradients:
        def __init__(self, *given: Any, **named: Any) -> None:
            self.forward_cache = Cache()

    monkeypatch.setattr(salience_maps, "EmbeddingGradients", Gradients)
    maps.serve("first")
    assert maps.gradients.forward_cache.owner == "second"
