"""LIT models over a Keras CausalLM: the three that LIT's own interface expects, with its specs.

They share one `LanguageModel`, as LIT's own three share one Keras model. Unlike LIT's, they never cut a text silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from keras import ops
from lit_nlp.api import model as lit_model
from lit_nlp.api import types as lit_types
from lit_nlp.examples.prompt_debugging import constants
from numpy.typing import NDArray
from pydantic import BaseModel

from lit_lab.problem import Problem
from lit_lab.protocol import AnswerEvent, ChatMode, GenerateRequest, SalienceRequest, ScoresEvent, Span, Token

from .cancellation import Cancellation
from .tokens import SequenceTokenizer

Names = constants.FieldNames


class Computing(Protocol):
    """The part of a `LanguageModel`, or of a wrapper, that LIT's models need."""

    causal_lm: Any
    tokenizer: SequenceTokenizer

    def generate(self, request: GenerateRequest, cancellation: Cancellation) -> Iterator[BaseModel]:
        """As `LanguageModel.generate`."""

    def salience(self, request: SalienceRequest, cancellation: Cancellation) -> Iterator[BaseModel]:
        """As `LanguageModel.salience`."""


class _LanguageModelBase(lit_model.Model):  # type: ignore[misc]  # LIT has no types for mypy
    """Base of the three: a LIT model of prompts with optional targets.

    Args:
        language_model: The model.
        chat: Whether prompts are put into its chat format. It is the same for all three; otherwise LIT would explain another
            sequence than the one that was answered.
    """

    def __init__(self, language_model: Computing, chat: ChatMode = "auto") -> None:
        super().__init__()
        self.language_model = language_model
        self.chat = chat

    @classmethod
    def init_spec(cls) -> None:
        """Return None: LIT can't make one from a form, because it needs a loaded model."""
        return None

    def input_spec(self) -> lit_types.Spec:
        """Return LIT's spec of a prompt with an optional target."""
        return constants.INPUT_SPEC


class GenerationModel(_LanguageModelBase):
    """Answers prompts greedily, and embeds prompts and answers by their mean token embeddings, as LIT's own does.

    Args:
        language_model: The model.
        max_new_tokens: Maximum number of tokens in an answer.
        chat: As for all three.
    """

    def __init__(self, language_model: Computing, max_new_tokens: int = 256, chat: ChatMode = "auto") -> None:
        super().__init__(language_model, chat)
        self.max_new_tokens = max_new_tokens

    def output_spec(self) -> lit_types.Spec:
        """Return LIT's spec of a response with its embeddings."""
        return constants.OUTPUT_SPEC_GENERATION | constants.OUTPUT_SPEC_GENERATION_EMBEDDINGS

    def predict(self, inputs: Iterable[lit_types.JsonDict], **_: Any) -> Iterator[dict[str, Any]]:
        """Yield one response for each input."""
        for example in inputs:
            request = GenerateRequest(
                model="lit",
                prompt=example[Names.PROMPT],
                max_new_tokens=self.max_new_tokens,
                chat=self.chat,
                alternatives=0,
            )
            events = self.language_model.generate(request, Cancellation())
            response = next(event.text for event in events if isinstance(event, AnswerEvent))
            yield {
                Names.RESPONSE: response,
                Names.PROMPT_EMBEDDINGS: self._embedding(example[Names.PROMPT]),
                Names.RESPONSE_EMBEDDINGS: self._embedding(response),
            }

    def _embedding(self, text: str) -> NDArray[np.float32]:
        ids = [token.id for token in self.language_model.tokenizer.prompt(text)]
        return mean_embedding(self.language_model.causal_lm, ids)


class TokenizerModel(_LanguageModelBase):
    """Tokenizes prompt and target separately."""

    def output_spec(self) -> lit_types.Spec:
        """Return LIT's spec of tokens."""
        return constants.OUTPUT_SPEC_TOKENIZER

    def predict(self, inputs: Iterable[lit_types.JsonDict], **_: Any) -> Iterator[dict[str, Any]]:
        """Yield the tokens of each input, as LIT's interface joins and divides them."""
        for example in inputs:
            yield {Names.TOKENS: _pieces(self, example)[1]}


class SalienceModel(_LanguageModelBase):
    """Scores the tokens of prompt and target by their influence on the tokens that a mask selects."""

    def input_spec(self) -> lit_types.Spec:
        """Return LIT's spec of a prompt, an optional target and a mask over their tokens."""
        return constants.INPUT_SPEC | constants.INPUT_SPEC_SALIENCE

    def output_spec(self) -> lit_types.Spec:
        """Return LIT's spec of tokens and the two methods' scores."""
        return constants.OUTPUT_SPEC_SALIENCE

    def predict(self, inputs: Iterable[lit_types.JsonDict], **_: Any) -> Iterator[dict[str, Any]]:
        """Yield tokens and scores of each input.

        Raises:
            Problem: `bad_mask`: the mask selects nothing, selects tokens that aren't adjacent, or is longer than the
                sequence.
        """
        for example in inputs:
            ids, pieces = _pieces(self, example)
            request = SalienceRequest(
                model="lit", ids=ids, targets=[_span(example.get(Names.TARGET_MASK) or [], len(ids))]
            )
            scores: dict[str, list[float]] = {
                event.method: event.scores
                for event in self.language_model.salience(request, Cancellation())
                if isinstance(event, ScoresEvent)
            }
            yield {Names.TOKENS: pieces, **scores}


def model_group(
    language_model: Computing, name: str, max_new_tokens: int = 256, chat: ChatMode = "auto"
) -> dict[str, lit_model.Model]:
    """Return the three models under the names by which LIT's sequence salience finds them."""
    return {
        name: GenerationModel(language_model, max_new_tokens, chat),
        f"_{name}_salience": SalienceModel(language_model, chat),
        f"_{name}_tokenizer": TokenizerModel(language_model, chat),
    }


def mean_embedding(causal_lm: Any, ids: Sequence[int]) -> NDArray[np.float32]:
    """Return the mean of the tokens' embeddings, by which LIT places texts (`KerasGenerationModel.embed_and_mean_pool`).

    Returns:
        `<float32>[dim]`; zero without tokens.
    """
    table = causal_lm.backbone.token_embedding
    if not ids:
        return np.zeros(table.output_dim, np.float32)
    rows = table(ops.convert_to_tensor([list(ids)], dtype="int32"))
    mean: NDArray[np.float32] = ops.convert_to_numpy(ops.cast(rows, "float32"))[0].mean(axis=0)
    return mean


def _pieces(model: _LanguageModelBase, example: Mapping[str, Any]) -> tuple[list[int], list[str]]:
    tokenizer = model.language_model.tokenizer
    tokens = tokenizer.tokenize_prompt(example[Names.PROMPT], model.chat).tokens
    tokens += tokenizer.answer(example.get(Names.TARGET) or "")
    return [token.id for token in tokens], [_piece(token) for token in tokens]


def _piece(token: Token) -> str:
    """Return a token's text for LIT's interface, which finds words by `▁` and lines by line breaks.

    LIT takes the vocabulary's spelling and corrects some of GPT-2's characters. The token's own text needs no correction:
    other scripts stay readable, and characters made of several bytes are whole.
    """
    return token.piece if token.kind == "template" else token.text.replace(" ", "▁")


def _span(mask: list[float], length: int) -> Span:
    # Token 0 is never predicted; LIT, too, excludes it from the mask.
    selected = [index for index, value in enumerate(mask) if value and index > 0]
    if not selected or selected[-1] >= length or selected != list(range(selected[0], selected[-1] + 1)):
        raise Problem(
            422,
            "bad_mask",
            f"The target mask selects the tokens {selected} of {length}.",
            "Select one or more neighbouring tokens, other than just the first one.",
        )
    return Span(start=selected[0], end=selected[-1] + 1)
