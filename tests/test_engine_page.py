"""The tables of docs/engine.md are what `python benchmarks/engine_page.py` generates from the stored results."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
FIGURES = {
    "first": 2.0,
    "one": 1.0,
    "next": 0.5,
    "all": 3.0,
    "tokens_per_s": 20.0,
    "peak_mb": 300.0,
    "leave_one_out": 4.0,
}


@pytest.fixture
def code(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    before = set(sys.modules)
    import engine_page
    import gpu
    import long_prompts
    import peers
    import peers_child

    yield SimpleNamespace(page=engine_page, gpu=gpu, long=long_prompts, peers=peers, child=peers_child)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(ROOT / "benchmarks")):
            del sys.modules[name]


def measured(code: Any) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "LIT Lab float32": dict(FIGURES),
        "LIT Lab bfloat16": FIGURES | {"tokens_per_s": 40.0},
        "PyTorch float32": FIGURES | {"one": 2.0, "tokens_per_s": 16.0, "peak_mb": 100.0},
        "LIT": {"refused": "a `score`\nis missing"},
        "limit float32": {"one": 0.75, "tokens_per_s": 25.0},
    }
    return {
        "model": "gemma3",
        "layers": None,
        "threads": 2,
        "month": "November 2026",
        "parameters": 268_000_000,
        "parts": 12,
        "answers": [[208, 248]],
        "columns": columns,
        "ratios": code.peers.ratios(columns),
    }


def test_the_ratios_are_ours_over_pytorchs(code: Any) -> None:
    assert measured(code)["ratios"] == {
        "first": 1.0,
        "one": 0.5,
        "next": 1.0,
        "all": 1.0,
        "tokens_per_s_f32": 1.25,
        "tokens_per_s_bf16": 2.5,
        "flops_share": 0.75,
        "peak_ratio": 3.0,
    }
    alone = dict.fromkeys(("LIT Lab float32", "LIT Lab bfloat16"), FIGURES) | {"limit float32": {"one": 0.5}}
    assert code.peers.ratios(alone)["one"] is None
    assert code.peers.ratios(alone)["flops_share"] == 0.5


def test_a_result_replaces_its_part_alone(code: Any, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "engine.md").read_text("utf-8")
    assert code.page.page(text, tmp_path) == text, "what isn't measured stays"
    (tmp_path / "peers.jsonl").write_text(json.dumps(measured(code)) + "\n")
    changed = code.page.page(text, tmp_path)
    assert changed.split("<!-- end of peers -->")[1] == text.split("<!-- end of peers -->")[1]
    part = changed.split("<!-- peers -->")[1].split("<!-- end of peers -->")[0]
    assert "LIT refuses or fails: `a 'score' is missing`" in part
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("|")]
    found = {row[0]: row[1:] for row in rows}
    assert found["map of one sentence, s"] == ["1.00", "1.00", "2.00", "0.75"]
    assert found["map of one sentence, LIT Lab ÷ PyTorch"] == ["**0.50** (0.70)"]
    assert found["map of another sentence, LIT Lab ÷ PyTorch"] == ["**1.00** (1.00)"], "half of our own first one"
    assert found["maps of all four sentences, LIT Lab ÷ PyTorch"] == ["**1.00** (1.00)"], (
        "1.5 times PyTorch's first one"
    )
    assert found["most memory of maps above the loaded process, LIT Lab ÷ PyTorch"] == ["3.00 (1.00)"]
    assert code.page.page(changed, tmp_path) == changed


def test_long_prompts_show_their_growth_and_what_was_refused(code: Any, tmp_path: Path) -> None:
    names = [f"{figure}_{part}" for part in code.long.EDITS for figure in ("first_token", "map")]
    rows = [
        {"length": tokens, "prompt_tokens": tokens, "first_token": tokens / 100, "map": tokens**2 / 1e6}
        | {"answer_mb": 10.0, "map_mb": tokens}
        | dict.fromkeys(names, 1.0)
        for tokens in (1000, 2000)
    ]
    slopes = code.long.slopes(rows)
    assert {figure: round(slope, 6) for figure, slope in slopes.items()} == {
        "first_token": 1,
        "map": 2,
        "answer_mb": 0,
        "map_mb": 1,
    }
    refused = {"length": 131_072, "refused": "It needs 200 GB.", "refused_after": 0.25}
    found = {"model": "gemma3", "rows": [*rows, refused], "slopes": slopes}
    (tmp_path / "long_prompts.jsonl").write_text(json.dumps(found) + "\n")
    changed = code.page.page((ROOT / "docs" / "engine.md").read_text("utf-8"), tmp_path)
    assert "131,072 tokens were refused after 0.2 s: It needs 200 GB." in changed
    (row,) = [line for line in changed.splitlines() if line.startswith("| map, s ")]
    assert [cell.strip() for cell in row.strip("|").split("|")] == ["map, s", "1.00", "4.00", "2.00"]


def test_a_gpu_reaches_its_goals_by_either_backend(code: Any) -> None:
    columns = {
        "lab-tensorflow": {"refused": "missing here: tensorflow"},
        "lab-torch": {"all": 400.0, "tokens_per_s": 70.0},
        "pytorch": {"tokens_per_s": 100.0},
    }
    goals = code.gpu.goals(columns)
    assert (goals["all_ms"]["met"], goals["tokens_ratio"]["met"]) == (True, False)
    assert code.gpu.goals({})["tokens_ratio"]["met"] is None, "not measured isn't missed"


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_peer_measures_each_answer_once(code: Any, capsys: pytest.CaptureFixture[str]) -> None:
    answers = [{"ids": list(range(28)), "prompt_tokens": 20, "without": [[1], [2]]} for _ in range(3)]
    asked: list[tuple[int, int]] = []
    found = code.child.measure(
        {"answers": answers, "tokens": 8},
        lambda ids, seam, target: asked.append(target),
        lambda ids, count: [0.5, 1.0, 1.5],
        lambda prompts, answer: None,
    )
    assert asked == [(26, 28), (20, 22), (22, 24), (24, 26), (26, 28), (26, 28), (20, 22)]
    assert found["tokens_per_s"] == 2.0
    assert found["first_token"] == 0.5
    assert {"first", "one", "next", "all", "leave_one_out", "peak_mb", "total_mb"} <= set(found)
    assert json.loads(capsys.readouterr().out) == {"event": "map"}


def test_the_page_is_made_of_what_is_kept(code: Any) -> None:
    text = (ROOT / "docs" / "engine.md").read_text("utf-8")
    assert code.page.page(text, code.page.RESULTS) == text
