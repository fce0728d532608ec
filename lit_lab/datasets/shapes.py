"""Finds the rows in the value of a YAML or small JSON document: which of its lists or objects are the rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from lit_lab.problem import Problem

from . import promptfoo
from .columns import Fields, any_known, is_prompt_name
from .turns import looks_like

ELEMENT = "It is neither an object nor a text."


def rows_in(value: object) -> Iterator[Fields | str]:
    """Return an iterator over a document's rows. For unusable rows it yields the reasons.

    Raises:
        Problem: The document has no rows.
    """
    if promptfoo.is_configuration(value) and isinstance(value, dict):
        return promptfoo.rows(value)
    if isinstance(value, list):
        return (element(each) for each in value)
    if isinstance(value, dict) and value:
        if is_row(value):
            return iter([value])
        return _of_object(value)
    raise _no_rows()


def element(value: object) -> Fields | str:
    """Return an element of a list as a row. An object is a row, and a text is a prompt."""
    if isinstance(value, dict):
        return value
    return {"prompt": value} if isinstance(value, str) else ELEMENT


def is_row(value: Mapping[str, object]) -> bool:
    """Return whether an object is one row rather than a list of rows: it has a prompt as text, or a conversation."""
    return any(
        (isinstance(each, str) and is_prompt_name(name)) or looks_like(each, name) for name, each in value.items()
    )


def _of_object(value: Mapping[str, object]) -> Iterator[Fields | str]:
    if {"columns", "data"} <= value.keys() and isinstance(value["columns"], list) and isinstance(value["data"], list):
        return _split(value["columns"], value["data"])  # pandas' `orient="split"`
    lists = {name: each for name, each in value.items() if isinstance(each, list)}
    if len(lists) == len(value) and len({len(each) for each in lists.values()}) == 1 and any_known(lists):
        columns = lists.values()
        return (dict(zip(lists, each, strict=True)) for each in zip(*columns, strict=True))
    if len(lists) == 1:
        return (element(each) for each in next(iter(lists.values())))
    objects = {name: each for name, each in value.items() if isinstance(each, dict)}
    if len(objects) == len(value):
        inner = list(dict.fromkeys(itertools.chain.from_iterable(objects.values())))
        if any_known(objects) and not any_known(inner):  # pandas' own way: rows by number in each column
            return ({name: each.get(key) for name, each in objects.items()} for key in inner)
        return iter(objects.values())
    raise _no_rows(len(lists))


def _split(columns: list[object], data: list[object]) -> Iterator[Fields | str]:
    for row in data:
        if isinstance(row, list) and len(row) == len(columns):
            yield {str(name): each for name, each in zip(columns, row, strict=True)}
        else:
            yield f"It doesn't have {len(columns):,} values, as there are columns."


def _no_rows(lists: int = 0) -> Problem:
    about = f"has {lists:,} lists, so it isn't clear which has the rows" if lists > 1 else "has no list of rows"
    return Problem(422, "bad_dataset", f"The file {about}.", 'Save the rows as one list, such as [{"prompt": "…"}].')
