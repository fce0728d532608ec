"""What matters over rows, from records with known effects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lit_lab.batches import aggregates
from lit_lab.batches.aggregates import interval_of_mean, summaries
from lit_lab.batches.noise import inert_effects, verdict
from lit_lab.batches.plan import Plan
from lit_lab.batches.record import PartRecord, Record
from lit_lab.problem import Problem


def record(row: int, effects: dict[str, float | None], num_tokens: int = 2) -> Record:
    parts = tuple(PartRecord(name, f"{name} of {row}", 0, None, effect) for name, effect in effects.items())
    return Record(row, row, "", "", "a", "stop", num_tokens, -1.0, parts)


def test_the_strongest_part_comes_first_with_its_mean_for_each_token() -> None:
    found = summaries([record(0, {"text-1": 2.0, "{a}": -8.0}), record(1, {"text-1": 4.0, "{a}": -8.0}, 4)])
    assert [part.id for part in found] == ["{a}", "text-1"]
    assert found[0].effect == pytest.approx(-3.0)  # of -4 and -2
    assert found[1].effect == pytest.approx(1.0)
    assert (found[0].text, found[1].text) == ("{a}", "text-1 of 0")


def test_rows_without_an_answer_dont_count() -> None:
    (part,) = summaries([record(0, {"text-1": 2.0}), record(1, {"text-1": None}), record(2, {"text-1": 100.0}, 0)])
    assert (part.num_rows, part.effect, part.interval) == (2, 1.0, None)


def test_outliers_are_the_rows_farthest_from_the_median() -> None:
    (part,) = summaries([record(row, {"text-1": 50.0 if row == 3 else row / 10}) for row in range(8)])
    assert part.outliers[0] == 3


def test_the_interval_holds_the_mean_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    held = 0
    for seed in range(200):
        low, high = interval_of_mean(random.normal(0.3, 1.0, 60).tolist(), seed)
        held += low <= 0.3 <= high
    assert 180 <= held <= 199


def test_a_part_within_the_noise_does_nothing() -> None:
    random = np.random.default_rng(2)
    inert = random.normal(0, 0.01, 400).tolist()
    assert verdict("text-1", "a", random.normal(0, 0.004, 100).tolist(), inert).does_nothing
    assert not verdict("text-1", "a", random.normal(0.2, 0.05, 100).tolist(), inert).does_nothing
    # It matters in some rows only.
    some = [0.3 if row % 10 == 0 else 0.0 for row in range(100)]
    found = verdict("text-1", "a", some, inert)
    assert found.below == pytest.approx(0.9)
    assert not found.does_nothing


def test_a_few_rows_say_nothing() -> None:
    assert not verdict("text-1", "a", [0.0] * 19, [0.1] * 20).does_nothing
    assert verdict("text-1", "a", [0.0] * 20, [0.1] * 20).does_nothing


class Scored:
    """Stands in for a client that scores a prompt with inert sentences: notes it."""

    def __init__(self) -> None:
        self.prompts: list[str] = []

    async def score(self, request: Any) -> Any:
        self.prompts.append(request.prompt)
        raise Problem(422, "prompt_too_long", "It is too long.")


@pytest.mark.parametrize(
    ("prompt", "part", "begins"),
    [
        ("Be brief. Be kind.", "Be kind.", "Be brief. This is a sentence. "),
        ("Dish: soup, analysed.", ", analysed.", "This is a sentence.\n"),
        ("One.\nDish: soup!", "!", "One.\nThis is a sentence.\n"),
    ],
)
async def test_inert_sentences_never_break_a_sentence(prompt: str, part: str, begins: str) -> None:
    start = prompt.index(part)
    record = Record(0, 1, prompt, "", "a", "stop", 1, -1.0, (PartRecord("text-1", part, start, None, 0.1),))
    client = Scored()
    with pytest.raises(Problem):
        await inert_effects(client, Plan(model="m"), record, record.parts[0])  # type: ignore[arg-type]
    assert client.prompts[0].startswith(begins)
    assert client.prompts[0].endswith(prompt[len(prompt) - len(part) :])


def test_the_interval_of_very_many_rows_is_as_wide_as_by_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [(number * 7919) % 1000 / 1000 for number in range(2_000)]
    drawn = aggregates.interval_of_mean(values, 0)
    monkeypatch.setattr(aggregates, "MAX_DRAWN", 1_000)
    assert aggregates.interval_of_mean(values, 0) == pytest.approx(drawn, abs=0.002)
