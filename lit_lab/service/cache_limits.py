"""How much memory a model's caches may take, and what they did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CacheLimits:
    """The memory of one model's caches beside its weights.

    Attributes:
        passes: Maximum bytes of forward passes; None: the latest two, as one user needs them.
        keys_values: Maximum bytes of key-value caches; None: the latest one.
    """

    passes: int | None = None
    keys_values: int | None = None

    @property
    def reserved(self) -> int:
        """Bytes to keep free for them, beyond what every model needs."""
        return (self.passes or 0) + (self.keys_values or 0)


@dataclass
class CacheStats:
    """What a cache did since its model was loaded.

    Attributes:
        hits: How often it had what was needed.
        misses: How often it hadn't.
        size: Bytes that it takes now, about.
        entries: How many sequences it holds now.
    """

    hits: int = 0
    misses: int = 0
    size: int = 0
    entries: int = 0
