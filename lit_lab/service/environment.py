"""Variables and files of the user's that libraries read by themselves, and that would change what is computed.

What the service computes in is its own affair: what a user has set for their own programs must not make its results
inexact, nor keep it from starting. So such variables are set or left out before the first import, and Keras's own file,
`keras.json`, isn't read at all. What only says where things lie, which devices there are or how much memory to take stays.
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
    # another way of computing than the one that is tested
    "TF_USE_LEGACY_KERAS": "the service runs on Keras 3",
    "TF2_BEHAVIOR": "the service runs on TensorFlow 2",
    "TF_FUNCTION_JIT_COMPILE_DEFAULT": "the service chooses what is compiled",
    "JAX_DISABLE_JIT": "the service chooses what is compiled",
    "JAX_NUMPY_RANK_PROMOTION": "it makes sound computations fail",
    "JAX_DEBUG_NANS": "it makes sound computations fail",
    "JAX_DEBUG_INFS": "it makes sound computations fail",
    "JAX_CHECK_TRACER_LEAKS": "it makes sound computations fail",
    # read at import, of no use here, and fatal with a value that isn't a number
    "KERAS_MAX_EPOCHS": "the service trains nothing",
    "KERAS_MAX_STEPS_PER_EPOCH": "the service trains nothing",
    "WEB_CONCURRENCY": "the service is one process",
}
"""Variables that the service's process does without, and why."""

SET: dict[str, str] = {
    "KERAS_NNX_ENABLED": "0",
    # TensorFloat-32 has 10 bits of fraction instead of 23; NVIDIA's libraries use it for float32 unless it is disabled.
    "NVIDIA_TF32_OVERRIDE": "0",
    "JAX_ENABLE_X64": "0",
    "JAX_DEFAULT_MATMUL_PRECISION": "highest",
}
"""Variables that have one value here, whatever the user's; `libraries.set_environment` sets those of threads and memory."""

_INEXACT_FLAG = re.compile(r"^--xla_\w*(fast_math|fast_min_max|alg_dot_bf16)\w*(=.*)?$")


def own(variables: MutableMapping[str, str], backend: Backend) -> list[str]:
    """Set what is ours, and leave out what would change the service's results or keep it from starting.

    Args:
        variables: The environment, which is changed.
        backend: What Keras runs on.

    Returns:
        What was changed of the user's own settings, in words for the log.
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
    """Return XLA's flags, which may also stand in a file that the variable names."""
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
    """While this lasts, Keras finds no `keras.json`; import it, and what imports it, inside.

    Its folder counts again afterwards: for what lies there besides, such as files that `keras.utils.get_file` fetched.
    """
    users = variables.get("KERAS_HOME")
    # There is nothing in it, nothing can be made in it, and Keras is content with that.
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
    """Have Keras keep its files where it would have without us."""
    config = sys.modules.get("keras.src.backend.config")
    if getattr(config, "_KERAS_DIR", "") == os.devnull:
        home = Path("~").expanduser()
        base = home if os.access(home, os.W_OK) else Path("/tmp")  # noqa: S108 - as Keras does
        config._KERAS_DIR = users or str(base / ".keras")  # type: ignore[union-attr]
