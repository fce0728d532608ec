r"""Chat formats: the turns around a prompt that an instruction-tuned model was trained with.

Each format comes from its family's model card. They serve models without their own template (`templates/`), and determine how a
conversation that the user wrote continues. A turn has a heading with its role, its text, and an end:
`<start_of_turn>user\n … <end_of_turn>\n`. The text around a prompt is its template; turns that the user wrote into the prompt
are part of the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from lit_lab.problem import Problem
from lit_lab.protocol import ChatUse, Role, SystemUse

from .conversations import Written, no_system_turn, refused


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

    def written(self, roles: Sequence[Role], thinks: bool = False) -> Written:
        """Return what to put before, between and after a conversation's turns so that the model's turn follows.

        If the last turn is the model's, nothing follows it: the answer continues it.

        Raises:
            Problem: `no_system_turn` or `turns_refused`.
        """


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
        has_system: Whether it has a system turn. Otherwise the system's text stands at the beginning of the first user turn, and
            the user's and the model's turns alternate, as Gemma's template has them.
    """

    name: str
    start: str
    heading: str
    end: str
    gap: str
    model: str
    markers: tuple[str, ...]
    has_system: bool = True

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

    def written(self, roles: Sequence[Role], thinks: bool = False) -> Written:
        """Return what to put before, between and after a conversation's turns, as `Turns.written` does."""
        is_folded = not self.has_system and roles[0] == "system"
        if not self.has_system:
            _check_alternating(roles[is_folded:])
        texts: list[str] = []
        ended = ""
        for index, role in enumerate(roles):
            if is_folded and index == 1:
                texts.append("\n\n")
                continue
            # The system's text stands in the user's turn.
            speaker = "user" if is_folded and index == 0 else self.model if role == "model" else role
            texts.append(ended + self.open(speaker))
            ended = self.end + self.gap
        texts.append("" if roles[-1] == "model" else ended + self.open(self.model))
        system: SystemUse | None = ("user" if is_folded else "turn") if "system" in roles else None
        return Written(tuple(texts), tuple(range(len(roles))), system)


def _check_alternating(roles: Sequence[Role]) -> None:
    """Refuse other turns than a user's and a model's by turns, as formats without a system turn have them. Raises `Problem`."""
    if "system" in roles:
        raise no_system_turn("after the first turn")
    if not roles:
        raise no_system_turn("without a user turn after it")
    if any(role != ("user", "model")[index % 2] for index, role in enumerate(roles)):
        raise refused("format", "a user's and the model's turns must alternate, and a user's must be the first")


FORMATS = (
    ChatFormat(
        "Gemma",
        "<start_of_turn>",
        "\n",
        "<end_of_turn>",
        "\n",
        "model",
        ("<start_of_turn>", "<end_of_turn>"),
        has_system=False,
    ),
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


def no_format_for_turns(is_off: bool, fault: str = "") -> Problem:
    """Return the error that a conversation can't be written, because nothing says how turns begin and end.

    Args:
        is_off: Whether the user has turned the chat format off.
        fault: As for `no_format`.
    """
    if is_off:
        why, hint = "the chat format is off", "Set Chat format to automatic or on in the panel's options"
    else:
        own = f", and its own template can't be used: it {fault}" if fault else ""
        why = f"this model has no known chat format{own}"
        hint = "Choose a model that has one, such as an instruction-tuned Gemma, Llama 3, Qwen, Phi-3 or Mistral"
    return Problem(
        422,
        "no_chat_format",
        f"A conversation needs a chat format, which says how turns begin and end; {why}.",
        f"{hint}; or write the prompt as a single text.",
    )


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
