"""LIT's own files that its page needs."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import get_args

from lit_lab.problem import Problem
from lit_lab.protocol import LitFile


def client_root() -> Path:
    """Return the folder of LIT's built interface. Does not import LIT.

    Raises:
        Problem: `missing_libraries`.
    """
    spec = importlib.util.find_spec("lit_nlp")
    root = None if spec is None or spec.origin is None else Path(spec.origin).parent / "client" / "build" / "default"
    if root is None or not (root / "main.js").exists():
        raise Problem(
            503,
            "missing_libraries",
            "LIT's interface isn't installed in the model service's environment.",
            "Install it there with: pip install 'lit-lab[service]'",
        )
    return root


def read_file(name: str) -> bytes:
    """Return one of LIT's files.

    Raises:
        Problem: `no_such_file` if the page doesn't need it; `missing_libraries`.
    """
    if name not in get_args(LitFile):
        raise Problem(404, "no_such_file", "LIT's page has no such file.")
    root = client_root()
    return (root / name if name == "main.js" else root / "static" / name).read_bytes()
