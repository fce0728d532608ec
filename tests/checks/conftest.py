"""Files of checks for tests."""

from __future__ import annotations

import pytest

from lit_lab.checks import read


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a file of checks and reads it."""

    def write(text, **files):
        for name, content in files.items():
            (tmp_path / name.replace("__", ".")).write_text(content, encoding="utf-8")
        path = tmp_path / "checks.yaml"
        path.write_text(text, encoding="utf-8")
        return read(path)

    return write
