"""Where things are in a file of checks, so that an error can say it: `checks.yaml, line 7, prompts[1].expect[2]`."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from lit_lab.problem import Problem

Path = tuple[str | int, ...]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_SHOWN = 80
"""Most characters of a name or a value that an error repeats."""


@dataclass(frozen=True)
class Place:
    """A place in a file.

    Attributes:
        file: The file's name.
        path: The keys and indices that lead there.
        lines: The line of each path of the file, from 1.
    """

    file: str
    path: Path = ()
    lines: Mapping[Path, int] = field(default_factory=dict)

    def __truediv__(self, key: str | int) -> Place:
        """Return a place within this one."""
        return Place(self.file, (*self.path, key), self.lines)

    def __str__(self) -> str:
        known = next((self.path[:end] for end in range(len(self.path), -1, -1) if self.path[:end] in self.lines), None)
        line = "" if known is None else f", line {self.lines[known]:,}"
        steps = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{shown(step)}" for step in self.path)
        return f"{self.file}{line}{', ' if steps else ''}{steps.lstrip('.')}"

    def problem(self, what: str, hint: str = "") -> Problem:
        """Return the error that something is wrong here."""
        return Problem(422, "bad_checks", f"{self}: {what}", hint)


def shown(text: object) -> str:
    """Return a value for an error: on one line, and not too long."""
    words = " ".join(str(text).split())
    return words if len(words) <= MAX_SHOWN else f"{words[: MAX_SHOWN - 1]}…"


def check_keys(value: Mapping[str, object], known: Collection[str], place: Place) -> None:
    """Refuse unknown keys.

    Raises:
        Problem: There is one.
    """
    for key in value:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
            meant = f"Did you mean {close[0]}?" if close else f"Known here: {', '.join(known)}."
            raise (place / key).problem(f"{shown(key)} isn't known here.", meant)


def lines_of(text: str, place: Place) -> dict[Path, int]:
    """Return the line of each value in a YAML text that `yaml_values.load` has read already.

    Raises:
        Problem: A mapping has a key twice, of which only one would count.
    """
    lines: dict[Path, int] = {}
    owners: list[_Owner] = []
    for event in yaml.parse(text, Loader=_LOADER):
        owner = owners[-1] if owners else None
        if isinstance(event, yaml.CollectionEndEvent):
            owners.pop()
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        line = event.start_mark.line + 1
        if owner is not None and owner.awaits_key:
            owner.take_key(event, line)
            continue
        path: Path = () if owner is None else owner.take_value()
        if owner is not None and path in lines:
            first = Place(place.file, path, {path: owner.line or line})
            raise first.problem(f"{shown(path[-1])} is here twice.", "Remove one of them.")
        lines[path] = owner.line or line if owner is not None else line
        if isinstance(event, yaml.CollectionStartEvent):
            owners.append(_Owner(path, isinstance(event, yaml.MappingStartEvent)))
    return lines


class _Owner:
    """A list or mapping whose values follow."""

    def __init__(self, path: Path, is_mapping: bool) -> None:
        self.line = 0
        """The last key's; 0 in a list."""
        self.awaits_key = is_mapping
        self._path = path
        self._is_mapping = is_mapping
        self._step: str | int = 0

    def take_key(self, event: yaml.NodeEvent, line: int) -> None:
        """Take a key. `yaml_values` has refused all but scalars and aliases."""
        self._step = event.value if isinstance(event, yaml.ScalarEvent) else f"*{event.anchor}"
        self.line = line
        self.awaits_key = False

    def take_value(self) -> Path:
        """Return a value's path."""
        path = (*self._path, self._step)
        self.awaits_key = self._is_mapping
        if isinstance(self._step, int):
            self._step += 1
        return path


def texts_of(value: object, place: Place) -> Iterator[tuple[str, Place]]:
    """Yield a text, or each text of a list, with its place.

    Raises:
        Problem: It is neither, or there is none.
    """
    if not isinstance(value, list):
        yield text_of(value, place), place
        return
    if not value:
        raise place.problem("The list is empty.", "Write at least one text.")
    for index, each in enumerate(value):
        yield text_of(each, place / index), place / index


def text_of(value: object, place: Place) -> str:
    """Return a text, or a number as it is written.

    Raises:
        Problem: It is something else, or it is empty.
    """
    if isinstance(value, bool) or value is None or not isinstance(value, (str, int, float)):
        kind = {bool: "true or false", dict: "a mapping", list: "a list"}.get(type(value), "empty")
        raise place.problem(f"This should be a text; it is {kind}.", "Put the text in quotes.")
    if str(value) == "":
        raise place.problem("The text is empty.", "Write a text.")
    return str(value)


def mapping_of(value: object, place: Place) -> dict[str, object]:
    """Return a mapping.

    Raises:
        Problem: It is something else.
    """
    if not isinstance(value, dict):
        raise place.problem("This should be a mapping, such as name: value.", "Indent what belongs to it.")
    return value


def list_of(value: object, place: Place, most: int) -> list[object]:
    """Return a list that isn't empty.

    Raises:
        Problem: It is something else, or it is too long.
    """
    if not isinstance(value, list) or not value:
        raise place.problem("This should be a list with at least one entry.", "Begin each entry with a hyphen.")
    if len(value) > most:
        raise place.problem(f"The list has more than {most:,} entries.", "Split the file.")
    return value
