"""What a chat template puts around the turns of a conversation: once for each list of roles, by rendering placeholders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from lit_lab.problem import Problem
from lit_lab.protocol import Role, SystemUse

from ..conversations import Written, no_system_turn, refused
from . import rendering
from .rendering import Rendering
from .stored import TemplateError

_MAX_KNOWN = 16
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

# As in `rendering.py`, only letters; all of one length, so that none is part of another.
_PLACEHOLDER = re.compile("LitLabTurn([a-z]{3})Text")


class TurnWriter:
    """Writes conversations as a template does, and remembers what it put around the last lists of roles.

    Args:
        made: What the template does.
        start: The token to leave out at the beginning; empty: none.
        opening: What begins a user's turn; if it stands between a system turn and a user's, the system turn is one of its own.
        has_blank: Whether the tokenizer puts a blank before a text.
    """

    def __init__(self, made: Rendering, start: str, opening: str, has_blank: bool) -> None:
        self._made = made
        self._start = start
        self._opening = opening
        self._has_blank = has_blank
        self._known: dict[tuple[tuple[Role, ...], bool], Written | Problem] = {}

    def written(self, roles: Sequence[Role], thinks: bool) -> Written:
        """Return what the template puts around turns of these roles. Raises `Problem`: `no_system_turn`, `turns_refused`."""
        key = (tuple(roles), thinks)
        known = self._known.get(key)
        if known is None:
            known = self._tried(*key)
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[key] = known
        if isinstance(known, Problem):
            raise known
        return known

    def _tried(self, roles: tuple[Role, ...], thinks: bool) -> Written | Problem:
        """Return what the template does, or the error: a template that takes its time to fail is tried once."""
        try:
            return self._rendered(roles, thinks)
        except TemplateError as error:
            return refused("template", f"it {error}")
        except Problem as problem:
            return problem

    def _rendered(self, roles: tuple[Role, ...], thinks: bool) -> Written:
        messages = [
            {"role": "assistant" if role == "model" else role, "content": _placeholder(index)}
            for index, role in enumerate(roles)
        ]
        continues = roles[-1] == "model"
        order = {"messages": messages, "enable_thinking": thinks, "add_generation_prompt": not continues}
        (rendered,) = rendering.run(self._made.template, [order])
        if rendered.get("fault") == "refused":
            if "system" in roles and self._made.system == "none":
                raise no_system_turn()
            raise refused("template", rendering.shown(rendered.get("message", "")).rstrip(".!"))
        text = rendering.swallowed(rendering.text_of(rendered), self._made.template.swallowing)
        found = list(_PLACEHOLDER.finditer(text))
        _check_each_once(roles, [match[1] for match in found])
        ends = [0, *(match.end() for match in found)]
        texts = [text[end : match.start()] for end, match in zip(ends, found, strict=False)]
        texts[0] = texts[0].removeprefix(self._start)
        if self._has_blank:
            swallowing = tuple(self._made.swallowing)
            texts = [each + " " if each.endswith(swallowing) else each for each in texts]
        indices = [_index(match[1]) for match in found]
        if continues and indices[-1] != len(roles) - 1:
            raise refused("template", "it writes another turn after the model's")
        texts.append("" if continues else text[ends[-1] :])
        return Written(tuple(texts), tuple(indices), self._system(roles, texts, indices))

    def _system(self, roles: Sequence[Role], texts: Sequence[str], order: Sequence[int]) -> SystemUse | None:
        """Return where the system turns are."""
        if "system" not in roles:
            return None
        after = (text for (one, other), text in zip(pairwise(order), texts[1:], strict=False)
                 if roles[one] == "system" and roles[other] == "user")  # fmt: skip
        return "user" if any(self._opening not in text for text in after) else "turn"


def _placeholder(index: int) -> str:
    letters = "".join(_LETTERS[index // 26**power % 26] for power in (2, 1, 0))
    return f"LitLabTurn{letters}Text"


def _index(letters: str) -> int:
    high, middle, low = map(_LETTERS.index, letters)
    return (high * 26 + middle) * 26 + low


def _check_each_once(roles: Sequence[Role], found: Sequence[str]) -> None:
    """Refuse a conversation whose turns aren't all in the text, once each. Raises `Problem`."""
    for index, role in enumerate(roles):
        count = found.count(_placeholder(index)[len("LitLabTurn") :][:3])
        if count == 1:
            continue
        if count == 0 and role == "system":
            raise no_system_turn("" if index == 0 else "after the first turn")
        raise refused("template", f"it {'omits' if count == 0 else 'repeats'} turn {index + 1}")
