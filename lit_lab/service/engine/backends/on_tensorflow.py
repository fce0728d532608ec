"""TensorFlow: a part is traced as one graph, which is split into a forward and a backward pass that XLA compiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.compiler.tf2xla.python.xla import dynamic_update_slice

from ..parts import Part
from ..processor import has_bfloat16_tiles, multiplies_bfloat16
from . import Spec, bytes_of
from .tensorflow_graphs import ancestors, compiled_between, needed_results, without_compiled_updates
from .tensorflow_half import round_products
from .tensorflow_step import compiled_draft as compiled_draft
from .tensorflow_step import compiled_step as compiled_step

PROMPT_LENGTHS = None


def has_open_parts(dtype: str) -> bool:
    """Whether a `CompiledPart` that computes in this type can be open, and is then as fast as a compiled one."""
    multiplies = dtype == "float32" or (dtype == "bfloat16" and multiplies_bfloat16())
    return multiplies and not tf.config.list_logical_devices("GPU")


def has_half_copies() -> bool:
    """Whether passes in bfloat16 are faster than in float32: not by XLA, but by TensorFlow's own operations on AMX.

    With AVX-512 alone, products are 1.7 times as fast, but effects only by 3 to 6%: not worth their rounding.
    """
    return has_bfloat16_tiles() and not tf.config.list_logical_devices("GPU")


MIN_NATIVE = 1_000_000
"""Minimum number of a part's weights for native bfloat16 products to be faster than XLA's fused operations. On a CPU, XLA
casts bfloat16 to float32; TensorFlow's own operations (oneDNN) multiply twice as fast if the processor supports bfloat16."""


@tf.RegisterGradient("XlaDynamicUpdateSlice")  # type: ignore[untyped-decorator]  # TensorFlow has no types for mypy
def _gradient_of_update(operation: Any, gradient: Any) -> tuple[Any, Any, None]:
    """The gradient of the operation by which Keras writes into a key-value cache. TensorFlow doesn't define one."""
    _, update, position = operation.inputs
    without = dynamic_update_slice(gradient, tf.zeros_like(update), position)
    size = update.shape if update.shape.is_fully_defined() else tf.shape(update)
    return without, tf.slice(gradient, position, size), None


class CompiledPart:
    """A part, compiled for inputs of one shape, or run as a plain graph if that is faster.

    The forward and the backward pass are traced as one graph, whose inputs include the weights, and which is then split.
    The forward pass saves the results of costly operations; the backward pass computes the others again.

    Args:
        part: The part. Each call takes its weights, so parts of one kind share a compiled part.
        inputs: Shape and type of each input.
        outputs: Shape and type of each output whose gradient `backward` takes: the first ones.
        bound: The weights of a part that is the only one of its kind: calls are faster without them as arguments. None
            for other parts.
        keep: Whether to save costly results. Otherwise the backward pass computes them again, too, which takes less memory.
        open: Whether sizes of None in the inputs' shapes may differ between calls. XLA doesn't compile such a part.

    Attributes:
        residual_bytes: What the saved results take, in bytes; of an open part, without those of unknown sizes.
    """

    def __init__(
        self,
        part: Part,
        inputs: Sequence[Spec],
        outputs: Sequence[Spec],
        bound: Sequence[Any] | None = None,
        keep: bool = True,
        open: bool = False,
    ) -> None:
        first, second = len(inputs), len(inputs) + len(outputs)

        def both(*values: Any) -> list[Any]:
            given, gradients, weights = values[:first], values[first:second], values[second:]
            # Inside the graph, because Keras casts variables to the compute type.
            with keras.StatelessScope(state_mapping=list(zip(part.variables, weights, strict=True))):
                results: list[Any] = tf.nest.flatten(part.call(*given))
            return [*results, *tf.gradients(results[: len(outputs)], given[: part.num_differentiated], gradients)]

        variables = [tf.TensorSpec(variable.shape, variable.dtype) for variable in part.variables]
        traced = tf.function(both, autograph=False).get_concrete_function(
            *map(_tensor_spec, [*inputs, *outputs]), *variables
        )
        feeds = traced.graph.inputs[: second + len(variables)]
        given, gradients, weights = feeds[:first], feeds[first:second], feeds[second:]
        results, derivatives = (
            traced.graph.outputs[: -part.num_differentiated],
            traced.graph.outputs[-part.num_differentiated :],
        )
        saved = needed_results(derivatives, set().union(*map(ancestors, results))) if keep else []
        self.residual_bytes = sum(bytes_of(Spec(tuple(tensor.shape), tensor.dtype.name)) for tensor in saved)
        always = {} if bound is None else {t.name: value for t, value in zip(weights, bound, strict=True)}
        if bound is not None:
            weights = []
        self._takes_weights = bound is None
        self._count = len(results)
        compiled = not (open or _is_better_plain(part, inputs[0].dtype))
        self._forward = compiled_between(traced, [*given, *weights], [*results, *saved], always, compiled)
        self._backward = compiled_between(traced, [*given, *gradients, *saved, *weights], derivatives, always, compiled)

    def forward(self, inputs: Sequence[Any], weights: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Return the outputs, and the residuals that `backward` takes."""
        found = self._forward(*inputs, *(weights if self._takes_weights else ()))
        return found[: self._count], found[self._count :]

    def backward(
        self, inputs: Sequence[Any], gradients: Sequence[Any], residuals: Sequence[Any], weights: Sequence[Any]
    ) -> list[Any]:
        """Return the gradients with respect to the inputs, given those with respect to the outputs."""
        found = self._backward(*inputs, *gradients, *residuals, *(weights if self._takes_weights else ()))
        return list(found)


def differentiated(function: Callable[[Any], Any], head: Callable[[Any], tuple[Any, Any]], x: Any) -> tuple[Any, Any]:
    """Return losses computed from `function(x)`, and the gradient of their sum with respect to `x`. Runs eagerly.

    Args:
        function: Takes `x`.
        head: Takes the function's result; returns the losses, and the gradient of their sum with respect to that result.
        x: A tensor.
    """
    # Without watching weights, the tape computes no gradients of them.
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        result = function(x)
    losses, upstream = head(result)
    return losses, tape.gradient(result, x, output_gradients=upstream)


def compiled(function: Callable[..., Any]) -> Any:
    """Return the function, compiled by XLA for each new shape of its arguments."""
    return tf.function(function, jit_compile=True, autograph=False)


def open_graph(function: Callable[..., Any], signature: Any, half: bool = False) -> Any:
    """Return the function as one graph for all shapes that match a signature.

    Args:
        function: Takes tensors, or nested structures of them.
        signature: Nested `Spec`s; sizes of None may differ between calls.
        half: Whether products with weights are computed in bfloat16.
    """
    specs = _tensor_specs(signature)
    graphs: list[Any] = []

    def run(*values: Any) -> Any:
        if not graphs:  # traced on first use, because tests create dozens of models
            traced = tf.function(function, input_signature=specs, autograph=False).get_concrete_function()
            graphs.append(without_compiled_updates(traced, tf.nest.flatten(specs), round_products if half else None))
        return tf.nest.pack_sequence_as(graphs[0][1], graphs[0][0](*tf.nest.flatten(values)))

    return run


def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """Return the product of two matrices, either of which may be transposed, without copying them."""
    return tf.matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)


def tensor(variable: Any) -> Any:
    """Return a Keras variable's value, without copying it: both share their memory."""
    return tf.convert_to_tensor(variable.value)


def array(value: Any) -> NDArray[np.float32]:
    """Return a tensor's values as `<float32>`."""
    return np.asarray(tf.cast(value, tf.float32))


def without_gradients() -> AbstractContextManager[None]:
    """Return a context in which nothing is saved for a backward pass. TensorFlow saves nothing without a tape anyway."""
    return nullcontext()


def _tensor_spec(spec: Spec) -> tf.TensorSpec:
    return tf.TensorSpec(spec.shape, spec.dtype)


def _tensor_specs(signature: Any) -> Any:
    if isinstance(signature, Spec):
        return _tensor_spec(signature)
    if isinstance(signature, dict):
        return {key: _tensor_specs(part) for key, part in signature.items()}
    return type(signature)(_tensor_specs(part) for part in signature)


def _is_better_plain(part: Part, dtype: str) -> bool:
    """Whether a part is faster as a plain graph than compiled by XLA."""
    if dtype != "bfloat16" or not multiplies_bfloat16() or tf.config.list_logical_devices("GPU"):
        return False
    return sum(int(np.prod(variable.shape)) for variable in part.variables) >= MIN_NATIVE
