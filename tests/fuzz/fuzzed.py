"""The server's limits and figures that all fuzz tests use."""

from __future__ import annotations

import re
from pathlib import Path

CEILING = 400
"""Most mebibytes that requests may take of the Jupyter server's memory, at any time."""

known: dict[str, str] = {}
"""Ids that there are, by the path's first word: without them hardly a request would get beyond "not found"."""


def mebibytes(pid: int, what: str) -> float:
    """Return a figure of a process's memory: `VmRSS` is its current size, `VmHWM` its peak."""
    (found,) = re.findall(rf"^{what}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found) / 1024
