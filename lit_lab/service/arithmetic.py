"""Checks the arithmetic that the service computes with, and refuses to start if it is inexact."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lit_lab.problem import Problem
from lit_lab.protocol import Arithmetic, Backend

log = logging.getLogger(__name__)

FLOATX = "float32"
EPSILON = 1e-7
IMAGE_DATA_FORMAT = "channels_last"
MAX_ERROR = 2e-5
"""Maximum error of a matrix product, relative to its largest entry: float32 has some 1e-7, TensorFloat-32 4e-4."""


def arithmetic() -> Arithmetic:
    """Return Keras's arithmetic, and the error of a matrix product. Keras is already imported."""
    import keras

    return Arithmetic(
        backend=keras.config.backend(),
        floatx=keras.config.floatx(),
        policy=keras.config.dtype_policy().name,
        epsilon=keras.config.epsilon(),
        image_data_format=keras.config.image_data_format(),
        error=product_error(),
    )


def product_error() -> float:
    """Return the error of a product of float32 matrices, relative to its largest entry."""
    import numpy as np
    from keras import ops

    random = np.random.default_rng(0)
    left, right = random.standard_normal((64, 256)), random.standard_normal((256, 64))
    exact = left.astype("float32").astype("float64") @ right.astype("float32").astype("float64")
    found = ops.convert_to_numpy(ops.matmul(ops.cast(left, "float32"), ops.cast(right, "float32")))
    return float(np.abs(found - exact).max() / np.abs(exact).max())


def checked(backend: Backend) -> Arithmetic:
    """Return Keras's arithmetic.

    Raises:
        Problem: `inexact_arithmetic`: results would be less exact than promised.
    """
    found = arithmetic()
    wanted = {
        "backend": backend,
        "floatx": FLOATX,
        "policy": FLOATX,
        "epsilon": EPSILON,
        "image_data_format": IMAGE_DATA_FORMAT,
    }
    odd = [
        f"{name} is {getattr(found, name)} instead of {value}"
        for name, value in wanted.items()
        if getattr(found, name) != value
    ]
    if not found.error <= MAX_ERROR:  # NaN is no better
        odd.append(f"a product of float32 matrices is off by {found.error:.0e}")
    if odd:
        raise Problem(
            503,
            "inexact_arithmetic",
            f"The model service doesn't compute as exactly as it promises: {'; '.join(odd)}.",
            "Something outside LIT Lab causes this: look for a sitecustomize.py or usercustomize.py of the service's Python, "
            "and for environment variables of TensorFlow, XLA, oneDNN or CUDA. Then restart the Jupyter server.",
        )
    return found


@contextmanager
def undisturbed() -> Iterator[None]:
    """Run other people's code inside, such as a dataset's class, and restore Keras's settings afterwards."""
    try:
        yield
    finally:
        if (keras := sys.modules.get("keras")) is not None:
            _put_back(keras.config)


def _put_back(config: Any) -> None:
    wanted = {"floatx": FLOATX, "epsilon": EPSILON, "image_data_format": IMAGE_DATA_FORMAT}
    for name, value in wanted.items():
        if (found := getattr(config, name)()) != value:
            log.warning("Keras's %s was set to %s; it is %s again", name, found, value)
            getattr(config, f"set_{name}")(value)
    if (policy := config.dtype_policy().name) != FLOATX:
        log.warning("Keras's policy was set to %s; it is %s again", policy, FLOATX)
        config.set_dtype_policy(FLOATX)


def described(found: Arithmetic) -> str:
    """Return a description in one line, for the log."""
    return (
        f"computing on {found.backend} in {found.floatx} (policy {found.policy}, epsilon {found.epsilon:g}, "
        f"{found.image_data_format}); a product of matrices is off by {found.error:.0e}"
    )
