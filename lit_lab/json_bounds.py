"""Bounds on JSON, checked before any of it is parsed: what takes three bytes in a text may take hundreds in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import AnyStr

MAX_DEPTH = 200
"""Most levels that values may be nested in: beyond about 900, Python can't write again what it has read."""

# Of a request's body: room for a sequence of the longest length and another one instead of its target
# (`protocol.MAX_TOKENS`), for as many spans as there may be, and for the datapoints that LIT's page sends.
MAX_VALUES = 600_000
MAX_CONTAINERS = 30_000
MAX_NAMES = 60_000

# Escaped backslash, escaped quote, quote, what begins a list or an object, comma, colon, a string, all but brackets.
_TEXT = ("\\\\", '\\"', '"', "[{", ",", ":", re.compile('"[^"]*"'), re.compile(r"[^\[\]{}]+"))
_BYTES = (b"\\\\", b'\\"', b'"', b"[{", b",", b":", re.compile(b'"[^"]*"'), re.compile(rb"[^\[\]{}]+"))
_AT_ONCE = 2**20  # characters, so that not all of a text's strings are objects at once


_WIDEST = re.compile(rb"[\xf0-\xff]|\\u[dD][89abAB]")
_WIDE = re.compile(rb"[\xc4-\xff]|\\u(?!00)")


def width(text: bytes) -> int:
    """Return how many bytes Python may need for each character of a JSON text's strings: 1, 2 or 4.

    One character beyond U+FFFF makes each of its string take four bytes, one beyond U+00FF two.
    """
    if text.isascii() and b"\\u" not in text:
        return 1
    if _WIDEST.search(text):
        return 4
    return 2 if _WIDE.search(text) else 1


def excess(
    text: AnyStr,
    max_values: int,
    max_containers: int | None = None,
    max_depth: int = MAX_DEPTH,
    max_names: int | None = None,
) -> str:
    """Return which bound a JSON text exceeds, in words that follow "It"; empty where it exceeds none.

    The text need not be valid. Time and memory are in proportion to its length, and small for a text of a few long strings.

    Args:
        text: JSON, as text or in UTF-8.
        max_values: Most values, however nested.
        max_containers: Most lists and objects among them, and half of the most strings. None: as many as values.
        max_depth: Most levels of nesting.
        max_names: Most names in objects: a validator may have an error for each. None: any number.
    """
    max_containers = max_values if max_containers is None else max_containers
    backslash, escaped_quote, quote, opening, _, colon, _, closing = _TEXT if isinstance(text, str) else _BYTES
    containers, values = _count(text)
    few_names = max_names is None or text.count(colon) <= max_names
    if containers <= min(max_depth, max_containers) and values <= max_values and few_names:
        return ""  # even if all of it stood outside of strings
    bare = text.replace(backslash, text[:0]).replace(escaped_quote, text[:0])
    if bare.count(quote) > 4 * max_containers:
        return f"has more than {2 * max_containers:,} strings"
    containers = values = names = depth = 0
    for part in _without_strings(bare):
        containers_here, values_here = _count(part)
        containers, values = containers + containers_here, values + values_here
        names += part.count(colon)
        if max_names is not None and names > max_names:
            return f"has more than {max_names:,} names"
        if values > max_values:
            return f"has more than {max_values:,} values"
        if containers > max_containers:
            return f"has more than {max_containers:,} lists and objects"
        for bracket in closing.sub(text[:0], part):
            depth += 1 if bracket in opening else -1
            if depth > max_depth:
                return f"has values nested more than {max_depth} levels deep"
            if depth < 0:
                return ""  # not JSON: a parser says so at this place
    return ""


def _without_strings(text: AnyStr) -> Iterator[AnyStr]:
    """Yield the text outside of strings, in parts; no string contains a quote."""
    _, _, quote, _, _, _, string, _ = _TEXT if isinstance(text, str) else _BYTES
    start = 0
    while start < len(text):
        end = after = min(start + _AT_ONCE, len(text))
        if text.count(quote, start, end) % 2:
            end = text.rfind(quote, start, end)  # here begins a string, which isn't copied however long it is
            after = text.find(quote, end + 1) + 1 or len(text)
        yield string.sub(text[:0], text[start:end])
        start = after


def _count(text: AnyStr) -> tuple[int, int]:
    """Return how many lists and objects begin in a text, and how many values it has at most."""
    _, _, _, opening, comma, _, _, _ = _TEXT if isinstance(text, str) else _BYTES
    containers = text.count(opening[:1]) + text.count(opening[1:])
    return containers, containers + text.count(comma)
