"""What segmenting needs to know about a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

TokenSpan = tuple[int, int]
"""Half-open span `[start, end)` of token indices."""

Kind = Literal["text", "control", "template"]


class TextToken(Protocol):
    """A token with its characters, such as `lit_lab.protocol.Token`."""

    @property
    def text(self) -> str:
        """Its characters; may be empty."""

    @property
    def kind(self) -> Kind:
        """Whether the user wrote it, as text or as a control token, or a template added it."""


class SpelledToken(TextToken, Protocol):
    """A token whose spelling in the vocabulary is known, too."""

    @property
    def piece(self) -> str:
        """The vocabulary's spelling; empty if it isn't known."""


@dataclass(frozen=True)
class Token:
    """A token for texts that no model has tokenized."""

    text: str
    kind: Kind = "text"
    piece: str = ""
