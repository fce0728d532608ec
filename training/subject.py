"""The model that is evaluated, run as the product runs it: LIT Lab's own generation and salience."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lit_lab.service.language_model import LanguageModel

_MAX_TOKENS = 72


def load(preset: Path) -> LanguageModel:
    """Load a preset as the model service does."""
    from lit_lab.service import libraries

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    libraries.set_environment(2, "tensorflow")
    libraries.import_backend(2, "tensorflow")
    libraries.import_keras()
    from lit_lab.service import presets
    from lit_lab.service.language_model import LanguageModel

    model = LanguageModel(presets.load(str(preset)))
    model.compile_pending()
    return model


class Subject:
    """A model to ask."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    def answer(self, prompt: str, begun: str = "", most: int = _MAX_TOKENS) -> str:
        """Return how the model goes on, greedily, behind a prompt and the beginning of its answer."""
        tokenizer = self._model.tokenizer
        ids = [token.id for token in [*tokenizer.prompt(prompt), *(tokenizer.answer(begun) if begun else [])]]
        stream = tokenizer.streamed()
        for step in self._model.decoder.steps(ids, min(self._model.window, len(ids) + most)):
            if step.id in tokenizer.stop_ids:
                break
            stream.add(step.id)
        return "".join(token.text for token in stream.finish() if token.kind == "text")

    def lines(self, prompt: str, answer: str, sentence: str) -> list[float]:
        """Return the `grad_l2` of each of the prompt's lines, for the answer's sentence as the target.

        Args:
            prompt: What was asked.
            answer: What the model said.
            sentence: The answer's end, which is explained.
        """
        from lit_lab.protocol import SalienceRequest, ScoresEvent, Span
        from lit_lab.service.cancellation import Cancellation

        tokens, said = self._model.tokenizer.prompt(prompt), self._model.tokenizer.answer(answer)
        ids = [token.id for token in [*tokens, *said]]
        start, behind = len(ids), len(answer) - len(sentence)
        position = 0
        for n, token in enumerate(said):
            position += len(token.text)
            if position > behind:
                start = len(tokens) + n
                break
        request = SalienceRequest(model="demo", ids=ids, targets=[Span(start=start, end=len(ids))], methods=["grad_l2"])
        *_, event = self._model.salience(request, Cancellation())
        assert isinstance(event, ScoresEvent)
        numbers = np.zeros(len(tokens), int)
        line = 0
        for n, token in enumerate(tokens):
            numbers[n] = line
            line += token.text.count("\n")
        return list(np.bincount(numbers, event.scores[: len(tokens)]))


def rank(values: Sequence[float], index: int) -> int:
    """Return the place of a value among all, largest first, from 1."""
    return 1 + sum(value > values[index] for value in values)
