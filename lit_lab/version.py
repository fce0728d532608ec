"""The version of lit_lab, which all three places compare: front end, Jupyter server and model service."""

from __future__ import annotations

import functools


@functools.cache
def version() -> str:
    """Return the version that this code was installed as, or in a checkout that isn't installed, package.json's."""
    try:
        from lit_lab._version import __version__
    except ImportError:
        import json
        from pathlib import Path

        package = Path(__file__).resolve().parent.parent / "package.json"
        return str(json.loads(package.read_text("utf-8"))["version"])
    return str(__version__)
