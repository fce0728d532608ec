"""Parses YAML into plain values, within bounds. Never creates other objects, whatever tags a file has.

An alias stands for its anchor's value without a copy. A few lines of aliases may stand for billions of values, so each alias
counts as all that it stands for.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from lit_lab.problem import Problem

from .json_rows import MAX_DEPTH, MAX_VALUES

MAX_CHARS = 4_000_000
"""Maximum number of characters of a file, and of all its texts after resolving aliases."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLAIN = "tag:yaml.org,2002:"
_TAGS = {"str", "int", "float", "bool", "null", "timestamp", "seq", "map", "merge", "binary", "value"}
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)


class Number(str):
    """A number that Python would write in another way, such as `0.50`: it stays as it is written."""

    __slots__ = ()


@dataclass
class _Sized:
    """A value, with its number of values and characters after resolving aliases. It may be used only once complete."""

    value: object
    values: int = 1
    chars: int = 0
    is_complete: bool = False


def load(text: str) -> object:
    """Parse a file. Return its value, or a list of the values of several documents.

    Raises:
        Problem: The file isn't YAML, exceeds a bound, or has a tag for something other than data.
    """
    if len(text) > MAX_CHARS:
        raise _refused(f"is longer than {MAX_CHARS:,} characters", "Split it, or save it as .jsonl.")
    try:
        documents = list(_documents(text))
    except yaml.MarkedYAMLError as error:
        where = f" in line {error.problem_mark.line + 1:,}" if error.problem_mark else ""
        raise _refused(f"isn't YAML: {error.problem or error.context}{where}", "Correct that line.") from error
    except yaml.YAMLError as error:
        raise _refused("isn't YAML: it has characters that YAML doesn't allow", "Save it again as text.") from error
    except RecursionError as error:
        raise _too_deep() from error
    return documents[0] if len(documents) == 1 else documents


def _documents(text: str) -> Iterator[object]:
    builder = _Builder()
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.DocumentStartEvent):
            builder = _Builder()
        elif isinstance(event, yaml.DocumentEndEvent):
            yield builder.root
        else:
            builder.take(event)


class _Builder:
    """Builds one document's value of its events."""

    def __init__(self) -> None:
        self._open: list[tuple[_Sized, list[_Sized]]] = []  # with the children so far
        self._anchors: dict[str, _Sized] = {}
        self.root: object = None

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        if isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.ScalarEvent):
            made = _Sized(self._scalar(event), chars=len(event.value), is_complete=True)
            self._name(event, made)
            self._put(made)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._check_tag(event.tag)
            if len(self._open) >= MAX_DEPTH:
                raise _too_deep()
            made = _Sized({} if isinstance(event, yaml.MappingStartEvent) else [])
            self._name(event, made)
            self._open.append((made, []))
        elif isinstance(event, yaml.CollectionEndEvent):
            made, children = self._open.pop()
            _fill(made, children)
            self._put(made)

    def _name(self, event: yaml.NodeEvent, made: _Sized) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = made

    def _alias(self, event: yaml.AliasEvent) -> None:
        found = self._anchors.get(event.anchor)
        if found is None or not found.is_complete:
            what = "stands for nothing" if found is None else "stands for a value that contains it"
            raise _refused(f"can't be read: the alias *{event.anchor[:40]} {what}", "Correct it.")
        self._put(found)

    def _put(self, made: _Sized) -> None:
        if not self._open:
            self.root = made.value
            return
        owner, children = self._open[-1]
        children.append(made)
        owner.values += made.values
        owner.chars += made.chars
        if owner.values > MAX_VALUES:
            raise _refused(f"has more than {MAX_VALUES:,} values", "Split it, or save it as .jsonl.")
        if owner.chars > MAX_CHARS:
            raise _refused(f"stands for more than {MAX_CHARS:,} characters", "Write its aliases' values once only.")

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        self._check_tag(event.tag)
        return _plain_value(event.value) if event.implicit[0] else event.value

    def _check_tag(self, tag: str | None) -> None:
        if tag and tag != "!" and tag.removeprefix(_PLAIN) not in _TAGS:
            raise _refused(f"has the tag {tag[:80]!r}, which isn't data", "Write a plain value there.")


def _plain_value(text: str) -> object:
    """Return what an unquoted scalar is, as YAML 1.2 has it: `yes` is a text. A number stays as it is written."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    if len(text) <= 20 and text[-1].isdigit():
        for kind in (int, float):
            with contextlib.suppress(ValueError):
                number = kind(text)
                if str(number) == text:
                    return number
        if _NUMBER.fullmatch(text):
            return Number(text)
    return text


def _fill(made: _Sized, children: list[_Sized]) -> None:
    if isinstance(made.value, list):
        made.value.extend(child.value for child in children)
    elif isinstance(made.value, dict):
        for key, child in zip(children[::2], children[1::2], strict=True):
            name = key.value
            if isinstance(name, (list, dict)):
                raise _refused("has a list or an object as a key", "Write a text there.")
            if name == "<<":
                merged = child.value if isinstance(child.value, list) else [child.value]
                for each in merged:
                    if isinstance(each, dict):
                        made.value.update({k: v for k, v in each.items() if k not in made.value})
            else:
                made.value[str(name)] = child.value
    made.is_complete = True


def _too_deep() -> Problem:
    return _refused(f"has values nested more than {MAX_DEPTH} levels deep", "Write it with less nesting.")


def _refused(what: str, hint: str) -> Problem:
    return Problem(422, "bad_dataset", f"The file {what}.", hint)
