"""Text files are split into the same lines wherever a read ends."""

import itertools
import re

import pytest

from lit_lab.datasets.text_file import TextFile


@pytest.mark.parametrize("most", [2, 3, 4])
def test_lines_are_numbered_alike_wherever_the_limit_cuts_them(tmp_path, most):
    path = tmp_path / "lines.txt"
    for units in itertools.product(["a", "\r", "\n"], repeat=5):
        text = "".join(units)
        path.write_bytes(text.encode())
        file = TextFile(path)
        found = list(file.whole_lines(most))
        file.close()
        whole = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", text)
        assert [number for number, _ in found] == list(range(1, len(whole) + 1)), repr(text)
        for (_, line), expected in zip(found, whole, strict=True):
            assert line in (expected, None), repr(text)
            assert line is not None or len(expected) >= most, repr(text)
