"""Reads promptfoo's configurations: each prompt, filled in with the variables of each test, is a row.

Nothing that a configuration refers to is opened, executed or looked up. Files, scripts, commands and environment variables
are refused with a message.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping

from lit_lab.problem import Problem
from lit_lab.protocol import MAX_TEXT

from .columns import Fields, text

MAX_ROWS = 100_000
"""Maximum number of rows that prompts and tests may produce together."""

_FILE = re.compile(r"\s*(?:file|huggingface|package)://?.*|\s*exec:.*", re.DOTALL)
_PATH = re.compile(r"https?://\S+|\S+\.(?:txt|md|jsonl?|ya?ml|csv|j2|py|[jt]s|[mc]js|sh|rb|go|exe)(?::\w+)?")
_EXPRESSION = re.compile(r"\{\{-?([^{}]*?)-?\}\}|\{%|\{#")
_VARIABLE = re.compile(r"[^\W\d][\w.\-]*")
_ENVIRONMENT = re.compile(r"(?:env|process)\b")
_NOTHING = "opens and runs nothing that a file names"
_SHOWN = 80  # maximum characters of a quoted text in a reason
_EXPECTED = ("equals", "contains", "icontains", "similar", "factuality", "starts-with")


class _Unusable(Exception):  # noqa: N818 - not an error in this program
    """A row can't be used; the message says why."""


def is_configuration(value: object) -> bool:
    """Return whether a document's value is a promptfoo configuration."""
    return isinstance(value, dict) and "prompts" in value and ("tests" in value or "providers" in value)


def rows(configuration: Mapping[str, object]) -> Iterator[Fields | str]:
    """Yield each row, or the reason why it is unusable.

    Raises:
        Problem: The configuration can't give rows.
    """
    prompts = _listed(configuration["prompts"], "prompts")
    tests = _listed(configuration.get("tests") or [{}], "tests")
    if len(prompts) * len(tests) > MAX_ROWS:
        raise _refused(f"It produces more than {MAX_ROWS:,} rows.", "Split it.")
    defaults = _variables(configuration.get("defaultTest"))
    for prompt, test in itertools.product(prompts, tests):
        yield from _of(prompt, test, defaults)


def _of(prompt: object, test: object, defaults: Mapping[str, object]) -> Iterator[Fields | str]:
    """Yield the rows of a prompt and a test: one row, or several if a variable is a list of values."""
    raw, label = _prompt(prompt)
    variables = {**defaults, **_variables(test)}
    choices = [value if isinstance(value, list) and value else [value] for value in variables.values()]
    try:
        _check_here(raw, "prompt", paths=True)
        _check_here(_place_of(test), "test", paths=True)
        if math.prod(map(len, choices)) > MAX_ROWS:
            raise _Unusable(f"Its lists of variables produce more than {MAX_ROWS:,} rows.")
    except _Unusable as unusable:
        yield str(unusable)
        return
    for values in itertools.product(*choices):
        row = dict(zip(variables, values, strict=True))
        try:
            fields: Fields = {**row, "prompt": _filled(raw, row)}
        except _Unusable as unusable:
            yield str(unusable)
            continue
        if target := _expected(test, row):
            fields.setdefault("target", target)
        if label:
            fields.setdefault("source", label)
        yield fields


def _prompt(prompt: object) -> tuple[str, str]:
    """Return the text and the label of a prompt."""
    if isinstance(prompt, dict):
        raw = prompt.get("raw", prompt.get("content", prompt.get("id", "")))
        label = prompt.get("label", prompt.get("id", "") if "raw" in prompt else "")
        return text(raw), text(label)[:200]
    return text(prompt), ""


def _filled(raw: str, row: Mapping[str, object]) -> str:
    """Return a prompt with its variables filled in. A variable without a value stays a field.

    Raises:
        _Unusable: The prompt needs more than its variables.
    """
    pieces, at, size = list[str](), 0, len(raw)
    for match in _EXPRESSION.finditer(raw):
        inner = (match[1] or "").strip()
        if _ENVIRONMENT.match(inner):
            raise _Unusable(f"Its prompt reads the environment, {match[0][:_SHOWN]}; LIT Lab doesn't.")
        if not _VARIABLE.fullmatch(inner):
            raise _Unusable(f"Its prompt computes something, {match[0][:_SHOWN]}; LIT Lab only fills in variables.")
        value = _at(row, inner)
        if value is None:
            continue
        spelled = text(value)
        _check_here(spelled, f"variable {inner[:_SHOWN]}")
        if nested := _EXPRESSION.search(spelled):
            raise _Unusable(f"Its variable {inner[:_SHOWN]} has an expression of its own, {nested[0][:_SHOWN]}.")
        size += len(spelled)
        if size > MAX_TEXT:
            raise _Unusable(f"It is longer than {MAX_TEXT:,} characters.")
        pieces += (raw[at : match.start()], spelled)
        at = match.end()
    return "".join([*pieces, raw[at:]])


def _at(row: Mapping[str, object], name: str) -> object:
    value: object = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _expected(test: object, row: Mapping[str, object]) -> str:
    """Return the text that a test expects; empty if it expects no fixed text."""
    asserts = test.get("assert") if isinstance(test, dict) else None
    for each in asserts if isinstance(asserts, list) else []:
        if (
            isinstance(each, dict)
            and each.get("type") in _EXPECTED
            and isinstance(each.get("value"), (str, int, float))
        ):
            try:
                expected = _filled(text(each["value"]), row)
                _check_here(expected, "expected text")
            except _Unusable:
                return ""
            return expected
    return ""


def _variables(test: object) -> dict[str, object]:
    found = test.get("vars") if isinstance(test, dict) else None
    return {str(name): value for name, value in found.items()} if isinstance(found, dict) else {}


def _listed(value: object, what: str) -> list[object]:
    if isinstance(value, str) and (what == "tests" or _is_elsewhere(value, paths=True)):
        raise _refused(f"Its {what} are elsewhere, {value[:_SHOWN]}: LIT Lab {_NOTHING}.", "Write them in this file.")
    if isinstance(value, dict):
        return [{"raw": raw, "label": label} if what == "prompts" else raw for label, raw in value.items()]
    return value if isinstance(value, list) else [value]


def _place_of(test: object) -> object:
    """Return the part of a test that may refer to another file."""
    return test.get("path", test.get("vars")) if isinstance(test, dict) else test


def _check_here(value: object, what: str, paths: bool = False) -> None:
    """Check that something is in this file.

    Raises:
        _Unusable: It is elsewhere.
    """
    if isinstance(value, str) and _is_elsewhere(value, paths):
        raise _Unusable(f"Its {what} is elsewhere, {value.strip()[:_SHOWN]}: LIT Lab {_NOTHING}.")


def _is_elsewhere(value: str, paths: bool) -> bool:
    return _FILE.match(value) is not None or (paths and _PATH.fullmatch(value.strip()) is not None)


def _refused(message: str, hint: str) -> Problem:
    return Problem(422, "bad_dataset", message, hint)
