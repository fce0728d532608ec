"""Checks of requests that need no model service: whether the model exists, and the configuration's limits."""

from __future__ import annotations

from lit_lab import protocol
from lit_lab.models.changing import Models
from lit_lab.problem import Problem


class RequestLimits:
    """Checks requests before the model service gets them.

    Args:
        models: The models that requests may name.
        max_prompt_chars: Maximum number of characters of a prompt or another text.
        max_new_tokens: Maximum number of tokens of an answer.
    """

    def __init__(self, models: Models, max_prompt_chars: int, max_new_tokens: int) -> None:
        self._models = models
        self._max_prompt_chars = max_prompt_chars
        self._max_new_tokens = max_new_tokens

    def status(self) -> protocol.Limits:
        """Return the limits, for the panel."""
        return protocol.Limits(max_prompt_chars=self._max_prompt_chars, max_new_tokens=self._max_new_tokens)

    def check_job(self, request: protocol.JobRequest) -> None:
        """Refuse a job that no service would run. Raises `Problem`."""
        self._models.check(request.model)
        if isinstance(request, protocol.ScoreRequest):
            self.check_length("target", request.target)
        if isinstance(request, protocol.PromptRequest):
            self._check_prompt(request)
        if isinstance(request, protocol.AblationRequest) and request.edited is not None:
            self._check_prompt(request.edited)
        if (
            isinstance(request, protocol.GenerateRequest | protocol.LitAppRequest)
            and request.max_new_tokens > self._max_new_tokens
        ):
            raise Problem(
                422,
                "too_many_new_tokens",
                f"{request.max_new_tokens:,} new tokens are requested; the limit is {self._max_new_tokens:,}.",
                "Request a shorter answer, or raise c.LitLab.max_new_tokens.",
            )

    def check_texts(self, request: protocol.TokensRequest | protocol.TokenCountRequest) -> None:
        """Refuse an unknown model, and texts that are too long. Raises `Problem`."""
        self._models.check(request.model)
        self._check_prompt(request)
        if isinstance(request, protocol.TokensRequest):
            self.check_length("answer", request.answer)

    def check_length(self, what: str, text: str) -> None:
        """Refuse a text that is longer than the configuration allows. Raises `Problem`."""
        self._check_length(what, len(text))

    def _check_prompt(self, request: protocol.PromptRequest) -> None:
        texts = [turn.text for turn in request.turns] if request.turns is not None else [request.prompt or ""]
        self._check_length("prompt", sum(map(len, texts)))

    def _check_length(self, what: str, length: int) -> None:
        limit = self._max_prompt_chars
        if length > limit:
            raise Problem(
                422,
                f"{what}_too_long",
                f"The {what} has {length:,} characters; the limit is {limit:,}.",
                "Shorten it, or raise c.LitLab.max_prompt_chars.",
            )
