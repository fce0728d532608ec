"""LIT Lab: see why a language model answered a prompt as it did, in JupyterLab.

Only Jupyter's two entry points are here. The model service imports this package too, under an interpreter that may have
no Jupyter at all, so nothing is imported before it is asked for.
"""

from __future__ import annotations

from typing import Any


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell JupyterLab where the front end lies."""
    return [{"src": "labextension", "dest": "lit-lab"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tell the Jupyter server which application to load."""
    from lit_lab.extension import LitLab

    return [{"module": "lit_lab", "app": LitLab}]
