"""The compiled step reads copies of matrices in which the numbers of a product follow each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from reference_gradients import numbers
from small_families import made

from lit_lab.service import cached_pass
from lit_lab.service.cached_pass import CachedPass

pytestmark = pytest.mark.only_on("tensorflow")

IDS = [3, 5, 7, 9, 11, 13, 2, 8, 40, 41, 42]


@pytest.fixture(autouse=True)
def small_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    from lit_lab.service.engine.backends import tensorflow_step

    monkeypatch.setattr(tensorflow_step, "MIN_COPIED", 0)
    monkeypatch.setattr(tensorflow_step, "_CHECKED", 7)


def rounded(causal_lm: Any) -> Any:
    """Round a model's weights to bfloat16, as most published ones are, and return the model."""
    from keras import ops

    for variable in causal_lm.backbone.weights:
        variable.assign(ops.cast(ops.cast(variable, "bfloat16"), "float32"))
    return causal_lm


def compared(causal_lm: Any) -> tuple[CachedPass, Any, Any]:
    """Return a pass whose step is compiled, and a token's logits from it and from the open graph."""
    cached = CachedPass(causal_lm)
    _, cache = cached.run(np.array([IDS[:-1]], np.int32), cached.empty_cache(16), 0)
    plain, _ = cached.next(IDS[-1:], cache, len(IDS) - 1)
    cached.compile_step(16)
    assert cached._steps[16] is not None
    step, _ = cached.next(IDS[-1:], cache, len(IDS) - 1)
    return cached, numbers(step.logits), numbers(plain.logits)


def matrices(causal_lm: Any) -> int:
    """Return the number of a model's matrices that a step multiplies by, the embeddings among them."""
    return 1 + sum(variable.path.endswith("kernel") for variable in causal_lm.backbone.weights)


@pytest.mark.parametrize(
    "family", ["Gemma", "GPT2", *(pytest.param(family, marks=pytest.mark.long) for family in ("Gemma3", "Llama"))]
)
def test_weights_that_bfloat16_represents_are_read_in_bfloat16(keras_libraries: None, family: str) -> None:
    """With the results of float32."""
    causal_lm = rounded(made(family))
    cached, step, plain = compared(causal_lm)
    np.testing.assert_allclose(step, plain, rtol=1e-4, atol=1e-5)
    copies = [copy for copy in cached._copies.values() if copy is not None]
    assert len(copies) == len(cached._copies) >= matrices(causal_lm)
    assert {copy.dtype.name for copy in copies} == {"bfloat16"}


def test_other_weights_in_float32_have_no_copies(keras_libraries: None) -> None:
    cached, step, plain = compared(made("Llama"))
    np.testing.assert_allclose(step, plain, rtol=1e-4, atol=1e-5)
    assert set(cached._copies.values()) == {None}


def test_half_precision_is_read_in_the_order_of_products(keras_libraries: None) -> None:
    causal_lm = made("Llama", dtype="bfloat16", tie_word_embeddings=True)
    cached, step, plain = compared(causal_lm)
    np.testing.assert_allclose(step, plain, atol=0.05 * np.abs(plain).max())
    copies = list(cached._copies.values())
    assert len(copies) == matrices(causal_lm)
    assert copies.count(None) == 1  # the embeddings, which have that order


def test_the_head_of_embeddings_of_their_own_is_copied_too(keras_libraries: None) -> None:
    """Keras stores it in the other order, and transposes it in the graph."""
    causal_lm = made("Llama", dtype="bfloat16", tie_word_embeddings=False)
    cached, step, plain = compared(causal_lm)
    np.testing.assert_allclose(step, plain, atol=0.05 * np.abs(plain).max())
    assert None not in cached._copies.values()
    head = causal_lm.backbone.token_embedding.reverse_embeddings
    (copy,) = [copy for (variable, *_), copy in cached._copies.items() if variable == id(head.value)]
    np.testing.assert_array_equal(numbers(copy), numbers(head).T)


def test_steps_of_all_lengths_share_the_copies(keras_libraries: None) -> None:
    cached, _, _ = compared(rounded(made("Llama")))
    before = {key: id(copy) for key, copy in cached._copies.items()}
    cached.compile_step(32)
    assert cached._steps[32] is not None
    assert {key: id(copy) for key, copy in cached._copies.items()} == before


def test_without_memory_for_copies(keras_libraries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached_pass, "free_memory", lambda: 100)
    cached, step, plain = compared(rounded(made("Llama")))
    assert not cached._copies
    np.testing.assert_allclose(step, plain, rtol=1e-4, atol=1e-5)
    # In half precision, the open graph is quicker than a step without copies.
    half = CachedPass(made("Llama", dtype="bfloat16"))
    half.compile_step(16)
    assert half.compiled_steps == {16}
    assert half._steps[16] is None
    assert numbers(half.next(IDS[:1], half.empty_cache(16), 0)[0].logits).any()


def test_a_system_that_says_nothing_about_its_memory_has_room(
    keras_libraries: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached_pass, "free_memory", lambda: None)
    cached, _, _ = compared(rounded(made("Llama")))
    assert None not in cached._copies.values()


def test_what_the_longest_prompt_needs_stays_free(monkeypatch: pytest.MonkeyPatch) -> None:
    from lit_lab.service import loading
    from lit_lab.service.weights import device_memory

    monkeypatch.setattr(device_memory, "free_memory", lambda: 1000)
    monkeypatch.setattr(device_memory, "resident_bytes", lambda: 300)
    assert loading._room("CPU", None, 400)() == 600
    assert loading._room("CPU", 800, 400)() == 100  # the administrator's limit, for the process itself
    assert loading._room("CPU", 800, 900)() == 0
    monkeypatch.setattr(device_memory, "free_memory", lambda: None)
    assert loading._room("CPU", None, 400)() is None
