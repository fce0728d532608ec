"""Chat formats: the turns around a prompt that an instruction-tuned model was trained with.

Each format comes from its family's model card. They serve models without their own template (`templates/`), and determine how a
conversation that the user wrote continues. A turn has a heading with its role, its text, and an end:
`<start_of_turn>user\\n … <end_of_turn>\\n`. The text around a prompt is its template; turns that the user wrote into the prompt
are part of the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from lit_lab.problem import Problem
from lit_lab.protocol import ChatUse


class Turns(Protocol):
    """Puts prompts into turns: a family's format, or a model's own template."""

    @property
    def name(self) -> str:
        """Its name in the interface."""

    @property
    def start(self) -> str:
        """The token that begins a turn; empty if unknown."""

    def around(self, prompt: str, thinks: bool = False) -> tuple[ChatUse, str, str]:
        """Return how the format was applied to a prompt, and what to put before and after it so that the model's turn follows."""


@dataclass(frozen=True)
class ChatFormat:
    """A family's format of conversations.

    Attributes:
        name: Its name in the interface.
        start: The token that begins a turn.
        heading: The text between the role and the turn's text.
        end: The token that closes a turn.
        gap: The text between two turns.
        model: The name of the model's role.
        markers: All its tokens; a tokenizer must encode each one as one token.
    """

    name: str
    start: str
    heading: str
    end: str
    gap: str
    model: str
    markers: tuple[str, ...]

    def open(self, role: str) -> str:
        """Return the beginning of a role's turn."""
        return f"{self.start}{role}{self.heading}"

    def around(self, prompt: str, thinks: bool = False) -> tuple[ChatUse, str, str]:
        """Return how the format was applied to a prompt, and what to put before and after it so that the model's turn follows.

        A prompt without turns becomes the user's turn. If it contains turns, nothing is put before it. An open turn is closed, unless
        it is the model's, which the answer continues. A turn that the prompt closes isn't closed twice.
        """
        place = prompt.rfind(self.start)
        last = prompt[place + len(self.start) :] if place >= 0 else prompt
        _, closed, rest = last.rpartition(self.end)
        is_closed = bool(closed) and not rest.strip()
        gap = "" if is_closed and self.gap in rest else self.gap
        onward = ("" if is_closed else self.end) + gap + self.open(self.model)
        if place < 0:
            return "wrapped", self.open("user"), onward
        if closed:
            return "written", "", onward if is_closed else ""  # text after the last turn: users do that on purpose
        role = re.match(r"\w*", last)
        if role is not None and role.group() in (self.model, "assistant"):
            written = last[role.end() :]
            missing = self.heading[len(written) :] if self.heading.startswith(written) else ""
            return "written", "", missing
        return "written", "", onward


FORMATS = (
    ChatFormat("Gemma", "<start_of_turn>", "\n", "<end_of_turn>", "\n", "model", ("<start_of_turn>", "<end_of_turn>")),
    ChatFormat(
        "Llama 3",
        "<|start_header_id|>",
        "<|end_header_id|>\n\n",
        "<|eot_id|>",
        "",
        "assistant",
        ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    ),
    ChatFormat("ChatML", "<|im_start|>", "\n", "<|im_end|>", "\n", "assistant", ("<|im_start|>", "<|im_end|>")),
)


def format_of(is_whole: Callable[[str], bool]) -> ChatFormat | None:
    """Return the format whose tokens a vocabulary has; None if it has no known format's.

    Args:
        is_whole: Whether the tokenizer encodes a marker in a text as one control token.
    """
    return next((format for format in FORMATS if all(map(is_whole, format.markers))), None)


def no_format(fault: str = "") -> Problem:
    """Return the error that a model has no chat format.

    Args:
        fault: Why its own template can't be used, in words that follow "it"; empty if it has none.
    """
    why = f" Its own template can't be used: it {fault}." if fault else ""
    return Problem(
        422,
        "no_chat_format",
        f"The chat format is on, but this model's vocabulary has no known format's tokens.{why}",
        "Set Chat format to automatic or off in the panel's options; or choose an instruction-tuned model that comes with a "
        "chat template, or one of Gemma, Llama 3, Qwen, Phi-3 or Mistral.",
    )
