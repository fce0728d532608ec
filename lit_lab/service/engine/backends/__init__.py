"""The seam between the engine and what it computes with: one module for each of Keras' backends.

What is the same on all of them is written with `keras.ops`. What Keras has no name for, gradients first of all, is here,
under the same names in each module:

- `Piece`: a part of a model, with its forward pass and, later, its backward pass;
- `differentiated(function, head, x)`: losses that follow from a function, and the gradient of their sum;
- `compiled(function)`: a function of tensors whose shapes change rarely;
- `open_graph(function, signature)`: one whose shapes change with each prompt;
- `compiled_step(function, cache)`: the step of one token, over a cache of one length;
- `matmul`, `tensor`, `array`: a product without a copy of a transposed factor; a variable's value; a NumPy array;
- `without_gradients()`: a context in which nothing is kept for a backward pass;
- `PARTS`: where a new shape would be compiled anew, the lengths that a prompt is cut into; None where it isn't.
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
