"""docs/faithfulness.md and its plot are what `python benchmarks/faithfulness.py --write-docs` generates from the stored results."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def code(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    before = set(sys.modules)
    import faithfulness
    import faithfulness_bench
    import faithfulness_page
    import faithfulness_plan

    yield SimpleNamespace(main=faithfulness, bench=faithfulness_bench, page=faithfulness_page, plan=faithfulness_plan)
    for name in set(sys.modules) - before:
        if name.startswith("faithfulness"):
            del sys.modules[name]


def test_the_page_is_made_of_what_is_kept(code: Any, tmp_path: Path) -> None:
    benches = [code.bench.Bench(name, tmp_path, tmp_path, code.plan.Settings()) for name in ("smollm2", "gemma3")]
    kinds = ("few_shot", "fact", "instructions", "summary")
    found = [code.main.table(bench, kinds, 40, 10) for bench in benches]
    tables = [table for table in found if table.prompts]
    assert tables, "figures are kept"
    docs = ROOT / "docs"
    assert code.page.page(tables) == (docs / "faithfulness.md").read_text("utf-8")
    methods = (docs / "methods.md").read_text("utf-8")
    assert code.page.with_summary(methods, tables) == methods
    assert "each sentence deleted" in code.page.SUMMARY.search(methods)[0]
    assert code.page.plot(tables) == (docs / "images" / "faithfulness.svg").read_text("utf-8")


def test_what_is_kept_is_small() -> None:
    files = list((ROOT / "benchmarks" / "results" / "faithfulness").glob("*.jsonl"))
    assert files
    assert sum(file.stat().st_size for file in files) < 1_000_000
