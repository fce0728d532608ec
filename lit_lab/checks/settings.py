"""How models answer the prompts of a file of checks: the keys of a file, and of each prompt, with their bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lit_lab.datasets.yaml_values import Number
from lit_lab.protocol import MAX_STOP, MAX_STOPS, MAX_TOKENS

from .places import Place, shown, text_of

MAX_SEED = 2**31 - 1


@dataclass(frozen=True)
class Settings:
    """How a model answers.

    Attributes:
        max_new_tokens: Maximum number of tokens of an answer.
        temperature: 0: always the most likely token.
        top_k: Choose only among the most likely K tokens; None: among all.
        top_p: Choose only among the most likely tokens whose probabilities together reach P; None: among all.
        repetition_penalty: From 1, no penalty, to 2.
        seed: The same seed gives the same answer.
        stop: Texts at which an answer ends.
    """

    max_new_tokens: int = 256
    temperature: float = 0.0
    top_k: int | None = None
    top_p: float | None = None
    repetition_penalty: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()


_COUNTS = {"max_new_tokens": (1, MAX_TOKENS), "top_k": (1, MAX_TOKENS), "seed": (0, MAX_SEED)}
_FIGURES = {"temperature": (0.0, 10.0), "top_p": (0.0, 1.0), "repetition_penalty": (1.0, 2.0)}
KEYS = (*_COUNTS, *_FIGURES, "stop")
"""The keys, in the documentation's order."""


def settings_of(owner: Mapping[str, object], place: Place, others: Settings) -> Settings:
    """Return the settings of a file or of a prompt.

    Args:
        owner: Its keys, among others.
        place: Where it is.
        others: The settings that it doesn't name.

    Raises:
        Problem: One isn't valid; with its place in the file.
    """
    found: dict[str, object] = {}
    for key in KEYS:
        if key in owner:
            value, here = owner[key], place / key
            if key == "stop":
                found[key] = _stop(value, here)
            else:
                found[key] = _count(value, *_COUNTS[key], here) if key in _COUNTS else _figure(value, key, here)
    return replace(others, **found)  # type: ignore[arg-type]


def _count(value: object, least: int, most: int, place: Place) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise place.problem(f"This should be a whole number from {least:,} to {most:,}; it is {_words(value)}.", _HINT)
    return value


def _figure(value: object, key: str, place: Place) -> float:
    least, most = _FIGURES[key]
    is_number = isinstance(value, (int, float, Number)) and not isinstance(value, bool)
    number = float(value) if isinstance(value, (int, float, Number)) and is_number else math.nan
    if key == "top_p" and number == 0:  # it would leave no token
        number = math.nan
    if not least <= number <= most:
        words = f"above {least:g}, up to {most:g}" if key == "top_p" else f"from {least:g} to {most:g}"
        raise place.problem(f"This should be a number {words}; it is {_words(value)}.", _HINT)
    return number


def _stop(value: object, place: Place) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    if len(listed) > MAX_STOPS:
        raise place.problem(f"The list has more than {MAX_STOPS} texts.", "Remove some.")
    found: dict[str, None] = {}
    for index, each in enumerate(listed):
        here = place / index if isinstance(value, list) else place
        text = text_of(each, here)
        if len(text) > MAX_STOP:
            raise here.problem(f"The text is longer than {MAX_STOP} characters.", "Write a shorter one.")
        found[text] = None
    return tuple(found)


_HINT = "Correct it, or remove the line."


def _words(value: object) -> str:
    kinds = {bool: "true or false", dict: "a mapping", list: "a list", type(None): "empty"}
    return kinds.get(type(value)) or (shown(value) if isinstance(value, (int, float, Number)) else f"“{shown(value)}”")
