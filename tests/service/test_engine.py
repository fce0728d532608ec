"""The compiled passes give the same gradients as eager Keras, for any length, target, window and precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_gradients import numbers
from small_gemma import SHAPE, VOCABULARY, gradients, make, off, reference

from lit_lab.service.cancellation import Cancellation, Cancelled
from lit_lab.service.engine.buckets import ROWS, length_bucket, row_bucket
from lit_lab.service.engine.compile_queue import CompileQueue


@pytest.fixture(scope="module")
def small(keras_libraries: None) -> Any:
    return make()


@pytest.fixture(scope="module")
def shallow(keras_libraries: None) -> Any:
    """A model of one layer, for tests in which the results don't matter."""
    return make(num_layers=1)


@pytest.fixture(scope="module")
def prepared(small: Any) -> Any:
    """Gradients compiled for sequences of up to 40 tokens, and for windows of a few or all of their rows."""
    made = gradients(small, 40)
    made.request_compile(40, 40)
    made.compile_pending()
    return made


@settings(max_examples=8)
@given(data=st.data())
def test_any_target_of_any_sequence_agrees_with_float64(small: Any, prepared: Any, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(0, VOCABULARY - 1), min_size=2, max_size=40))
    start = data.draw(st.integers(1, len(ids) - 1))
    end = data.draw(st.integers(start + 1, len(ids)))
    window = data.draw(st.integers(1, start)), data.draw(st.integers(end, len(ids)))
    found = prepared.of(ids, start, end, window)
    exact, loss = reference(small, ids, start, end)
    assert found.gradient.shape == (end - 1, SHAPE["hidden_dim"])
    assert off(found.gradient, exact[: end - 1]) < 1e-5
    assert not exact[end - 1 :].any()
    assert found.loss == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "block_by_block"),
    [
        ({"num_layers": 3}, True),
        pytest.param(
            {"use_sliding_window_attention": False, "final_logit_soft_cap": None, "use_post_ffw_norm": False},
            False,
            marks=pytest.mark.long,
        ),
    ],
    ids=str,
)
def test_other_shapes_agree_with_float64(
    keras_libraries: None, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], block_by_block: bool
) -> None:
    from lit_lab.service.engine import parts

    if block_by_block:
        monkeypatch.setattr(parts, "MAX_FUSED", 0)
    causal_lm = make(**changes)
    ids = np.random.default_rng(1).integers(0, VOCABULARY, 30).tolist()
    found = gradients(causal_lm, 30).of(ids, 20, 27)
    exact, loss = reference(causal_lm, ids, 20, 27)
    assert off(found.gradient, exact[:26]) < 1e-5
    assert found.loss == pytest.approx(loss, rel=1e-5)


@pytest.mark.long
@settings(max_examples=40)
@given(
    shape=st.fixed_dictionaries(
        {
            "num_layers": st.integers(1, 3),
            "num_query_heads": st.sampled_from([2, 4]),
            "num_key_value_heads": st.sampled_from([1, 2]),
            "hidden_dim": st.sampled_from([8, 16, 24]),
            "intermediate_dim": st.sampled_from([16, 64]),
            "head_dim": st.sampled_from([4, 8]),
            "use_post_ffw_norm": st.booleans(),
            "use_post_attention_norm": st.booleans(),
            "attention_logit_soft_cap": st.sampled_from([None, 50]),
            "final_logit_soft_cap": st.sampled_from([None, 30]),
            "use_sliding_window_attention": st.booleans(),
            "sliding_window_size": st.integers(2, 20),
        }
    ),
    dtype=st.sampled_from(["float32", "bfloat16"]),
    length=st.integers(3, 24),
    compiled=st.booleans(),
    block_by_block=st.booleans(),
)
def test_any_shape_and_precision_agrees_with_float64(
    keras_libraries: None, shape: dict[str, Any], dtype: str, length: int, compiled: bool, block_by_block: bool
) -> None:
    from lit_lab.service.engine import parts

    with pytest.MonkeyPatch.context() as patch:
        if block_by_block:
            patch.setattr(parts, "MAX_FUSED", 0)
        causal_lm = make(dtype, **shape)
        made = gradients(causal_lm, length if compiled else None)
        ids = np.random.default_rng(length).integers(0, VOCABULARY, length).tolist()
        start, end = length // 2, length // 2 + 1 + length // 4
        found = made.of(ids, start, end)
    exact, loss = reference(causal_lm, ids, start, end)
    if dtype == "float32":
        assert off(found.gradient, exact[: end - 1]) < 2e-5
        assert found.loss == pytest.approx(loss, rel=2e-5)
        return
    # Half precision: small errors everywhere, and large ones nowhere.
    norms = np.linalg.norm(exact[: end - 1], axis=1)
    errors = np.abs(np.linalg.norm(found.gradient, axis=1) - norms) / norms.max()
    assert np.median(errors) < 0.05
    assert found.loss == pytest.approx(loss, rel=0.05)


@pytest.mark.parametrize("compiled", [None, 20], ids=["eager", "compiled"])
def test_where_the_model_is_sure_its_label_is_exact_too(keras_libraries: None, compiled: int | None) -> None:
    from keras import ops

    causal_lm = make(final_logit_soft_cap=None)
    backbone = causal_lm.backbone
    backbone.layer_norm.scale.assign(backbone.layer_norm.scale + 6.0)
    ids = [3]
    while len(ids) < 20:  # the most likely token at each position
        hidden = backbone({"token_ids": np.array([ids]), "padding_mask": np.ones((1, len(ids)), bool)})
        ids.append(int(ops.argmax(backbone.token_embedding(hidden, reverse=True)[0, -1])))
    made = gradients(causal_lm, compiled)
    of_each = [made.of(ids, at, at + 1) for at in range(1, len(ids))]
    n = int(np.argmin([found.loss for found in of_each]))
    sure, at = of_each[n], n + 1
    assert sure.loss < 1e-4
    exact, _ = reference(causal_lm, ids, at, at + 1)
    assert off(sure.gradient, exact[:at]) < 2e-5


def test_eager_and_compiled_passes_agree(small: Any, prepared: Any) -> None:
    ids = list(range(2, 40))
    eager = gradients(small).of(ids, 30, 36)
    compiled = prepared.of(ids, 30, 36)
    assert off(compiled.gradient, eager.gradient) < 1e-5
    np.testing.assert_array_equal(compiled.embeddings, eager.embeddings)
    assert compiled.loss == pytest.approx(eager.loss, rel=1e-5)


def test_without_room_nothing_is_kept_and_the_gradient_is_the_same(small: Any, prepared: Any) -> None:
    ids = list(range(2, 40))
    frugal = gradients(small, 40, residual_bytes=1)
    assert frugal.residual_bytes(40) < prepared.residual_bytes(40)
    assert off(frugal.of(ids, 30, 36).gradient, prepared.of(ids, 30, 36).gradient) < 1e-6


def test_what_is_kept_is_known_without_running_anything(small: Any, prepared: Any) -> None:
    few, many = prepared.residual_bytes(20), prepared.residual_bytes(200)
    assert 0 < few < many
    # Attention's matrices grow with the square.
    assert many > 10 * few


@pytest.mark.only_on("tensorflow")
def test_what_is_kept_in_tensors_is_known_without_running_anything(small: Any, prepared: Any) -> None:
    # The size that a pass really stores.
    passes = next(iter(prepared._passes.values()))
    forward = passes.forward(tuple(range(30)), lambda: None)
    held = sum(tensor.shape.num_elements() * 4 for step in forward.steps for tensor in [*step.residuals, *step.inputs])
    assert passes.residual_bytes() >= held > passes.residual_bytes() / 2


def test_the_forward_pass_is_done_once_for_a_sequence(prepared: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    passes = next(iter(prepared._passes.values()))
    runs = []
    real = passes.forward_from
    monkeypatch.setattr(passes, "forward_from", lambda *given: runs.append(1) or real(*given))
    ids = list(range(3, 41))
    for start in (20, 25, 30):
        prepared.of(ids, start, start + 5, (20, 35))
    assert len(runs) == 1
    prepared.forget()
    prepared.of(ids, 20, 25)
    assert len(runs) == 2


def test_a_new_length_within_a_bucket_compiles_nothing(prepared: Any) -> None:
    known, requested = set(prepared._passes), dict(prepared._compile_queue._rows)
    for length in (33, 36, 40):
        prepared.of(list(range(2, 2 + length)), length - 3, length)
    assert set(prepared._passes) == known
    assert prepared._compile_queue._rows == requested


def test_what_is_longer_or_has_more_rows_runs_at_once_and_is_requested(shallow: Any) -> None:
    made = gradients(shallow)
    ids = list(range(2, 42))
    exact, _ = reference(shallow, ids, 30, 36)
    assert off(made.of(ids, 30, 36).gradient, exact[:35]) < 1e-5
    assert made._passes == {}
    assert not made.is_compiled
    made.compile_pending()
    assert made.is_compiled
    (passes,) = made._passes.values()
    compiled = set(passes._compiled_parts._compiled)
    # First the window, then the target is too long for the compiled passes.
    in_part, whole = made.of(ids, 30, 36, (5, 38)), made.of(ids, 5, 38)
    assert set(passes._compiled_parts._compiled) == compiled
    assert not made.is_compiled
    made.compile_pending()
    assert made.is_compiled
    assert len(passes._compiled_parts._compiled) == len(compiled) + 1
    after = made.of(ids, 30, 36, (5, 38)), made.of(ids, 5, 38)
    assert made.is_compiled
    assert off(in_part.gradient, exact[:35]) < 1e-5
    assert off(after[0].gradient, in_part.gradient) < 1e-5
    assert off(after[1].gradient, whole.gradient) < 1e-5


def test_a_window_beyond_the_most_rows_is_not_requested(shallow: Any) -> None:
    made = gradients(shallow, 500)
    made.of([number % VOCABULARY for number in range(500)], 480, 490, (20, 500))
    assert made.is_compiled


def test_the_head_takes_any_number_of_rows(small: Any) -> None:
    from keras import ops

    from lit_lab.service.engine.head import Head
    from lit_lab.service.engine.split_model import SplitModel

    head = Head(SplitModel(small))
    random = np.random.default_rng(3)
    hidden = random.normal(0, 1, (300, SHAPE["hidden_dim"])).astype("f")
    labels = random.integers(0, VOCABULARY, 300).astype(np.int32)
    weights = numbers(small.backbone.token_embedding.embeddings).astype(np.float64)
    capped = np.tanh(hidden @ weights.T / 30.0)
    powers = np.exp(30.0 * capped)
    shares = powers / powers.sum(1, keepdims=True)
    expected = -np.log(shares[np.arange(300), labels])
    of_logits = (shares - np.eye(VOCABULARY)[labels]) * (1 - capped**2)
    for count in (1, 16, 17, 63, 64, 65, 128, 300):
        losses, upstream = head(ops.convert_to_tensor(hidden[:count]), labels[:count])
        np.testing.assert_allclose(numbers(losses), expected[:count], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(numbers(upstream), (of_logits @ weights)[:count], rtol=1e-4, atol=1e-6)


def test_other_embeddings_agree_eager_and_compiled(small: Any, prepared: Any) -> None:
    ids = list(range(2, 40))
    random = np.random.default_rng(0)
    given = prepared.embeddings(ids)[None, :35] + random.normal(0, 0.1, (3, 35, SHAPE["hidden_dim"])).astype("f")
    losses, found = prepared.at(ids, 30, 36, given)
    eager_losses, eager = gradients(small).at(ids, 30, 36, given)
    np.testing.assert_allclose(losses, eager_losses, rtol=1e-5)
    assert off(found, eager) < 1e-5
    own, same = prepared.at(ids, 30, 36, prepared.embeddings(ids)[None, :35])
    target = prepared.of(ids, 30, 36)
    assert own[0] == pytest.approx(target.loss, rel=1e-5)
    assert off(same[0], target.gradient) < 1e-5


def test_bfloat16_agrees_with_float64_of_the_same_weights(keras_libraries: None) -> None:
    causal_lm = make("bfloat16")
    ids = np.random.default_rng(1).integers(0, VOCABULARY, 38).tolist()
    exact, loss = reference(causal_lm, ids, 30, 36)
    norms = np.linalg.norm(exact[:35], axis=1)
    for made in (gradients(causal_lm), gradients(causal_lm, 38)):
        found = made.of(ids, 30, 36)
        errors = np.abs(np.linalg.norm(found.gradient, axis=1) - norms) / norms
        assert np.median(errors) < 0.03
        assert found.loss == pytest.approx(loss, rel=0.02)


@pytest.mark.only_on("tensorflow")
def test_a_plain_graph_agrees_where_the_processor_multiplies_bfloat16(
    keras_libraries: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lit_lab.service.engine import parts
    from lit_lab.service.engine.backends import on_tensorflow

    monkeypatch.setattr(parts, "MAX_FUSED", 0)
    monkeypatch.setattr(on_tensorflow, "MIN_NATIVE", 0)
    monkeypatch.setattr(on_tensorflow, "multiplies_bfloat16", lambda: True)
    compiled = []
    real = on_tensorflow.compiled_between

    def watched(*given: Any) -> Any:
        compiled.append(given[4])
        return real(*given)

    monkeypatch.setattr(on_tensorflow, "compiled_between", watched)
    causal_lm = make("bfloat16", num_layers=3)
    ids = np.random.default_rng(1).integers(0, VOCABULARY, 38).tolist()
    found = gradients(causal_lm, 38).of(ids, 30, 36)
    assert set(compiled) == {False}  # including the last block, which writes into a cache
    exact, loss = reference(causal_lm, ids, 30, 36)
    norms = np.linalg.norm(exact[:35], axis=1)
    errors = np.abs(np.linalg.norm(found.gradient, axis=1) - norms) / norms
    assert np.median(errors) < 0.03
    assert found.loss == pytest.approx(loss, rel=0.02)


@pytest.mark.parametrize(
    ("cpuinfo", "expected"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16 sse\n", True),
        ("flags\t\t: fpu amx_bf16 amx_tile\n", True),
        ("flags\t\t: fpu avx2\nbugs\t\t: avx512_bf16\n", False),
        ("Features\t: fp asimd bf16\n", False),
        (None, False),
    ],
)
def test_what_the_processor_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cpuinfo: str | None, expected: bool
) -> None:
    from lit_lab.service.engine import processor

    file = tmp_path / "cpuinfo"
    if cpuinfo is not None:
        file.write_text(cpuinfo)
    monkeypatch.setattr(processor, "_CPUINFO", file)
    assert processor.multiplies_bfloat16.__wrapped__() is expected
    assert processor.has_bfloat16_tiles.__wrapped__() is (expected and "amx" in (cpuinfo or ""))


def test_a_pass_is_cancelled_between_its_parts(prepared: Any) -> None:
    cancellation = Cancellation()
    cancellation.set()
    with pytest.raises(Cancelled):
        prepared.of(list(range(5, 40)), 30, 33, check=cancellation.check)


@given(length=st.integers(1, 20_000))
def test_padding_is_little(length: int) -> None:
    bucket = length_bucket(length)
    assert length <= bucket <= max(length + 15, 1.1 * length)
    assert length_bucket(bucket) == bucket


def test_buckets_are_few() -> None:
    assert len({length_bucket(length) for length in range(1, 2049)}) < 70


def test_a_bucket_never_exceeds_the_window() -> None:
    assert length_bucket(500, 512) == 512
    assert length_bucket(30, 32) == 32
    assert length_bucket(33, 512) == 48


@given(rows=st.integers(1, 5000), length=st.integers(1, 5000))
def test_rows_fit(rows: int, length: int) -> None:
    if rows <= length:
        assert rows <= row_bucket(rows, length) <= length
    assert row_bucket(1, 10_000) == ROWS[0]


def test_what_is_being_compiled_is_requested_until_it_is_done() -> None:
    queue = CompileQueue()
    queue.add(32, 8)
    with pytest.raises(ZeroDivisionError), queue.oldest() as taken:
        assert taken == (32, 8)
        assert queue
        1 / 0  # noqa: B018 (compiling fails)
    assert not queue
    with queue.oldest() as taken:
        assert taken is None
    assert not queue
