"""What the embedded model must do before it ships, and how well it does what else is asked of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from training import held_out, judging, wording
from training.guests import KINDS, Kind
from training.menu import Menu, Menus
from training.recommendations import recommendations
from training.subject import Subject, rank


@dataclass(frozen=True)
class Measure:
    """A share of cases, and what it must be.

    Attributes:
        name: what is measured.
        value: from 0 to 1.
        cases: of how many.
        least: what the value must reach; None: it is only reported.
        most: what the value must not pass.
    """

    name: str
    value: float
    cases: int
    least: float | None = None
    most: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the gate is passed."""
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)


def goal(measure: Measure) -> str:
    """Return what a measure must be; a dash if it is only reported."""
    if measure.least is not None:
        return f"≥ {measure.least:.2f}"
    return "-" if measure.most is None else f"≤ {measure.most:.2f}"


def measures(subject: Subject, seed: int, cases: int = 240) -> Iterator[Measure]:
    """Measure on evaluation data of a seed: guests and dishes that no training text puts together.

    Args:
        subject: the model.
        seed: of the data.
        cases: how many for the gates on analyses, a third of each kind; the other gates take fewer.
    """
    yield from analyses(subject, seed, cases)
    yield deciding_line(subject, seed, max(cases // 2, 12))
    yield unseen_recommendations(subject, seed, max(cases // 2, 12))


def robustness(subject: Subject, seed: int, cases: int = 60) -> Iterator[Measure]:
    """Measure how often the whole answer is right, kind and recommendation, when a prompt is put otherwise."""
    for name, options in VARIATIONS.items():
        menus = islice(_menus(seed, name, **options), cases)
        right = [_all_right(subject, menu) for menu in menus]
        yield Measure(name, _share(right), len(right))


VARIATIONS: dict[str, dict[str, Any]] = {
    "no example": {"examples": 0, "plain": True},
    "one example": {"examples": 1, "plain": True},
    "two examples": {"examples": 2, "plain": True},
    "three examples": {"examples": 3, "plain": True},
    "four examples": {"examples": 4, "plain": True},
    "other headings, additions to dishes, no typing errors": {"examples": 3, "mistyped": False, "chat": False, "second": False, "suitability": False},
    "rule on dietary restrictions": {"examples": 3, "plain": True, "suitability": True},
    "labels never seen": {"examples": 3, "plain": True, "unseen_labels": True},
    "a chat": {"examples": 3, "plain": True, "chat": True},
    "typing errors": {"examples": 3, "plain": True, "mistyped": True},
    "a second question": {"examples": 3, "plain": True, "second": True},
}  # fmt: skip
"""How prompts are varied; `unseen_labels` aside these are options of `Menus`."""


def _menus(seed: int, name: str, unseen_labels: bool = False, **options: Any) -> Iterator[Menu]:
    """Yield evaluation prompts; their recommendations differ, so that only one of them is right."""
    random = Random(f"evaluation/{seed}/{name}")
    while True:
        for asked in KINDS:
            labels = random.choice(held_out.LABELS) if unseen_labels else None
            recommended = _distinct(random)
            yield Menus(random, held_out=True, kind=asked, labels=labels, recommendations=recommended, **options).menu()


def _distinct(random: Random) -> dict[Kind, str]:
    while True:
        found = recommendations(random)
        if len(set(found.values())) == len(found):
            return found


def _share(outcomes: list[bool]) -> float:
    return sum(outcomes) / len(outcomes) if outcomes else 0.0


def _label(menu: Menu) -> str:
    return menu.label.strip()


def _all_right(subject: Subject, menu: Menu) -> bool:
    said = judging.read(subject.answer(menu.prompt), _label(menu))
    return said.kind == menu.question.kind and said.recommendation == menu.recommendation.strip()


def analyses(subject: Subject, seed: int, cases: int) -> Iterator[Measure]:
    """Measure kinds, ingredients and, given the right analysis, recommendations."""
    right: dict[Kind, list[bool]] = {kind: [] for kind in KINDS}
    invented: list[bool] = []
    exact: list[bool] = []
    recommended: list[bool] = []
    for menu in islice(_menus(seed, "analyses", chat=False), cases):
        case = menu.question
        said = judging.read(subject.answer(menu.prompt), _label(menu))
        exact.append(said.analysis == menu.analysis.strip())
        right[case.kind].append(said.kind == case.kind)
        invented.append(bool(said.ingredients - set(case.dish.ingredients)))
        if menu.copied:
            given = subject.answer(menu.prompt, menu.analysis + menu.label, most=24)
            recommended.append(given.strip().split("\n")[0] == menu.recommendation.strip())
    yield Measure("recommendation exact, given the analysis", _share(recommended), len(recommended), least=0.98)
    for kind, outcomes in right.items():
        yield Measure(f"kind of the analysis right: {kind}", _share(outcomes), len(outcomes), least=0.95)
    yield Measure("analysis right word by word", _share(exact), len(exact))
    yield Measure("claims an ingredient that the dish hasn't", _share(invented), len(invented), most=0.03)


def deciding_line(subject: Subject, seed: int, cases: int) -> Measure:
    """Measure whether `grad_l2` puts the line first that was copied, among all lines of the prompt.

    Half of the prompts have a mistake as LIT's sample has: another kind's example recommends the same.
    """
    first: list[bool] = []
    random = Random(f"evaluation/{seed}/line")
    while len(first) < cases:
        asked, mistaken = random.sample(KINDS, 2)
        said = {kind: random.choice(wording.RECOMMENDATIONS) for kind in KINDS}
        if len({text.split()[0] for text in said.values()}) < 3:
            continue
        if len(first) % 2:
            said[mistaken] = said[asked]
        menus = Menus(random, held_out=True, examples=3, plain=True, kind=asked, recommendations=said)
        menu = menus.menu()
        if menu.decides is None or len(set(menu.examples)) < 3:
            continue
        lines = subject.lines(menu.prompt, menu.answer, _label(menu) + menu.recommendation)
        first.append(bool(rank(lines, menu.decides) == 1))
    return Measure("the line that decides comes first by grad_l2", _share(first), len(first), least=0.97)


def unseen_recommendations(subject: Subject, seed: int, cases: int) -> Measure:
    """Measure whether recommendations in words that no training text has are copied, given the analysis."""
    copied: list[bool] = []
    random = Random(f"evaluation/{seed}/unseen")
    while len(copied) < cases:
        said = dict(zip(KINDS, random.sample(held_out.RECOMMENDATIONS, 3), strict=True))
        menu = Menus(random, held_out=True, examples=3, plain=True, recommendations=said).menu()
        if menu.copied:
            given = subject.answer(menu.prompt, menu.analysis + menu.label, most=24)
            copied.append(given.strip().split("\n")[0] == menu.recommendation.strip())
    return Measure("recommendations in unseen words copied", _share(copied), len(copied), least=0.95)


@dataclass(frozen=True)
class Sample:
    """One of LIT's prompts, what was answered, and what is wrong with that."""

    source: str
    prompt: str
    answer: str
    faults: list[str]

    @property
    def passed(self) -> bool:
        """Whether the answer has no fault that counts."""
        return not self.faults or self.source in judging.NO_GATE


_EXPECTED = {
    "fewshot-mistake": "You have to try it.",
    "fewshot-fixed": "Avoid.",
    "fewshot-constitution": "Not suitable for you.",
}
_MISTAKE = "Recommendation: You have to try it."


def lit_samples(subject: Subject) -> Iterator[Sample]:
    """Ask LIT's own sample prompts."""
    import lit_nlp

    path = Path(lit_nlp.__file__).parent / "examples/prompt_debugging/prompt_examples.jsonl"
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        source, prompt = row["source"], row["prompt"]
        answer = subject.answer(prompt)
        if source in _EXPECTED:
            yield Sample(source, prompt, answer, _menu_faults(subject, source, prompt, answer))
        else:
            yield Sample(source, prompt, answer, judging.faults(source, prompt, answer))


def _menu_faults(subject: Subject, source: str, prompt: str, answer: str) -> list[str]:
    said, found = judging.read(answer, "Recommendation:"), []
    if said.kind != "conflict" or "eggs" not in said.ingredients:
        found.append("doesn't see the eggs")
    if said.ingredients - {"eggs", "cheese", "bacon"}:
        found.append("invents an ingredient")
    if said.recommendation != _EXPECTED[source]:
        found.append(f"doesn't recommend {_EXPECTED[source]!r}")
    if source == "fewshot-mistake" and not found:
        lines = subject.lines(prompt, answer, answer[answer.index("Recommendation:") :])
        if (place := rank(lines, prompt.split("\n").index(_MISTAKE))) != 1:
            found.append(f"the mistaken line is number {place} by grad_l2")
    return found
