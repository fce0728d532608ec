"""Parses lines of JSON Lines into objects, with bounds on memory, and changes values in a line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from lit_lab import json_bounds

MAX_VALUES = 100_000
"""Maximum number of values in a line, at any depth. In memory, a value takes many times its two or three characters."""

MAX_DEPTH = 200
"""Maximum nesting depth. Beyond about 900 levels, Python can't write a value that it has read."""

TOO_MANY_VALUES = f"It has more than {MAX_VALUES:,} values."
TOO_DEEP = f"It has values nested more than {MAX_DEPTH} levels deep."

_BLANK = re.compile(r"[ \t\r\n]*")


def excess(line: str) -> str:
    """Return the bound that a line of JSON exceeds, as text; empty if it exceeds none."""
    exceeded = json_bounds.excess(line, MAX_VALUES, max_depth=MAX_DEPTH)
    return f"It {exceeded}." if exceeded else ""


class Wrong(str):
    """Describes what is wrong with a JSON text, for the user."""


def load(line: str) -> object:
    """Parse a text. Return its value, or a `Wrong` that says what is wrong with it."""
    if reason := excess(line):
        return Wrong(reason)
    try:
        value: object = json.loads(line)
    except json.JSONDecodeError as error:
        return Wrong(f"It isn't JSON: {error.msg}, at character {error.colno:,}.")
    except ValueError as error:  # a number of thousands of digits
        return Wrong(f"It isn't readable JSON: {str(error).partition(';')[0]}.")
    except RecursionError:
        return Wrong(TOO_DEEP)
    return value


def parse(line: str) -> dict[str, object] | str:
    """Parse a line. Return its object, or what is wrong with it. A trailing comma is allowed."""
    row = load(line.rstrip().removesuffix(","))
    if isinstance(row, Wrong):
        return str(row)
    return row if isinstance(row, dict) else 'It isn\'t a JSON object, such as {"prompt": "…"}.'


def changed(line: str, values: Mapping[str, str]) -> str:
    """Return a line with some values changed. Everything else, including blanks, stays the same.

    Args:
        line: A JSON object.
        values: The new values by key. A missing key is added at the end.
    """
    spans, end = _spans(line)
    pieces, at = list[str](), 0
    for key, (start, stop) in sorted(spans.items(), key=lambda item: item[1]):
        if key in values:
            pieces += [line[at:start], json.dumps(values[key], ensure_ascii=False)]
            at = stop
    added = [
        f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in values.items()
        if key not in spans
    ]
    if added:
        pieces += [line[at:end], ", " if spans else "", ", ".join(added)]
        at = end
    return "".join([*pieces, line[at:]])


def _spans(line: str) -> tuple[dict[str, tuple[int, int]], int]:
    """Return each key's value span (for a repeated key, the last one), and the end of the last value."""
    decoder = json.JSONDecoder()
    spans: dict[str, tuple[int, int]] = {}
    at = end = line.index("{") + 1
    while True:
        at = _behind_blanks(line, at)
        if line[at] == "}":
            return spans, end
        if line[at] == ",":
            at = _behind_blanks(line, at + 1)
        key, at = decoder.raw_decode(line, at)
        start = _behind_blanks(line, _behind_blanks(line, at) + 1)  # after the colon
        _, at = decoder.raw_decode(line, start)
        spans[key] = (start, at)
        end = at


def _behind_blanks(line: str, at: int) -> int:
    match = _BLANK.match(line, at)
    return match.end() if match else at
