"""Tokens of a text, and the names of characters."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lit_lab.protocol.base import ChatMode, ChatUse, Message, Name, Text, TokenKind


class Token(Message):
    """One token. The texts of all tokens that are not `template` join to exactly the text that was tokenized."""

    id: int
    piece: str = Field(description="The vocabulary's own spelling, such as `▁eggs` or `<0x0A>`.")
    text: str = Field(description="The characters of the text that this token stands for; may be empty.")
    kind: TokenKind = Field(
        description="`template`: added by us (`<bos>`, a chat's turns), empty text. `control`: a control token that the user wrote."
    )


class TokensRequest(Message):
    """Ask for the tokens of a prompt and, tokenized apart, of an answer."""

    model: Name
    prompt: Text
    answer: Text = ""
    chat: ChatMode = "auto"


class TokensResponse(Message):
    """The sequence is `prompt + answer`: template tokens are among them, with kind `template`."""

    model: Name
    prompt: list[Token]
    answer: list[Token]
    window: int = Field(description="Most tokens, prompt and answer together, that the model takes here.")


class TokenCountRequest(Message):
    """Ask how many tokens a prompt would be."""

    model: Name
    prompt: Text
    chat: ChatMode = "auto"
    thinking: bool = Field(default=False, description="Whether the model is to think first, where it can be told to.")


class TokenCount(Message):
    """How many tokens a prompt would be."""

    model: Name
    tokens: int = Field(description="Those of the start and of the chat format are among them.")
    chat: ChatUse = Field(description="What would become of it.")
    window: int = Field(description="Most tokens, prompt and answer together, that the model takes here.")


class UnicodeNamesRequest(Message):
    r"""Look up the names of `\N{…}` escapes, as Python does."""

    names: Annotated[list[Name], Field(fail_fast=True)] = Field(max_length=1_000)


class UnicodeNamesResponse(Message):
    """The characters of the names that are known; unknown names are left out."""

    characters: dict[str, str]
