"""A run with everything that is known of it so far, and the client that computes more."""

from __future__ import annotations

from dataclasses import dataclass

from lit_lab.client.async_client import AsyncClient, OnEvent
from lit_lab.problem import Problem
from lit_lab.protocol import KeptEffects, KeptScores, RunRecord


@dataclass(eq=False)
class RunState:
    """What the classes for users share.

    Attributes:
        record: The run. What is computed is added to it.
        client: Computes more; None for a run that was read from a file.
        max_new_tokens: Maximum number of tokens of its answer, and of answers to changed prompts; None: not known.
        on_event: Called with each event of its jobs.
    """

    record: RunRecord
    client: AsyncClient | None = None
    max_new_tokens: int | None = None
    on_event: OnEvent | None = None

    def connected(self) -> AsyncClient:
        """Return the client. Raises `Problem` where there is none."""
        if self.client is None:
            raise Problem(
                409,
                "not_connected",
                "This isn't computed yet, and the run was read from a file, so that nothing computes it.",
                "Connect it first: run.connect(), or run.connect(server=…). It needs the run's model "
                f"({self.record.model[:100]}).",
            )
        return self.client

    def add_scores(self, scores: list[KeptScores]) -> None:
        """Add scores that were computed."""
        self.record = self.record.model_copy(update={"scores": [*self.record.scores, *scores]})

    def add_effects(self, effects: KeptEffects) -> None:
        """Add effects that were computed."""
        if effects.events:
            self.record = self.record.model_copy(update={"effects": [*self.record.effects, effects]})

    @property
    def ids(self) -> list[int]:
        """The ids of the whole sequence."""
        return [token.id for token in [*self.record.prompt_tokens, *self.record.answer_tokens]]
