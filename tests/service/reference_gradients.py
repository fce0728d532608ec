"""Reference gradients: each backend's own tape on whole models, slow and independent of the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray


@contextmanager
def double_precision() -> Iterator[None]:
    """Return a context that allows float64, which Keras otherwise reduces except on TensorFlow, and which JAX has to enable.

    On JAX, Keras still reduces some of it: with float64 throughout, Qwen 3.5's layers took minutes.
    """
    import keras
    from keras.src.backend.common.dtypes import BIT64_TO_BIT32_DTYPE

    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        if keras.config.backend() == "torch":
            patch.setitem(BIT64_TO_BIT32_DTYPE, "float64", "float64")
        if keras.config.backend() == "jax":
            from jax.experimental import enable_x64

            stack.enter_context(enable_x64())
        yield


def whole_inputs(causal_lm: Any, ids: list[int]) -> dict[str, NDArray[Any]]:
    """Return a whole model's inputs for one sequence. Some models also take positions."""
    tokens = np.array([ids], np.int32)
    given = {"token_ids": tokens, "padding_mask": np.ones_like(tokens), "position_ids": np.arange(len(ids))[None]}
    return {name: given[name] for name in causal_lm.backbone.input}


def loss_and_gradient(function: Callable[[Any], Any], x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return a function's losses at `x`, and the gradient of their sum."""
    import keras

    given: Any = keras.ops.convert_to_tensor(x)
    backend = keras.config.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(given)
            losses = function(given)
        gradient = tape.gradient(losses, given)
    elif backend == "jax":
        import jax

        losses = function(given)
        gradient = jax.grad(lambda at: function(at).sum())(given)
    else:
        given.requires_grad_()
        losses = function(given)
        losses.sum().backward()
        gradient = given.grad
    return numbers(losses), numbers(gradient)


def numbers(value: Any) -> NDArray[Any]:
    """Return the values of a tensor or a Keras variable, half precision as float32."""
    import keras

    value = getattr(value, "value", value)
    if keras.backend.standardize_dtype(value.dtype) in ("bfloat16", "float16"):
        value = keras.ops.cast(value, "float32")
    return np.asarray(keras.ops.convert_to_numpy(value))
