"""`import lit_lab` is quick: it imports nothing until something is used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import lit_lab

HEAVY = {
    "typing",
    "asyncio",
    "httpx",
    "jupyter_core",
    "jupyter_server",
    "numpy",
    "pandas",
    "pydantic",
    "tensorflow",
    "tornado",
    "traitlets",
}


def imported_by(code: str) -> set[str]:
    code = f"import sys; before = set(sys.modules); {code}; import json; print(json.dumps(sorted(set(sys.modules) - before)))"
    done = subprocess.run([sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(Path(lit_lab.__file__).parents[1])!r}); {code}"], check=True, capture_output=True, text=True)  # fmt: skip
    return set(json.loads(done.stdout))


def test_the_package_imports_nothing_heavy() -> None:
    found = imported_by("import lit_lab; dir(lit_lab)")
    assert "lit_lab" in found
    assert not found & HEAVY
    assert not {name for name in found if name.startswith("lit_lab.")}


def test_an_explanation_needs_neither_numpy_nor_a_model_service() -> None:
    found = imported_by("import lit_lab; lit_lab.explain, lit_lab.load_run, lit_lab.Map, lit_lab.aio")
    assert {"httpx", "pydantic"} <= found
    assert not found & {"jupyter_server", "numpy", "pandas", "tensorflow", "keras"}


def test_no_submodule_has_the_name_of_a_function() -> None:
    names = {path.stem for path in Path(lit_lab.__file__).parent.iterdir()}
    assert names & set(lit_lab.__all__) == set()
    assert all(getattr(lit_lab, name) is not None for name in lit_lab.__all__)
    assert set(lit_lab.__all__) <= set(dir(lit_lab))
