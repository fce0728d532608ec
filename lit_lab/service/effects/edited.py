"""A run's sequence with parts of its prompt deleted, tokenized as the edited prompt would be."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from lit_lab.deletion import delete, replace
from lit_lab.problem import Problem
from lit_lab.protocol import EffectsRequest, Turn

from ..model_window import check_sequence
from ..tokens import SequenceTokenizer


class EditedPrompt:
    """Makes the sequences of a request.

    Text is deleted before tokenizing, together with one of the gaps around it (`deletion.py`). Tokens at the seam, and the
    chat format, are therefore those that the model gets when a user deletes the same text.

    Args:
        request: The request.
        tokenizer: The model's.
        window: The model's window.
        replacement: A text that stands in the place of each segment that is removed. None: segments are deleted.

    Raises:
        Problem: `prompt_changed`: the unedited prompt has other tokens than the run, as when the model's chat template has
            changed since; `sequence_too_long`; `unknown_token`; or what tokenizing raises.
    """

    def __init__(
        self, request: EffectsRequest, tokenizer: SequenceTokenizer, window: int, replacement: str | None = None
    ) -> None:
        tokenizer.check_ids(request.ids)
        check_sequence(request.ids, window)
        self._request = request
        self._tokenizer = tokenizer
        self._window = window
        self._replacement = replacement
        self._answer = np.asarray(request.ids[request.answer_start :], np.int64)
        if self._prompt(frozenset()) != request.ids[: request.answer_start]:
            raise Problem(
                422,
                "prompt_changed",
                "The model reads this prompt as other tokens than when it answered.",
                "Run the prompt again.",
            )

    def without(self, removed: Collection[int]) -> tuple[list[int], NDArray[np.bool_]]:
        """Return the sequence without some segments, and which of the answer's tokens are in it.

        Args:
            removed: Indices of segments: the prompt's, then the answer's.

        Returns:
            The ids, and `<bool>[num_answer_tokens]`.

        Raises:
            Problem: `sequence_too_long`: fewer characters can be more tokens.
        """
        request = self._request
        num_segments = len(request.segments)
        stays = np.ones(len(self._answer), bool)
        for index in removed:
            if index >= num_segments:
                span = request.answer_segments[index - num_segments]
                stays[span.start - request.answer_start : span.end - request.answer_start] = False
        prompt = self._prompt(frozenset(index for index in removed if index < num_segments))
        # A model needs at least one token, and not all have a start token.
        prompt = prompt or list(request.ids[:1])
        ids = prompt + self._answer[stays].tolist()
        check_sequence(ids, self._window)
        return ids, stays

    def _prompt(self, removed: frozenset[int]) -> list[int]:
        request, tokenizer = self._request, self._tokenizer
        if request.turns is None:
            found = tokenizer.tokenize_prompt(
                self._text(request.prompt or "", 0, removed), request.chat, request.thinking
            )
        else:
            turns = [
                Turn(role=turn.role, text=self._text(turn.text, number, removed))
                for number, turn in enumerate(request.turns)
            ]
            # A turn whose text is deleted stays, without text: removing it would change who says what.
            found = tokenizer.tokenize_turns(turns, request.chat, request.thinking, may_be_empty=bool(removed))
        return [token.id for token in found.tokens]

    def _text(self, text: str, turn: int, removed: frozenset[int]) -> str:
        segments = enumerate(self._request.segments)
        spans = [span for index, span in segments if span.turn == turn and index in removed]
        return delete(text, spans) if self._replacement is None else replace(text, spans, self._replacement)
