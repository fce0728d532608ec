"""Chat formats: the turns that an instruction-tuned model was taught to expect around a prompt.

Each format is that of its family's own model card. They serve models that come without a template of their own
(`templates/`), and say how a conversation that somebody wrote goes on. A turn is a heading with its role, its text, and what closes it:
`<start_of_turn>user\\n … <end_of_turn>\\n`. What is put around a prompt is its template; turns that somebody wrote into the
prompt are the prompt's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from lit_lab.problem import Problem
from lit_lab.protocol import ChatUse


class Turns(Protocol):
    """What puts prompts into turns: a family's format, or a model's own template."""

    @property
    def name(self) -> str:
        """What the interface calls it."""

    @property
    def start(self) -> str:
        """The token that begins a turn; empty: that isn't known."""

    def around(self, prompt: str, thinks: bool = False) -> tuple[ChatUse, str, str]:
        """Return what becomes of a prompt, and what to put before and behind it so that the model speaks next."""


@dataclass(frozen=True)
class ChatFormat:
    """How a family writes a conversation.

    Attributes:
        name: What the interface calls it.
        start: The token that begins a turn.
        heading: What stands between the role and the turn's text.
        end: The token that closes a turn.
        gap: What stands between two turns.
        model: What the model's own role is called.
        markers: All its tokens; a tokenizer must take each as one.
    """

    name: str
    start: str
    heading: str
    end: str
    gap: str
    model: str
    markers: tuple[str, ...]

    def open(self, role: str) -> str:
        """Return what begins a role's turn."""
        return f"{self.start}{role}{self.heading}"

    def around(self, prompt: str, thinks: bool = False) -> tuple[ChatUse, str, str]:
        """Return what becomes of a prompt, and what to put before and behind it so that the model speaks next.

        A prompt without turns becomes the user's. In one with turns of its own, nothing is put before them; a turn that
        is left open is closed, unless it is the model's, which the answer goes on with. What the prompt closes itself isn't
        closed twice.
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
            return "written", "", onward if is_closed else ""  # text behind the last turn: the user knows why
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
    """Return the format whose tokens a vocabulary has; None: none that is known here.

    Args:
        is_whole: Whether the tokenizer makes one control token of a marker that stands in a text.
    """
    return next((format for format in FORMATS if all(map(is_whole, format.markers))), None)


def no_format(fault: str = "") -> Problem:
    """Return the refusal of a chat format that a model hasn't.

    Args:
        fault: Why its own template isn't used, in words that follow “it”; empty: it has none.
    """
    why = f" It has a template of its own, which can't be used: it {fault}." if fault else ""
    return Problem(
        422,
        "no_chat_format",
        f"The chat format is on, and this model's vocabulary has the tokens of none that is known here.{why}",
        "Set Chat format to automatic or off in the panel's options; or choose an instruction-tuned model that comes with a "
        "chat template, or one of Gemma, Llama 3, Qwen, Phi-3 or Mistral.",
    )
