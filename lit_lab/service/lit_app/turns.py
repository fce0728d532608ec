"""A model for LIT's threads, whose computations wait for their turn among all others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING

from pydantic import BaseModel

from lit_lab.problem import Problem
from lit_lab.protocol import GenerateRequest, SalienceRequest

from ..cancellation import Cancellation
from ..scheduler import Scheduler

if TYPE_CHECKING:
    from ..language_model import LanguageModel

CALL: ContextVar[Cancellation] = ContextVar("CALL")
"""Cancels the request of LIT's page that the current thread answers."""

OWNER: ContextVar[str] = ContextVar("OWNER", default="")
"""The user who made that request."""


class LitFailure(Exception):  # noqa: N818 - LIT shows its text, not its name
    """A `Problem` in one text: LIT shows an exception's text and has no hints."""


class InTurn:
    """Wraps a `LanguageModel` (as a `causal_lm.Computing`).

    LIT computes in the thread of its request. Here each answer and each map is a separate computation in the model's
    queue, so that other users' computations run between those of a whole dataset.

    Args:
        scheduler: Runs the computations.
        loop: The loop that `scheduler` runs in.
        name: The model's name.
        model: The model, loaded.
    """

    def __init__(self, scheduler: Scheduler, loop: asyncio.AbstractEventLoop, name: str, model: LanguageModel) -> None:
        # For looking up tokens and embeddings, which needs no turn.
        self.causal_lm = model.causal_lm
        self.tokenizer = model.tokenizer
        self._scheduler = scheduler
        self._loop = loop
        self._name = name

    def generate(self, request: GenerateRequest, _: Cancellation) -> Iterator[BaseModel]:
        """As `LanguageModel.generate`, at once. Raises `LitFailure` and `Cancelled`."""
        return self._run(lambda model, cancellation: model.generate(request, cancellation))

    def salience(self, request: SalienceRequest, _: Cancellation) -> Iterator[BaseModel]:
        """As `LanguageModel.salience`, at once. Raises `LitFailure` and `Cancelled`."""
        return self._run(lambda model, cancellation: model.salience(request, cancellation))

    def _run(self, compute: Callable[[LanguageModel, Cancellation], Iterator[BaseModel]]) -> Iterator[BaseModel]:
        cancellation = CALL.get()
        cancellation.check()
        collecting = self._scheduler.collect(self._name, compute, cancellation, OWNER.get())
        asked = asyncio.run_coroutine_threadsafe(collecting, self._loop)
        try:
            return iter(asked.result())
        except Problem as error:
            raise LitFailure(f"{error.message} {error.hint}".strip()) from error
