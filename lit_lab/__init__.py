"""LIT Lab: see why a language model answered a prompt as it did, in JupyterLab.

`load_run` reads, in any kernel, a run that was taken out of the panel's history as JSON. Else only Jupyter's two entry
points are here. The model service imports this package too, under an interpreter that may have no Jupyter at all, so
nothing is imported before its first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lit_lab.effects import Effects
    from lit_lab.saved_run import Run, SalienceMap, load_run

__all__ = ["Effects", "Run", "SalienceMap", "load_run"]


def __getattr__(name: str) -> Any:
    """Import what a kernel uses on first use."""
    if name in __all__:
        from lit_lab import saved_run

        return getattr(saved_run, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Return the front end's folder, for JupyterLab."""
    return [{"src": "labextension", "dest": "lit-lab"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tell the Jupyter server which application to load."""
    from lit_lab.extension import LitLab

    return [{"module": "lit_lab", "app": LitLab}]
