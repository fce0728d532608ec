"""CPython's results for the fixtures of strings, which also test the front end's finder."""

from __future__ import annotations

import inspect
import json
import runpy
import textwrap
import unicodedata
import warnings
from pathlib import Path
from typing import Any

import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures" / "text"
CASES: list[dict[str, Any]] = json.loads((FIXTURES / "strings.json").read_text("utf-8"))
GENERATOR = runpy.run_path(str(Path(__file__).with_name("generate_literals.py")))

NAMESPACE = {"textwrap": textwrap, "inspect": inspect, "dedent": textwrap.dedent}


def units(text: str) -> list[bytes]:
    """Return a text's UTF-16 units, because JSON can't tell two lone surrogates from a pair."""
    data = text.encode("utf-16-le", "surrogatepass")
    return [data[at : at + 2] for at in range(0, len(data), 2)]


def evaluate(source: str, values: dict[str, str]) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about unknown escapes
        value = eval(source, {**NAMESPACE, **values})
    assert isinstance(value, str)
    return value


@pytest.mark.parametrize("case", [case for case in CASES if case["python"]], ids=lambda case: case["name"])
def test_python_agrees(case: dict[str, Any]) -> None:
    (found,) = case["found"]
    expected = case["filled"] if "values" in case else found["value"]
    assert units(evaluate(case["source"], case.get("values", {}))) == units(expected)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_map_is_in_order_and_exact(case: dict[str, Any]) -> None:
    source = units(case["source"])
    for found in case["found"]:
        value = units(found["value"])
        at = [0, 0]
        for run in found["map"]:
            for which, (start, end) in enumerate([run["value"], run["source"]]):
                assert at[which] <= start < end <= len([value, source][which])
                at[which] = end
            text, from_ = value[slice(*run["value"])], source[slice(*run["source"])]
            if len(text) == len(from_):
                # Tabs become blanks in cleandoc, and a lone carriage return a newline.
                assert all(a == b or b in units("\t\r") for a, b in zip(text, from_, strict=True))
        # Every character of a found value has a source.
        assert sum(run["value"][1] - run["value"][0] for run in found["map"]) == len(value)
        for field in found["fields"]:
            start, end = field["value"]
            assert 0 <= start < end <= len(value)


def test_literals_are_what_the_generator_makes() -> None:
    text = (FIXTURES / "literals.json").read_text("ascii")
    assert text == GENERATOR["dump"](), "run tests/text/generate_literals.py"


def test_literals_cover_the_language() -> None:
    sources = [case["source"] for case in json.loads((FIXTURES / "literals.json").read_text("ascii"))["cases"]]
    assert len(sources) == GENERATOR["NUM_CASES"]
    for part in ["f'", "RF", 'u"', r"\N{", "\r\n", "\\\n", '"""', "'''", r"\U", r"\101", "{{", "{x!r}", "{x=}", "🥚"]:
        assert any(part in source for source in sources), part


def test_unicode_names_are_pythons() -> None:
    names = json.loads((FIXTURES / "literals.json").read_text("ascii"))["names"]
    assert names == {name: unicodedata.lookup(name) for name in names}
