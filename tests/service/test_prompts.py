"""The pass over a prompt that its answer and the answer's gradients share: one pass less, with the same results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from families import FAMILIES, IDS, build
from hypothesis import given, settings
from hypothesis import strategies as st
from small_gemma import SHAPE, VOCABULARY, gradients, make, off, reference

TOKENS = st.integers(0, VOCABULARY - 1)


@pytest.fixture(scope="module")
def small(keras_libraries: None) -> Any:
    return make()


@pytest.fixture(scope="module")
def prepared(small: Any) -> Any:
    return ready(small, 16, 32)


def ready(causal_lm: Any, *lengths: int, **options: Any) -> Any:
    """Return gradients that are compiled only for prompts of up to these lengths and 16 tokens more."""
    made = gradients(causal_lm, **options)
    for length in lengths:
        made._prompts.request_compile(length, 16)
    made.compile_pending()
    assert made.is_compiled
    return made


@pytest.fixture
def alone(prepared: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same, without any other way to compute a gradient."""
    prepared.forget()
    monkeypatch.setattr(prepared, "_ready", None)
    return prepared


def as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile a small model as usual."""


def block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile a small model like a large one."""
    from lit_lab.service.engine import parts

    monkeypatch.setattr(parts, "MAX_FUSED", 0)


def not_by_xla(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a small model like a large one on a processor that multiplies bfloat16."""
    from lit_lab.service.engine.backends import on_tensorflow

    block_by_block(monkeypatch)
    monkeypatch.setattr(on_tensorflow, "MIN_NATIVE", 0)
    monkeypatch.setattr(on_tensorflow, "multiplies_bfloat16", lambda: True)


@settings(max_examples=8)
@given(data=st.data())
def test_any_answers_gradient_agrees_with_float64(small: Any, prepared: Any, data: st.DataObject) -> None:
    prompt = data.draw(st.lists(TOKENS, min_size=1, max_size=32))
    answer = data.draw(st.lists(TOKENS, min_size=1, max_size=16))
    start = data.draw(st.integers(len(prompt), len(prompt) + len(answer) - 1))
    end = data.draw(st.integers(start + 1, len(prompt) + len(answer)))
    agrees(small, prepared, prompt, answer, start, end)


def agrees(causal_lm: Any, made: Any, prompt: list[int], answer: list[int], start: int, end: int) -> None:
    made.forget()
    assert made.read(prompt) is not None
    ids = prompt + answer
    found = made.of(ids, start, end)
    assert made._forward_cache.of_kind("sequence") == []
    exact, loss = reference(causal_lm, ids, start, end)
    assert found.gradient.shape == (end - 1, SHAPE["hidden_dim"])
    assert off(found.gradient, exact[: end - 1]) < 1e-5
    assert found.loss == pytest.approx(loss, rel=1e-5)
    assert np.array_equal(found.embeddings, made.embeddings(ids[: end - 1]))


@pytest.mark.parametrize(
    ("changes", "way"),
    [
        pytest.param({"num_layers": 3}, block_by_block, marks=pytest.mark.long),
        ({"num_layers": 1}, block_by_block),
        pytest.param({"num_layers": 1, "use_sliding_window_attention": False}, as_one, marks=pytest.mark.long),
    ],
    ids=str,
)
def test_other_shapes_agree_with_float64(
    keras_libraries: None,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    way: Callable[[pytest.MonkeyPatch], None],
) -> None:
    way(monkeypatch)
    causal_lm = make(**changes)
    prompt, answer = list(range(1, 14)), list(range(20, 29))
    agrees(causal_lm, ready(causal_lm, 16), prompt, answer, 15, 20)


@pytest.mark.parametrize(
    "way",
    [
        pytest.param(as_one, marks=pytest.mark.long),
        pytest.param(block_by_block, marks=pytest.mark.long),
        pytest.param(not_by_xla, marks=pytest.mark.only_on("tensorflow")),
    ],
)
def test_in_half_precision_the_two_ways_agree(
    keras_libraries: None, monkeypatch: pytest.MonkeyPatch, way: Callable[[pytest.MonkeyPatch], None]
) -> None:
    way(monkeypatch)
    causal_lm = make("bfloat16")
    made = ready(causal_lm, 16)
    ids = [3, *range(20, 44), 7]
    made.read(ids[:14])
    found = made.of(ids, 17, 24)
    exact, _ = reference(causal_lm, ids, 17, 24)
    other = gradients(causal_lm, len(ids)).of(ids, 17, 24)
    # Both are rounded at each step, to the same degree.
    assert off(found.gradient, exact[:23]) < 2 * off(other.gradient, exact[:23])


def test_without_room_no_prompt_is_read(small: Any) -> None:
    made = ready(small, 16, residual_bytes=1000)
    assert made.read(list(range(10))) is None
    made._prompts.request_compile(10, 10)
    assert made.is_compiled  # it doesn't try again


@pytest.mark.only_on("tensorflow")
@pytest.mark.parametrize("way", [as_one, pytest.param(block_by_block, marks=pytest.mark.long)])
def test_what_is_kept_is_known_without_running_anything(
    small: Any, prepared: Any, monkeypatch: pytest.MonkeyPatch, way: Callable[[pytest.MonkeyPatch], None]
) -> None:
    way(monkeypatch)
    passes = (prepared if way is as_one else ready(small, 32))._prompts._passes[32]
    prompt = passes.read(tuple(range(20)), lambda: None)
    passes.gradient(prompt, tuple(range(36)), 20, 30, lambda: None)
    steps = prompt.steps + prompt.continuation.steps
    kept = {id(value): value for step in steps for value in [*step.inputs, *step.residuals]}
    sizes = [int(np.prod(value.shape)) * value.dtype.size for value in kept.values()]
    assert sum(sizes) == pytest.approx(passes.residual_bytes(16), rel=0.02)


def test_a_prompt_is_read_once(alone: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from lit_lab.service.engine.prompt_passes import PromptPasses

    read = PromptPasses.read
    prompts = []

    def counted(self: Any, ids: tuple[int, ...], check: Any) -> Any:
        prompts.append(ids)
        return read(self, ids, check)

    monkeypatch.setattr(PromptPasses, "read", counted)
    prompt = list(range(1, 12))
    alone.read(prompt)
    alone.read(prompt)
    one = alone.of([*prompt, 30, 31, 32], 11, 12)
    other = alone.of([*prompt, 30, 31, 32], 12, 14)
    # Another answer to the prompt, such as a compared run's or a foil's.
    alone.of([*prompt, 40, 41], 11, 13)
    again = alone.of([*prompt, 30, 31, 32], 12, 14)
    assert prompts == [tuple(prompt)]
    assert one.gradient.shape[0] == 11
    np.testing.assert_array_equal(other.gradient, again.gradient)


def test_the_longest_prompt_that_fits_is_gone_on_from(alone: Any) -> None:
    ids = list(range(1, 25))
    for length in (8, 12):
        alone.read(ids[:length])
    alone.of(ids, 14, 18)
    kept = {}
    for prompt in alone._forward_cache.of_kind("prompt"):
        kept[prompt] = alone._forward_cache.get("prompt", prompt)[1].continuation
    assert kept[tuple(ids[:8])] is None
    assert kept[tuple(ids[:12])].ids == tuple(ids)


def test_a_target_within_the_prompt_goes_the_other_way(small: Any, prepared: Any) -> None:
    prepared.forget()
    ids = list(range(1, 20))
    prepared.read(ids[:12])
    found = prepared.of(ids, 6, 9)
    exact, _ = reference(small, ids, 6, 9)
    assert off(found.gradient, exact[:8]) < 1e-5


def test_a_longer_answer_goes_the_other_way_and_is_requested(small: Any, prepared: Any) -> None:
    prepared.forget()
    ids = [number % VOCABULARY for number in range(12 + 70)]
    prepared.read(ids[:12])
    found = prepared.of(ids, 12, 20)
    exact, _ = reference(small, ids, 12, 20)
    assert off(found.gradient, exact[:19]) < 1e-5
    assert not prepared._prompts.is_compiled
    prepared._prompts.compile_pending()
    prepared.forget()
    prepared.read(ids[:12])
    assert off(prepared._prompts.gradient(ids, 12, 20, lambda: None)[2], exact[:19]) < 1e-5


def test_no_request_waits_for_the_compiler(small: Any) -> None:
    made = gradients(small)
    assert made.read(list(range(9))) is None
    assert made._prompts._passes == {}


def test_beyond_the_window_nothing_is_compiled(small: Any) -> None:
    made = gradients(small, window=40)
    made._prompts.request_compile(32, 16)  # they fit, but not once they are padded
    assert made.is_compiled


@pytest.mark.parametrize("seed", range(3))
def test_the_answer_is_the_same(small: Any, prepared: Any, seed: int) -> None:
    from lit_lab.protocol import Sampling
    from lit_lab.service.generation import Decoder

    random = np.random.default_rng(seed)
    prompt = random.integers(0, VOCABULARY, 25).tolist()
    sampling = Sampling(temperature=1, seed=seed)
    plain, shared = Decoder(small), Decoder(small)
    for decoder in (plain, shared):
        decoder.warm_up()
    read = []

    def from_passes(ids: Any) -> Any:
        read.append(prepared.read(ids))
        return read[-1]

    expected = list(plain.steps(prompt, 45, sampling, 3))
    found = list(shared.steps(prompt, 45, sampling, 3, read=from_passes))
    assert read[0] is not None
    assert [step.id for step in found] == [step.id for step in expected]
    np.testing.assert_allclose([step.logprob for step in found], [step.logprob for step in expected], atol=1e-4)
    # The cache is a normal one: after an edit at the end, the beginning isn't read again.
    edited = [*prompt[:-2], 5, 6]
    again = list(shared.steps(edited, 30, sampling, 3, read=from_passes))
    assert shared.reused == 23
    assert len(read) == 1
    assert [step.id for step in again] == [step.id for step in plain.steps(edited, 30, sampling, 3)]


@pytest.mark.long
@pytest.mark.parametrize("models", ["Gemma 3, text", "Llama 3"])
def test_other_families_answers_are_the_same(
    keras_libraries: None, monkeypatch: pytest.MonkeyPatch, models: str
) -> None:
    from lit_lab.service.generation import Decoder

    block_by_block(monkeypatch)
    # Families with keys and values in pairs, and with blocks that lack a configuration.
    causal_lm = build(next(family for family in FAMILIES if family.models == models))
    made = gradients(causal_lm)
    made._prompts.request_compile(12, 4)
    made.compile_pending()
    plain, shared = Decoder(causal_lm), Decoder(causal_lm)
    for decoder in (plain, shared):
        decoder.warm_up()
    found = list(shared.steps(IDS, 20, read=made.read))
    assert made._forward_cache.of_kind("prompt") == [tuple(IDS)]
    expected = list(plain.steps(IDS, 20))
    assert [step.id for step in found] == [step.id for step in expected]
    np.testing.assert_allclose([step.logprob for step in found], [step.logprob for step in expected], atol=1e-5)


def test_an_empty_answer_requests_no_compiling(small: Any) -> None:
    made = gradients(small)
    made.request_compile_for_answer(12, 0)
    assert made.is_compiled


def test_a_longer_prompt_than_the_kept_cache_has_room(keras_libraries: None) -> None:
    from lit_lab.service.generation import Decoder

    causal_lm = make(num_layers=1)
    made = ready(causal_lm, 140)
    plain, shared = Decoder(causal_lm), Decoder(causal_lm)
    for decoder in (plain, shared):
        decoder.warm_up()
    list(shared.steps([1, 2, 3], 6))
    prompt = [(7 * number) % VOCABULARY for number in range(140)]
    found = [step.id for step in shared.steps(prompt, 150, read=made.read)]
    assert made._forward_cache.of_kind("prompt") == [tuple(prompt)]
    assert found == [step.id for step in plain.steps(prompt, 150)]


def test_an_answer_and_its_maps_share_one_pass(shallow_causal_lm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from lit_lab.protocol import AnswerEvent, GenerateRequest, PromptEvent, SalienceRequest, Span
    from lit_lab.service.cancellation import Cancellation
    from lit_lab.service.engine.passes import Passes
    from lit_lab.service.engine.prompt_passes import PromptPasses
    from lit_lab.service.language_model import LanguageModel
    from lit_lab.service.salience import EmbeddingGradients, grad_l2

    model = LanguageModel(shallow_causal_lm)
    model.warm_up_generation()
    assert model.gradients.is_compiled

    def answered() -> tuple[list[int], list[int]]:
        request = GenerateRequest(model="tiny", prompt="Suggestion: Onion soup\nAnalysis:", max_new_tokens=12)
        events = list(model.generate(request, Cancellation()))
        (prompt,) = [event for event in events if isinstance(event, PromptEvent)]
        final = events[-1]
        assert isinstance(final, AnswerEvent)
        assert final.reused == 0
        return [token.id for token in prompt.tokens], [token.id for token in final.tokens]

    prompt, answer = answered()  # nothing is compiled yet, so the decoder's own pass reads the prompt
    assert len(answer) > 2
    assert model.has_pending_compiles
    model.compile_pending()
    model.decoder.forget()
    reads = []
    read = PromptPasses.read
    monkeypatch.setattr(PromptPasses, "read", lambda self, ids, check: reads.append(ids) or read(self, ids, check))
    monkeypatch.setattr(Passes, "forward_from", None)
    assert answered() == (prompt, answer)
    ids = prompt + answer
    targets = [Span(start=at, end=at + 1) for at in range(len(prompt), len(ids))]
    request = SalienceRequest(model="tiny", ids=ids, targets=targets, methods=["grad_l2"])
    events = list(model.salience(request, Cancellation()))
    assert reads == [tuple(prompt)]
    monkeypatch.undo()
    exact = EmbeddingGradients(shallow_causal_lm).of(ids, len(ids) - 1, len(ids))
    np.testing.assert_allclose(events[-1].scores[: len(ids) - 1], grad_l2(exact), rtol=1e-3, atol=1e-6)
