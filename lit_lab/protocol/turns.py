"""Turns of a conversation, and the requests that take one in place of a prompt."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lit_lab.protocol.base import MAX_TEXT, Message, Text

Role = Literal["system", "user", "model"]
"""Who speaks. Files have more names for each; `lit_lab/datasets/turns.py` knows them."""

SystemUse = Literal["turn", "user"]
"""Where the chat format puts system turns: `turn`: in turns of their own; `user`: within a user's turn."""

MAX_TURNS = 1_000
"""Maximum number of turns of a conversation."""


class Turn(Message):
    """What one side of a conversation says."""

    role: Role = Field(description="`system`: instructions for the model; `user`; `model`: an earlier answer.")
    text: Text


Turns = Annotated[list[Turn], Field(min_length=1, max_length=MAX_TURNS, fail_fast=True)]
"""A conversation, in order. If the last turn is the model's, the answer continues it."""


class PromptRequest(Message):
    """What a model answers: a prompt, or a conversation. Exactly one of them is given."""

    prompt: Text | None = Field(default=None, description="A text. None: `turns` is given.")
    turns: Turns | None = Field(
        default=None,
        description="A conversation, which the model's chat format writes; it needs one, even if `chat` is `auto` and "
        "nothing says that the model is instruction-tuned. Each turn has a text. None: `prompt` is given.",
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> PromptRequest:
        if (self.prompt is None) == (self.turns is None):
            raise ValueError("either a prompt or turns must be given, not both")
        if sum(len(turn.text) for turn in self.turns or ()) > MAX_TEXT:
            raise ValueError(f"the turns may have {MAX_TEXT:,} characters together")
        return self
