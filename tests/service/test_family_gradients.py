"""Each family's gradient, compared with one that doesn't use the engine, as the table in docs/models.md reports."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from families import FAMILIES, WAYS, Family, agreements

from lit_lab.service.salience_maps import CHECKED

OPEN = {"open"} if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow" else set()
"""The other backends have no passes for all lengths: JAX compiles each new shape, and PyTorch traces nothing."""

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
ANSWERS_ONLY = {"Gemma 4 E2B, E4B, text"}
"""Families whose maps can't be computed: Gemma 4's small models look each token up anew for every layer."""

CANCELLING = {"Bloom", "Falcon", "SmolLM 3"}
"""They react little to an embedding's length, so that the parts of gradient times input nearly cancel."""


COMPILED = ("Gemma 3, text", "Gemma 4, text")
"""Kinds of block that the engine treats in ways of their own, besides Gemma 2's, which `test_engine.py` and `test_prompts.py` compile.
`make test-long` compiles all families."""

ALONE = {"Gemma 4, text", "GPT-NeoX, Pythia"}
"""Those whose answers share no pass with their maps: Gemma 4's blocks want positions; GPT-NeoX's of keras-hub turn
what goes on from what they remember by the wrong ones."""


FIXED = {"Qwen 3.5, text", "Qwen 3.5 MoE, text"}
"""Those whose layers need a known length."""


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.models)
def test_scores_agree_with_float64(keras_libraries: None, family: Family) -> None:
    ways = WAYS if family.models in COMPILED else ["eager"]
    found = agree(family, ways)
    assert found == set(ways) - ({"shared"} if family.models in ALONE else set()) - (set() if OPEN else {"open"})


@pytest.mark.long
@pytest.mark.parametrize(
    "family", [family for family in FAMILIES if family.models not in COMPILED], ids=lambda family: family.models
)
def test_compiled_scores_of_the_others_agree_too(keras_libraries: None, family: Family) -> None:
    assert agree(family, WAYS) >= {"eager", "compiled", *(OPEN if family.models not in FIXED else ())}


def agree(family: Family, ways: Sequence[str]) -> set[str]:
    """Compare the engine's gradients in some ways of computing them with float64, and return the available ways."""
    found = agreements(family, ways)
    if family.models in ANSWERS_ONLY:
        assert found is None
        return set(ways)
    assert found is not None
    for off in found.values():
        assert off.grad_l2 <= 1e-5
        # The result of a sum that cancels is only as exact as its terms.
        assert off.grad_dot_input <= (1e-3 if family.models in CANCELLING else 1e-5)
    return set(found)


def test_the_page_tells_of_each_family_and_as_the_test_finds_it() -> None:
    rows = dict(re.findall(r"(?m)^\| (.+?) +\| `\w+CausalLM` +\| (.+?) +\|", PAGE.read_text("utf-8")))
    assert set(rows) == {family.models for family in FAMILIES}
    for models, cell in rows.items():
        assert (cell == "answers only") == (models in ANSWERS_ONLY), models
        assert cell != "not measured", models


def test_every_family_that_is_trusted_is_in_the_table() -> None:
    assert {f"{family.cls}CausalLM" for family in FAMILIES} >= CHECKED
