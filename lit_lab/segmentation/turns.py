"""Turns of a conversation in a prompt: the role of the text that follows, and the tokens that mark it.

The formats are those of lit_lab/service/chat.py, and of the templates of Phi-3 and Mistral.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .ecmascript import compile
from .token import SpelledToken, TextToken, TokenSpan


@dataclass(frozen=True)
class Turn:
    """The tokens that begin a turn, or only end one."""

    span: TokenSpan
    """Its tokens: the end of the turn before, the role, and what is between."""
    role: str
    """The role as written, such as `user`; empty: no turn begins here."""


# What begins a turn, its role, what may follow the role, and what ends a turn.
_FORMATS = (
    (r"<start_of_turn>", r"\w*", r"\n?", r"<end_of_turn>"),
    (r"<\|start_header_id\|>", r"\w*", r"(?:<\|end_header_id\|>)?\n{0,2}", r"<\|eot_id\|>"),
    (r"<\|im_start\|>", r"\w*", r"\n?", r"<\|im_end\|>"),
    (r"<\|", r"system|user|assistant", r"\|>\n?", r"<\|end\|>"),
    (r"\[", r"/?INST", r"\] ?", r"</s>"),
)
_TURN = compile(
    "|".join(rf"(?:{end}\s*)?{start}(?:{role}){heading}|{end}\s*" for start, role, heading, end in _FORMATS)
)
_ROLE = compile("|".join(f"{start}({role})" for start, role, _, _ in _FORMATS))
_BREAKS = compile("Ċ|<0x0A>")
_BLANKS = compile("[▁Ġ]")

_NAMELESS = {"INST": "user", "/INST": "assistant"}
"""The roles in Mistral's format, which has no names for them."""


def written_turns(tokens: Sequence[TextToken], end: int) -> list[Turn]:
    """Return the turns that the user wrote into a prompt, in order and apart.

    Args:
        tokens: The whole sequence.
        end: End of the prompt.
    """
    if not any(_is_control(token) for token in tokens[:end]):
        return []
    offsets = [0]  # where each token begins in the text, and finally where the text ends
    for token in tokens[:end]:
        offsets.append(offsets[-1] + len(token.text))
    turns: list[Turn] = []
    at = 0
    for match in _TURN.finditer("".join(token.text for token in tokens[:end])):
        # Tokens without a text belong to the next token with one.
        while at < end and offsets[at + 1] <= match.start():
            at += 1
        start = at
        while at < end and offsets[at + 1] <= match.end() and offsets[at] < match.end():
            at += 1
        # The same characters in another tokenizer are text.
        if at > start and _is_control(tokens[start]):
            turns.append(Turn((start, at), _role_in(match[0])))
    return turns


def added_turn(tokens: Sequence[SpelledToken], span: TokenSpan) -> tuple[str, str] | None:
    """Return which role begins at tokens that the chat format put at a place of the sequence, and their spelling.

    If a template has its own form for turns, the place says which role follows. Returns None if they mark no turn, as `<bos>` alone.

    Args:
        tokens: The whole sequence.
        span: Consecutive `template` tokens.
    """
    start, end = span
    spelled = spelled_of(tokens, span)
    if _TURN.search(spelled):
        return _role_in(spelled), spelled
    # A single token begins each text.
    return ("user" if start == 0 else "assistant", spelled) if end - start > 1 else None


def spelled_of(tokens: Sequence[SpelledToken], span: TokenSpan) -> str:
    """Return how tokens are spelled that have no text of their own."""
    spelled = "".join(token.piece for token in tokens[span[0] : span[1]])
    # How vocabularies write line breaks and blanks.
    return _BLANKS.sub(" ", _BREAKS.sub("\n", spelled))


def template_ends(tokens: Sequence[TextToken], seam: int) -> tuple[TokenSpan, TokenSpan]:
    """Return the `template` tokens at the beginning and at the end of a prompt.

    A start token that the user wrote precedes the first.
    """
    start = 0
    while start < seam and _is_control(tokens[start]):
        start += 1
    start = start if start < seam and tokens[start].kind == "template" else 0
    first = start
    while first < seam and tokens[first].kind == "template":
        first += 1
    last = seam
    while last > first and tokens[last - 1].kind == "template":
        last -= 1
    return (start, first), (last, seam)


def _role_in(text: str) -> str:
    found = None
    for found in _ROLE.finditer(text):  # noqa: B007 - the last one counts
        pass
    role = next((role for role in found.groups() if role is not None), "") if found else ""
    return _NAMELESS.get(role, role)


def _is_control(token: TextToken) -> bool:
    return token.kind == "control"
