"""The forward pass over a cache gives the same result as the model's own pass over the whole sequence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from reference_gradients import numbers, whole_inputs
from small_families import EACH, KINDS, made, shared

from lit_lab.service import cached_pass, vocabulary
from lit_lab.service.cached_pass import CachedPass, cache_length
from lit_lab.service.effects import PrefixScorer
from lit_lab.service.generation import Decoder

CAPPED = {"attention_logit_soft_cap": 50.0, "final_logit_soft_cap": 0.5, "use_post_ffw_norm": True}
IDS = [3, 5, 7, 9, 11, 13, 2, 8, 40, 41, 42]


def whole(causal_lm: Any, ids: list[int]) -> Any:
    """Return each token's logits by the model's own pass: `[num_tokens, vocabulary_size]`."""
    return numbers(causal_lm(whole_inputs(causal_lm, ids)))[0]


def in_parts(cached: CachedPass, *parts: list[int], length: int = 128) -> Any:
    """Return the logits of tokens that are run part by part."""
    cache, position, rows = cached.empty_cache(length), 0, []
    for part in parts:
        hidden, cache = cached.run(np.array([part], np.int32), cache, position)
        rows.append(numbers(cached.logits(hidden[0])))
        position += len(part)
    return np.concatenate(rows)


@pytest.mark.parametrize("family", EACH)
def test_every_familys_logits_are_its_own(keras_libraries: None, family: str) -> None:
    causal_lm, cached = shared(family)
    expected = whole(causal_lm, IDS)
    for length in (16, 64):
        found = in_parts(cached, IDS[:5], IDS[5:9], IDS[9:10], IDS[10:], length=length)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", EACH)
def test_every_familys_step_can_be_compiled(keras_libraries: None, family: str) -> None:
    _, cached = shared(family)
    _, cache = cached.next(IDS[:-1], cached.empty_cache(16), 0)
    expected, _ = cached.next(IDS[-1:], cache, len(IDS) - 1)
    cached.compile_step(16)
    assert cached.compiled_steps == {16}
    found, filled = cached.next(IDS[-1:], cache, len(IDS) - 1)
    assert cached._steps[16] is not None
    np.testing.assert_allclose(numbers(found.logits), numbers(expected.logits), rtol=1e-4, atol=1e-5)
    assert numbers(found.places).tolist() == numbers(expected.places).tolist()
    assert cached.length_of(filled) == 16


def test_a_step_that_cant_be_compiled_is_done_without(keras_libraries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = CachedPass(made("Llama"))
    cache = cached.empty_cache(16)
    expected, _ = cached.next(IDS[:1], cache, 0)
    monkeypatch.setattr(cached._backend, "compiled_step", lambda *_: pytest.fail("XLA can't"))
    with pytest.raises(pytest.fail.Exception):
        cached.compile_step(16)
    assert cached.compiled_steps == {16}  # and isn't compiled again
    np.testing.assert_array_equal(numbers(cached.next(IDS[:1], cache, 0)[0].logits), numbers(expected.logits))


def test_tells_the_likeliest_the_sum_and_the_least(keras_libraries: None) -> None:
    causal_lm = made("Gemma", **CAPPED)
    cached = CachedPass(causal_lm)
    found, _ = cached.next(IDS, cached.empty_cache(16), 0)
    logits = whole(causal_lm, IDS)[-1]
    np.testing.assert_allclose(numbers(found.values), np.sort(logits)[::-1][:20], rtol=1e-4, atol=1e-5)
    assert numbers(found.places).tolist() == np.argsort(-logits, kind="stable")[:20].tolist()
    assert float(found.total) == pytest.approx(np.log(np.exp(logits.astype(np.float64)).sum()), rel=1e-5)
    assert float(found.least) == pytest.approx(logits.min(), rel=1e-4)


def test_logits_that_are_made_otherwise_are_the_models_own(keras_libraries: None) -> None:
    """For example Gemma 4's, which are soft-capped after the embedding layer."""
    from keras_nlp import models

    plain = made("Llama")

    class Derived(models.LlamaCausalLM):
        def call_with_cache(self, *inputs: Any) -> Any:
            logits, hidden, cache = super().call_with_cache(*inputs)
            return 0.5 - logits * 2.0, hidden, cache

    class Plain(models.LlamaCausalLM):
        def call_with_cache(self, *inputs: Any) -> Any:
            logits, hidden, cache = models.LlamaCausalLM.call_with_cache(self, *inputs)
            return 0.5 - logits * 2.0, hidden, cache

    expected = 0.5 - whole(plain, IDS) * 2.0
    for family in (Derived, Plain):
        cached = CachedPass(family(backbone=plain.backbone, preprocessor=None))
        np.testing.assert_allclose(in_parts(cached, IDS[:6], IDS[6:]), expected, rtol=1e-4, atol=1e-5)
        found, _ = cached.next(IDS, cached.empty_cache(16), 0)
        np.testing.assert_allclose(numbers(found.logits), expected[-1], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(numbers(cached.own_logits(IDS)), expected[-1], rtol=1e-4, atol=1e-5)


def test_quantized_weights_are_used_with_their_scales(keras_libraries: None) -> None:
    causal_lm = made("Llama", num_layers=1)
    causal_lm.backbone.quantize("int8")
    cached = CachedPass(causal_lm)
    np.testing.assert_allclose(in_parts(cached, IDS)[-1], numbers(cached.own_logits(IDS)), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_can_be_multiplied_in_float32(keras_libraries: None, preset: Any, dtype: str) -> None:
    import keras
    from keras_nlp import models

    causal_lm = models.CausalLM.from_preset(str(preset), dtype=dtype)
    cached = CachedPass(causal_lm)
    cache = cached.empty_cache(16)
    assert {keras.backend.standardize_dtype(part.dtype) for part in keras.tree.flatten(cache)} == {dtype}
    hidden, _ = cached.run(np.array([IDS], np.int32), cache, 0)
    rows = hidden[0] * keras.ops.cast(20.0, dtype)  # large enough for rounding to show
    weights = numbers(causal_lm.backbone.token_embedding.embeddings).astype(np.float64)
    expected = np.tanh(numbers(rows).astype(np.float64) @ weights.T / 30.0) * 30.0
    exact, rounded = (np.abs(numbers(cached.logits(rows, exact=exact)) - expected).max() for exact in (True, False))
    assert exact < 1e-4
    assert exact < rounded / 10


@pytest.mark.parametrize("family", EACH)
def test_a_cache_can_be_lengthened_shortened_and_repeated(keras_libraries: None, family: str) -> None:
    causal_lm, cached = shared(family)
    expected = whole(causal_lm, IDS)[-1]
    _, cache = cached.run(np.array([IDS[:-1]], np.int32), cached.empty_cache(16), 0)
    longer = cached.resized(cache, 48)
    assert (cached.length_of(cache), cached.length_of(longer)) == (16, 48)
    assert cached.bytes_of(longer) == 3 * cached.bytes_of(cache)
    shorter = cached.resized(longer, 12)
    for one in (longer, shorter):
        found, _ = cached.next(IDS[-1:], one, len(IDS) - 1)
        np.testing.assert_allclose(numbers(found.logits), expected, rtol=1e-4, atol=1e-5)
    hidden, _ = cached.run(np.array([[IDS[-1]]] * 3, np.int32), cached.tiled(cache, 3), len(IDS) - 1)
    for row in numbers(cached.logits(hidden[:, 0])):
        np.testing.assert_allclose(row, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", ["bfloat16", pytest.param("float16", marks=pytest.mark.long)])
def test_half_precision_ranks_the_likeliest_by_float32_logits(keras_libraries: None, preset: Any, dtype: str) -> None:
    """Both with the eager step and with the compiled one."""
    import keras
    from keras_nlp import models

    causal_lm = models.CausalLM.from_preset(str(preset), dtype=dtype)
    cached = CachedPass(causal_lm)
    _, cache = cached.run(np.array([IDS[:-1]], np.int32), cached.empty_cache(16), 0)
    weights = numbers(causal_lm.backbone.token_embedding.embeddings).astype(np.float64)
    hidden, _ = cached.run(np.array([IDS[-1:]], np.int32), cache, len(IDS) - 1)
    expected = np.tanh(weights @ numbers(hidden[0, -1]).astype(np.float64) / 30.0) * 30.0
    for compiled in (False, True):
        if compiled:
            cached.compile_step(16)
        found, _ = cached.next(IDS[-1:], cache, len(IDS) - 1)
        values, places = numbers(found.values), numbers(found.places)
        # XLA keeps the hidden state at a higher precision than it has between eager operations.
        fused = compiled or keras.config.backend() == "jax"
        np.testing.assert_allclose(values, expected[places], atol=0.02 if fused else 1e-5)
        np.testing.assert_array_equal(values, np.sort(values)[::-1])
        np.testing.assert_array_equal(numbers(found.logits)[places], values)


@pytest.mark.parametrize(("tokens", "length"), [(1, 128), (128, 128), (129, 256), (300, 384)])
def test_caches_grow_by_steps(tokens: int, length: int) -> None:
    assert cache_length(tokens) == length


@pytest.mark.only_on("tensorflow")
def test_nothing_is_compiled_for_a_new_length(keras_libraries: None) -> None:
    """Outside of a compiled graph, XLA's own operation for cache updates would be compiled for each length."""
    import tensorflow as tf
    from keras import ops

    from lit_lab.service.engine.backends import tensorflow_graphs

    def written(cache: Any, update: Any, at: Any) -> Any:
        return {"cache": ops.slice_update(cache, (0, at), update)}

    specs = [tf.TensorSpec((2, None)), tf.TensorSpec((2, None)), tf.TensorSpec((), tf.int32)]
    traced = tf.function(written, input_signature=specs).get_concrete_function()
    run, structure = tensorflow_graphs.without_compiled_updates(traced, specs)
    before, after = ({node.op for node in graph.as_graph_def().node} for graph in (traced.graph, run.graph))
    assert "XlaDynamicUpdateSlice" in before
    assert not any(op.startswith("Xla") for op in after)
    for length in (1, 3):
        given = np.zeros((2, 6), np.float32), np.full((2, length), 7, np.float32)
        found = tf.nest.pack_sequence_as(structure, run(*map(tf.constant, given), tf.constant(2)))["cache"]
        expected = given[0].copy()
        expected[:, 2 : 2 + length] = 7
        np.testing.assert_array_equal(found, expected)


@pytest.mark.only_on("tensorflow")
def test_small_powers_are_products(keras_libraries: None) -> None:
    """TensorFlow's own `pow` takes an eighth of a pass in a model with an approximate GELU, or with a norm that squares."""
    import tensorflow as tf

    from lit_lab.service.engine.backends import Spec, on_tensorflow, tensorflow_graphs

    def powers(x: Any, exponent: Any) -> Any:
        found = [tf.pow(x, 3), tf.pow(x, 2), tf.pow(x, 2.5), tf.pow(x, exponent), tf.pow(x, [3.0, 3.0])]
        return [*found, *tf.gradients(found[:2], [x])]

    specs = [tf.TensorSpec((None,)), tf.TensorSpec(())]
    traced = tf.function(powers, input_signature=specs).get_concrete_function()
    run, _ = tensorflow_graphs.without_compiled_updates(traced, specs)
    counts = [[node.op for node in graph.as_graph_def().node].count("Pow") for graph in (traced.graph, run.graph)]
    assert counts == [7, 3]  # derivatives of a cube and a square are powers, too
    x = np.array([-0.5, 2.0], np.float32)
    graph = on_tensorflow.open_graph(powers, [Spec((None,), "float32"), Spec((), "float32")])
    *powered, derivative = graph(tf.constant(x), tf.constant(1.0))
    with np.errstate(invalid="ignore"):  # the root of a negative number is none in either
        for found, exponent in zip(powered, (3, 2, 2.5, 1, 3), strict=True):
            np.testing.assert_allclose(found, x**exponent, rtol=1e-6)
    np.testing.assert_allclose(derivative, 3 * x**2 + 2 * x, rtol=1e-6)


@pytest.mark.only_on("tensorflow")
def test_scoring_traces_no_graph_after_a_first_token(keras_libraries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = CachedPass(made("Gemma"))
    _, cache = cached.next(IDS[:2], cached.empty_cache(16), 0)
    monkeypatch.setattr(cached_pass, "Headless", lambda _: pytest.fail("traced"))
    hidden, _ = cached.run(np.array([IDS[2:5]] * 2, np.int32), cached.tiled(cache, 2), 2)
    assert hidden.shape[:2] == (2, 3)
    with pytest.raises(pytest.fail.Exception):
        CachedPass(made("Gemma")).run(np.array([IDS], np.int32), cached.empty_cache(16), 0)


@pytest.mark.only_on("tensorflow")
def test_the_first_effects_wait_for_no_graph(keras_libraries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = Decoder(made("Gemma"))
    decoder.warm_up()
    monkeypatch.setattr(cached_pass, "Headless", lambda _: pytest.fail("traced"))
    monkeypatch.setattr(vocabulary, "soft_cap", lambda *_: pytest.fail("traced"))
    found = PrefixScorer(decoder.cached_pass).token_logprobs([IDS, [*IDS[:4], *IDS]], [3, 3])
    assert [len(row) for row in found] == [3, 3]


@pytest.mark.parametrize("family", KINDS)
def test_caches_of_several_batches_make_one(keras_libraries: None, family: str) -> None:
    causal_lm, cached = shared(family)
    sequences = [IDS, IDS[:4] + IDS[::-1][4:], IDS[:2] + IDS[2:][::-1]]
    batch = np.array([ids[:-1] for ids in sequences[:2]], np.int32)
    _, two = cached.run(batch, cached.empty_cache(16, 2), 0)
    _, one = cached.run(np.array([sequences[2][:-1]], np.int32), cached.empty_cache(16), 0)
    cache = cached.joined([one, cached.row_of(two, 1), cached.row_of(two, 0)])
    order = sequences[::-1]
    hidden, _ = cached.run(np.array([[ids[-1]] for ids in order], np.int32), cache, len(IDS) - 1)
    for row, ids in zip(hidden, order, strict=True):
        np.testing.assert_allclose(numbers(cached.logits(row))[0], whole(causal_lm, ids)[-1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cap", [None, 5.0])
@pytest.mark.parametrize("size", [1, 7, 8, 50])
def test_losses_from_parts_of_the_vocabulary(
    keras_libraries: None, monkeypatch: pytest.MonkeyPatch, size: int, cap: float | None
) -> None:
    import keras

    monkeypatch.setattr(vocabulary, "VOCABULARY_PART", 7)
    random = np.random.default_rng(5)
    embed = keras.layers.ReversibleEmbedding(size, 16, logit_soft_cap=cap)
    embed.build()
    embed.embeddings.assign(random.standard_normal((size, 16)))
    losses = vocabulary.LabelLosses(embed)
    for count in (1, 5, 130):
        rows = random.standard_normal((count, 16)).astype(np.float32) * 3
        logits = rows.astype(np.float64) @ numbers(embed.embeddings).astype(np.float64).T
        logits = logits if cap is None else np.tanh(logits / cap) * cap
        labels = random.integers(0, size, count).astype(np.int32)
        labels[::2] = logits.argmax(axis=1)[::2]  # labels that the model is sure of
        others = np.exp(logits - logits[np.arange(count), labels][:, None])
        others[np.arange(count), labels] = 0
        found = numbers(losses(rows, labels))
        np.testing.assert_allclose(found, np.log1p(others.sum(axis=1)), rtol=2e-5, atol=1e-30)
