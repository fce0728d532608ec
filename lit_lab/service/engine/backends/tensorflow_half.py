"""A graph whose products with weights are computed in bfloat16, on TensorFlow.

Everything else stays in float32: sums of blocks, norms, softmax, positions, attention between tokens. A model that is all in bfloat16 rounds the sum of
its blocks after each of them, which costs several times the accuracy and no less time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from .tensorflow_graphs import variables_read

_PRODUCTS = frozenset({"MatMul", "BatchMatMulV2", "BatchMatMulV3", "Einsum"})

MIN_ROUNDED = 4096
"""Numbers in a weight: products with a smaller one gain nothing."""


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
    copies: dict[int, str] = {}
    values: dict[str, Any] = {}
    for operation in traced.graph.get_operations():
        variable = _weight(operation, variables)
        if variable is None:
            continue
        if id(variable) not in copies:
            name = copies[id(variable)] = f"half/weight_{len(copies)}"
            given = definition.node.add(name=name, op="Placeholder")
            given.attr["dtype"].type = tf.bfloat16.as_datatype_enum
            values[f"{name}:0"] = tf.cast(tf.convert_to_tensor(variable), tf.bfloat16)
        _round(definition, nodes[operation.name], copies[id(variable)])
    return values


def _weight(operation: Any, variables: Mapping[str, Any]) -> Any | None:
    """Return the weight by which an operation multiplies; None if it isn't such a product, or not worth rounding."""
    if operation.type not in _PRODUCTS or len(operation.inputs) != 2:
        return None
    source = operation.inputs[1]
    while source.op.type == "Identity":
        source = source.op.inputs[0]
    variable = variables.get(source.name)
    if variable is None or source.dtype != tf.float32 or variable.shape.num_elements() < MIN_ROUNDED:
        return None
    return variable


def _round(definition: Any, node: Any, weight: str) -> None:
    """Make a product one in bfloat16. A node that casts its result back takes its name."""
    product = definition.node.add()
    product.CopyFrom(node)
    product.name = f"{node.name}/half"
    given = _cast(definition, f"{node.name}/given", node.input[0], tf.float32, tf.bfloat16)
    del product.input[:]
    product.input.extend([given.name, weight])
    for attribute in ("T", "Ta", "Tb", "Tout"):
        if attribute in product.attr:
            product.attr[attribute].type = tf.bfloat16.as_datatype_enum
    name = node.name
    node.Clear()
    _cast(definition, name, product.name, tf.bfloat16, tf.float32, node)


def _cast(definition: Any, name: str, source: str, given: Any, result: Any, node: Any = None) -> Any:
    made = definition.node.add() if node is None else node
    made.name, made.op = name, "Cast"
    made.input.append(source)
    made.attr["SrcT"].type, made.attr["DstT"].type = given.as_datatype_enum, result.as_datatype_enum
    return made
