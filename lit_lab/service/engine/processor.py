"""Which matrix instructions the processor has."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")


@lru_cache(maxsize=1)
def multiplies_bfloat16() -> bool:
    """Return whether the processor has instructions for bfloat16 matrices; False if the system doesn't report that."""
    try:
        cpuinfo = _CPUINFO.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    flags = re.search(r"^flags\s*:(.*)$", cpuinfo, re.MULTILINE)
    return flags is not None and not {"avx512_bf16", "amx_bf16"}.isdisjoint(flags[1].split())
