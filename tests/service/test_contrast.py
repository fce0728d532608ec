"""Contrastive targets, compared with an independent gradient of the difference of two log-probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from reference_gradients import loss_and_gradient, numbers

from lit_lab.problem import Problem
from lit_lab.protocol import (
    AblationRequest,
    EstimateRequest,
    FaithfulnessEvent,
    FaithfulnessRequest,
    Integration,
    Method,
    SalienceRequest,
    ScoresEvent,
    SegmentScoresEvent,
    Span,
)
from lit_lab.service.cancellation import Cancellation, Cancelled

AGREEMENT = 1e-5  # max|a - b| / max|b|
PROMPT = "Taste-dislikes: Don't like onions or garlic\nSuggestion: Onion soup\nRecommendation:"
SIMPLE: list[Method] = ["grad_l2", "grad_dot_input"]


def difference(
    causal_lm: Any, prefix: Sequence[int], one: Sequence[int], other: Sequence[int]
) -> tuple[Any, Any, float]:
    """Return the embeddings, gradient and value of the difference of losses after a prefix, by one tape through the whole Keras model.

    Both continuations form one batch, whose embeddings share the prefix's tensor.
    """
    import keras
    from keras import ops

    backbone = causal_lm.backbone
    body = keras.Model([backbone.token_embedding.output, backbone.input["padding_mask"]], backbone.output)
    embed = backbone.token_embedding

    def losses(shared: Any) -> Any:
        both = []
        for rest in (one, other):
            own = embed(ops.convert_to_tensor(np.array([rest], np.int32)))
            hidden = body([ops.concatenate([shared, own], axis=1), ops.ones((1, len(prefix) + len(rest)), "int32")])
            logits = ops.cast(embed(hidden, reverse=True), "float32")[:, len(prefix) - 1 : -1]
            chances = ops.log_softmax(logits)
            both.append(ops.sum(ops.take_along_axis(chances[0], np.array(rest)[:, None], axis=1)))
        return both[1] - both[0]

    embeddings = numbers(embed(ops.convert_to_tensor(np.array([prefix], np.int32))))
    value, gradient = loss_and_gradient(losses, embeddings)
    return embeddings[0], gradient[0], float(value)


def expected(
    causal_lm: Any, prefix: Sequence[int], one: Sequence[int], other: Sequence[int]
) -> dict[str, NDArray[Any]]:
    embeddings, gradient, _ = difference(causal_lm, prefix, one, other)
    return {"grad_l2": np.linalg.norm(gradient, axis=1), "grad_dot_input": np.sum(gradient * embeddings, axis=1)}


def ask(prefix: Sequence[int], one: Sequence[int], other: Sequence[int], **options: Any) -> SalienceRequest:
    target = Span(start=len(prefix), end=len(prefix) + len(one))
    return SalienceRequest(
        model="tiny", ids=[*prefix, *one, 5, 6], targets=[target], **{"foil": [*other], "methods": SIMPLE, **options}
    )


def scores(model: Any, request: SalienceRequest) -> list[ScoresEvent]:
    return [event for event in model.salience(request, Cancellation()) if isinstance(event, ScoresEvent)]


def off(ours: Sequence[float], exact: NDArray[Any]) -> float:
    return float(np.max(np.abs(np.asarray(ours) - exact)) / np.max(np.abs(exact)))


@pytest.fixture(scope="module")
def prefix(language_model: Any) -> list[int]:
    return [token.id for token in language_model.tokenizer.prompt(PROMPT)]


def ids(model: Any, text: str) -> list[int]:
    return [token.id for token in model.tokenizer.answer(text)]


@pytest.fixture(scope="module")
def compiled_model(causal_lm: Any, prefix: list[int]) -> Any:
    from lit_lab.service.language_model import LanguageModel

    model = LanguageModel(causal_lm)
    model.gradients.request_compile(len(prefix) + 16)
    model.compile_pending()
    return model


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    ("one", "other"), [(" You have to try it.", " Avoid."), (" Avoid.", " You have to try it."), (" y", " x")]
)
def test_agrees_with_the_gradient_of_the_difference(
    causal_lm: Any, compiled_model: Any, prefix: list[int], compiled: bool, one: str, other: str
) -> None:
    from lit_lab.service.language_model import LanguageModel

    model = compiled_model if compiled else LanguageModel(causal_lm)
    a, b = ids(model, one), ids(model, other)
    exact = expected(causal_lm, prefix, a, b)
    found = scores(model, ask(prefix, a, b))
    assert [event.method for event in found] == SIMPLE
    for event in found:
        assert event.foil == b
        assert len(event.scores) == len(prefix) + len(a) + 2
        assert off(event.scores[: len(prefix)], exact[event.method]) <= AGREEMENT
        # Neither the target and the foil nor what follows them have scores.
        assert set(event.scores[len(prefix) :]) == {0.0}


def test_the_norm_is_of_the_difference_not_a_difference_of_norms(language_model: Any, prefix: list[int]) -> None:
    a, b = ids(language_model, " Avoid."), ids(language_model, " You have")
    (both,) = scores(language_model, ask(prefix, a, b, methods=["grad_l2"]))
    alone = [scores(language_model, ask(prefix, one, [], foil=None, methods=["grad_l2"]))[0] for one in (a, b)]
    norms = np.array([event.scores[: len(prefix)] for event in alone])
    assert off(both.scores[: len(prefix)], norms[0] - norms[1]) > 0.1


def test_the_product_is_the_difference_of_products(language_model: Any, prefix: list[int]) -> None:
    a, b = ids(language_model, " Avoid."), ids(language_model, " You have")
    (both,) = scores(language_model, ask(prefix, a, b, methods=["grad_dot_input"]))
    one, other = (
        np.array(scores(language_model, ask(prefix, x, [], foil=None, methods=["grad_dot_input"]))[0].scores)[
            : len(prefix)
        ]
        for x in (a, b)
    )
    assert off(both.scores[: len(prefix)], one - other) <= AGREEMENT


def test_turned_round_the_sign_turns(language_model: Any, prefix: list[int]) -> None:
    a, b = ids(language_model, " Avoid."), ids(language_model, " Likely good.")
    there, back = (scores(language_model, ask(prefix, *pair)) for pair in ((a, b), (b, a)))
    n = len(prefix)
    np.testing.assert_allclose(there[0].scores[:n], back[0].scores[:n], rtol=1e-4)
    np.testing.assert_allclose(there[1].scores[:n], -np.array(back[1].scores[:n]), rtol=1e-4, atol=1e-6)


def test_integrated_gradients_add_up_to_the_change_of_the_difference(
    causal_lm: Any, language_model: Any, prefix: list[int]
) -> None:
    from lit_lab.service.salience import Contrast
    from lit_lab.service.salience.integrated_gradients import integrate

    a, b = ids(language_model, " You have"), ids(language_model, " Avoid it")
    contrast = Contrast(language_model.gradients, b)
    start, end = len(prefix), len(prefix) + len(a)
    found = integrate(contrast, [*prefix, *a], start, end, Integration(), Cancellation())
    own = contrast.embeddings([*prefix, *a][: end - 1])
    losses, _ = contrast.at([*prefix, *a], start, end, np.stack([np.float32(0.01) * own, own]), lambda: None)
    assert losses[1] == pytest.approx(difference(causal_lm, prefix, a, b)[2], rel=1e-4)
    assert found.scores.sum() == pytest.approx(losses[1] - losses[0], rel=0.02)
    (event,) = scores(language_model, ask(prefix, a, b, methods=["integrated_gradients"]))
    np.testing.assert_allclose(event.scores[: len(prefix)], found.scores[: len(prefix)], rtol=1e-4, atol=1e-6)


def segments(prefix: list[int]) -> list[Span]:
    edges = [1, len(prefix) // 3, 2 * len(prefix) // 3, len(prefix)]
    return [Span(start=a, end=b) for a, b in pairwise(edges)]


def test_leave_one_out_is_the_fall_of_the_difference(causal_lm: Any, language_model: Any, prefix: list[int]) -> None:
    a, b = ids(language_model, " You have to"), ids(language_model, " Avoid.")
    request = AblationRequest(
        model="tiny",
        ids=[*prefix, *a],
        target=Span(start=len(prefix), end=len(prefix) + len(a)),
        segments=segments(prefix),
        method="leave_one_out",
        foil=b,
    )
    *_, event = language_model.ablation(request, Cancellation())
    assert isinstance(event, SegmentScoresEvent)
    # `difference` is the difference of losses.
    whole = -difference(causal_lm, prefix, a, b)[2]
    assert event.logprob == pytest.approx(whole, rel=1e-3, abs=1e-3)
    assert event.foil == b
    assert event.passes == 2 * 4
    for span, score in zip(request.segments, event.scores, strict=True):
        left = prefix[: span.start] + prefix[span.end :]
        assert score == pytest.approx(whole + difference(causal_lm, left, a, b)[2], rel=1e-3, abs=1e-3)


def test_a_contrastive_map_can_be_tested(language_model: Any, prefix: list[int]) -> None:
    a, b = ids(language_model, " You have to"), ids(language_model, " Avoid.")
    request = FaithfulnessRequest(
        model="tiny",
        ids=[*prefix, *a],
        target=Span(start=len(prefix), end=len(prefix) + len(a)),
        segments=segments(prefix),
        scores=[3.0, 2.0, 1.0],
        method="grad_l2",
        orders=1,
        jitters=2,
        foil=b,
    )
    *_, event = language_model.faithfulness(request, Cancellation())
    assert isinstance(event, FaithfulnessEvent)
    assert event.stability is not None
    ablation = AblationRequest(
        **request.model_dump(include={"model", "ids", "target", "segments", "foil"}), method="shap"
    )
    *_, fair = language_model.ablation(ablation, Cancellation())
    # Shapley values add up to the whole effect.
    assert event.effect == pytest.approx(sum(fair.scores), rel=1e-4, abs=1e-4)


def test_what_is_computed_is_looked_up_by_the_other_text_too(language_model: Any, prefix: list[int]) -> None:
    a = ids(language_model, " You have to")
    first, second, plain = (
        scores(language_model, ask(prefix, a, b, foil=b or None, methods=["grad_l2"]))[0].scores
        for b in (ids(language_model, " Avoid."), ids(language_model, " Likely"), [])
    )
    assert first != second
    assert plain not in (first, second)
    again = scores(language_model, ask(prefix, a, ids(language_model, " Avoid."), methods=["grad_l2"]))
    assert again[0].scores == first


def test_costs_twice(language_model: Any, prefix: list[int]) -> None:
    a, b = ids(language_model, " You have"), ids(language_model, " Avoid.")
    request = ask(prefix, a, b)
    plain = request.model_copy(update={"foil": None})
    passes = [language_model.estimate(EstimateRequest(request=one).request).passes for one in (request, plain)]
    assert passes[0] == 2 * passes[1]


def test_is_cancelled(language_model: Any, prefix: list[int]) -> None:
    cancellation = Cancellation()
    cancellation.set()
    with pytest.raises(Cancelled):
        list(language_model.salience(ask(prefix, [7], [8]), cancellation))


def test_ids_that_do_not_fit_are_refused(language_model: Any, prefix: list[int]) -> None:
    with pytest.raises(Problem, match="40000"):
        list(language_model.salience(ask(prefix, [7], [40_000]), Cancellation()))
    with pytest.raises(Problem, match="window") as failure:
        list(language_model.salience(ask(prefix, [7], [8] * 96), Cancellation()))
    assert failure.value.code == "sequence_too_long"
    with pytest.raises(ValueError, match="exactly one target"):
        SalienceRequest(model="tiny", ids=[2, 3, 4], targets=[Span(start=1, end=2), Span(start=2, end=3)], foil=[5])
