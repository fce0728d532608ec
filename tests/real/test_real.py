"""Two real models in each available form, compared with transformers, plain PyTorch and llama.cpp."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from reals import Real
from reference_gradients import numbers, whole_inputs

from lit_lab.protocol import GenerateRequest, Role, SalienceRequest, ScoresEvent, Span, Turn
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.language_model import LanguageModel
from lit_lab.service.registry import Registry, parse

WINDOW = 512
TUTORIAL = """Analyze a menu item in a restaurant.

## For example:

Taste-likes: I've a sweet-tooth
Taste-dislikes: Don't like onions or garlic
Suggestion: Onion soup
Analysis: it has cooked onions in it, which you don't like.
Recommendation: {recommendation}

Taste-likes: I've a sweet-tooth
Taste-dislikes: Don't like onions or garlic
Suggestion: Baguette maison au levain
Analysis: Home-made leaven bread in france is usually great
Recommendation: Likely good.

Taste-likes: I've a sweet-tooth
Taste-dislikes: Don't like onions or garlic
Suggestion: Macaron in france
Analysis: Sweet with many kinds of flavours
Recommendation: You have to try it.

## Now analyze one more example:

Taste-likes: Cheese
Taste-dislikes: Can't eat eggs
Suggestion: Quiche Lorraine
Analysis:"""


async def loaded(path: Path) -> LanguageModel:
    """Load a model through the registry, as the service does."""
    registry = Registry(parse([f"real:{path}"]), WINDOW, lambda _: None)
    await registry.load("real")
    entry = registry.get("real")
    assert entry.error is None, entry.error.message
    assert entry.model is not None
    return entry.model


def last_logits(model: LanguageModel, ids: list[int]) -> NDArray[Any]:
    return numbers(model.causal_lm(whole_inputs(model.causal_lm, ids)))[0, -1]


def greedy(model: LanguageModel, prompt: str, most: int, stop: tuple[str, ...] = ()) -> Any:
    request = GenerateRequest(model="real", prompt=prompt, chat="off", max_new_tokens=most, stop=list(stop))
    return list(model.generate(request, Cancellation()))[-1]


def maps(model: LanguageModel, ids: list[int], target: Span, methods: list[Any]) -> dict[str, NDArray[Any]]:
    asked = SalienceRequest(model="real", ids=ids, targets=[target], methods=methods)
    events = [each for each in model.salience(asked, Cancellation()) if isinstance(each, ScoresEvent)]
    return {each.method: np.array(each.scores) for each in events}


async def test_it_is_what_transformers_and_pytorch_say(real: Real) -> None:
    model = await loaded(real.gguf)
    said = real.said
    for each in said["texts"]:
        assert [token.id for token in model.tokenizer.answer(each["text"])] == each["ids"]
    ids = [token.id for token in model.tokenizer.prompt(said["prompt"])]
    assert ids == said["ids"]
    exact = np.array(said["logits"])
    assert np.max(np.abs(last_logits(model, ids)[:: said["every"]] - exact)) <= 1e-4 * np.max(np.abs(exact))
    answer = [token.id for token in greedy(model, said["prompt"], len(said["answer"])).tokens]
    assert answer == said["answer"][: len(answer)]
    assert len(answer) >= len(said["answer"]) - 1  # without its end token
    whole = ids + said["answer"][: said["explained"]]
    found = maps(model, whole, Span(start=len(ids), end=len(whole)), list(said["maps"]))
    for method, scores in said["maps"].items():
        expected = np.array(scores)
        off = np.max(np.abs(found[method][: len(expected)] - expected)) / np.max(np.abs(expected))
        print(f"{real.name}: {method} is {off:.1e} of the largest score off float64")
        assert off <= 1e-3, method


async def test_a_conversations_ids_are_those_of_transformers(real: Real) -> None:
    if not real.conversations:
        pytest.skip("transformers finds no chat template in it")
    roles: dict[str, Role] = {"system": "system", "user": "user", "assistant": "model"}
    for path in (real.gguf, real.hugging_face):
        model = await loaded(path)
        for said in real.conversations:
            turns = [Turn(role=roles[role], text=text) for role, text in said["turns"]]
            prompt = model.tokenizer.tokenize_turns(turns)
            assert [token.id for token in prompt.tokens] == said["ids"], (path.name, turns)


async def test_each_form_has_the_same_logits(real: Real, tmp_path: Path) -> None:
    ids = real.said["ids"]
    expected = last_logits(await loaded(real.gguf), ids)
    folder = await loaded(real.hugging_face)
    assert np.max(np.abs(last_logits(folder, ids) - expected)) <= 1e-5 * np.max(np.abs(expected))
    folder.causal_lm.save_to_preset(str(tmp_path / "preset"))
    try:
        preset = await loaded(tmp_path / "preset")
    except AssertionError as error:
        # keras-hub 0.32 can't read a preset that it saved of a Llama with another vocabulary.
        assert real.name == "smollm2", error
        print(f"{real.name}: Keras can't read its preset back: {error}")
        return
    assert np.max(np.abs(last_logits(preset, ids) - expected)) <= 1e-5 * np.max(np.abs(expected))


@pytest.mark.parametrize("form", ["model", "exact"])
async def test_it_is_what_llama_cpp_says(real: Real, form: str) -> None:
    model = await loaded(real.exact if form == "exact" else real.gguf)
    said = real.llama[form]
    for each in said["texts"]:
        assert [token.id for token in model.tokenizer.answer(each["text"])] == each["ids"], each["text"]
    ids = [token.id for token in model.tokenizer.prompt(said["text"])]
    assert ids == said["ids"]
    top = np.argmax(numbers(model.causal_lm(whole_inputs(model.causal_lm, ids)))[0], axis=-1)
    same = top == np.array(said["top"])
    print(f"{real.name} ({form}): the top token is llama.cpp's at {np.mean(same):.1%} of {len(ids)} positions")
    # With quantized weights llama.cpp also rounds the activations. Positions where that changes its own top token aren't compared.
    exact = np.array(real.llama["exact"]["top"])
    if form == "model":
        print(f"{real.name}: llama.cpp agrees with its own F32 result at {np.mean(exact == said['top']):.1%}")
        same = same[exact == said["top"]]
    assert np.mean(same) >= 0.99
    if form == "exact":
        answer = [token.id for token in greedy(model, real.said["prompt"], len(said["answer"])).tokens]
        assert answer == said["answer"][: len(answer)]


def by_line(prompt: Any, scores: NDArray[Any]) -> list[tuple[float, int, str]]:
    """Return each line of a prompt, with its number and the sum of its tokens' scores, the largest first."""
    lines: list[list[Any]] = [[0.0, 0, ""]]
    for token, score in zip(prompt, scores, strict=False):
        lines[-1][0] += float(score)
        lines[-1][2] += token.text
        if "\n" in token.text:
            lines.append([0.0, lines[-1][1] + token.text.count("\n"), ""])
    return sorted(((score, at, text.strip()) for score, at, text in lines if text.strip()), reverse=True)


async def test_the_tutorials_story_holds_on_gemma(gemma: Real) -> None:
    model = await loaded(gemma.gguf)
    answers = {}
    for recommendation in ("You have to try it.", "Avoid."):
        text = TUTORIAL.format(recommendation=recommendation)
        answer = greedy(model, text, 64, ("Taste-likes:",))
        answers[recommendation] = "".join(token.text for token in answer.tokens)
        assert answer.reason == "stop"
        if recommendation == "Avoid.":
            continue
        assert "You have to try it." in answers[recommendation]
        prompt = model.tokenizer.prompt(text)
        ids = [token.id for token in (*prompt, *answer.tokens)]
        texts = [token.text for token in answer.tokens]
        first = next(at for at in range(len(texts)) if "Recommendation" in "".join(texts[: at + 1]))
        target = Span(start=len(prompt) + first, end=len(ids))
        ranked = by_line(prompt, maps(model, ids, target, ["grad_l2"])["grad_l2"])
        for score, at, line in ranked[:5]:
            print(f"{score:10.4f}  line {at:2}  {line}")
        # The third example has the same sentence, on another line.
        assert ranked[0][1:] == (8, "Recommendation: You have to try it.")
    print("\nThe first example's recommendation | Gemma's answer")
    for recommendation, said in answers.items():
        print(f"{recommendation:34} | {said.strip()!r}")
