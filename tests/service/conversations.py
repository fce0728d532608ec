"""Conversations for the tests, with the expected properties of their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from lit_lab.problem import Problem
from lit_lab.protocol import Role, Turn
from lit_lab.service.tokens import SequenceTokenizer, TokenizedPrompt

TALK = [("user", "Name a red fruit."), ("model", "Apple."), ("user", "And a green one?")]
WITH_SYSTEM = [("system", "You are brief."), *TALK]
ROLES: dict[str, Role] = {"system": "system", "user": "user", "model": "model"}


def turns_of(said: Sequence[tuple[str, str]]) -> list[Turn]:
    return [Turn(role=ROLES[role], text=text) for role, text in said]


def texts(prompt: TokenizedPrompt) -> list[str]:
    """Return the joined text of each turn's tokens."""
    return ["".join(token.text for token in prompt.tokens[span.start : span.end]) for span in prompt.turn_spans]


def check_owned(prompt: TokenizedPrompt, turns: list[Turn]) -> None:
    """Check that each turn contains only its own tokens, and that all others belong to the format."""
    assert prompt.use == "turns"
    assert texts(prompt) == [turn.text for turn in turns]
    owned = {index for span in prompt.turn_spans for index in range(span.start, span.end)}
    assert len(owned) == sum(span.end - span.start for span in prompt.turn_spans)
    assert {index for index, token in enumerate(prompt.tokens) if token.kind != "template"} == owned
    assert all(token.text == "" for token in prompt.tokens if token.kind == "template")


def refusal(tokenizer: SequenceTokenizer, said: Sequence[tuple[str, str]], mode: Any = "auto") -> Problem:
    with pytest.raises(Problem) as failure:
        tokenizer.tokenize_turns(turns_of(said), mode)
    return failure.value
