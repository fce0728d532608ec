"""What all fuzz tests need to know about the server."""

from __future__ import annotations

import re
from pathlib import Path

CEILING = 400
"""Most mebibytes that requests may take of the Jupyter server's memory, at any time."""

known: dict[str, str] = {}
"""Ids that there are, by the path's first word: without them hardly a request would get beyond "not found"."""


def mebibytes(pid: int, what: str) -> float:
    """Return a figure of a process's memory: `VmRSS` is what it has now, `VmHWM` what it had at most."""
    (found,) = re.findall(rf"^{what}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found) / 1024
