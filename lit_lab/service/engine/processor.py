"""Which matrix instructions the processor has."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")


@lru_cache(maxsize=1)
def multiplies_bfloat16() -> bool:
    """Return whether the processor has instructions for bfloat16 matrices; False if the system doesn't report that."""
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(_flags())


@lru_cache(maxsize=1)
def has_bfloat16_tiles() -> bool:
    """Return whether the processor has units for bfloat16 matrices (AMX), several times as fast as its vectors; False if unknown."""
    return "amx_bf16" in _flags()


def _flags() -> frozenset[str]:
    try:
        cpuinfo = _CPUINFO.read_text(encoding="ascii", errors="replace")
    except OSError:
        return frozenset()
    flags = re.search(r"^flags\s*:(.*)$", cpuinfo, re.MULTILINE)
    return frozenset(flags[1].split() if flags else ())
