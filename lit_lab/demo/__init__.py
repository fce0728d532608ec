"""The embedded model: a small preset of Gemma 2's architecture, so that everything runs without Google's weights.

In a list of models it is written `demo:embedded`; any other path is handed to Keras as it is. Importing this module
imports nothing else, so the Jupyter server may use it too.
"""

from __future__ import annotations

from pathlib import Path

NAME = "demo"
"""The embedded model's name in the interface."""

EMBEDDED = "embedded"
"""Stands for the embedded preset in `name:path`: the path that depends on where the package lies needs no writing."""

DEFAULT_MODEL = f"{NAME}:{EMBEDDED}"
"""The entry for the list of models (`c.LitLab.models`, `ServiceConfig.models`) that stands for the embedded model."""

NOTE = "demonstration model (Gemma 2 architecture, not Google's weights)"
"""What the interface says wherever the model is named."""


def preset_path() -> Path:
    """Return the folder of the embedded preset."""
    return Path(__file__).parent / "preset"
