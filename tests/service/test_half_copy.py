"""The half-precision copy: when effects use it, and what they say about it. The processor needn't multiply bfloat16 for these tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from lit_lab.protocol import EffectsEvent, EffectsRequest, StateEvent, TextSpan
from lit_lab.service.cancellation import Cancellation

pytestmark = pytest.mark.only_on("tensorflow")

PROMPT = "I like eggs. I don't like ham.\nThe dish is an omelette of eggs and ham. Do I like it?"
SENTENCES = [(0, 12), (13, 30), (31, 70), (71, 85)]
ANSWER = " You like it, because it has eggs."


@pytest.fixture(scope="module")
def made(keras_libraries: None) -> Iterator[Any]:
    """The embedded model, as on a processor that multiplies bfloat16."""
    from lit_lab.service import effect_passes, half_copy, presets
    from lit_lab.service.engine.backends import on_tensorflow
    from lit_lab.service.language_model import LanguageModel

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(on_tensorflow, "has_half_copies", lambda: True)
        patch.setattr(half_copy, "MIN_WEIGHTS", 0)
        patch.setattr(effect_passes, "MIN_SETS", 1)  # few sets take less time
        model = LanguageModel(presets.load("embedded"))
        model._effects.half.cached_pass()
        yield model


@pytest.fixture
def model(made: Any) -> Any:
    """The same without checks of earlier tests."""
    made.serve("")
    made._effects._checks.clear()
    return made


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every check pass, whatever bfloat16 makes of so small a model."""
    from lit_lab.service.effects import half_check

    monkeypatch.setattr(half_check, "MAX_DIFFERENCE", 100.0)
    monkeypatch.setattr(half_check, "MIN_MARGIN", 100.0)


@pytest.fixture
def request_of_run(model: Any) -> EffectsRequest:
    prompt = [token.id for token in model.tokenizer.tokenize_prompt(PROMPT).tokens]
    answer = [token.id for token in model.tokenizer.answer(ANSWER)]
    return EffectsRequest(
        model="m",
        prompt=PROMPT,
        ids=prompt + answer,
        answer_start=len(prompt),
        segments=[TextSpan(turn=0, start=start, end=end) for start, end in SENTENCES],
        samples=0,
        held_out=0,
    )


def events_of(model: Any, request: EffectsRequest, **more: Any) -> list[EffectsEvent]:
    found = model.effects(request.model_copy(update=more), Cancellation())
    return [event for event in found if isinstance(event, EffectsEvent)]


def rows_of(events: list[EffectsEvent]) -> Any:
    return np.array([row for event in events for row in event.logprobs], float)


def test_effects_in_half_precision_say_so_and_are_near_float32(
    model: Any, request_of_run: EffectsRequest, lenient: None
) -> None:
    halves = events_of(model, request_of_run)
    exact = events_of(model, request_of_run, precision="float32")
    assert {event.precision for event in halves} == {"bfloat16"}
    assert {(event.precision, event.difference) for event in exact} == {("float32", None)}
    (difference,) = {event.difference for event in halves}
    assert difference is not None
    off = np.abs(rows_of(halves) - rows_of(exact))
    assert 0 < off.mean() < 0.05
    # The first set is the whole prompt, which the check has compared.
    assert 0 < off[0].max() <= difference + 1e-5
    assert model.half_bytes == 2 * model.decoder.cached_pass.block_weights


def test_what_differs_too_much_is_computed_in_float32(
    model: Any, request_of_run: EffectsRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lit_lab.service.effects import half_check

    monkeypatch.setattr(half_check, "MAX_DIFFERENCE", 0.0)
    found = events_of(model, request_of_run)
    exact = events_of(model, request_of_run, precision="float32")
    assert {(event.precision, event.difference) for event in found} == {("float32", None)}
    np.testing.assert_array_equal(rows_of(found), rows_of(exact))


def test_the_check_finds_what_changes_the_most_probable_tokens(model: Any, request_of_run: EffectsRequest) -> None:
    from lit_lab.service.effects import EditedPrompt, checked

    exact = model.decoder.cached_pass

    class Turned:
        def __getattr__(self, name: str) -> Any:
            return getattr(exact, name)

        def run(self, ids: Any, cache: Any, position: int) -> Any:
            hidden, cache = exact.run(ids, cache, position)
            return -hidden, cache

    edited = EditedPrompt(request_of_run, model.tokenizer, model.window)
    same = checked(request_of_run, edited, exact, exact, Cancellation())
    assert same.passed and same.difference < 1e-4
    other = checked(request_of_run, edited, exact, Turned(), Cancellation())  # type: ignore[arg-type]
    assert not other.agrees and not other.passed


def test_a_run_is_checked_once_and_forgotten_with_its_user(
    model: Any, request_of_run: EffectsRequest, lenient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lit_lab.service import effects

    checks = []
    real = effects.checked
    monkeypatch.setattr(effects, "checked", lambda *given: checks.append(given) or real(*given))
    first = events_of(model, request_of_run)
    rest = events_of(model, request_of_run, skip=3)
    assert rest[0].difference == first[0].difference
    assert len(checks) == 1
    model.serve("another")
    events_of(model, request_of_run)
    assert len(checks) == 2


def test_without_room_there_is_no_copy(made: Any, request_of_run: EffectsRequest) -> None:
    from lit_lab.service.language_model import LanguageModel

    other = LanguageModel(made.causal_lm)
    other.decoder.cached_pass.room = lambda: 0
    assert {event.precision for event in events_of(other, request_of_run)} == {"float32"}
    assert other.half_bytes == 0
    assert not other._effects.half.is_pending


def test_it_is_made_in_the_background_once_an_answer_was_requested(
    made: Any, request_of_run: EffectsRequest, lenient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lit_lab.service.language_model import LanguageModel

    other = LanguageModel(made.causal_lm)
    monkeypatch.setattr(other.decoder, "compile_pending", lambda: None)
    half = other._effects.half
    assert not half.is_pending
    half.is_wanted = True
    assert other.has_pending_compiles
    other.compile_pending()
    assert half.is_made and not half.is_pending
    found = list(other.effects(request_of_run, Cancellation()))
    assert [event.message for event in found if isinstance(event, StateEvent)] == ["Checking half precision…"]
    other._effects._checks.clear()
    # What continues waits for the copy; what begins doesn't.
    half._made = None
    (fresh, *_) = events_of(other, request_of_run)
    assert (fresh.precision, half.is_made, half.is_pending) == ("float32", False, True)
    (rest, *_) = events_of(other, request_of_run, skip=3)
    assert (rest.precision, half.is_made) == ("bfloat16", True)


def test_few_sets_are_exact(
    model: Any, request_of_run: EffectsRequest, lenient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lit_lab.service import effect_passes

    monkeypatch.setattr(effect_passes, "MIN_SETS", 6)  # the request has 5
    assert {event.precision for event in events_of(model, request_of_run)} == {"float32"}
    assert {event.precision for event in events_of(model, request_of_run, skip=3)} == {"bfloat16"}
    assert {event.precision for event in events_of(model, request_of_run, chosen=[[0, 1]])} == {"bfloat16"}


def test_a_check_that_fails_ends_no_job(
    model: Any, request_of_run: EffectsRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lit_lab.service import effects
    from lit_lab.service.cancellation import Cancelled

    def fail(*given: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(effects, "checked", fail)
    assert {event.precision for event in events_of(model, request_of_run)} == {"float32"}

    def leave(*given: Any) -> None:
        raise Cancelled

    model._effects._checks.clear()
    monkeypatch.setattr(effects, "checked", leave)
    with pytest.raises(Cancelled):
        events_of(model, request_of_run)


def test_the_check_is_part_of_the_jobs_seconds(
    model: Any, request_of_run: EffectsRequest, lenient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lit_lab.service import effect_passes

    given: list[Any] = []
    ticks = iter([0.0, 2.0, *[2.0] * 99])
    monkeypatch.setattr(effect_passes.time, "monotonic", lambda: next(ticks))
    monkeypatch.setattr(effect_passes.effects, "explain", lambda request, *_, **__: given.append(request) or iter(()))
    events_of(model, request_of_run, seconds=3)
    assert given[0].seconds == 1.0


def test_a_copy_with_a_head_of_its_own_is_not_used(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from lit_lab.service import half_copy

    monkeypatch.setattr(half_copy.CachedPass, "has_own_head", property(lambda self: True))
    half = half_copy.HalfCopy(made.causal_lm, made.decoder.cached_pass)
    assert half.cached_pass() is None
    assert not half.is_possible


def test_only_where_the_processor_multiplies_bfloat16(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from lit_lab.service.engine.backends import on_tensorflow
    from lit_lab.service.half_copy import HalfCopy, bytes_for
    from lit_lab.service.weights.memory_estimate import Shape

    shape = Shape(60_000_100, 1, 10, 10, 1, 1, 10, 10)
    exact = made.decoder.cached_pass
    assert bytes_for(shape, "float32") > 2 * 60_000_000
    assert bytes_for(shape, "bfloat16") == 0
    monkeypatch.setattr(on_tensorflow, "has_half_copies", lambda: False)
    assert bytes_for(shape, "float32") == 0
    assert not HalfCopy(made.causal_lm, exact).is_possible
