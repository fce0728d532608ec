"""Conversations in a row: lists of messages, in the forms in which programs write them.

OpenAI's and Hugging Face's `role` and `content`, Gemini's `role` and `parts`, ShareGPT's `from` and `value`, MT-Bench's and
Arena-Hard's turns without roles, and the same as columns of a struct or as JSON in a text.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lit_lab.protocol import MAX_TURNS, Role

from . import json_rows

Turns = list[tuple[Role, str]]
"""The role and the text of each turn, in order."""

NAMES = (
    "messages",
    "conversations",
    "conversation",
    "turns",
    "contents",
    "dialog",
    "dialogue",
    "chat",
    "input",
    "prompt",
)
"""Common names of columns with conversations, likely ones first, in the form of `plain_name`."""

SYSTEM_NAMES = ("system", "systeminstruction", "systemprompt", "systemmessage", "instructions")
"""Common names of columns with system instructions for a conversation in another column."""

_ROLES: dict[str, Role] = {
    **dict.fromkeys(("system", "developer", "instructions"), "system"),
    **dict.fromkeys(("user", "human", "prompter", "customer", "input"), "user"),
    **dict.fromkeys(("assistant", "model", "gpt", "bot", "chatbot", "chatgpt", "ai", "agent", "output"), "model"),
}
_WHO = ("role", "from", "author", "speaker", "sender")
_WHAT = ("content", "value", "parts", "text", "message", "utterance")
_USERS_ONLY = ("turns",)  # columns with lists of one user's consecutive texts
_ALTERNATING = ("dialog", "dialogue", "conversation", "conversations", "chat", "messages")
_LITERAL = 400_000  # maximum characters of a Python literal to parse


class Unreadable(Exception):  # noqa: N818 - not an error in this program
    """A value isn't a readable conversation. The message says why, for the user."""


@dataclass(frozen=True)
class Conversation:
    """A conversation up to its last user turn, and the answer after it.

    Attributes:
        turns: The turns. The last one is a user's.
        target: The model's turn after them; empty if there is none.
        is_whole: Whether the turns and the target are the whole conversation.
    """

    turns: Turns
    target: str = ""
    is_whole: bool = True


def role_of(name: str) -> Role | None:
    """Return the role that a name stands for, such as `assistant`; None if it stands for none."""
    return _ROLES.get(name.lower())


def plain_name(name: str) -> str:
    """Return a column's name in lower case, without blanks and separators: `answerKey` equals `answer_key`."""
    return re.sub(r"[\s_\-]+", "", name).lower()


def looks_like(value: object, name: str) -> bool:
    """Return whether a value in a column of this name is a list of messages or of texts, or spells such a list."""
    plain = plain_name(name.rpartition(".")[2])
    if isinstance(value, str):
        return plain in NAMES and value.lstrip()[:1] == "[" and isinstance(_parsed(value), list)
    if isinstance(value, dict):
        return _rows(value) is not None
    if not isinstance(value, list) or not value:
        return False
    first = value[0]
    if isinstance(first, str):
        return plain in _USERS_ONLY or (plain in _ALTERNATING and len(value) > 1)
    if not isinstance(first, dict) or not any(key in first for key in (*_WHAT, "tool_calls")):
        return False
    return any(key in first for key in _WHO) or plain in NAMES


def is_asked(value: object, name: str) -> bool:
    """Return whether a value looks like a list of messages with a user's message, or without roles."""
    if not looks_like(value, name):
        return False
    if not isinstance(value, list) or not isinstance(value[0], dict):
        return True
    roles = [_who(message) for message in value[:MAX_TURNS] if isinstance(message, dict)]
    return any(role is None or role_of(role) == "user" for role in roles)


def conversation(value: object, name: str, system: object = None) -> Conversation:
    """Return the conversation in a value.

    Args:
        value: A value for which `looks_like` holds.
        name: The value's column.
        system: System instructions from another column; None if there are none.

    Raises:
        Unreadable: The value isn't a conversation, or has content other than text.
    """
    plain = plain_name(name.rpartition(".")[2])
    if isinstance(value, str):
        value = _parsed(value)
    messages = _rows(value) if isinstance(value, dict) else value
    if not isinstance(messages, list) or not messages:
        raise Unreadable(f"Its {name} isn't a list of messages.")
    if len(messages) > MAX_TURNS:
        raise Unreadable(f"It has {len(messages):,} messages, but at most {MAX_TURNS:,} can be read.")
    if all(isinstance(message, str) for message in messages):
        return _of_texts(messages, plain)
    has_roles = any(isinstance(message, dict) and _who(message) is not None for message in messages)
    if not has_roles:
        return _of_texts(
            [content(_what(message)) if isinstance(message, dict) else message for message in messages], plain
        )
    last = _last_user(messages)
    turns: Turns = [_turn(message) for message in messages[: last + 1]]
    instructions = "" if system is None else content(system)
    if instructions.strip() and turns[0][0] != "system":
        turns.insert(0, ("system", instructions))
    turns = [(role, text) for role, text in turns if text.strip()]
    if not turns or turns[-1][0] != "user":
        raise Unreadable("Its last user turn has no text.")
    return Conversation(turns, answer(messages[last + 1 :]))


def answer(messages: Sequence[object]) -> str:
    """Return the model's last turn in messages; empty if it has no text."""
    for message in reversed(messages):
        if isinstance(message, dict) and role_of(_who(message) or "assistant") == "model":
            try:
                return content(_what(message))
            except Unreadable:
                return ""
    return ""


def content(value: object) -> str:
    """Return the text of a message's content, which may consist of parts.

    Raises:
        Unreadable: The content isn't text.
    """
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, dict):
        value = value.get("parts", [value])
    parts = value if isinstance(value, list) else [value]
    return "".join(_part(part) for part in parts)


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, dict):
        if part.get("thought") is True or part.get("type") in ("thinking", "reasoning"):
            return ""
        text = part.get("text")
        if isinstance(text, str):
            return text
        kind = part.get("type") or next((str(key) for key in part if key not in ("role", "type")), "nothing")
        raise Unreadable(f"A message has a part of the kind {str(kind)[:40]!r}, but only text can be read.")
    raise Unreadable("A message's content isn't text.")


def _of_texts(texts: Sequence[object], plain: str) -> Conversation:
    """Return the conversation in a list of texts without roles."""
    if not all(isinstance(text, str) for text in texts):
        raise Unreadable("Its list has messages of different kinds.")
    said = [text for text in texts if isinstance(text, str)]
    if plain in _ALTERNATING and len(said) > 1:
        roles: Sequence[Role] = ("user", "model")
        last = (len(said) - 1) // 2 * 2
        turns: Turns = [(roles[index % 2], text) for index, text in enumerate(said[: last + 1])]
        return Conversation(_with_text(turns), said[last + 1] if last + 1 < len(said) else "")
    # The model's answers between the texts are unknown, so only the first text can be run.
    return Conversation(_with_text([("user", said[0])]), is_whole=len(said) == 1)


def _with_text(turns: Turns) -> Turns:
    if not all(text.strip() for _, text in turns):
        raise Unreadable("One of its turns has no text.")
    return turns


def _turn(message: object) -> tuple[Role, str]:
    if not isinstance(message, dict):
        raise Unreadable("Its list has messages of different kinds.")
    who = _who(message)
    role = role_of(who) if who is not None else None
    if role is None:
        said = "no role" if who is None else f"the role {who[:40]!r}, which isn't one of a system, a user or a model"
        raise Unreadable(f"A message has {said}.")
    if message.get("tool_calls") or message.get("function_call"):
        raise Unreadable("A message calls a tool, but only text can be read.")
    return role, content(_what(message))


def _last_user(messages: Sequence[object]) -> int:
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if not isinstance(message, dict):
            raise Unreadable("Its list has messages of different kinds.")
        if role_of(_who(message) or "") == "user":
            return index
    raise Unreadable("It has no user turn.")


def _who(message: Mapping[str, object]) -> str | None:
    for key in _WHO:
        who = message.get(key)
        if isinstance(who, dict):  # ChatGPT's export
            who = who.get("role")
        if isinstance(who, str):
            return who
    return None


def _what(message: Mapping[str, object]) -> object:
    return next((message[key] for key in _WHAT if key in message), None)


def _rows(value: Mapping[str, object]) -> list[object] | None:
    """Return the messages in an object of lists, `{"role": […], "content": […]}`; None if it isn't one."""
    who = next((key for key in _WHO if isinstance(value.get(key), list)), None)
    what = next((key for key in _WHAT if isinstance(value.get(key), list)), None)
    if who is None or what is None:
        return None
    roles, texts = value[who], value[what]
    if not isinstance(roles, list) or not isinstance(texts, list) or len(roles) != len(texts):
        return None
    return [{"role": role, "content": text} for role, text in zip(roles, texts, strict=True)]


def _parsed(text: str) -> object:
    """Parse a list from JSON or from a Python literal; None if the text is neither."""
    if json_rows.excess(text):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if len(text) > _LITERAL or text.lstrip()[:2] not in ("[{", "['", '["'):
        return None
    try:
        return ast.literal_eval(text)  # evaluates only literals
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
