"""JSON Schemas of a file of checks: bounded, and without references to anything outside of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

from lit_lab.datasets.yaml_values import Number
from lit_lab.patterns import BoundedPatterns, UnmatchedError

from .places import Place, mapping_of, shown

MAX_CHARS = 100_000
"""Most characters of a schema, as JSON."""

MAX_DEPTH = 50
"""Most levels that a schema may be nested in."""

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


def checked(value: object, place: Place, patterns: BoundedPatterns) -> str:
    """Return a schema as JSON.

    Raises:
        Problem: It isn't a schema, is too large, or refers to something outside of it.
    """
    mapping_of(value, place)
    text = json.dumps(_plain(value, place, 0))
    if len(text) > MAX_CHARS:
        raise place.problem(f"The schema is longer than {MAX_CHARS:,} characters.", "Write a shorter one.")
    for at, reference in _references(value, place):
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise at.problem(
                f"It refers to {shown(reference)}, which isn't in the schema. LIT Lab fetches nothing.",
                "Copy it into $defs, and refer to #/$defs/its-name.",
            )
    try:
        patterns.faults(json.loads(text), [None])
    except UnmatchedError as error:
        raise place.problem(f"The schema can't be used. {error}.", "Correct it.") from error
    return text


def _plain(value: object, place: Place, depth: int) -> object:
    """Return a value as JSON has it, in which a number such as 0.50 is one."""
    if depth > MAX_DEPTH:
        raise place.problem(f"The schema is nested more than {MAX_DEPTH} levels deep.", "Write a simpler one.")
    if isinstance(value, dict):
        return {key: _plain(each, place / key, depth + 1) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, place / index, depth + 1) for index, each in enumerate(value)]
    if isinstance(value, Number):
        number = float(value)
        if not math.isfinite(number):
            raise place.problem(f"{shown(value)} is too large a number.", "Correct it.")
        return number
    return value


def _references(value: object, place: Place) -> Iterator[tuple[Place, object]]:
    """Yield everything that a schema refers to."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key in _REFERENCES and not isinstance(each, (dict, list)):
                yield place / key, each
            yield from _references(each, place / key)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _references(each, place / index)
