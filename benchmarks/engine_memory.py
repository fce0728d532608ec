"""Peak memory of a piece of work: of the process, or of the GPU where TensorFlow sees one."""

from __future__ import annotations

import ctypes
import gc
import re
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from lit_lab.service.memory import resident_bytes

_POLL_SECONDS = 0.002


class Peak:
    """A context manager that measures the peak memory inside of it: `bytes`.

    On Linux the kernel records the peak (VmHWM, reset through /proc/self/clear_refs), so nothing is missed. Where it can't be
    reset, the resident size is polled every 2 ms.
    """

    def __init__(self) -> None:
        self.bytes = 0
        self._gpu = _gpu()
        self._kernel = not self._gpu and _reset_high_water()
        self._end = threading.Event()
        self._polling = threading.Thread(target=self._poll, daemon=True)

    def __enter__(self) -> Peak:
        if self._gpu:
            _memory().reset_memory_stats(self._gpu)
        elif self._kernel:
            _reset_high_water()
        else:
            self._polling.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._gpu:
            self.bytes = int(_memory().get_memory_info(self._gpu)["peak"])
        elif self._kernel:
            self.bytes = _high_water()
        else:
            self._end.set()
            self._polling.join()

    def _poll(self) -> None:
        while not self._end.wait(_POLL_SECONDS):
            self.bytes = max(self.bytes, resident_bytes())


def held_bytes() -> int:
    """Return the memory in use now, after freed memory has gone back to the system."""
    gc.collect()
    if (gpu := _gpu()) is not None:
        return int(_memory().get_memory_info(gpu)["current"])
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # specific to glibc; other C libraries keep less
        if trim is not None:
            trim(0)
    return resident_bytes()


def available_bytes() -> int | None:
    """Return how much more memory is available. None if the system doesn't report it."""
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _high_water() -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise RuntimeError("/proc/self/status tells no VmHWM")
    return int(found[1]) * 1024


def _reset_high_water() -> bool:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _memory() -> Any:
    import tensorflow as tf

    return tf.config.experimental


def _gpu() -> str | None:
    import tensorflow as tf

    return "GPU:0" if tf.config.list_logical_devices("GPU") else None
