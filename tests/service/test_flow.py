"""Flow in every family, compared with attention computed in float64 without the engine."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from families import FAMILIES, GEMMA2, GROUPED, IDS, TARGET, Family, build
from flow_reference import gemma2_flow, reference_flow
from numpy.typing import NDArray
from test_ablation import mistake

from lit_lab.problem import Problem
from lit_lab.protocol import EstimateRequest, SalienceRequest, ScoresEvent, Span
from lit_lab.service.cancellation import Cancellation, Cancelled
from lit_lab.service.salience_maps import CHECKED

WITHOUT = {
    "Bloom": "no_flow",
    "Falcon": "no_flow",
    "GPT-NeoX, Pythia": "no_flow",
    "Qwen 3.5, text": "unsupported_model",
    "Qwen 3.5 MoE, text": "unsupported_model",
}
"""Families without flow, and the errors that say so. GPT-NeoX's of keras-hub turns a query by its place within the call."""

READ = [family for family in FAMILIES if family.models not in WITHOUT]
TRIED = ("Gemma 3, text", "Gemma 4, text", "GPT-2", "GPT-OSS")
"""Kinds: a norm after attention and a window, values without a projection of their own, biases of values and of the output,
weights that don't add up to 1. Gemma 2's cap and shared values are compared by hand, below."""


@cache
def pass_of(causal_lm: Any) -> Any:
    """Return a model's pass, which is traced once for all tests."""
    from lit_lab.service.cached_pass import CachedPass

    return CachedPass(causal_lm)


def flow_of(causal_lm: Any, is_checked: bool = False) -> Any:
    from lit_lab.service.generation import Decoder
    from lit_lab.service.salience import Flow

    decoder = Decoder(causal_lm)
    decoder.cached_pass = pass_of(causal_lm)
    return Flow(causal_lm, decoder, is_checked)


def fresh(causal_lm: Any, ids: list[int], start: int, end: int) -> Any:
    """Return the scores without earlier results, and without the check, which takes most of the time."""
    return flow_of(causal_lm, is_checked=True).of(ids, start, end)


def agree(family: Family) -> None:
    causal_lm = build(family)
    found = flow_of(causal_lm).of(IDS, *TARGET)
    exact = reference_flow(family, causal_lm, IDS, *TARGET)
    assert found.shape == exact.shape == (TARGET[1] - 1,)
    np.testing.assert_allclose(found, exact, atol=1e-5 * exact.max())
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "family", [family for family in READ if family.models in TRIED], ids=lambda family: family.models
)
def test_scores_agree_with_float64(keras_libraries: None, family: Family) -> None:
    agree(family)


@pytest.mark.long
@pytest.mark.parametrize(
    "family", [family for family in READ if family.models not in TRIED], ids=lambda family: family.models
)
def test_scores_of_the_others_agree_too(keras_libraries: None, family: Family) -> None:
    agree(family)


def test_every_family_that_is_trusted_unchecked_is_compared_here() -> None:
    assert {f"{family.cls}CausalLM" for family in READ} >= CHECKED


@pytest.mark.parametrize(
    "family", [family for family in FAMILIES if family.models in WITHOUT], ids=lambda family: family.models
)
def test_what_cannot_be_read_says_so(keras_libraries: None, family: Family) -> None:
    with pytest.raises(Problem) as problem:
        flow_of(build(family)).of(IDS, *TARGET)
    assert problem.value.code == WITHOUT[family.models]
    assert "Choose" in problem.value.hint


SHARED_VALUES = {**GROUPED, "num_query_heads": 4, "num_key_value_heads": 2, "head_dim": 8, **GEMMA2}


@pytest.fixture(scope="module")
def gemma2(keras_libraries: None) -> Any:
    return build(Family("Gemma", "Gemma 2", SHARED_VALUES))


def test_a_cap_a_window_shared_values_and_a_norm_by_hand(gemma2: Any) -> None:
    """Gemma 2 entirely in NumPy, without any code of Keras."""
    exact = gemma2_flow(gemma2.backbone, IDS, *TARGET)
    np.testing.assert_allclose(flow_of(gemma2).of(IDS, *TARGET), exact, atol=1e-5 * exact.max())
    # Only one of two layers has the window of 4 tokens; the other one attends to all of them.
    assert (exact[: TARGET[0] - 5] > 0).any()


def test_what_tokens_contribute_adds_up_to_the_output(gemma2: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from keras import ops

    from lit_lab.service import attention
    from lit_lab.service.generation import Decoder

    outputs: list[NDArray[np.float32]] = []
    check = attention._check

    def noting(found: Any, exact: Any, dtype: Any) -> None:
        outputs.append(np.asarray(ops.convert_to_numpy(exact)))
        check(found, exact, dtype)

    monkeypatch.setattr(attention, "_check", noting)
    layers: list[attention.LayerAttention] = []
    cache = Decoder(gemma2).cached_pass.empty_cache(len(IDS))
    attention.read_attention(gemma2, np.array([IDS]), cache, 0, layers.append)
    assert len(layers) == 2
    for layer, (norm, output) in zip(layers, zip(outputs[::2], outputs[1::2], strict=True), strict=True):
        vectors = np.einsum("hrt,thk,hkd->rtd", *map(ops.convert_to_numpy, (layer.weights, layer.values, layer.kernel)))
        np.testing.assert_allclose(vectors.sum(axis=1), output, atol=1e-5 * np.abs(output).max())
        scaled = vectors.sum(axis=1) * ops.convert_to_numpy(layer.channels)
        size = np.linalg.norm(norm, axis=-1) / np.linalg.norm(scaled, axis=-1)
        np.testing.assert_allclose(scaled * size[:, None], norm, atol=1e-5 * np.abs(norm).max())


def test_no_layer_is_changed(gemma2: Any) -> None:
    block = gemma2.backbone.transformer_layers[0]
    before = {**vars(block)}, {**vars(block.attention)}
    flow_of(gemma2).of(IDS, *TARGET)
    assert (vars(block), vars(block.attention)) == before


def test_an_output_that_is_made_otherwise_is_refused(gemma2: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """For example by a later keras-hub, which gates attention's output."""
    attention = type(gemma2.backbone.transformer_layers[0].attention)
    call = attention.call

    def gated(self: Any, *args: Any, **kwargs: Any) -> Any:
        found, cache = call(self, *args, **kwargs)
        return found * 0.5, cache

    monkeypatch.setattr(attention, "call", gated)
    with pytest.raises(Problem, match="can't be read"):
        flow_of(gemma2).of(IDS, *TARGET)


def test_weights_that_are_whole_numbers_are_refused(keras_libraries: None) -> None:
    causal_lm = build.__wrapped__(Family("Gemma", "Gemma 2", SHARED_VALUES))
    causal_lm.quantize("int8")
    with pytest.raises(Problem) as problem:
        flow_of(causal_lm).of(IDS, *TARGET)
    assert problem.value.code == "no_flow"


ANY_ORDER = [(9, 12), (3, 5), (4, 10), (1, 2), (11, 12)]


@pytest.fixture(scope="module")
def alone(gemma2: Any) -> list[Any]:
    """The scores of each of these targets, computed alone."""
    return [fresh(gemma2, IDS, *target) for target in ANY_ORDER]


@pytest.mark.parametrize("rows", [2, 64])
def test_rows_in_parts_and_targets_in_any_order_are_the_same(
    gemma2: Any, alone: list[Any], rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lit_lab.service.salience import flow

    monkeypatch.setattr(flow, "FLOW_ROWS", rows)
    shared = flow_of(gemma2)
    for target, exact in zip(ANY_ORDER, alone, strict=True):
        np.testing.assert_allclose(shared.of(IDS, *target), exact, atol=1e-6)


def test_another_text_with_the_same_beginning(gemma2: Any) -> None:
    other = [*IDS[:5], 40, 41, *IDS[7:]]
    shared = flow_of(gemma2)
    shared.of(IDS, 3, 12)
    for ids in (other, IDS[:8], [*IDS, 9, 9]):
        np.testing.assert_allclose(shared.of(ids, 3, 8), fresh(gemma2, ids, 3, 8), atol=1e-6)


def test_small_vectors_at_a_time_are_the_same(gemma2: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from lit_lab.service.salience import flow

    whole = fresh(gemma2, IDS, *TARGET)
    monkeypatch.setattr(flow, "_MAX_NUMBERS", 1)
    np.testing.assert_allclose(fresh(gemma2, IDS, *TARGET), whole, atol=1e-6)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_close(gemma2: Any, dtype: str) -> None:
    half = build.__wrapped__(Family("Gemma", "Gemma 2", {**SHARED_VALUES, "dtype": dtype}))
    for ours, theirs in zip(half.backbone.weights, gemma2.backbone.weights, strict=True):
        ours.assign(theirs)
    np.testing.assert_allclose(flow_of(half).of(IDS, *TARGET), fresh(gemma2, IDS, *TARGET), atol=0.05)


def asked(ids: list[int], **fields: Any) -> SalienceRequest:
    return SalienceRequest(model="tiny", ids=ids, methods=["flow"], **fields)


def test_the_service_sends_shares_without_a_gradient(causal_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from lit_lab.service.language_model import LanguageModel

    model = LanguageModel(causal_lm)
    ids = [2, 300, 301, 302, 303, 304]
    request = asked(ids, targets=[Span(start=3, end=5), Span(start=5, end=6)])
    assert model.estimate(request).passes == 1
    found = [event for event in model.salience(request, Cancellation()) if isinstance(event, ScoresEvent)]
    assert [(event.method, event.target.start, event.gap) for event in found] == [("flow", 3, None), ("flow", 5, None)]
    for event in found:
        assert len(event.scores) == len(ids)
        assert sum(event.scores) == pytest.approx(1)
        assert not any(event.scores[event.target.end - 1 :])
    assert model._maps.created is None
    assert model._maps._flow.num_read == 1  # an answer's first target serves all of them
    assert model.estimate(request).seconds is not None
    # The scores are known now, but not to another user with another text.
    monkeypatch.setattr(model._maps._flow, "of", None)
    again = [event for event in model.salience(request, Cancellation()) if isinstance(event, ScoresEvent)]
    assert again == found
    assert model._maps._flow._rows
    model.serve("somebody else")
    assert not model._maps._flow._rows


def test_a_contrastive_target_is_refused() -> None:
    with pytest.raises(ValueError, match="flow explains a target"):
        asked([2, 300, 301], targets=[Span(start=2, end=3)], foil=[302])


def test_estimates_count_it_with_other_methods() -> None:
    from lit_lab.service.estimates import passes

    targets = [Span(start=2, end=3), Span(start=3, end=4)]
    request = SalienceRequest(model="tiny", ids=[2, 3, 4, 5], targets=targets, methods=["grad_l2", "flow"])
    assert passes(EstimateRequest(request=request).request) == 1 + 2 + 1


def test_it_ends_when_the_reader_is_gone(gemma2: Any) -> None:
    cancellation = Cancellation()
    cancellation.set()
    with pytest.raises(Cancelled):
        flow_of(gemma2, is_checked=True).of(IDS, *TARGET, cancellation.check)


def test_the_line_that_decides_is_found(embedded: Any) -> None:
    """LIT's prompt with a mistaken recommendation, in 22 lines, as in docs/methods.md."""
    ids, segments, target, deciding = mistake(embedded)
    request = SalienceRequest(model="tiny", ids=ids, targets=[target], methods=["flow"])
    (event,) = [event for event in embedded.salience(request, Cancellation()) if isinstance(event, ScoresEvent)]
    sums = np.array([sum(event.scores[part.start : part.end]) for part in segments])
    assert np.argsort(-sums).tolist().index(deciding) < 3
