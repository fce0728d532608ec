"""LIT Lab: see why a language model answered a prompt as it did, in JupyterLab and by program.

`explain` runs a prompt and returns a `Run`, which says what led to its answer; `load_run` reads a run that was saved. The other
two functions are Jupyter's entry points. The model service imports this package too, under an interpreter that may have no Jupyter
at all, so nothing is imported before its first use.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers know it: importing `typing` takes longer than all of this
if TYPE_CHECKING:
    from typing import Any

    from lit_lab import aio as aio
    from lit_lab.batches.api import batch, open_batch
    from lit_lab.batches.results import Batch
    from lit_lab.client.api import explain, list_models, list_runs, open_run
    from lit_lab.client.comparison import Comparison
    from lit_lab.client.recorded import SalienceMap
    from lit_lab.client.run import Run
    from lit_lab.client.salience_map import Map, Segment
    from lit_lab.effects import Effects
    from lit_lab.problem import Problem
    from lit_lab.saved_run import load_run

__all__ = [
    "Batch",
    "Comparison",
    "Effects",
    "Map",
    "Problem",
    "Run",
    "SalienceMap",
    "Segment",
    "batch",
    "explain",
    "list_models",
    "list_runs",
    "load_run",
    "open_batch",
    "open_run",
]

_PLACES = {
    "Batch": "batches.results",
    "Comparison": "client.comparison",
    "Effects": "effects",
    "Map": "client.salience_map",
    "Problem": "problem",
    "Run": "client.run",
    "SalienceMap": "client.recorded",
    "Segment": "client.salience_map",
    "batch": "batches.api",
    "explain": "client.api",
    "list_models": "client.api",
    "list_runs": "client.api",
    "load_run": "saved_run",
    "open_batch": "batches.api",
    "open_run": "client.api",
}


def __getattr__(name: str) -> Any:
    """Import what a program uses on first use."""
    from importlib import import_module

    if name in _PLACES:
        return getattr(import_module(f"lit_lab.{_PLACES[name]}"), name)
    if name == "aio":
        return import_module("lit_lab.aio")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "aio"])


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Return the front end's folder, for JupyterLab."""
    return [{"src": "labextension", "dest": "lit-lab"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tell the Jupyter server which application to load."""
    from lit_lab.extension import LitLab

    return [{"module": "lit_lab", "app": LitLab}]
