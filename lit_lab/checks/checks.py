"""The kinds of checks, what a file says about them, and how each judges an answer."""

from __future__ import annotations

import json
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

from lit_lab import json_bounds
from lit_lab.datasets.json_rows import MAX_DEPTH, MAX_VALUES
from lit_lab.patterns import MAX_PATTERN, BoundedPatterns, UnmatchedError

from . import schemas
from .places import Place, check_keys, mapping_of, shown, text_of

TARGET = "target"
"""Stands for the prompt's target, where a text is expected."""

Fill = Callable[[str], str]
"""Fills columns into a text."""


class Influences(Protocol):
    """How much parts of a prompt influenced its answer."""

    def influence(self, part: str) -> float:
        """Return by how many nats the whole answer becomes less likely without a part of the prompt."""

    def share(self, part: str) -> float:
        """Return the part's influence as a share of that of all parts, 0 to 1."""


@dataclass(frozen=True)
class CheckResult:
    """What came out of a check, with a sentence about it."""

    passed: bool
    message: str


class Check(ABC):
    """Something that an answer should be, or that should have influenced it."""

    key: ClassVar[str]
    """Its name in files."""
    options: ClassVar[tuple[str, ...]] = ()
    """What else its entry may have."""

    @classmethod
    @abstractmethod
    def parse(cls, value: object, options: Mapping[str, object], place: Place, patterns: BoundedPatterns) -> Check:
        """Return the check of an entry.

        Args:
            value: What the entry has for `key`.
            options: The whole entry.
            place: The entry's.
            patterns: What matches expressions.

        Raises:
            Problem: With the place in the file.
        """

    @property
    @abstractmethod
    def name(self) -> str:
        """What it checks, in a few words."""

    def filled(self, fill: Fill) -> Check:
        """Return the check of a dataset's row, with its values in place of columns."""
        return self

    @abstractmethod
    def result(self, answer: str, target: str | None, influences: Influences, patterns: BoundedPatterns) -> CheckResult:
        """Judge an answer."""


@dataclass(frozen=True)
class Contains(Check):
    """The answer contains a text."""

    text: str | None
    """None: the prompt's target."""
    ignore_case: bool = False
    key: ClassVar[str] = "contains"
    options: ClassVar[tuple[str, ...]] = ("ignore_case",)

    @classmethod
    def parse(cls, value: object, options: Mapping[str, object], place: Place, patterns: BoundedPatterns) -> Contains:
        return cls(_text_or_target(value, place / cls.key), _flag(options, "ignore_case", place))

    @property
    def name(self) -> str:
        return f"{self.key} {shown(TARGET if self.text is None else self.text)}{_case(self.ignore_case)}"

    def filled(self, fill: Fill) -> Contains:
        return self if self.text is None else replace(self, text=fill(self.text))

    def result(self, answer: str, target: str | None, influences: Influences, patterns: BoundedPatterns) -> CheckResult:
        wanted = target if self.text is None else self.text
        if wanted is None:
            return _no_target()
        found = _folded(wanted, self.ignore_case) in _folded(answer, self.ignore_case)
        return self._judged(found, wanted)

    def _judged(self, found: bool, wanted: str) -> CheckResult:
        return CheckResult(found, f"The answer {'contains' if found else 'does not contain'} “{shown(wanted)}”.")


@dataclass(frozen=True)
class NotContains(Contains):
    """The answer doesn't contain a text."""

    key: ClassVar[str] = "not_contains"

    def _judged(self, found: bool, wanted: str) -> CheckResult:
        return replace(super()._judged(found, wanted), passed=not found)


@dataclass(frozen=True)
class Equals(Check):
    """The answer is a text, apart from blanks around it."""

    text: str | None
    """None: the prompt's target."""
    ignore_case: bool = False
    key: ClassVar[str] = "equals"
    options: ClassVar[tuple[str, ...]] = ("ignore_case",)

    @classmethod
    def parse(cls, value: object, options: Mapping[str, object], place: Place, patterns: BoundedPatterns) -> Equals:
        return cls(_text_or_target(value, place / cls.key), _flag(options, "ignore_case", place))

    @property
    def name(self) -> str:
        return f"{self.key} {shown(TARGET if self.text is None else self.text)}{_case(self.ignore_case)}"

    def filled(self, fill: Fill) -> Equals:
        return self if self.text is None else replace(self, text=fill(self.text))

    def result(self, answer: str, target: str | None, influences: Influences, patterns: BoundedPatterns) -> CheckResult:
        wanted = target if self.text is None else self.text
        if wanted is None:
            return _no_target()
        passed = _folded(wanted.strip(), self.ignore_case) == _folded(answer.strip(), self.ignore_case)
        what = f"“{shown(wanted)}”" if passed else f"“{shown(answer)}” instead of “{shown(wanted)}”"
        return CheckResult(passed, f"The answer is {what}.")


@dataclass(frozen=True)
class Matches(Check):
    """A regular expression of Python matches somewhere in the answer."""

    pattern: str
    ignore_case: bool = False
    key: ClassVar[str] = "matches"
    options: ClassVar[tuple[str, ...]] = ("ignore_case",)

    @classmethod
    def parse(cls, value: object, options: Mapping[str, object], place: Place, patterns: BoundedPatterns) -> Matches:
        here = place / cls.key
        pattern = text_of(value, here)
        if len(pattern) > MAX_PATTERN:
            raise here.problem(f"The expression is longer than {MAX_PATTERN} characters.", "Write a shorter one.")
        try:
            patterns.search(pattern, "")
        except UnmatchedError as error:
            raise here.problem(f"The expression can't be used. {error}.", "Correct it.") from error
        return cls(pattern, _flag(options, "ignore_case", place))

    @property
    def name(self) -> str:
        return f"{self.key} {shown(self.pattern)}{_case(self.ignore_case)}"

    def result(self, answer: str, target: str | None, influences: Influences, patterns: BoundedPatterns) -> CheckResult:
        try:
            found = patterns.search(self.pattern, answer, re.IGNORECASE if self.ignore_case else 0)
        except UnmatchedError as error:
            return CheckResult(False, f"It isn't known whether the expression matches. {error}.")
        return self._judged(found)

    def _judged(self, found: bool) -> CheckResult:
        return CheckResult(found, f"The expression {'matches' if found else 'does not match'} the answer.")


@dataclass(frozen=True)
class NotMatches(Matches):
    """A regular expression of Python matches nowhere in the answer."""

    key: ClassVar[str] = "not_matches"

    def _judged(self, found: bool) -> CheckResult:
        return replace(super()._judged(found), passed=not found)


@dataclass(frozen=True)
class JsonSchema(Check):
    """The whole answer is JSON that fits a JSON Schema."""

    schema: str
    """The schema, as JSON: a value that never changes."""
    key: ClassVar[str] = "json_schema"

    @classmethod
    def parse(cls, value: object, options: Mapping[str, object], place: Place, patterns: BoundedPatterns) -> JsonSchema:
        return cls(schemas.checked(value, place / cls.key, patterns))

    @property
    def name(self) -> str:
        return f"{self.key} {shown(self.schema)}"

    def result(self, answer: str, target: str | None, influences: Influences, patterns: BoundedPatterns) -> CheckResult:
        exceeded = json_bounds.excess(answer, MAX_VALUES, max_depth=MAX_DEPTH)
        if exceeded:
            return CheckResult(False, f"The answer {exceeded}.")
        try:
            value = json.loads(answer, parse_constant=_refuse)
        except json.JSONDecodeError as error:
            fence = " Only the JSON may stand in it, without a fence." if answer.lstrip().startswith("```") else ""
            return CheckResult(False, f"The answer isn't JSON: {error.msg}, at character {error.pos + 1:,}.{fence}")
        except ValueError as error:
            return CheckResult(False, f"The answer isn't JSON: {str(error).partition(';')[0]}.")
        try:
            (fault,) = patterns.faults(json.loads(self.schema), [value])
        except UnmatchedError as error:
            return CheckResult(False, f"It isn't known whether the answer fits the schema. {error}.")
        return CheckResult(
            not fault, f"The answer doesn't fit the schema: {fault}." if fault else "The answer fits the schema."
        )


@dataclass(frozen=True)
class MaxLength(Check):
    """The answer has at most so many characters."""

    most: int
    key: ClassVar[str] = "max_length"

    @classmethod
    def parse(cls, value: object, options: Mapping[str, object], place: Place, patterns: BoundedPatterns) -> MaxLength:
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise (place / cls.key).problem(
                "This should be a number of characters, 1 or more.", "Write, for example, 200."
            )
        return cls(value)

    @property
    def name(self) -> str:
        return f"{self.key} {self.most}"

    def result(self, answer: str, target: str | None, influences: Influences, patterns: BoundedPatterns) -> CheckResult:
        bound = f"at most {self.most:,} are allowed"
        return CheckResult(len(answer) <= self.most, f"The answer has {len(answer):,} characters; {bound}.")


@dataclass(frozen=True)
class Bound:
    """A bound on an influence: nats, or a share of all influences."""

    value: float
    is_share: bool

    def __str__(self) -> str:
        return f"{100 * self.value:.3g}%" if self.is_share else f"{self.value:.3g} nats"

    @classmethod
    def parse(cls, value: object, place: Place) -> Bound:
        """Return the bound that a file writes as `0.5`, in nats, or as `20%`."""
        text = str(value).strip()
        is_share = text.endswith("%")
        number = math.nan if isinstance(value, bool) else _number(text.removesuffix("%"))
        if not math.isfinite(number) or (is_share and not 0 <= number <= 100):
            raise place.problem("This should be a number of nats, such as 0.5, or a share, such as 20%.", "Correct it.")
        return cls(number / 100 if is_share else number, is_share)

    def of(self, part: str, influences: Influences) -> float:
        """Return what it bounds."""
        return influences.share(part) if self.is_share else influences.influence(part)


@dataclass(frozen=True)
class InfluencedBy(Check):
    """A part of the prompt influences the answer at least so much, or at most."""

    part: str
    at_least: Bound | None
    at_most: Bound | None
    key: ClassVar[str] = "influenced_by"
    options: ClassVar[tuple[str, ...]] = ("at_least", "at_most")

    @classmethod
    def parse(
        cls, value: object, options: Mapping[str, object], place: Place, patterns: BoundedPatterns
    ) -> InfluencedBy:
        part = text_of(value, place / cls.key)
        bounds = {name: Bound.parse(options[name], place / name) for name in cls.options if name in options}
        if not bounds:
            raise (place / cls.key).problem("It isn't said how much.", "Add at_least: 0.5 (in nats), or at_least: 20%.")
        return cls(part, bounds.get("at_least"), bounds.get("at_most"))

    @property
    def name(self) -> str:
        bounds = ((self.at_least, "at least"), (self.at_most, "at most"))
        return f"{self.key} {shown(self.part)}, {' and '.join(f'{words} {bound}' for bound, words in bounds if bound)}"

    def filled(self, fill: Fill) -> InfluencedBy:
        return replace(self, part=fill(self.part))

    def result(self, answer: str, target: str | None, influences: Influences, patterns: BoundedPatterns) -> CheckResult:
        parts, passed = [], True
        for bound, words, sign in ((self.at_least, "at least", 1), (self.at_most, "at most", -1)):
            if bound is not None:
                value = bound.of(self.part, influences)
                passed = passed and sign * value >= sign * bound.value  # a value that isn't a number doesn't pass
                parts.append(f"{Bound(value, bound.is_share)} ({words} {bound} expected)")
        return CheckResult(passed, f"“{shown(self.part)}” influenced the answer by {' and '.join(parts)}.")


KINDS: Sequence[type[Check]] = (Contains, NotContains, Equals, Matches, NotMatches, JsonSchema, MaxLength, InfluencedBy)
"""All kinds, in the documentation's order."""


def parse(value: object, place: Place, patterns: BoundedPatterns) -> Check:
    """Return the check of an entry of `expect`.

    Raises:
        Problem: With the place in the file.
    """
    entry = mapping_of(value, place)
    by_key = {kind.key: kind for kind in KINDS}
    found = [key for key in entry if key in by_key]
    if not found:
        known = [*by_key, *(option for kind in KINDS for option in kind.options)]
        check_keys(entry, list(dict.fromkeys(known)), place)
        raise place.problem("It has no check.", f"Known: {', '.join(by_key)}.")
    if len(found) > 1:
        raise place.problem(
            f"{found[0]} and {found[1]} are in one entry.", "Begin each check with a hyphen of its own."
        )
    kind = by_key[found[0]]
    check_keys(entry, [kind.key, *kind.options], place)
    return kind.parse(entry[kind.key], entry, place, patterns)


def _case(ignored: bool) -> str:
    return ", ignoring case" if ignored else ""


def _flag(options: Mapping[str, object], name: str, place: Place) -> bool:
    value = options.get(name, False)
    if not isinstance(value, bool):
        raise (place / name).problem("This should be true or false.", "Correct it.")
    return value


def _text_or_target(value: object, place: Place) -> str | None:
    text = text_of(value, place)
    return None if text == TARGET else text


def _no_target() -> CheckResult:
    return CheckResult(False, "The prompt has no target.")


def _folded(text: str, ignore_case: bool) -> str:
    return text.casefold() if ignore_case else text


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _refuse(constant: str) -> object:
    raise ValueError(f"it has {constant}")
