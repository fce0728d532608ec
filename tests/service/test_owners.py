"""No user gets results from another user's cache. The tests count computations rather than time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from lit_lab.protocol import AnswerEvent, GenerateRequest, ProgressEvent, SalienceRequest, ScoreRequest, Span
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.registry import Registry, parse
from lit_lab.service.scheduler import Scheduler

PROMPT = "Suggestion: Onion soup\nAnalysis:"
MAP = SalienceRequest(
    model="tiny",
    ids=[2, 300, 301, 302, 303, 304],
    targets=[Span(start=3, end=5)],
    methods=["grad_l2", "integrated_gradients"],
)
FOIL = MAP.model_copy(update={"foil": [305, 306], "methods": ["grad_l2"]})


@pytest.fixture
def model(causal_lm: Any) -> Any:
    from lit_lab.service.language_model import LanguageModel

    return LanguageModel(causal_lm)


def reused(events: Iterator[Any]) -> int:
    """Return how many of a prompt's tokens were reused."""
    (answer,) = [event for event in events if isinstance(event, AnswerEvent)]
    return answer.reused


def generate(model: Any, owner: str, prompt: str = PROMPT) -> int:
    model.serve(owner)
    return reused(model.generate(GenerateRequest(model="tiny", prompt=prompt, max_new_tokens=3), Cancellation()))


def test_another_users_prompt_is_read_as_one_that_was_never_there(model: Any) -> None:
    assert generate(model, "a") == 0
    assert generate(model, "a") > 0
    assert generate(model, "b") == 0  # the same prompt
    assert generate(model, "a") == 0  # nor does the first user's result show that the second one sent the prompt
    assert generate(model, "", PROMPT + " more") == 0  # users without a name share nothing with the others
    assert generate(model, "", PROMPT) > 0


def test_so_is_a_given_answer(model: Any) -> None:
    request = ScoreRequest(model="tiny", prompt=PROMPT, target=" Too salty.")
    generate(model, "a")
    model.serve("b")
    assert reused(model.score(request, Cancellation())) == 0
    assert reused(model.score(request, Cancellation())) > 0


@pytest.mark.parametrize("request_", [MAP, FOIL], ids=["plain", "contrastive"])
def test_maps_are_computed_anew(model: Any, request_: SalienceRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    computed = []
    for name in ("of", "at"):
        if (found := getattr(model.gradients, name)) is not None:
            monkeypatch.setattr(model.gradients, name, lambda *a, found=found: computed.append(a) or found(*a))

    def gradients(owner: str) -> int:
        computed.clear()
        model.serve(owner)
        list(model.salience(request_, Cancellation()))
        return len(computed)

    first = gradients("a")
    assert first > 0
    assert gradients("a") == 0
    assert gradients("b") == first
    assert gradients("a") == gradients("b") == 0  # each user has their own


def test_no_forward_pass_serves_another(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from lit_lab.service.engine.passes import Passes

    ids = [2, *range(300, 330)]
    model.gradients.request_compile(len(ids), 4)
    model.gradients.compile_pending()
    read = []
    forward = Passes.forward
    monkeypatch.setattr(Passes, "forward", lambda self, ids, *rest: read.append(ids) or forward(self, ids, *rest))
    for owner, expected in (("a", 1), ("a", 1), ("b", 2), ("b", 2), ("a", 2), ("c", 3), ("b", 4)):
        model.serve(owner)
        model.gradients.of(ids, 20, 22)
        assert len(read) == expected, owner


class Model:
    """Records whom it serves and when it computes."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    def serve(self, owner: str) -> None:
        self.noted.append(owner)

    is_large = False

    def warm_up_generation(self) -> None:
        pass


@pytest.mark.asyncio
async def test_the_owner_of_the_turn_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model()
    monkeypatch.setattr(Registry, "_make", lambda *_: model)
    monkeypatch.setattr(Registry, "rested", lambda self, entry: None)
    scheduler = Scheduler(Registry(parse(["one:./x"]), None, lambda say: None))
    await scheduler._registry.start(lambda _: None)

    def compute(model: Any, _: Cancellation) -> Iterator[BaseModel]:
        model.noted.append("computes")
        yield ProgressEvent(done=1, total=1)

    async def asked(owner: str) -> None:
        assert [line async for line in scheduler.stream("one", compute, owner)]

    await asyncio.gather(asked("a"), asked("b"), asked(""))
    await scheduler.collect("one", compute, Cancellation(), "lit")
    assert model.noted == ["a", "computes", "b", "computes", "", "computes", "lit", "computes"]


def test_lits_own_cache_serves_its_owner_alone() -> None:
    caching = pytest.importorskip("lit_nlp.lib.caching")
    from lit_nlp.api import model as lit_model
    from lit_nlp.api import types as lit_types

    from lit_lab.service.lit_app.building import _keep_apart
    from lit_lab.service.lit_app.turns import OWNER

    predicted = []

    class Counting(lit_model.BatchedModel):  # type: ignore[misc]
        def predict_minibatch(self, inputs: Any) -> Any:
            predicted.extend(inputs)
            return [{"text": one["prompt"]} for one in inputs]

        def input_spec(self) -> Any:
            return {"prompt": lit_types.TextSegment()}

        def output_spec(self) -> Any:
            return {"text": lit_types.TextSegment()}

    wrapper = caching.CachingModelWrapper(Counting(), "tiny")
    _keep_apart(wrapper)
    for owner, expected in (("a", 1), ("a", 1), ("b", 2), ("b", 2), ("a", 2)):
        token = OWNER.set(owner)
        assert list(wrapper.predict([{"_id": "1", "prompt": "p"}])) == [{"text": "p"}]
        OWNER.reset(token)
        assert len(predicted) == expected, owner
