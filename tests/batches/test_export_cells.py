"""Cells that a spreadsheet would take for formulas."""

from __future__ import annotations

import pytest

from lit_lab.batches.export import _cell


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_text_is_no_formula(sign: str) -> None:
    assert _cell(f"{sign}SUM(A1)") == f"'{sign}SUM(A1)"


def test_a_number_stays_one() -> None:
    assert _cell(-1.5) == "-1.5"
