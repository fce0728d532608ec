"""Handles the user's variables and files that libraries read by themselves, and that would change results.

Settings for the user's own programs must not make the service's results inexact, nor keep it from starting. So such variables
are set or removed before the first import, and Keras's own file, `keras.json`, isn't read. Variables stay if they only determine
places, devices or memory.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path

from lit_lab.protocol import Backend

LEFT_OUT: dict[str, str] = {
    # float32 computed in fewer bits
    "TF_SET_ONEDNN_FPMATH_MODE": "results would be inexact",
    "ONEDNN_DEFAULT_FPMATH_MODE": "results would be inexact",
    "DNNL_DEFAULT_FPMATH_MODE": "results would be inexact",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "results would be inexact",
    "TF_ENABLE_AUTO_MIXED_PRECISION": "results would be inexact",
    "TF_ENABLE_AUTO_MIXED_PRECISION_GRAPH_REWRITE": "results would be inexact",
    "TF_FP16_MATMUL_USE_FP32_COMPUTE": "results of float16 would be less exact",
    "TF_CONV2D_USE_FP16_ACCUMULATE": "results of float16 would be less exact",
    "JAX_DEFAULT_DTYPE_BITS": "it changes what numbers are computed in",
    "JAX_NUMPY_DTYPE_PROMOTION": "it changes what numbers are computed in",
    # another kind of computation than the tested one
    "TF_USE_LEGACY_KERAS": "the service runs on Keras 3",
    "TF2_BEHAVIOR": "the service runs on TensorFlow 2",
    "TF_FUNCTION_JIT_COMPILE_DEFAULT": "the service chooses what is compiled",
    "JAX_DISABLE_JIT": "the service chooses what is compiled",
    "JAX_NUMPY_RANK_PROMOTION": "it makes sound computations fail",
    "JAX_DEBUG_NANS": "it makes sound computations fail",
    "JAX_DEBUG_INFS": "it makes sound computations fail",
    "JAX_CHECK_TRACER_LEAKS": "it makes sound computations fail",
    # read at import, of no use here, and fatal if they aren't numbers
    "KERAS_MAX_EPOCHS": "the service trains nothing",
    "KERAS_MAX_STEPS_PER_EPOCH": "the service trains nothing",
    "WEB_CONCURRENCY": "the service is one process",
}
"""Variables that are removed for the service's process, with the reason."""

SET: dict[str, str] = {
    "KERAS_NNX_ENABLED": "0",
    # TensorFloat-32 has 10 bits of fraction instead of 23; NVIDIA's libraries use it for float32 unless it is disabled.
    "NVIDIA_TF32_OVERRIDE": "0",
    "JAX_ENABLE_X64": "0",
    "JAX_DEFAULT_MATMUL_PRECISION": "highest",
}
"""Variables with a fixed value, whatever the user's; `libraries.set_environment` sets those for threads and memory."""

_INEXACT_FLAG = re.compile(r"^--xla_\w*(fast_math|fast_min_max|alg_dot_bf16)\w*(=.*)?$")


def own(variables: MutableMapping[str, str], backend: Backend) -> list[str]:
    """Set the service's variables, and remove those that would change its results or keep it from starting.

    Args:
        variables: The environment, which is changed in place.
        backend: Keras's backend.

    Returns:
        The changes to the user's settings, as text for the log.
    """
    notes = []
    for name, why in LEFT_OUT.items():
        if variables.pop(name, None):
            notes.append(f"{name} is left out: {why}")
    for name, value in {**SET, "KERAS_BACKEND": backend}.items():
        if variables.get(name) not in (None, "", value):
            notes.append(f"{name} is {value} here, whatever it is elsewhere")
        variables[name] = value
    if flags := variables.get("XLA_FLAGS"):
        whole = _flags(flags)
        exact = [flag for flag in whole if not _INEXACT_FLAG.match(flag)]
        if len(exact) < len(whole):
            variables["XLA_FLAGS"] = shlex.join(exact)
            out = " ".join(flag for flag in whole if _INEXACT_FLAG.match(flag))
            notes.append(f"of XLA_FLAGS {out} is left out: results would be inexact")
    return notes


def _flags(value: str) -> list[str]:
    """Return XLA's flags, which may also be in a file that the variable names."""
    if not value.lstrip().startswith("-"):
        try:
            value = Path(value.strip()).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return []
    try:
        return shlex.split(value)
    except ValueError:  # XLA reads quotes in its own way
        return value.split()


@contextmanager
def without_keras_file(variables: MutableMapping[str, str] = os.environ) -> Iterator[None]:
    """Hide `keras.json` from Keras while this lasts; import Keras, and what imports it, inside.

    Its folder is used again afterwards, for other files in it, such as those that `keras.utils.get_file` downloaded.
    """
    users = variables.get("KERAS_HOME")
    # Nothing is in this folder, nothing can be created in it, and Keras accepts that.
    variables["KERAS_HOME"] = os.devnull
    try:
        yield
    finally:
        if users is None:
            variables.pop("KERAS_HOME", None)
        else:
            variables["KERAS_HOME"] = users
        _find_keras_home(users)


def _find_keras_home(users: str | None) -> None:
    """Restore the folder where Keras would store its files without LIT Lab."""
    config = sys.modules.get("keras.src.backend.config")
    if getattr(config, "_KERAS_DIR", "") == os.devnull:
        home = Path("~").expanduser()
        base = home if os.access(home, os.W_OK) else Path("/tmp")  # noqa: S108 - as Keras does
        config._KERAS_DIR = users or str(base / ".keras")  # type: ignore[union-attr]
