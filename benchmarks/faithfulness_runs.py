"""A model and its answers to prompts, which are the input of the benchmark's parts."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from faithfulness_items import Item
from faithfulness_plan import Settings

from lit_lab.protocol import AnswerEvent, AnswerToken, GenerateRequest, Precision, PromptEvent
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.language_model import LanguageModel
from lit_lab.service.loading import Loading
from lit_lab.service.registry import Registry, parse

_SENTENCE = re.compile(r"[^\n.!?]*(?:[.!?]+(?:\s+|$)|\n+|$)")


@dataclass(frozen=True)
class Run:
    """A prompt and its answer.

    Attributes:
        item: The prompt.
        ids: All tokens.
        seam: The index of the answer's first token.
        spans: The prompt's sentences, in characters.
        parts: The same in tokens.
        targets: The answer's sentences, in tokens.
        answer: The answer's tokens.
    """

    item: Item
    ids: list[int]
    seam: int
    spans: list[tuple[int, int]]
    parts: list[slice]
    targets: list[slice]
    answer: list[AnswerToken]

    @property
    def is_usable(self) -> bool:
        """Whether there is a target, and more than one sentence to explain it with."""
        return bool(self.targets) and len(self.spans) > 1

    @property
    def text(self) -> str:
        """The answer."""
        return "".join(token.text for token in self.answer)


def load(path: str, precision: Precision = "float32") -> LanguageModel:
    """Load a model as the service does. Raises `Problem`."""

    async def loaded() -> LanguageModel:
        registry = Registry(parse([f"model:{path}"]), None, lambda _: None, Loading(precision=precision))
        async for _ in registry.ready("model"):
            pass
        model = registry.get("model").model
        assert model is not None
        return model

    return asyncio.run(loaded())


def randomized(path: str, seed: int = 0) -> LanguageModel:
    """Load a model, and shuffle the numbers within each of its weights: nothing learned remains, but their distribution does."""
    model = load(path)
    generator = np.random.default_rng(seed)
    for weight in model.causal_lm.backbone.weights:
        numbers = np.array(weight)
        weight.assign(generator.permutation(numbers.reshape(-1)).reshape(numbers.shape))
    return model


def answered(model: LanguageModel, prompt: str, tokens: int) -> tuple[PromptEvent, AnswerEvent]:
    """Return a prompt's tokens and its greedy answer, which ends after the first paragraph."""
    before, answer = _answered(model, prompt, tokens, ["\n\n"])
    if not any(token.text.strip() for token in answer.tokens):
        # Base models often begin with a blank line. Such an answer ends at the limit of tokens.
        before, answer = _answered(model, prompt, tokens, [])
    return before, answer


def _answered(model: LanguageModel, prompt: str, tokens: int, stop: list[str]) -> tuple[PromptEvent, AnswerEvent]:
    request = GenerateRequest(model="model", prompt=prompt, max_new_tokens=tokens, stop=stop, alternatives=3)
    events = list(model.generate(request, Cancellation()))
    (before,) = (event for event in events if isinstance(event, PromptEvent))
    (answer,) = (event for event in events if isinstance(event, AnswerEvent))
    return before, answer


def run_of(model: LanguageModel, item: Item, settings: Settings) -> Run:
    """Return a prompt with the model's answer."""
    before, answer = answered(model, item.prompt, settings.tokens)
    ids = [token.id for token in [*before.tokens, *answer.tokens]]
    seam = len(before.tokens)
    found = in_tokens(sentences(item.prompt), before.tokens, 0)
    in_answer = in_tokens(sentences("".join(token.text for token in answer.tokens)), answer.tokens, seam)
    targets = [part for _, part in in_answer][: settings.targets]
    end = targets[-1].stop if targets else seam
    return Run(
        item=item,
        ids=ids[:end],  # text after the last target isn't scored
        seam=seam,
        spans=[span for span, _ in found],
        parts=[part for _, part in found],
        targets=targets,
        answer=answer.tokens[: end - seam],
    )


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the spans of a text's sentences and lines, with the blanks after them."""
    return [found.span() for found in _SENTENCE.finditer(text) if found.group().strip()]


def in_tokens(
    spans: Sequence[tuple[int, int]], tokens: Sequence[Any], first: int
) -> list[tuple[tuple[int, int], slice]]:
    """Return spans of characters with their tokens, without empty ones. A token belongs to the span in which it begins."""
    begins, at = [], 0
    for token in tokens:
        begins.append(at if token.kind != "template" else -1)
        # The template's own text isn't part of the prompt.
        at += len(token.text) if token.kind != "template" else 0
    found = []
    for start, end in spans:
        inside = [number for number, begin in enumerate(begins) if start <= begin < end]
        if inside:
            found.append(((start, end), slice(first + inside[0], first + inside[-1] + 1)))
    return found
