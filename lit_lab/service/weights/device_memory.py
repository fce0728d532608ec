"""The device that computes, and its free memory."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from lit_lab.protocol import Backend, MemoryStatus, Precision

from ..memory import resident_bytes

_CGROUP = Path("/sys/fs/cgroup")


def device(backend: Backend) -> str:
    """Return the name of the device that computes. The backend has been imported."""
    if backend == "torch":
        import torch

        return str(torch.cuda.get_device_name(0)) if torch.cuda.is_available() else "CPU"
    if backend == "jax":
        import jax

        found = jax.devices()[0]
        return "CPU" if found.platform == "cpu" else str(found.device_kind)
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU")) if gpus else "CPU"


def chosen(precision: Precision, backend: Backend) -> Precision:
    """Return the precision for `auto`: bfloat16 on a GPU that computes in it, else float32.

    NVIDIA's GPUs do from Ampere (compute capability 8) on. On a CPU, most of Keras's bfloat16 is slower than float32.
    """
    if precision != "auto":
        return precision
    if backend == "torch":
        import torch

        good = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    elif backend == "jax":
        import jax

        good = jax.devices()[0].platform in ("gpu", "tpu")
    else:
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        details = tf.config.experimental.get_device_details(gpus[0]) if gpus else {}
        good = tuple(details.get("compute_capability") or (0, 0)) >= (8, 0)
    return "bfloat16" if good else "float32"


def memory(name: str, limit: int | None) -> MemoryStatus:
    """Return the memory that the service uses, and the free memory.

    Args:
        name: The device, from `device`.
        limit: `c.LitLab.memory_limit`, for the process's own memory.
    """
    if name != "CPU":
        return MemoryStatus(device=name, used=_gpu("used") or 0, free=_gpu("free"))
    used = resident_bytes()
    free = free_memory()
    if limit is not None:
        free = limit - used if free is None else min(free, limit - used)
    return MemoryStatus(device=name, used=used, free=None if free is None else max(0, free))


def free_memory() -> int | None:
    """Return the free bytes of the machine, or of the container that it runs in; None if the system doesn't say."""
    return min((free for free in (_available(), _cgroup_left()) if free is not None), default=None)


def _available() -> int | None:
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _cgroup_left() -> int | None:
    """Return the memory left by a container's limit; cached file contents count as free."""
    for most, now, stat, cache in (
        ("memory.max", "memory.current", "memory.stat", "inactive_file"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
    ):
        try:
            limit = (_CGROUP / most).read_text().strip()
            if not limit.isdecimal() or int(limit) >= 2**60:
                continue
            found = re.search(rf"^{cache} (\d+)$", (_CGROUP / stat).read_text(), re.MULTILINE)
            return int(limit) - int((_CGROUP / now).read_text()) + (int(found[1]) if found else 0)
        except (OSError, ValueError):
            continue
    return None


def _gpu(what: str) -> int | None:
    first = (os.environ.get("CUDA_VISIBLE_DEVICES") or "0").partition(",")[0]
    try:
        answer = subprocess.run(  # noqa: S603 - the driver's tool
            ["nvidia-smi", f"--id={first}", f"--query-gpu=memory.{what}", "--format=csv,noheader,nounits"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
        return int(answer.stdout.split()[0]) * 2**20
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
