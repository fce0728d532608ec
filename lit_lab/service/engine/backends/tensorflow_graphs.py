"""Changes TensorFlow's graphs: takes traced functions apart, and replaces operations that are slow outside of XLA."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import tensorflow as tf

_COSTLY = frozenset(
    {"MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum", "Softmax", "Tanh", "Exp", "Erf", "Sigmoid"}
)
"""Operations whose results the forward pass saves: matrix products, which take nearly all of the time, and transcendental
functions, which take a fifth of it in a small model."""


def compiled_between(
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
        bound: Values of further inputs, by name: tensors, or functions that return a tensor within the graph.
        compiled: Whether XLA compiles the function; otherwise it is a plain graph.
    """
    captured = dict(zip((t.name for t in traced.graph.internal_captures), traced.captured_inputs, strict=True))
    captured |= bound or {}
    names = [tensor.name for tensor in feeds]
    ends = {tensor.op for tensor in [*feeds, *traced.graph.inputs]}
    ends |= {traced.graph.get_operation_by_name(name.split(":")[0]) for name in bound or {}}
    needed = {operation.name for fetch in fetches for operation in ancestors(fetch, ends)}
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
        _replace_powers(definition)
    sources = {source.split(":")[0] for node in definition.node for source in node.input}
    captured = {name: value for name, value in captured.items() if name.split(":")[0] in sources}

    def run(*values: Any) -> Any:
        given = {name: value for name, value in zip(names, values, strict=True) if name.split(":")[0] in sources}
        given |= {name: value() if callable(value) else tf.identity(value) for name, value in captured.items()}
        return tf.graph_util.import_graph_def(
            definition, input_map=given, return_elements=[tensor.name for tensor in fetches], name=""
        )

    specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in feeds]
    # Concrete, because looking up a function by dozens of arguments takes longer than a small model's pass.
    return tf.function(run, jit_compile=compiled, autograph=False).get_concrete_function(*specs)


def without_compiled_updates(
    traced: Any, specs: Sequence[Any], change: Callable[[Any, Any], dict[str, Any]] | None = None
) -> tuple[Any, Any]:
    """Return a traced function that takes flat tensors, and the structure of its results; see `_replace_xla_updates`.

    Args:
        traced: A concrete function.
        specs: Shapes and types of its arguments.
        change: Takes the function and its graph's definition; changes that, and returns values of new inputs by name.
    """
    definition = traced.graph.as_graph_def()
    more = {} if change is None else change(traced, definition)
    _replace_xla_updates(definition)
    _replace_powers(definition)
    captured = dict(zip((t.name for t in traced.graph.internal_captures), traced.captured_inputs, strict=True))
    captured |= more
    names = [tensor.name for tensor in traced.graph.inputs if tensor.name not in captured]
    fetches = [tensor.name for tensor in traced.graph.outputs]

    def run(*values: Any) -> Any:
        given = dict(zip(names, values, strict=True)) | {name: tf.identity(value) for name, value in captured.items()}
        return tf.graph_util.import_graph_def(definition, input_map=given, return_elements=fetches, name="")

    results = traced.structured_outputs
    return tf.function(run, autograph=False).get_concrete_function(*specs), results


def variables_read(traced: Any) -> dict[str, Any]:
    """Return the variables that a traced function reads, by the names of the tensors that read them."""
    variables = {id(variable.handle): variable for variable in traced.graph.variables}
    within = {
        inner.name: variables[id(outer)]
        for outer, inner in zip(traced.captured_inputs, traced.graph.internal_captures, strict=True)
        if id(outer) in variables
    }
    return {
        operation.outputs[0].name: within[operation.inputs[0].name]
        for operation in traced.graph.get_operations()
        if operation.type == "ReadVariableOp" and operation.inputs[0].name in within
    }


def needed_results(derivatives: Sequence[Any], forward: set[Any]) -> list[Any]:
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


def ancestors(tensor: Any, ends: Container[Any] = ()) -> set[Any]:
    """Return the operations that compute a tensor, without those in `ends` and those before them."""
    found: set[Any] = set()
    waiting = [tensor.op]
    while waiting:
        operation = waiting.pop()
        if operation not in found and operation not in ends:
            found.add(operation)
            waiting += [source.op for source in operation.inputs]
    return found


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


def _replace_powers(definition: Any) -> None:
    """Replace `Pow` with an exponent of 1, 2 or 3 in a graph by products, as XLA does.

    GELU's approximation by tanh has a cube of each number, some norms have a square, and their derivatives have powers that are one
    less. TensorFlow computes each by a logarithm and an exponential function, which takes an eighth of a map's time.
    """
    nodes = {node.name: node for node in definition.node}
    for node in [node for node in definition.node if node.op == "Pow"]:
        exponent = _number(nodes, node.input[1])
        if exponent not in (1.0, 2.0, 3.0):
            continue
        base, kind = node.input[0], node.attr["T"]
        if exponent == 3.0:
            square = definition.node.add(name=f"{node.name}/square", op="Square", input=[base])
            square.attr["T"].CopyFrom(kind)
            node.op = "Mul"
            node.input[1] = square.name
        else:
            node.op = "Square" if exponent == 2.0 else "Identity"
            del node.input[1:]


def _number(nodes: Mapping[str, Any], name: str) -> float | None:
    """Return the value of a tensor that is a constant number, or the difference of two; None if it is anything else."""
    node = nodes.get(name.removesuffix(":0"))
    if node is not None and node.op == "Sub":
        left, right = (_number(nodes, source) for source in node.input)
        return None if left is None or right is None else left - right
    if node is None or node.op != "Const":
        return None
    # Another shape might be that of the result.
    return None if node.attr["value"].tensor.tensor_shape.dim else float(tf.make_ndarray(node.attr["value"].tensor))


def _is_moving_slice(operation: Any) -> bool:
    """Whether an operation is a slice whose position is known only when the graph runs."""
    return operation.type == "Slice" and any(source.type == "Placeholder" for source in ancestors(operation.inputs[1]))
