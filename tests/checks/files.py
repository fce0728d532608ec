"""What tests of files of checks share."""

from __future__ import annotations

import pytest

from lit_lab.problem import Problem

START = "model: m\nprompts:\n"


def refused(call, *given, **files):
    with pytest.raises(Problem) as raised:
        call(*given, **files)
    assert raised.value.code == "bad_checks"
    return f"{raised.value.message} {raised.value.hint}"
