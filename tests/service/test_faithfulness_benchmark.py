"""`benchmarks/faithfulness.py` on a small scale: the embedded model, three prompts, few sets, all of the code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.only_on("tensorflow")  # the results don't depend on the backend, and the tests take seconds

FOLDER = Path(__file__).parents[2] / "benchmarks"
EXAMPLE = """Analyze a menu item in a restaurant.

## For example:

Taste-likes: I've a sweet-tooth
Taste-dislikes: Don't like onions or garlic
Suggestion: Onion soup
Analysis: it has cooked onions in it, which you don't like.
Recommendation: Avoid.

## Now analyze one more example:

Taste-likes: Cheese
"""


@pytest.fixture(scope="module")
def code() -> Iterator[Any]:
    """The benchmark's modules."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        before = set(sys.modules)
        import faithfulness_bench
        import faithfulness_items
        import faithfulness_page
        import faithfulness_plan
        import faithfulness_runs
        import faithfulness_tables

        yield SimpleNamespace(
            bench=faithfulness_bench,
            items=faithfulness_items,
            page=faithfulness_page,
            plan=faithfulness_plan,
            runs=faithfulness_runs,
            tables=faithfulness_tables,
        )
        for name in set(sys.modules) - before:
            if name.startswith("faithfulness"):
                del sys.modules[name]


@pytest.fixture(scope="module")
def prompts(code: Any) -> list[Any]:
    """Two facts with which the embedded model answers correctly, and without which it doesn't."""
    found = []
    for number, (dislikes, dish) in enumerate((("Mushrooms", "Mushroom soup"), ("Fish", "Grilled trout"))):
        planted = f"Taste-dislikes: {dislikes}"
        prompt = f"{EXAMPLE}{planted}\nSuggestion: {dish}\nAnalysis:"
        found.append(
            code.items.Item(f"fact-{number}", "fact", prompt, planted, "you don't like", prompt.rindex("Suggestion"), 3)
        )
    return found


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def settings(code: Any) -> Any:
    return code.plan.Settings(tokens=24, targets=2, held_out=16, neutral=8, samples=16)


@pytest.fixture(scope="module")
def bench(code: Any, prompts: list[Any], results: Path, settings: Any, embedded: Any) -> Any:
    """The computed results of all parts except the slowest."""
    found = code.bench.Bench("embedded", Path("unused"), results, settings, results / "kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(code.runs, "load", lambda path: embedded)
        for item in prompts:
            found.compute(item, "basic")
    return found


def table(code: Any, bench: Any, prompts: list[Any], *parts: str) -> Any:
    known = [(item, part, bench.figures(item, part)) for item in prompts for part in parts]
    assert all(found for *_, found in known)
    return code.tables.table_of("embedded", known)


def test_leaving_out_predicts_better_than_chance(code: Any, bench: Any, prompts: list[Any]) -> None:
    found = table(code, bench, prompts, "basic")
    rows = found.rows
    for what in ("lds", "ldsn"):
        assert rows["leave_one_out"][what].mean > max(0.4, *(rows[each][what].mean for each in ("random", "length")))
    assert rows["leave_one_out"]["top1"].mean == 1.0
    assert all(row["top3"] is None or row["top3"].mean <= 1.0 for row in rows.values())
    assert rows["same"]["top1"] is None, "who ranks first among equals says nothing"
    assert found.targets == 4


def test_a_planted_fact_is_found(code: Any, bench: Any, prompts: list[Any]) -> None:
    found = table(code, bench, prompts, "basic")
    assert found.eligible == (2, 2)
    assert found.planted["leave_one_out"]["all"]["first"].mean == 1.0
    assert found.planted["leave_one_out"]["3"]["mrr"].mean == 1.0
    assert set(found.planted["leave_one_out"]) == {"all", "3"}


def test_what_is_stored_is_not_computed_again(
    code: Any, bench: Any, prompts: list[Any], results: Path, settings: Any
) -> None:
    again = code.bench.Bench("embedded", Path("unused"), results, settings, results / "kept")
    assert all(again.is_known(item, "basic") for item in prompts)
    assert again.figures(prompts[0], "basic") == bench.figures(prompts[0], "basic")
    assert not again.is_known(prompts[0], "signed")
    with (results / "embedded.jsonl").open("a") as file:
        file.write('{"item":"fact-1","part":"basic","ke')  # as a run leaves it that was stopped while it wrote
    again = code.bench.Bench("embedded", Path("unused"), results, settings, results / "kept")
    assert all(again.is_known(item, "basic") for item in prompts)
    more = code.plan.Settings(tokens=24, targets=2, held_out=17, neutral=8, samples=16)
    other = code.bench.Bench("embedded", Path("unused"), results, more, results / "kept")
    assert not any(other.is_known(item, "basic") for item in prompts)


def test_figures_that_are_kept_stand_for_results(
    code: Any, bench: Any, prompts: list[Any], settings: Any, tmp_path: Path
) -> None:
    kept = code.bench.Bench("embedded", Path("unused"), tmp_path, settings, tmp_path / "kept")
    kept._stored = bench._stored
    for item in prompts:
        kept.keep(item, "basic")
    kept.write_kept()
    elsewhere = code.bench.Bench("embedded", Path("unused"), tmp_path / "none", settings, tmp_path / "kept")
    assert all(elsewhere.is_known(item, "basic") for item in prompts)
    assert table(code, elsewhere, prompts, "basic") == table(code, bench, prompts, "basic")


@pytest.mark.long
def test_maps_of_random_weights_are_others(
    code: Any, bench: Any, prompts: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    shuffled = code.runs.randomized("embedded")
    before, after = (
        [np.array(each) for each in model.causal_lm.backbone.weights] for model in (bench._model(False), shuffled)
    )
    assert all(
        np.array_equal(np.sort(one, None), np.sort(other, None)) for one, other in zip(before, after, strict=True)
    )
    monkeypatch.setitem(bench._models, True, shuffled)
    for item in prompts:
        bench.compute(item, "random_weights")
    changed = table(code, bench, prompts, "basic", "random_weights").changed
    assert changed["leave_one_out"].mean < 0.7
    assert all(each.mean < 0.95 for each in changed.values())


def test_signs_are_measured_for_tokens_and_contrastive_targets(code: Any, bench: Any, prompts: list[Any]) -> None:
    bench.compute(prompts[0], "signed")
    signs = table(code, bench, prompts[:1], "basic", "signed").signs
    for name in ("sentences: grad_dot_input, sum", "tokens: grad_dot_input", "contrast: grad_dot_input, sum"):
        assert -1 <= signs[name]["rank"].mean <= 1
        assert "sign" not in signs[name] or 0 <= signs[name]["sign"].mean <= 1
    assert -1 <= signs["contrast: grad_dot_input, sum"]["lds"].mean <= 1


def test_a_page_and_its_plot_are_made_of_them(code: Any, bench: Any, prompts: list[Any]) -> None:
    from xml.etree import ElementTree

    found = table(code, bench, prompts, "basic")
    page = code.page.page([found])
    assert "## embedded" in page
    row = next(line for line in page.splitlines() if line.startswith("| leave one out"))
    assert f"{found.rows['leave_one_out']['lds'].mean:.2f} " in row
    assert "[" not in row, "two prompts have no interval"
    assert ElementTree.fromstring(code.page.plot([found])).tag.endswith("svg")


def test_kinds_come_in_turn(code: Any) -> None:
    planned = [(item.name, part) for item, part in code.plan.plan(("few_shot", "summary"), 4, 2)]
    assert planned[:2] == [("few_shot-0", "basic"), ("summary-0", "basic")]
    slow = [name for name, part in planned if part == "expensive"]
    assert slow == ["few_shot-0", "summary-0", "few_shot-1", "summary-1"]
    assert planned.index(("few_shot-0", "expensive")) < planned.index(("few_shot-2", "basic"))
