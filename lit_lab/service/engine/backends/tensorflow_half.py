"""A graph whose products with weights are computed in bfloat16, on TensorFlow.

Everything else stays in float32: sums of blocks, norms, softmax, positions, attention between tokens. A model that is all in bfloat16 also rounds the
sum of its blocks after each of them.

All of these products become `MatMul`, which adds up in float32 everywhere. TensorFlow's `Einsum` and `BatchMatMulV2` add up in bfloat16 on a processor
that oneDNN doesn't multiply bfloat16 on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from .tensorflow_graphs import variables_read

MIN_ROUNDED = 4096
"""Numbers in a weight: products with a smaller one gain nothing."""


@dataclass(frozen=True)
class _Product:
    """A product with a weight, as one of two matrices.

    Attributes:
        variable: The weight.
        order: Its axes: those that are added up, then the others.
        num_added: The number of axes that are added up.
        num_kept: The number of the other operand's axes that aren't added up: its first ones.
    """

    variable: Any
    order: tuple[int, ...]
    num_added: int
    num_kept: int

    @property
    def sizes(self) -> list[int]:
        """The weight's sizes in that order."""
        return [int(self.variable.shape[axis]) for axis in self.order]

    def matrix(self) -> Any:
        """Return the weight as a matrix in bfloat16."""
        value = tf.cast(tf.convert_to_tensor(self.variable), tf.bfloat16)
        rows = int(np.prod(self.sizes[: self.num_added]))
        return tf.reshape(tf.transpose(value, self.order), [rows, -1])


def round_products(traced: Any, definition: Any) -> dict[str, Any]:
    """Replace the products with weights in a graph by products in bfloat16.

    Args:
        traced: A concrete function in float32.
        definition: The definition of its graph, which is changed.

    Returns:
        The weights in bfloat16, by the names of new inputs of the graph.
    """
    variables = variables_read(traced)
    nodes = {node.name: node for node in definition.node}
    names: dict[Any, str] = {}
    values: dict[str, Any] = {}
    for operation in traced.graph.get_operations():
        product = _product(operation, variables)
        if product is None:
            continue
        key = id(product.variable), product.order, product.num_added
        if key not in names:
            name = names[key] = f"half/weight_{len(names)}"
            given = definition.node.add(name=name, op="Placeholder")
            given.attr["dtype"].type = tf.bfloat16.as_datatype_enum
            values[f"{name}:0"] = product.matrix()
        _Rounded(definition, nodes[operation.name]).round(product, names[key])
    return values


def _product(operation: Any, variables: Mapping[str, Any]) -> _Product | None:
    """Return an operation as a product with a weight; None if it is something else, or not worth rounding."""
    if operation.type not in ("MatMul", "BatchMatMulV2", "Einsum") or len(operation.inputs) != 2:
        return None
    source = operation.inputs[1]
    while source.op.type == "Identity":
        source = source.op.inputs[0]
    variable = variables.get(source.name)
    if variable is None or source.dtype != tf.float32 or variable.shape.num_elements() < MIN_ROUNDED:
        return None
    equation = _equation(operation)
    if equation is None:
        return None
    given, weight, result = equation
    # Those that are added up must be the last axes of the one, and the new ones of the result.
    added = "".join(axis for axis in given if axis in weight)
    new = "".join(axis for axis in weight if axis not in given)
    kept = given.removesuffix(added)
    if not kept or kept + added != given or kept + new != result:
        return None
    return _Product(variable, tuple(weight.index(axis) for axis in added + new), len(added), len(kept))


def _equation(operation: Any) -> tuple[str, str, str] | None:
    """Return the axes of the operands and of the result, a letter each."""
    if operation.type == "Einsum":
        equation = operation.get_attr("equation").decode()
        if "." in equation or "->" not in equation:
            return None
        operands, result = equation.split("->")
        given, weight = operands.split(",")
        return given, weight, result
    names = ("transpose_a", "transpose_b") if operation.type == "MatMul" else ("adj_x", "adj_y")
    rank = operation.inputs[0].shape.rank
    if operation.get_attr(names[0]) or rank is None or operation.inputs[1].shape.rank != 2:
        return None
    kept = "abcdefgh"[: rank - 1]
    return f"{kept}y", "zy" if operation.get_attr(names[1]) else "yz", f"{kept}z"


class _Rounded:
    """Makes a product of a graph one in bfloat16.

    Args:
        definition: The graph.
        node: The product, which is replaced by the last operation of its new form.
    """

    def __init__(self, definition: Any, node: Any) -> None:
        self._definition = definition
        self._node = node

    def round(self, product: _Product, weight: str) -> None:
        """Replace the product.

        Args:
            product: What it is.
            weight: The name of its weight's matrix.
        """
        name, given = self._node.name, self._node.input[0]
        sizes = product.sizes
        is_matrix = product.num_kept == product.num_added == 1 and len(sizes) == 2
        if is_matrix:
            result = self._matmul(self._cast("rounded", given, tf.float32, tf.bfloat16), weight)
            self._node.Clear()
            self._cast(name, result, tf.bfloat16, tf.float32, self._node)
            return
        rows = int(np.prod(sizes[: product.num_added]))
        rounded = self._cast("rounded", given, tf.float32, tf.bfloat16)
        flat = self._reshaped("flat", rounded, self._constant("flat_shape", [-1, rows]), tf.bfloat16)
        result = self._cast("cast", self._matmul(flat, weight), tf.bfloat16, tf.float32)
        shape = self._add("shape", "Shape", [given], T=tf.float32, out_type=tf.int32)
        begin, size = self._constant("begin", [0]), self._constant("size", [product.num_kept])
        kept = self._add("kept", "Slice", [shape, begin, size], T=tf.int32, Index=tf.int32)
        new = self._constant("new", sizes[product.num_added :])
        whole = self._add("whole", "ConcatV2", [kept, new, self._constant("axis", 0)], T=tf.int32, Tidx=tf.int32)
        self._definition.node[-1].attr["N"].i = 2
        self._node.Clear()
        self._reshaped(name, result, whole, tf.float32, self._node)

    def _matmul(self, given: str, weight: str) -> str:
        return self._add("product", "MatMul", [given, weight], T=tf.bfloat16)

    def _reshaped(self, name: str, given: str, shape: str, dtype: Any, node: Any = None) -> str:
        return self._add(name, "Reshape", [given, shape], node, T=dtype, Tshape=tf.int32)

    def _cast(self, name: str, given: str, before: Any, after: Any, node: Any = None) -> str:
        return self._add(name, "Cast", [given], node, SrcT=before, DstT=after)

    def _constant(self, name: str, value: Any) -> str:
        found = self._add(name, "Const", [], dtype=tf.int32)
        self._definition.node[-1].attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, tf.int32))
        return found

    def _add(self, name: str, kind: str, inputs: list[str], node: Any = None, **types: Any) -> str:
        made = self._definition.node.add() if node is None else node
        made.name = name if node is not None else f"{self._node.name}/half_{name}"
        made.op = kind
        made.input.extend(inputs)
        for attribute, dtype in types.items():
            made.attr[attribute].type = dtype.as_datatype_enum
        return str(made.name)
