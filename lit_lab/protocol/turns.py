"""Turns of a conversation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lit_lab.protocol.base import Message, Text

Role = Literal["system", "user", "model"]
"""Who speaks. Files have more names for each; `lit_lab/datasets/turns.py` knows them."""


class Turn(Message):
    """What one side of a conversation says."""

    role: Role = Field(description="`system`: instructions for the model; `user`; `model`: an earlier answer.")
    text: Text
