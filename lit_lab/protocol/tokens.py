"""Tokens of a text, and the names of characters."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lit_lab.protocol.base import ChatMode, ChatUse, Message, Name, Text, TokenKind
from lit_lab.protocol.explanations import Span
from lit_lab.protocol.turns import PromptRequest


class Token(Message):
    """One token. The texts of all tokens that aren't `template` join to exactly the text that was tokenized."""

    id: int
    piece: str = Field(description="The vocabulary's own spelling, such as `▁eggs` or `<0x0A>`.")
    text: str = Field(description="The characters of the text that this token stands for; may be empty.")
    kind: TokenKind = Field(
        description="`template`: added by LIT Lab (`<bos>`, the turns of a chat format), with an empty text. `control`: a "
        "control token that the user wrote."
    )


TurnSpans = Annotated[
    list[Span],
    Field(
        fail_fast=True,
        description="The tokens of each of a conversation's turns, in the order of its turns. The texts of a turn's tokens "
        "join to its text; tokens outside are the chat format's. A format may write a system turn later than it stands, so "
        "these spans needn't ascend. Empty: the prompt isn't a conversation.",
    ),
]


class TokensRequest(PromptRequest):
    """Request the tokens of a prompt and of an answer, which are tokenized separately."""

    model: Name
    answer: Text = ""
    chat: ChatMode = "auto"


class TokensResponse(Message):
    """The sequence is `prompt + answer`. Both may contain template tokens, with the kind `template`."""

    model: Name
    prompt: list[Token]
    answer: list[Token]
    turn_spans: TurnSpans = Field(default=[])
    window: int = Field(description="The most tokens, prompt and answer together, that the model accepts here.")


class TokenCountRequest(PromptRequest):
    """Request the number of tokens of a prompt."""

    model: Name
    chat: ChatMode = "auto"
    thinking: bool = Field(
        default=False, description="Whether the model should think first, if its chat template can request that."
    )


class TokenCount(Message):
    """The number of tokens of a prompt."""

    model: Name
    tokens: int = Field(description="Includes the start token and the tokens of the chat format.")
    chat: ChatUse = Field(description="How the prompt would be sent.")
    window: int = Field(description="The most tokens, prompt and answer together, that the model accepts here.")


class UnicodeNamesRequest(Message):
    r"""Look up the names of `\N{…}` escapes, as Python does."""

    names: Annotated[list[Name], Field(fail_fast=True)] = Field(max_length=1_000)


class UnicodeNamesResponse(Message):
    """The characters with known names; unknown names are missing."""

    characters: dict[str, str]
