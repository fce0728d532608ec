"""Conversations in a file of checks: turns with a role and a text, as messages in datasets have them."""

from __future__ import annotations

from lit_lab.datasets.turns import role_of
from lit_lab.protocol import MAX_TURNS, Role

from .places import Place, check_keys, list_of, mapping_of, shown, text_of

Turns = tuple[tuple[Role, str], ...]
"""The role and the text of each turn, in order."""

_TEXTS = ("text", "content")


def turns_of(value: object, place: Place) -> Turns:
    """Return a conversation.

    Raises:
        Problem: It isn't one that a model can answer; with its place in the file.
    """
    found = tuple(_turn(each, place / index) for index, each in enumerate(list_of(value, place, MAX_TURNS)))
    if found[-1][0] != "user":
        raise (place / (len(found) - 1)).problem(
            "The last turn should be the user's, which the model answers.",
            "Add one. The answer that you expect belongs under expect: or target:.",
        )
    return found


def _turn(value: object, place: Place) -> tuple[Role, str]:
    turn = mapping_of(value, place)
    check_keys(turn, ("role", *_TEXTS), place)
    if "role" not in turn:
        raise place.problem("The turn has no role.", "Add role: system, user or model.")
    name = text_of(turn["role"], place / "role")
    role = role_of(name)
    if role is None:
        raise (place / "role").problem(f"{shown(name)} isn't a role.", "Write system, user or model.")
    keys = [key for key in _TEXTS if key in turn]
    if len(keys) != 1:
        raise place.problem("The turn has two texts." if keys else "The turn has no text.", "Write one text: line.")
    return role, text_of(turn[keys[0]], place / keys[0])
