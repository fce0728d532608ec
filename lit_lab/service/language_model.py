"""A loaded language model: tokens, generation and salience over one Keras CausalLM."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lit_lab.protocol import (
    AnswerEvent,
    Method,
    PromptEvent,
    SalienceRequest,
    ScoresEvent,
    Span,
    StateEvent,
    Token,
    TokenEvent,
)

from .cancellation import Cancellation
from .errors import ServiceError
from .generation import Decoder
from .salience import METHODS, EmbeddingGradients
from .tokens import SequenceTokenizer, sequence_tokenizer

_SLOW_SECONDS = 0.3  # from here on the reader is told what comes next


class LanguageModel:
    """One Keras CausalLM, used for tokens, generation and salience.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM`, in float32.
        max_length: Window in tokens; None: the preset's own.
    """

    def __init__(self, causal_lm: Any, max_length: int | None = None) -> None:
        self.causal_lm = causal_lm
        self.tokenizer: SequenceTokenizer = sequence_tokenizer(causal_lm)
        self.window = window(causal_lm, max_length)
        self.parameters = int(causal_lm.count_params())
        self._decoder = Decoder(causal_lm)
        self._gradients: EmbeddingGradients | None = None
        self._making = threading.Lock()
        self._salience_checked = False

    def prepare_generation(self) -> None:
        """Compile what generation needs."""
        self._decoder.prepare()

    def prepare_salience(self) -> None:
        """Compile what salience needs; without it, it is computed all the same, only slower.

        Raises:
            ServiceError: `no_salience`.
        """
        self.gradients.prepare()

    @property
    def decoder(self) -> Decoder:
        """What continues a sequence."""
        return self._decoder

    @property
    def gradients(self) -> EmbeddingGradients:
        """What salience rests on; made on first use, because some families can generate only.

        Raises:
            ServiceError: `no_salience`.
        """
        with self._making:  # prepared in the background, and perhaps asked for meanwhile
            if self._gradients is None:
                try:
                    self._gradients = EmbeddingGradients(self.causal_lm)
                except (AttributeError, KeyError, ValueError) as error:
                    raise self._no_salience() from error
            return self._gradients

    def _check_salience(self, ids: Sequence[int], scoring: NDArray[np.float32]) -> None:
        """Check, once, that salience scores the token after `ids` by the very logits that generation chooses by.

        A family that does more to its logits than the embedding layer's reverse would be explained wrongly.
        """
        generating = self._decoder.next_logits(ids)
        if np.max(np.abs(scoring - generating)) > 1e-3 * np.max(np.abs(generating)):
            raise self._no_salience()
        self._salience_checked = True

    def _no_salience(self) -> ServiceError:
        return ServiceError(
            422,
            "no_salience",
            f"{type(self.causal_lm).__name__} can't be run from its embeddings on, so it has no salience here.",
            "Its answers work. For salience choose a text model such as Gemma, Llama, Mistral or Qwen.",
        )

    def generate(
        self, prompt: str, max_new_tokens: int, cancellation: Cancellation
    ) -> Iterator[StateEvent | PromptEvent | TokenEvent | AnswerEvent]:
        """Answer a prompt greedily: first its tokens, then the answer's one by one, then the answer as a whole.

        Args:
            prompt: Any text but the empty one.
            max_new_tokens: Most tokens of the answer.
            cancellation: Checked before every token.

        Raises:
            ServiceError: `empty_prompt`, `prompt_too_long` or `lone_surrogate`.
            Cancelled: when the reader went away.
        """
        started = time.monotonic()
        tokens = self._prompt_tokens(prompt)
        yield PromptEvent(tokens=tokens, window=self.window)
        yield StateEvent(message=f"Reading the prompt ({len(tokens)} tokens)…")
        ids = [token.id for token in tokens]
        length = min(self.window, len(ids) + max_new_tokens)
        answer = self.tokenizer.streamed()
        ended = False
        for id in self._decoder.next_ids(ids, length):
            cancellation.check()
            if id in self.tokenizer.stop_ids:
                ended = True
                break
            yield TokenEvent(token=answer.add(id))
        answered = answer.finish()
        yield AnswerEvent(
            text="".join(token.text for token in answered),
            tokens=answered,
            reason="end" if ended else "length" if len(answered) == max_new_tokens else "window",
            seconds=time.monotonic() - started,
        )

    def salience(self, request: SalienceRequest, cancellation: Cancellation) -> Iterator[StateEvent | ScoresEvent]:
        """Score every token by its influence on each target: one event for each target and method, in that order.

        The first of all targets, and each after a slow one, is announced in words.

        Args:
            request: Ids and targets; the scores have the ids' length, zero from a target's last token on.
            cancellation: Checked before every target.

        Raises:
            ServiceError: `sequence_too_long`, `unknown_token`, `no_salience` or `not_finite`.
            Cancelled: when the reader went away.
        """
        self.tokenizer.check_ids(request.ids)
        if len(request.ids) > self.window:
            raise ServiceError(
                422,
                "sequence_too_long",
                f"Prompt and answer are {len(request.ids)} tokens long; the model's window has {self.window}.",
                "Shorten the prompt, or raise c.LitLab.max_length where the model allows it.",
            )
        announce = True
        for number, target in enumerate(request.targets, start=1):
            cancellation.check()
            if announce:
                yield StateEvent(message=f"Computing salience ({number} of {len(request.targets)})…")
            started = time.monotonic()
            yield from self._scores(request.ids, target, request.methods)
            announce = time.monotonic() - started > _SLOW_SECONDS

    def _scores(self, ids: Sequence[int], target: Span, methods: Sequence[Method]) -> Iterator[ScoresEvent]:
        gradient = self.gradients.of(ids, target.start, target.end)
        if not self._salience_checked:
            self._check_salience(ids[: target.start], gradient.first_logits)
        for method in methods:
            scores = METHODS[method](gradient).tolist()
            if not all(-float("inf") < score < float("inf") for score in scores):
                raise ServiceError(
                    500,
                    "not_finite",
                    "The model's gradients overflowed for this target.",
                    "Try a shorter target, or another one.",
                )
            # The target's last token and what follows it have no part in the target's loss.
            yield ScoresEvent(target=target, method=method, scores=scores + [0.0] * (len(ids) - len(scores)))

    def _prompt_tokens(self, prompt: str) -> list[Token]:
        if not prompt:
            raise ServiceError(422, "empty_prompt", "The prompt is empty.", "Write a prompt first.")
        tokens = self.tokenizer.prompt(prompt)
        if len(tokens) >= self.window:
            raise ServiceError(
                422,
                "prompt_too_long",
                f"The prompt is {len(tokens)} tokens long; the model's window has {self.window}, "
                "and the answer needs room in it, too.",
                "Shorten the prompt, or choose a model with a larger window.",
            )
        return tokens


def window(causal_lm: Any, max_length: int | None) -> int:
    """Return how many tokens, prompt and answer together, a model takes.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM`.
        max_length: The configured window; None: the one that the preset was saved with. A family whose positions are
            learned (GPT-2) can't go beyond its table, whatever is configured.
    """
    asked = max_length or causal_lm.preprocessor.sequence_length
    learned = getattr(causal_lm.backbone, "max_sequence_length", None)
    return int(min(asked, learned) if learned else asked)
