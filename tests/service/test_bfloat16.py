"""Half precision: LIT Lab explains the generated tokens, while LIT's default explains others.

LIT sets Keras's floatx to bfloat16, and keras-hub's `score()` casts the target's ids to floatx, which rounds ids above 256
to those of other tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from test_salience import lit_scores, scores

from lit_lab import demo
from lit_lab.protocol import Span

pytestmark = pytest.mark.only_on("tensorflow")  # which LIT runs on here

PROMPT = (
    "Taste-likes: I've a sweet-tooth\nTaste-dislikes: Don't like onions or garlic\nSuggestion: Onion soup\nAnalysis:"
)
ANSWER = " it has cooked onions in it, which you don't like."


@pytest.fixture(scope="module")
def half(keras_libraries: None) -> Any:
    """The embedded model in bfloat16."""
    from keras_nlp import models

    from lit_lab.service.language_model import LanguageModel

    return LanguageModel(models.CausalLM.from_preset(str(demo.preset_path()), dtype="bfloat16"))


@pytest.fixture(scope="module")
def single(half: Any) -> Any:
    """The same weights in float32, rounded to bfloat16."""
    import tensorflow as tf

    from lit_lab.service import presets
    from lit_lab.service.language_model import LanguageModel

    causal_lm = presets.load("embedded")
    for variable, rounded in zip(causal_lm.weights, half.causal_lm.weights, strict=True):
        variable.assign(tf.cast(rounded.value, tf.float32))
    return LanguageModel(causal_lm)


@pytest.fixture
def lits_default() -> Iterator[None]:
    import keras

    keras.config.set_floatx("bfloat16")
    yield
    keras.config.set_floatx("float32")


def sequence(model: Any) -> tuple[list[int], Span]:
    prompt = [token.id for token in model.tokenizer.prompt(PROMPT)]
    answer = [token.id for token in model.tokenizer.answer(ANSWER)]
    return prompt + answer, Span(start=len(prompt), end=len(prompt) + len(answer))


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=pytest.mark.long)])
def test_the_map_agrees_with_float32(half: Any, single: Any, compiled: bool) -> None:
    ids, target = sequence(single)
    assert max(ids[target.start :]) > 256
    if compiled:
        half.gradients.request_compile(len(ids))
        half.compile_pending()
    half.gradients.forget()
    exact, ours = single.gradients.of(ids, target.start, target.end), half.gradients.of(ids, target.start, target.end)
    norms, found = (np.linalg.norm(one.gradient, axis=1) for one in (exact, ours))
    # Eager mode rounds each step's result, and XLA fewer of them; the effect differs between machines.
    assert np.median(np.abs(found - norms) / norms) < (0.03 if compiled else 0.08)
    products, signed = (np.sum(one.gradient * one.embeddings, axis=1) for one in (exact, ours))
    assert np.corrcoef(products, signed)[0, 1] > 0.95
    assert ours.loss == pytest.approx(exact.loss, rel=0.02 if compiled else 0.05)


def test_lits_default_explains_other_tokens(half: Any, single: Any, lits_default: None) -> None:
    import keras
    import tensorflow as tf
    from lit_nlp.examples.prompt_debugging import keras_lms

    ids, target = sequence(single)
    oracle = keras_lms.KerasSalienceModel(model=half.causal_lm, max_length=len(ids))
    mask = [int(target.start <= index < target.end) for index in range(len(ids))]
    outputs = oracle._pred(tf.constant([ids]), tf.ones((1, len(ids)), tf.bool), [mask])
    lits = outputs["grad_dot_input"].numpy().astype(np.float32)[0]
    keras.config.set_floatx("float32")
    exact = lit_scores(single.causal_lm, ids, target)["grad_dot_input"]
    ours = scores(half, ids, [target], ["grad_dot_input"])[0].scores
    last = target.end - 1
    assert np.corrcoef(ours[:last], exact[:last])[0, 1] > 0.95
    assert np.corrcoef(lits[:last], exact[:last])[0, 1] < 0.7
