"""The engine's interface to Keras's backends, one module for each.

Code that is the same on all backends uses `keras.ops`. These modules do what Keras has no function for, such as
gradients. Each defines the same names:

- `CompiledPart`: the forward and the backward pass of a part of a model;
- `has_open_parts(dtype)`: whether a `CompiledPart` can serve all lengths, and is as fast as one for a single length;
- `differentiated(function, head, x)`: losses computed from a function's result, and the gradient of their sum;
- `compiled(function)`: compiles a function of tensors whose shapes change rarely;
- `open_graph(function, signature)`: compiles a function of tensors whose shapes change with each prompt; where
  `has_half_copies()`, also with products in bfloat16;
- `compiled_step(function, cache, copies, free)`: compiles the step of one token over a key-value cache of one length; None if
  that is slower than `open_graph`;
- `compiled_draft(function, cache, copies, free)`: the same with weights rounded to bfloat16; None if that isn't faster;
- `matmul`: multiplies matrices without copying a transposed one;
- `tensor`: a variable's value, as a tensor;
- `array`: a tensor's value, as a NumPy array;
- `without_gradients()`: a context in which nothing is saved for a backward pass;
- `has_half_copies()`: whether passes of a model in float32 are faster here with products in bfloat16 (`half_copy.py`);
- `PROMPT_LENGTHS`: lengths of the chunks that a prompt is divided into, if the backend compiles each new shape; otherwise
  None.
"""

from __future__ import annotations

import importlib
import math
from typing import Any, NamedTuple

import keras


class Spec(NamedTuple):
    """Shape and type of a tensor. A size of None may differ between calls."""

    shape: tuple[int | None, ...]
    dtype: str


def spec_of(tensor: Any, *open_axes: int) -> Spec:
    """Return a tensor's shape and type, with None as the size of `open_axes`."""
    shape = tuple(None if axis in open_axes else int(size) for axis, size in enumerate(tensor.shape))
    return Spec(shape, keras.backend.standardize_dtype(tensor.dtype))


def bytes_of(spec: Spec, length: int = 0) -> int:
    """Return the memory that a tensor takes, in bytes.

    Args:
        spec: Shape and type.
        length: In the place of each size of None.
    """
    count = math.prod(length if size is None else size for size in spec.shape)
    return count * {"float64": 8, "int64": 8, "float32": 4, "int32": 4, "bfloat16": 2, "float16": 2}.get(spec.dtype, 1)


def backend() -> Any:
    """Return the module of the backend that Keras runs on."""
    return importlib.import_module(f".on_{keras.config.backend()}", __package__)
