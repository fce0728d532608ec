"""TensorFlow: a part is traced as one graph, which is split into a forward and a backward pass that XLA compiles."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.compiler.tf2xla.python.xla import dynamic_update_slice

from ..parts import Part
from ..processor import multiplies_bfloat16
from . import Spec

PROMPT_LENGTHS = None

_COSTLY = frozenset(
    {"MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum", "Softmax", "Tanh", "Exp", "Erf", "Sigmoid"}
)
"""Operations whose results the forward pass saves: matrix products, which take nearly all of the time, and transcendental
functions, which take a fifth of it in a small model."""

MIN_NATIVE = 4_000_000
"""Minimum number of a part's weights for native bfloat16 products to be faster than XLA's fused operations. On a CPU, XLA
casts bfloat16 to float32; TensorFlow's own operations (oneDNN) multiply twice as fast if the processor supports bfloat16."""


@tf.RegisterGradient("XlaDynamicUpdateSlice")  # type: ignore[untyped-decorator]  # TensorFlow has no types for mypy
def _gradient_of_update(operation: Any, gradient: Any) -> tuple[Any, Any, None]:
    """The gradient of the operation by which Keras writes into a key-value cache. TensorFlow doesn't define one."""
    _, update, position = operation.inputs
    without = dynamic_update_slice(gradient, tf.zeros_like(update), position)
    return without, tf.slice(gradient, position, update.shape), None


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
    """

    def __init__(
        self,
        part: Part,
        inputs: Sequence[Spec],
        outputs: Sequence[Spec],
        bound: Sequence[Any] | None = None,
        keep: bool = True,
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
        saved = _needed_results(derivatives, set().union(*map(_ancestors, results))) if keep else []
        self.residual_bytes = sum(tensor.shape.num_elements() * tensor.dtype.size for tensor in saved)
        always = {} if bound is None else {t.name: value for t, value in zip(weights, bound, strict=True)}
        if bound is not None:
            weights = []
        self._takes_weights = bound is None
        self._count = len(results)
        compiled = not _is_better_plain(part, inputs[0].dtype)
        self._forward = _compiled_between(traced, [*given, *weights], [*results, *saved], always, compiled)
        self._backward = _compiled_between(
            traced, [*given, *gradients, *saved, *weights], derivatives, always, compiled
        )

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


def open_graph(function: Callable[..., Any], signature: Any) -> Any:
    """Return the function as one graph for all shapes that match a signature.

    Args:
        function: Takes tensors, or nested structures of them.
        signature: Nested `Spec`s; sizes of None may differ between calls.
    """
    specs = _tensor_specs(signature)
    graphs: list[Any] = []

    def run(*values: Any) -> Any:
        if not graphs:  # traced on first use, because tests create dozens of models
            traced = tf.function(function, input_signature=specs, autograph=False).get_concrete_function()
            graphs.append(_without_compiled_updates(traced, tf.nest.flatten(specs)))
        return tf.nest.pack_sequence_as(graphs[0][1], graphs[0][0](*tf.nest.flatten(values)))

    return run


def compiled_step(function: Callable[..., Any], cache: Any) -> Any:
    """Return `function(ids, cache, position)`, compiled by XLA for one token and caches of this one's shape."""
    specs = [tf.TensorSpec(part.shape, part.dtype) for part in tf.nest.flatten(cache)]
    traced = tf.function(
        lambda ids, position, *parts: function(ids, tf.nest.pack_sequence_as(cache, parts), position),
        autograph=False,
    ).get_concrete_function(tf.TensorSpec([1, 1], tf.int32), tf.TensorSpec([], tf.int32), *specs)
    run = _compiled_between(traced, traced.graph.inputs[: 2 + len(specs)], traced.graph.outputs, _weights_read(traced))

    def step(ids: Any, cache: Any, position: Any) -> Any:
        return tf.nest.pack_sequence_as(
            traced.structured_outputs, run(ids, position, *tf.nest.flatten(cache)), expand_composites=True
        )

    return step


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


def _without_compiled_updates(traced: Any, specs: Sequence[Any]) -> tuple[Any, Any]:
    """Return a traced function that takes flat tensors, and the structure of its results; see `_replace_xla_updates`."""
    definition = traced.graph.as_graph_def()
    _replace_xla_updates(definition)
    _replace_cubes(definition)
    captured = dict(zip((t.name for t in traced.graph.internal_captures), traced.captured_inputs, strict=True))
    names = [tensor.name for tensor in traced.graph.inputs if tensor.name not in captured]
    fetches = [tensor.name for tensor in traced.graph.outputs]

    def run(*values: Any) -> Any:
        given = dict(zip(names, values, strict=True)) | {name: tf.identity(value) for name, value in captured.items()}
        return tf.graph_util.import_graph_def(definition, input_map=given, return_elements=fetches, name="")

    results = traced.structured_outputs
    return tf.function(run, autograph=False).get_concrete_function(*specs), results


def _replace_xla_updates(definition: Any) -> None:
    """Replace `XlaDynamicUpdateSlice` in a graph by an operation of TensorFlow's.

    Keras writes keys and values into a cache with `XlaDynamicUpdateSlice`. Outside of XLA, TensorFlow compiles this
    operation for each new shape, which takes 50 ms for each prompt of a new length.
    """
    for node in [node for node in definition.node if node.op == "XlaDynamicUpdateSlice"]:
        cache, update, begin = node.input
        kind, index = node.attr["T"], node.attr["Tindices"]
        size = definition.node.add(name=f"{node.name}/size", op="Shape", input=[update])
        size.attr["T"].CopyFrom(kind)
        size.attr["out_type"].CopyFrom(index)
        end = definition.node.add(name=f"{node.name}/end", op="AddV2", input=[begin, size.name])
        strides = definition.node.add(name=f"{node.name}/strides", op="OnesLike", input=[begin])
        for other in (end, strides):
            other.attr["T"].CopyFrom(index)
        node.op = "TensorStridedSliceUpdate"
        del node.input[:]
        node.input.extend([cache, begin, end.name, strides.name, update])
        node.attr.pop("Tindices")
        node.attr["Index"].CopyFrom(index)


def _replace_cubes(definition: Any) -> None:
    """Replace `Pow` with an exponent of 3 in a graph by products, as XLA does.

    GELU's approximation by tanh has a cube of each number. TensorFlow computes it by a logarithm and an exponential function,
    which takes an eighth of a pass of Gemma 3 270M.
    """
    constants = {node.name: node for node in definition.node if node.op == "Const"}
    for node in [node for node in definition.node if node.op == "Pow"]:
        exponent = constants.get(node.input[1].removesuffix(":0"))
        if exponent is None or not np.all(tf.make_ndarray(exponent.attr["value"].tensor) == 3):
            continue
        if exponent.attr["value"].tensor.tensor_shape.dim:  # its shape might be that of the result
            continue
        square = definition.node.add(name=f"{node.name}/square", op="Square", input=[node.input[0]])
        square.attr["T"].CopyFrom(node.attr["T"])
        node.op = "Mul"
        node.input[1] = square.name


def _tensor_spec(spec: Spec) -> tf.TensorSpec:
    return tf.TensorSpec(spec.shape, spec.dtype)


def _tensor_specs(signature: Any) -> Any:
    if isinstance(signature, Spec):
        return _tensor_spec(signature)
    if isinstance(signature, dict):
        return {key: _tensor_specs(part) for key, part in signature.items()}
    return type(signature)(_tensor_specs(part) for part in signature)


def _compiled_between(
    traced: Any,
    feeds: Sequence[Any],
    fetches: Sequence[Any],
    bound: Mapping[str, Any] | None = None,
    compiled: bool = True,
) -> Any:
    """Return a function that computes some tensors of a traced function's graph from others.

    It is compiled once for all positions of its slices; TensorFlow would compile it again for each position.

    Args:
        traced: A concrete function.
        feeds: Tensors of its graph, which become the arguments.
        fetches: Tensors of its graph, which become the results.
        bound: Values of further inputs, by name.
        compiled: Whether XLA compiles the function; otherwise it is a plain graph.
    """
    captured = dict(zip((t.name for t in traced.graph.internal_captures), traced.captured_inputs, strict=True))
    captured |= bound or {}
    names = [tensor.name for tensor in feeds]
    ends = {tensor.op for tensor in [*feeds, *traced.graph.inputs]}
    ends |= {traced.graph.get_operation_by_name(name.split(":")[0]) for name in bound or {}}
    needed = {operation.name for fetch in fetches for operation in _ancestors(fetch, ends)}
    definition = traced.graph.as_graph_def()
    nodes = [node for node in definition.node if node.name in needed]
    moving = {operation.name for operation in traced.graph.get_operations() if _is_moving_slice(operation)}
    for node in nodes:
        # Without control dependencies: no operation here has side effects.
        inputs = [source for source in node.input if not source.startswith("^")]
        del node.input[:]
        node.input.extend(inputs)
        node.attr.pop("_class", None)  # colocation with an operation that may not be among the nodes
        if compiled and node.name in moving:
            # The same operation, but compiled once for all positions. keras-hub slices masks at the sequence's position.
            node.op = "XlaDynamicSlice"
            node.attr["Tindices"].CopyFrom(node.attr.pop("Index"))
    del definition.node[:]
    definition.node.extend(nodes)
    if not compiled:
        _replace_xla_updates(definition)
        _replace_cubes(definition)
    sources = {source.split(":")[0] for node in definition.node for source in node.input}
    captured = {name: value for name, value in captured.items() if name.split(":")[0] in sources}

    def run(*values: Any) -> Any:
        given = {name: value for name, value in zip(names, values, strict=True) if name.split(":")[0] in sources}
        given |= {name: tf.identity(value) for name, value in captured.items()}
        return tf.graph_util.import_graph_def(
            definition, input_map=given, return_elements=[tensor.name for tensor in fetches], name=""
        )

    specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in feeds]
    # Concrete, because looking up a function by dozens of arguments takes longer than a small model's pass.
    return tf.function(run, jit_compile=compiled, autograph=False).get_concrete_function(*specs)


def _is_better_plain(part: Part, dtype: str) -> bool:
    """Whether a part is faster as a plain graph than compiled by XLA."""
    if dtype != "bfloat16" or not multiplies_bfloat16() or tf.config.list_logical_devices("GPU"):
        return False
    return sum(int(np.prod(variable.shape)) for variable in part.variables) >= MIN_NATIVE


def _weights_read(traced: Any) -> dict[str, Any]:
    """Return the values of the variables that a traced function reads, by the names of the tensors that read them.

    With these bound, a function doesn't read its variables in each call. The values share the variables' memory.
    """
    variables = {id(variable.handle): variable for variable in traced.graph.variables}
    within = {
        inner.name: variables[id(outer)]
        for outer, inner in zip(traced.captured_inputs, traced.graph.internal_captures, strict=True)
        if id(outer) in variables
    }
    return {
        operation.outputs[0].name: tf.convert_to_tensor(within[operation.inputs[0].name])
        for operation in traced.graph.get_operations()
        if operation.type == "ReadVariableOp" and operation.inputs[0].name in within
    }


def _is_moving_slice(operation: Any) -> bool:
    """Whether an operation is a slice whose position is known only when the graph runs."""
    return operation.type == "Slice" and any(source.type == "Placeholder" for source in _ancestors(operation.inputs[1]))


def _ancestors(tensor: Any, ends: Container[Any] = ()) -> set[Any]:
    """Return the operations that compute a tensor, without those in `ends` and those before them."""
    found: set[Any] = set()
    waiting = [tensor.op]
    while waiting:
        operation = waiting.pop()
        if operation not in found and operation not in ends:
            found.add(operation)
            waiting += [source.op for source in operation.inputs]
    return found


def _needed_results(derivatives: Sequence[Any], forward: set[Any]) -> list[Any]:
    """Return the results of costly operations of the forward pass that the derivatives directly depend on."""
    saved: list[Any] = []
    seen: set[Any] = set()
    waiting = [derivative.op for derivative in derivatives]
    while waiting:
        operation = waiting.pop()
        if operation in seen:
            continue
        seen.add(operation)
        if operation in forward and operation.type in _COSTLY:
            saved.append(operation.outputs[0])
        else:
            waiting += [source.op for source in operation.inputs]
    return saved
