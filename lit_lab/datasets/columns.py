"""Guesses which columns contain the prompt, the target and the source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from lit_lab.protocol import DatasetColumns

from .turns import NAMES as CONVERSATIONS
from .turns import is_asked, looks_like, plain_name

Fields = dict[str, object]
"""A row of a file: values by column."""

# In the form of `plain_name`, likely names first.
_NAMES = {
    "prompt": (
        *(
            "prompt",
            "text",
            "input",
            "question",
            "instruction",
            "query",
            "sentence",
            "content",
            "message",
            "userprompt",
        ),
        *("prompttext", "userinput", "inputtext", "inputs", "instructions", "problem", "request", "user", "goal"),
    ),
    "target": (
        *("target", "completion", "answer", "output", "response", "expected", "reference", "label", "groundtruth"),
        *("chosen", "ideal", "answerkey", "outputtext", "referenceanswer", "expectedoutput", "expectedanswer", "gold"),
        *(
            "goldanswer",
            "correctanswer",
            "bestanswer",
            "correct",
            "solution",
            "answers",
            "preferredoutput",
            "completions",
        ),
        *("summary", "highlights", "preferred", "outputs", "targets", "assistant"),
    ),
    "source": (
        "source",
        "category",
        "origin",
        "type",
        "topic",
        "task",
        "dataset",
        "group",
        "act",
        "cluster",
        "subject",
    ),
}
# Pairs of columns that form one prompt, in the order in which they are joined.
_JOINED = (
    ("instruction", "input"),
    ("instruction", "context"),
    ("context", "question"),
    ("passage", "question"),
    ("context", "query"),
)
_NO_PROMPT = re.compile(
    r"[a-z][a-z0-9+.\-]*://\S*|www\.\S+|[\w.+\-]+@[\w\-]+\.[\w.\-]+"  # an address
    r"|(?:[A-Za-z]:|~|\.{1,2})?[\\/](?:[^\s\\/]+[\\/])*[^\s\\/]*|(?:[\w.\-]+[\\/])+[\w\-]+\.\w{1,5}"  # a path
    r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4,12}){2,4}|[0-9a-fA-F]{16,}|[\d.,:+\- T/]+Z?|[A-Za-z]{0,8}[_\-]?\d+"  # an id, a date
)
_LOOKED_AT = 2000  # characters of a value
_INNER = 100  # columns within columns


def guess(columns: Sequence[str], sample: Sequence[Fields]) -> DatasetColumns:
    """Guess the columns from their names and values. If no name fits, the prompt is the column with the longest texts.

    Args:
        columns: All columns, in order.
        sample: Some rows.
    """
    for known in (list(columns), [*columns, *inner(sample)]):
        chosen = _by_name(known, sample)
        if chosen.template is not None or (chosen.prompt is not None and _has_texts(chosen.prompt, sample)):
            return chosen
    named = (chosen.target, chosen.source)
    free = [column for column in columns if column not in named] or list(columns)
    prose = [column for column in free if not _is_no_prompt(column, sample)] or free
    prompt = max(prose, key=lambda column: _length(column, sample), default=None)
    target, source = (column if column != prompt else None for column in named)
    return DatasetColumns(prompt=prompt, target=target, source=source, template=None)


def _by_name(columns: Sequence[str], sample: Sequence[Fields]) -> DatasetColumns:
    """Guess the columns from their names, and from conversations in them. A column for which no name fits is None."""
    by_name = {_own_name(column): column for column in reversed(columns)}
    found = {role: next((by_name[name] for name in names if name in by_name), None) for role, names in _NAMES.items()}
    found["prompt"] = _named_prompt(by_name, sample)
    template = None
    if found["prompt"] is None or _own_name(found["prompt"]) != "prompt":
        conversation = _conversation(columns, sample)
        template = None if conversation else _joined(by_name, sample)
        found["prompt"] = conversation or (None if template else found["prompt"])
    for role in ("target", "source"):
        if found[role] is not None and found[role] == found["prompt"]:
            found[role] = None
    return DatasetColumns(**found, template=template)


def about_no_prompts(chosen: DatasetColumns, columns: Sequence[str], sample: Sequence[Fields]) -> str:
    """Return a remark about a column whose values are longer than the prompts, but are addresses, paths or ids."""
    if chosen.prompt is None or _own_name(chosen.prompt) in (*_NAMES["prompt"], *CONVERSATIONS):
        return ""
    length = _length(chosen.prompt, sample)
    for column in columns:
        if _length(column, sample) > length and _is_no_prompt(column, sample):
            return f"“{shorten(column, 80)}” isn't the prompt: addresses, paths and ids are no prompts."
    return ""


def inner(sample: Sequence[Fields]) -> list[str]:
    """Return the columns within columns of objects, as `outer.inner`, in order."""
    found: dict[str, None] = {}
    for row in sample:
        for name, value in row.items():
            if isinstance(value, dict) and len(found) < _INNER:
                found.update(dict.fromkeys(f"{name}.{key}" for key in list(value)[:_INNER]))
    return list(found)[:_INNER]


def value_at(row: Mapping[str, object], column: str) -> object:
    """Return the value in a column, which may be within another column; None if there is none."""
    if column in row:
        return row[column]
    at = column.find(".")
    while at >= 0:
        outer = row.get(column[:at])
        if isinstance(outer, dict):
            return outer.get(column[at + 1 :])
        at = column.find(".", at + 1)
    return None


def any_known(columns: Iterable[str]) -> bool:
    """Return whether a column has a name that is common for columns of prompt datasets."""
    known = {name for names in (*_NAMES.values(), CONVERSATIONS) for name in names}
    return any(plain_name(column) in known for column in columns)


def is_prompt_name(column: str) -> bool:
    """Return whether a name is common for columns of prompts."""
    return plain_name(column) in _NAMES["prompt"]


def shorten(name: str, most: int) -> str:
    """Return a text's beginning, with an ellipsis if it is shortened."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def text(value: object) -> str:
    """Return a value as text: texts unchanged, None as an empty text, and other values as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _own_name(column: str) -> str:
    return plain_name(column.rpartition(".")[2])


def _values(column: str, sample: Sequence[Fields]) -> list[object]:
    values = (value_at(row, column) for row in sample)
    return [value for value in values if value is not None and value != ""]


def _has_texts(column: str, sample: Sequence[Fields]) -> bool:
    """Return whether a column has a value that can be a prompt. A column without values may get one later."""
    values = _values(column, sample)
    return not values or any(not isinstance(value, (list, dict)) or looks_like(value, column) for value in values)


def _named_prompt(by_name: Mapping[str, str], sample: Sequence[Fields]) -> str | None:
    named = [by_name[name] for name in _NAMES["prompt"] if name in by_name]
    if not named:
        return None
    if not sample:
        return named[0]
    texts = [column for column in named if any(not isinstance(v, (list, dict)) for v in _values(column, sample))]
    return (texts or [column for column in named if not _values(column, sample)] or named)[0]


def _conversation(columns: Sequence[str], sample: Sequence[Fields]) -> str | None:
    found = [
        column
        for column in columns
        if any(is_asked(value, column) for value in _values(column, sample)[:20])
        and _own_name(column) not in _NAMES["target"]
    ]
    order = {name: index for index, name in enumerate(CONVERSATIONS)}
    return min(found, key=lambda column: order.get(_own_name(column), len(order)), default=None)


def _joined(by_name: Mapping[str, str], sample: Sequence[Fields]) -> str | None:
    for names in _JOINED:
        if all(name in by_name for name in names):
            columns = [by_name[name] for name in names]
            values = [value for column in columns for value in _values(column, sample)]
            if all(isinstance(value, (str, int, float)) for value in values) and not any(
                mark in column for column in columns for mark in "{}"
            ):
                return "\n\n".join(f"{{{column}}}" for column in columns)
    return None


def _length(column: str, sample: Sequence[Fields]) -> int:
    return sum(len(text(value)) for value in _values(column, sample) if not isinstance(value, (list, dict)))


def _is_no_prompt(column: str, sample: Sequence[Fields]) -> bool:
    """Return whether a column's values are addresses, paths, ids or dates."""
    values = [text(value)[:_LOOKED_AT].strip() for value in _values(column, sample)[:50]]
    return bool(values) and all(_NO_PROMPT.fullmatch(value) for value in values if value)
