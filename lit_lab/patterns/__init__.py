"""Other people's regular expressions and JSON Schemas, matched in a process that can be ended: nothing else stops one that never ends."""

from __future__ import annotations

from .bounded import MAX_PATTERN, BoundedPatterns, UnmatchedError

__all__ = ["MAX_PATTERN", "BoundedPatterns", "UnmatchedError"]
