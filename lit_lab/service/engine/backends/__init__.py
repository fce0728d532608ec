"""The engine's interface to Keras's backends: one module for each.

Code that is the same on all of them uses `keras.ops`. What Keras has no function for, gradients above all, is here, under
the same names in each module:

- `CompiledPart`: a part of a model, with its forward pass and its backward pass;
- `differentiated(function, head, x)`: losses computed from a function's result, and the gradient of their sum;
- `compiled(function)`: a function of tensors whose shapes change rarely;
- `open_graph(function, signature)`: one whose shapes change with each prompt;
- `compiled_step(function, cache)`: the step of one token, over a cache of one length;
- `matmul`, `tensor`, `array`: a product without a copy of a transposed factor; a variable's value; a NumPy array;
- `without_gradients()`: a context that keeps nothing for a backward pass;
- `PROMPT_LENGTHS`: the lengths of the chunks that a prompt is run in, where each new shape is compiled; None elsewhere.
"""

from __future__ import annotations

import importlib
import math
from typing import Any, NamedTuple

import keras


class Spec(NamedTuple):
    """Shape and type of a tensor; a size of None is open."""

    shape: tuple[int | None, ...]
    dtype: str


def spec_of(tensor: Any, *open_axes: int) -> Spec:
    """Return a tensor's shape and type, with some of its axes left open."""
    shape = tuple(None if axis in open_axes else int(size) for axis, size in enumerate(tensor.shape))
    return Spec(shape, keras.backend.standardize_dtype(tensor.dtype))


def bytes_of(spec: Spec) -> int:
    """Return how much memory a tensor takes."""
    count = math.prod(size or 0 for size in spec.shape)
    return count * {"float64": 8, "int64": 8, "float32": 4, "int32": 4, "bfloat16": 2, "float16": 2}.get(spec.dtype, 1)


def backend() -> Any:
    """Return the module for the backend that Keras runs on."""
    return importlib.import_module(f".on_{keras.config.backend()}", __package__)
