"""The surroundings of a model service's process, for `lit_lab.supervision.diagnosis`: limits and foreign modules."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from lit_lab.problem import Problem
from lit_lab.supervision.ended import LIMITS

NEEDED = (
    "absl", "annotated_types", "anyio", "click", "fastapi", "h11", "h5py", "httpx", "idna", "jax", "jaxlib",
    "kagglehub", "keras", "keras_hub", "keras_nlp", "lit_nlp", "ml_collections", "ml_dtypes", "numpy",
    "opt_einsum", "optree", "packaging", "prometheus_client", "pydantic", "pydantic_core", "requests", "sentencepiece", "six",
    "starlette", "tensorflow", "tokenizers", "torch", "typing_extensions", "uvicorn", "wrapt",
)  # fmt: skip
"""Packages that the service imports, besides Python's own modules."""

_CONTAINER = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_NO_LIMIT = 2**50  # bytes; for cgroups, such a number means no limit


def limits() -> dict[str, int]:
    """Return the system's limits on this process and its children; see `ended.Ended.limits`."""
    found: dict[str, int] = {}
    try:
        import resource
    except ImportError:  # Windows
        return found
    for name, limit in LIMITS.items():
        if (number := getattr(resource, limit.attribute, None)) is not None:
            soft, _hard = resource.getrlimit(number)
            if soft != resource.RLIM_INFINITY:
                found[name] = soft
    for file in _CONTAINER:
        try:
            amount = int(Path(file).read_text())
        except (OSError, ValueError):
            continue
        if amount < _NO_LIMIT:
            found["container"] = amount
        break
    return found


def foreign(environment: Mapping[str, str], needed: Sequence[str] = NEEDED) -> dict[str, str]:
    """Return the modules on PYTHONPATH that hide modules which the service needs: folder by module.

    Args:
        environment: The process's environment.
        needed: Names of packages; Python's own modules are checked, too.
    """
    found: dict[str, str] = {}
    for entry in environment.get("PYTHONPATH", "").split(os.pathsep):
        try:
            names = {path.name.partition(".")[0] for path in Path(entry).iterdir()} if entry else set()
        except OSError:
            continue
        for name in sorted(names & (set(needed) | sys.stdlib_module_names)):
            if name not in found and _is_module(Path(entry), name):
                found[name] = entry
    return found


def no_room_for_a_process(error: OSError) -> Problem | None:
    """Return the error to report if no process could be started because of a limit; None if the program is at fault."""
    short = {
        errno.EMFILE: ("open files", LIMITS["files"].option),
        errno.ENFILE: ("open files", "the whole system's limit"),
        errno.EAGAIN: ("processes and threads", LIMITS["processes"].option),
        errno.ENOMEM: ("memory", LIMITS["memory"].option),
    }
    if error.errno not in short:
        return None
    what, option = short[error.errno]
    return Problem(
        503,
        "service_limit",
        f"The model service can't be started: the Jupyter server has reached the limit of {what} ({error.strerror}).",
        f"Close what you don't need, such as kernels, and start it again. If that doesn't help, raise the limit ({option}) before "
        "Jupyter starts.",
    )


def _is_module(folder: Path, name: str) -> bool:
    # Any real module takes precedence over a folder without __init__.py, so such a folder hides nothing.
    return (folder / name / "__init__.py").is_file() or (folder / f"{name}.py").is_file()
