"""Where the time of one target's gradient goes."""

from __future__ import annotations

from typing import Any


def profile(size: str, repeat: int) -> dict[str, Any]:
    """Placeholder."""
    raise NotImplementedError
