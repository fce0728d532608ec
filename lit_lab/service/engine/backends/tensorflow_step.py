"""The step of one token on TensorFlow, compiled by XLA.

A step multiplies one row by each of the model's matrices: reading them takes the time. XLA's products of one row are only
quick if the numbers that a product adds up follow each other in memory, which is the other way round for most layers of Keras.
In half precision, it matters most: there, XLA reads a matrix in Keras's order at a tenth of the speed. And float32 weights
that bfloat16 represents exactly, as those of most published models, are read twice as fast in bfloat16, without any change of
the result: the arithmetic stays float32.

So the step has copies of such matrices, which all of a model's steps share. Where bfloat16 doesn't represent the weights, a step with rounded ones
drafts tokens in about half of the time, and the model confirms several in one pass (`generation.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from .tensorflow_graphs import compiled_between, variables_read

_PRODUCTS = {"MatMul": "transpose_b", "BatchMatMulV2": "adj_y", "BatchMatMulV3": "adj_y"}
"""Operations that multiply matrices, and the attribute that says whether the second one is transposed."""

MIN_COPIED = 4096
"""Numbers in a matrix: the copy of a smaller one saves no time."""

_CHECKED = 2**22  # numbers of a weight that are checked at a time: 16 MB

Copies = dict[Any, Any]
"""A model's copies, by their operands' keys; None: the operand is read as it is."""


@dataclass(frozen=True)
class Operand:
    """A matrix that a product reads: a weight, transposed or reshaped.

    Attributes:
        name: Name of the tensor in the graph.
        dtype: Its type.
        variable: The weight.
        changes: What makes the matrix of the weight, in order: `Transpose` or `Reshape`, each with its permutation or shape.
        is_turned: Whether the product adds up the matrix's columns rather than its rows.
    """

    name: str
    dtype: Any
    variable: Any
    changes: tuple[tuple[str, tuple[int, ...]], ...]
    is_turned: bool

    @property
    def key(self) -> Any:
        """What its copy depends on."""
        return id(self.variable), self.changes, self.is_turned

    def copied(self) -> Any | None:
        """Return the matrix in the form that a step reads fastest; None: that is the weight itself."""
        is_exact = self.dtype == tf.float32 and _is_exact(self.variable)
        if not is_exact and (self.dtype == tf.float32 or self._is_in_order):
            return None  # float32 is read as fast in either order
        return self._matrix(tf.bfloat16 if is_exact else self.dtype)

    def rounded(self) -> Any:
        """Return the matrix in the same form, rounded to bfloat16."""
        return self._matrix(tf.bfloat16)

    def _matrix(self, dtype: Any) -> Any:
        value = tf.cast(tf.convert_to_tensor(self.variable), dtype)
        for change, how in self.changes:
            value = tf.transpose(value, how) if change == "Transpose" else tf.reshape(value, how)
        return tf.transpose(value) if self.is_turned else value

    @property
    def _is_in_order(self) -> bool:
        """Whether the weight's numbers that the product adds up follow each other in memory."""
        numbers = view = np.empty(self.variable.shape, np.int8)
        for change, how in self.changes:
            view = view.transpose(how) if change == "Transpose" else view.reshape(how)
        return np.may_share_memory(view, numbers) and view.strides[0 if self.is_turned else 1] == 1


def compiled_step(function: Callable[..., Any], cache: Any, copies: Copies, free: int | None) -> Any | None:
    """Return `function(ids, cache, position)`, compiled by XLA for one token and caches of this one's shape.

    Args:
        function: The step.
        cache: A cache.
        copies: The copies of the model's matrices that its other steps use; new ones are added.
        free: Bytes that copies may take; None: as many as they need.

    Returns:
        The function; None if the weights have half precision and there is no memory for copies: a plain graph is faster then.
    """
    traced, variables = _traced(function, cache)
    copied: dict[str, Callable[[], Any]] = {}
    if not tf.config.list_logical_devices("GPU"):
        operands = operands_of(traced, variables)
        if _fits(operands, copies, free):
            copied = _read_from_copies(operands, copies)
        elif any(operand.dtype.size == 2 for operand in operands):
            return None
    return _compiled(traced, variables, cache, copied)


def compiled_draft(function: Callable[..., Any], cache: Any, copies: Copies, free: int | None) -> Any | None:
    """Return `function(ids, cache, position)`, compiled as by `compiled_step`, with matrices rounded to bfloat16.

    Args:
        function: The step, in float32.
        cache: A cache.
        copies: As for `compiled_step`.
        free: Bytes that copies may take; None: as many as they need.

    Returns:
        The function; None if it would be no faster than a step: bfloat16 represents most weights, or most are in no product of matrices (experts), or
        there is a GPU, or no memory for copies.
    """
    if tf.config.list_logical_devices("GPU"):
        return None
    traced, variables = _traced(function, cache)
    operands = operands_of(traced, variables)
    if not _fits(operands, copies, free, rounded=True):
        return None
    exact = _read_from_copies(operands, copies)
    rounded = {id(operand.variable): operand.variable for operand in operands if operand.name not in exact}
    if 2 * _numbers(rounded.values()) < _numbers({id(each): each for each in variables.values()}.values()):
        return None
    return _compiled(traced, variables, cache, exact | _read_rounded(operands, copies))


def _traced(function: Callable[..., Any], cache: Any) -> tuple[Any, dict[str, Any]]:
    """Return a concrete function of a token, its position and a cache's parts, and the variables that it reads."""
    specs = [tf.TensorSpec(part.shape, part.dtype) for part in tf.nest.flatten(cache)]
    traced = tf.function(
        lambda ids, position, *parts: function(ids, tf.nest.pack_sequence_as(cache, parts), position),
        autograph=False,
    ).get_concrete_function(tf.TensorSpec([1, 1], tf.int32), tf.TensorSpec([], tf.int32), *specs)
    return traced, variables_read(traced)


def _compiled(traced: Any, variables: Mapping[str, Any], cache: Any, copied: Mapping[str, Any]) -> Callable[..., Any]:
    # With these bound, the step doesn't read its variables in each call. The values share the variables' memory.
    bound = {name: tf.convert_to_tensor(variable) for name, variable in variables.items()}
    bound.update(copied)
    count = len(tf.nest.flatten(cache))
    run = compiled_between(traced, traced.graph.inputs[: 2 + count], traced.graph.outputs, bound)

    def step(ids: Any, cache: Any, position: Any) -> Any:
        return tf.nest.pack_sequence_as(
            traced.structured_outputs, run(ids, position, *tf.nest.flatten(cache)), expand_composites=True
        )

    return step


def operands_of(traced: Any, variables: Mapping[str, Any]) -> list[Operand]:
    """Return the matrices of weights that a traced function multiplies by.

    Args:
        traced: A concrete function.
        variables: The variables that it reads, from `variables_read`.
    """
    found: dict[str, Operand] = {}
    for operation in traced.graph.get_operations():
        if operation.type not in _PRODUCTS:
            continue
        matrix = operation.inputs[1]
        if matrix.shape.rank != 2 or not matrix.shape.is_fully_defined() or matrix.shape.num_elements() < MIN_COPIED:
            continue
        changes, source = [], matrix
        while source.name not in variables and source.op.type in ("Transpose", "Reshape", "Identity"):
            if source.op.type != "Identity":
                how = tf.get_static_value(source.op.inputs[1]) if source.op.type == "Transpose" else source.shape
                if how is None:
                    break
                changes.append((source.op.type, tuple(map(int, how))))
            source = source.op.inputs[0]
        if source.name in variables:
            is_turned = not operation.get_attr(_PRODUCTS[operation.type])
            found[matrix.name] = Operand(
                matrix.name, matrix.dtype, variables[source.name], tuple(reversed(changes)), is_turned
            )
    return list(found.values())


def _numbers(variables: Iterable[Any]) -> int:
    return sum(int(variable.shape.num_elements()) for variable in variables)


def _rounded_key(operand: Operand) -> Any:
    return (*operand.key, "rounded")


def _fits(operands: list[Operand], copies: Copies, free: int | None, rounded: bool = False) -> bool:
    def is_new(operand: Operand) -> bool:
        if operand.key not in copies:
            return True
        return rounded and copies[operand.key] is None and _rounded_key(operand) not in copies

    new = {operand.key: operand for operand in operands if is_new(operand)}
    # At most: of float32 weights only those have a copy that bfloat16 represents.
    return free is None or sum(2 * operand.variable.shape.num_elements() for operand in new.values()) <= free


def _read_from_copies(operands: list[Operand], copies: Copies) -> dict[str, Callable[[], Any]]:
    """Return, for each operand that has a copy, a function that reads it, by the operand's name."""
    found: dict[str, Callable[[], Any]] = {}
    for operand in operands:
        if operand.key not in copies:
            copies[operand.key] = operand.copied()
        copy = copies[operand.key]
        if copy is not None:
            found[operand.name] = _reading(copy, operand)
    return found


def _read_rounded(operands: list[Operand], copies: Copies) -> dict[str, Callable[[], Any]]:
    """Return the same for operands in float32 that bfloat16 doesn't represent, rounded."""
    found: dict[str, Callable[[], Any]] = {}
    for operand in operands:
        if copies[operand.key] is None and operand.dtype == tf.float32:
            key = _rounded_key(operand)
            if key not in copies:
                copies[key] = operand.rounded()
            found[operand.name] = _reading(copies[key], operand)
    return found


def _reading(copy: Any, operand: Operand) -> Callable[[], Any]:
    # XLA takes both operations into the product.
    return lambda: tf.cast(tf.transpose(copy) if operand.is_turned else tf.identity(copy), operand.dtype)


def _is_exact(variable: Any) -> bool:
    """Whether bfloat16 represents all of a variable's numbers."""
    value = tf.reshape(tf.convert_to_tensor(variable), [-1])
    parts = (value[begin : begin + _CHECKED] for begin in range(0, value.shape[0], _CHECKED))
    return all(bool(tf.reduce_all(tf.cast(tf.cast(part, tf.bfloat16), part.dtype) == part)) for part in parts)
