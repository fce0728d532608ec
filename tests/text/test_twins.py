"""Thousands of random texts: Python and the front end make the same segments, turns, thoughts and shares of them."""

from __future__ import annotations

import itertools
import json
import random
import runpy
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from lit_lab.patterns import BoundedPatterns
from lit_lab.segmentation.unicode_sets import named

ROOT = Path(__file__).parents[2]
GENERATOR = runpy.run_path(str(Path(__file__).with_name("generate_segments.py")))
SURE = set(GENERATOR["PATTERNS"])
WRITTEN = [
    *ROOT.glob("docs/*.md"),
    *ROOT.glob("lit_lab/*.py"),
    *ROOT.glob("src/session/*.ts"),
    *ROOT.glob("examples/*.ipynb"),
]
CHANGED = {0x295}  # a small letter until Unicode 15
NAMES = [
    "L",
    "Lu",
    "Ll",
    "Lt",
    "Lm",
    "Lo",
    "M",
    "N",
    "White_Space",
    "Script=Han",
    "Script=Hiragana",
    "Script=Thai",
    "Script=Khmer",
]


def in_node(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    given = json.dumps(cases)
    done = subprocess.run(["node", "tests/text/segments.mjs"], cwd=ROOT, input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def compare(cases: list[dict[str, Any]]) -> None:
    with BoundedPatterns() as patterns:
        ours = [GENERATOR["results"](case, patterns) for case in cases]
    asked = []
    for case, mine in zip(cases, ours, strict=True):
        # Some expressions of JavaScript, Python refuses. Others never end, and nothing would stop them in Node.js.
        is_refused = mine["custom"] is None and case["pattern"] not in SURE
        asked.append({**GENERATOR["packed"](case), **({"pattern": "("} if is_refused else {})})
    wrong = [
        (name, case["tokens"], case["pattern"], mine[name], theirs[name])
        for case, mine, theirs in zip(asked, ours, in_node(asked), strict=True)
        for name in mine
        if mine[name] != theirs[name]
    ]
    assert wrong == []
    assert sum(mine["words"] is not None for mine in ours) > len(cases) // 4
    assert sum(mine["custom"] is not None for mine in ours) > len(cases) // 2


def test_some_cases_in_the_front_end_itself() -> None:
    compare(list(itertools.islice(GENERATOR["cases"](1), 50)))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 6))
def test_thousands_of_cases(seed: int) -> None:
    compare(list(itertools.islice(GENERATOR["cases"](seed), 1_500)))


@pytest.mark.long
def test_texts_that_people_wrote() -> None:
    rng = random.Random(7)
    texts = [path.read_text("utf-8") for path in WRITTEN]
    assert len(texts) > 50
    compare([GENERATOR["sequence"](rng, text[:8_000], text[8_000:12_000]) for text in texts])


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_sets_of_characters(name: str) -> None:
    """Except for characters that one of them doesn't know yet."""
    code = "const r = new RegExp(`^\\\\p{${process.argv[1]}}$`, 'u'), a = /^\\P{Cn}$/u; const found = []; for (let c = 0; c < 0x110000; c++)"
    code += "{ const t = String.fromCodePoint(c); if (a.test(t)) { found.push(r.test(t) ? c : -c); } } console.log(JSON.stringify(found))"
    done = subprocess.run(["node", "-e", code, name], capture_output=True, text=True, check=True)
    ranges = named(name)
    assert ranges is not None
    inside = {point for start, end in ranges for point in range(start, end + 1)}
    known = [
        point
        for point in json.loads(done.stdout)
        if unicodedata.category(chr(abs(point))) != "Cn" and abs(point) not in CHANGED
    ]
    assert len(known) > 100_000
    assert [point for point in known if point and (point > 0) != (abs(point) in inside)] == []
