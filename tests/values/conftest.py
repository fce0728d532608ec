"""The browser's code in Node.js, bundled once. It reads and writes lines of JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

Ask = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the scripts that `bundle.mjs` writes."""
    folder = tmp_path_factory.mktemp("bundle")
    subprocess.run(["node", "tests/values/bundle.mjs", folder], cwd=ROOT, check=True)
    return folder


def answers(script: Path) -> Iterator[Ask]:
    """Yield a function that sends a request to a script. One process answers all of them."""
    with subprocess.Popen(["node", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def ask(what: dict[str, Any]) -> dict[str, Any]:
            stdin.write(json.dumps(what) + "\n")
            stdin.flush()
            return dict(json.loads(stdout.readline()))

        yield ask
        stdin.close()


@pytest.fixture(scope="session")
def evaluator(bundle: Path) -> Iterator[Ask]:
    """Return what the evaluator knows about a notebook."""
    yield from answers(bundle / "evaluator.js")


@pytest.fixture(scope="session")
def apply(bundle: Path) -> Iterator[Ask]:
    """Apply an edit to a cell."""
    yield from answers(bundle / "applier.js")
