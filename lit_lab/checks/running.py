"""Runs checks with a function that asks a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from lit_lab.patterns import BoundedPatterns
from lit_lab.problem import Problem

from .checks import Check, CheckResult, InfluencedBy, Influences
from .file import CheckedPrompt, CheckFile
from .places import shown
from .rows import Case
from .settings import Settings


class Explained(Influences, Protocol):
    """An answer, and how much parts of the prompt influenced it. Influences are only asked for where a check needs them."""

    @property
    def answer(self) -> str:
        """The model's answer."""


Explain = Callable[[Case, str, Settings], Explained]
"""Asks a model: takes a prompt or a conversation, a model's name, and how the model answers."""


@dataclass(frozen=True)
class Outcome:
    """What came out of a check of one answer.

    Attributes:
        prompt: The prompt's name in the file.
        model: The model's name.
        row: The row's first line in its dataset; 0: the prompt comes from none.
        check: What was checked, in a few words.
        passed: Whether the answer is as expected.
        message: A sentence about it.
        is_error: Whether the check could not be made, such as without an answer. Then it hasn't passed.
        answer: The model's answer; empty if there is none.
    """

    prompt: str
    model: str
    row: int
    check: str
    passed: bool
    message: str
    is_error: bool = False
    answer: str = ""


@dataclass(frozen=True)
class Report:
    """What came out of a file of checks.

    Attributes:
        name: The file's name.
        outcomes: What came out of each check, in the file's order.
    """

    name: str
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> int:
        """How many checks haven't passed."""
        return sum(not outcome.passed for outcome in self.outcomes)


def run_checks(file: CheckFile, explain: Explain, tell: Callable[[Outcome], None] | None = None) -> Report:
    """Ask each model each prompt once, and judge its answers.

    A `Problem` of `explain` or of an influence is what came out of the checks that it concerns; the others go on.

    Args:
        file: The checks.
        explain: Asks a model.
        tell: Takes each outcome as soon as it is there.
    """
    outcomes = list[Outcome]()
    with BoundedPatterns() as patterns:
        for prompt in file.prompts:
            for model in prompt.models:
                for case in prompt.cases:
                    for outcome in _outcomes(prompt, model, case, explain, patterns):
                        outcomes.append(outcome)
                        if tell is not None:
                            tell(outcome)
    return Report(file.name, tuple(outcomes))


def _outcomes(
    prompt: CheckedPrompt, model: str, case: Case, explain: Explain, patterns: BoundedPatterns
) -> Iterator[Outcome]:
    def made(check: Check, result: CheckResult, is_error: bool = False, answer: str = "") -> Outcome:
        return Outcome(prompt.name, model, case.row, check.name, result.passed, result.message, is_error, answer)

    explained, fault = None, case.fault
    if not fault:
        try:
            explained = explain(case, model, prompt.settings)
        except Problem as problem:
            fault = f"{problem.message} {problem.hint}".strip()
    for check in case.checks:
        if explained is None:
            yield made(check, CheckResult(False, fault), is_error=True)
            continue
        try:
            yield made(check, _judged(check, case, explained, patterns), answer=explained.answer)
        except Problem as problem:
            words = f"{problem.message} {problem.hint}".strip()
            yield made(check, CheckResult(False, words), is_error=True, answer=explained.answer)


def _judged(check: Check, case: Case, explained: Explained, patterns: BoundedPatterns) -> CheckResult:
    if isinstance(check, InfluencedBy) and not case.has(check.part):
        return CheckResult(False, f"The prompt doesn't contain “{shown(check.part)}”.")
    return check.result(explained.answer, case.target, explained, patterns)
