"""Reads files of checks. docs/checks.md describes them.

A file opens nothing but datasets beside it, runs nothing, and knows no environment variables. Everything that can be wrong is found
before a model is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lit_lab import local_paths
from lit_lab.datasets import yaml_values
from lit_lab.datasets.configured import NAMED, suffix_of
from lit_lab.patterns import BoundedPatterns
from lit_lab.problem import Problem

from . import checks
from .checks import Check, Contains, Equals, InfluencedBy
from .conversations import Turns, turns_of
from .places import Place, check_keys, lines_of, list_of, mapping_of, shown, text_of, texts_of
from .rows import Case, rows_of
from .settings import KEYS, Settings, settings_of

MAX_BYTES = 1_000_000
"""Most bytes of a file."""

MAX_PROMPTS = 1_000
MAX_CHECKS = 100
"""Most checks of a prompt."""

MAX_CASES = 10_000
"""Most prompts that are sent to models, rows of datasets among them."""

_UNSAFE = re.compile(r"[\\:\x00-\x1f]|^[/~]|(?:^|/)\.\.(?:/|$)")


@dataclass(frozen=True)
class CheckedPrompt:
    """A prompt, or one for each row of a dataset, with what is expected of its answers.

    Attributes:
        name: Its name in reports.
        models: The models to ask.
        cases: Each text or conversation that is sent, with its target and checks.
        settings: How the models answer.
    """

    name: str
    models: tuple[str, ...]
    cases: tuple[Case, ...]
    settings: Settings


@dataclass(frozen=True)
class CheckFile:
    """A file of checks.

    Attributes:
        name: The file's name.
        prompts: Its prompts, in order.
    """

    name: str
    prompts: tuple[CheckedPrompt, ...]

    @property
    def size(self) -> int:
        """How often a model is asked."""
        return sum(len(prompt.models) * len(prompt.cases) for prompt in self.prompts)


def read(path: Path, settings: Settings | None = None) -> CheckFile:
    """Read a file of checks and the datasets that it names.

    Args:
        path: The file.
        settings: How models answer where the file doesn't say it.

    Raises:
        Problem: With the place in the file.
    """
    text = _text(path)
    place = Place(path.name)
    value = _value(text, place)
    place = Place(path.name, lines=lines_of(text, place))
    top = mapping_of(value, place)
    check_keys(top, ("model", "prompts", *KEYS), place)
    if "prompts" not in top:
        raise place.problem("It has no prompts.", "Add prompts: and a list of prompts.")
    models = _models(top, place)
    shared = settings_of(top, place, settings or Settings())
    prompts: list[CheckedPrompt] = []
    with BoundedPatterns() as patterns:
        for index, each in enumerate(list_of(top["prompts"], place / "prompts", MAX_PROMPTS)):
            here = place / "prompts" / index
            made = _prompt(mapping_of(each, here), index, models, shared, here, path.parent, patterns)
            if any(made.name == other.name for other in prompts):
                raise (here / "name").problem(
                    f"Another prompt is called {shown(made.name)}, too.", "Write another name."
                )
            prompts.append(made)
            if CheckFile("", tuple(prompts)).size > MAX_CASES:
                raise here.problem(f"The file asks models more than {MAX_CASES:,} times.", "Split it.")
    return CheckFile(path.name, tuple(prompts))


def _text(path: Path) -> str:
    place = Place(path.name)
    try:
        if not path.is_file():
            raise place.problem(
                f"It isn't a file: {local_paths.fault(path) or 'it is something else'}.", "Check its name."
            )
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except local_paths.FAILURES as error:
        raise place.problem(f"It can't be read: {local_paths.words(error)}.", "Check its name.") from error
    if len(data) > MAX_BYTES:
        raise place.problem(f"The file is longer than {MAX_BYTES:,} bytes.", "Split it.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise place.problem("The file isn't text in UTF-8.", "Save it as UTF-8.") from error


def _value(text: str, place: Place) -> object:
    try:
        return yaml_values.load(text)
    except Problem as problem:
        raise place.problem(problem.message, "Correct it.") from problem


def _models(owner: Mapping[str, object], place: Place) -> tuple[str, ...]:
    if "model" not in owner:
        return ()
    return tuple(dict.fromkeys(text for text, _ in texts_of(owner["model"], place / "model")))


def _prompt(
    entry: Mapping[str, object],
    index: int,
    models: tuple[str, ...],
    shared: Settings,
    place: Place,
    folder: Path,
    patterns: BoundedPatterns,
) -> CheckedPrompt:
    check_keys(entry, ("name", "prompt", "turns", "model", "dataset", "target", "expect", *KEYS), place)
    name = text_of(entry["name"], place / "name") if "name" in entry else f"prompt {index + 1}"
    models = _models(entry, place) or models
    if not models:
        raise place.problem(
            "It isn't said which model to ask.", "Add model: and a model's name, here or above prompts."
        )
    if "expect" not in entry:
        raise place.problem("Nothing is expected of the answer.", "Add expect: and a list of checks.")
    expected = list_of(entry["expect"], place / "expect", MAX_CHECKS)
    made = tuple(checks.parse(each, place / "expect" / i, patterns) for i, each in enumerate(expected))
    settings = settings_of(entry, place, shared)
    prompt, turns = _asked(entry, place)
    target = text_of(entry["target"], place / "target") if "target" in entry else None
    if "dataset" in entry:
        here = place / "dataset"
        dataset = _beside(folder, text_of(entry["dataset"], here), here)
        return CheckedPrompt(name, models, rows_of(dataset, prompt or turns, target, made, here, MAX_CASES), settings)
    if prompt is None and turns is None:
        raise place.problem("It has neither a prompt nor a dataset.", "Add prompt: and a text, or turns:.")
    case = Case(prompt or "", target, made, turns=turns or ())
    for i, check in enumerate(made):
        _check_alone(check, case, place / "expect" / i)
    return CheckedPrompt(name, models, (case,), settings)


def _asked(entry: Mapping[str, object], place: Place) -> tuple[str | None, Turns | None]:
    """Return the text that a prompt's entry has, or its conversation."""
    if "prompt" in entry and "turns" in entry:
        raise (place / "turns").problem("prompt and turns are in one entry.", "Remove one of them.")
    if "turns" in entry:
        return None, turns_of(entry["turns"], place / "turns")
    if "prompt" not in entry:
        return None, None
    if isinstance(entry["prompt"], list):
        raise (place / "prompt").problem(
            "This should be a text; it is a list.", "Write a conversation under turns: instead."
        )
    return text_of(entry["prompt"], place / "prompt"), None


def _check_alone(check: Check, case: Case, place: Place) -> None:
    """Refuse a check that a prompt without a dataset can never pass."""
    if isinstance(check, InfluencedBy) and not case.has(check.part):
        raise place.problem(f"The prompt doesn't contain “{shown(check.part)}”.", "Copy the part from the prompt.")
    if isinstance(check, (Contains, Equals)) and check.text is None and case.target is None:
        raise place.problem("The prompt has no target.", "Add target: and a text to the prompt.")


def _beside(folder: Path, name: str, place: Place) -> Path:
    """Return the path of a dataset: a file beside the file of checks, or in a folder there.

    Raises:
        Problem: It may lie elsewhere, or isn't there.
    """
    if _UNSAFE.search(name):
        raise place.problem(
            f"{shown(name)} doesn't name a file beside this one.", "Write its name, such as rows.jsonl."
        )
    if not suffix_of(name):
        raise place.problem(f"{shown(name)} isn't a dataset that LIT Lab reads.", f"Known: {NAMED}.")
    path = folder / name
    if not local_paths.is_file(path):
        why = local_paths.fault(path) or "it isn't a file"
        raise place.problem(f"{shown(name)} can't be read: {why}.", "Put it beside this file.")
    if not local_paths.resolved(path).is_relative_to(local_paths.resolved(folder)):
        raise place.problem(f"{shown(name)} is a link to a file elsewhere.", "Copy the file.")
    return path
