"""JAX: parts of a model are functions that `jax.jit` compiles; `jax.vjp` says what their backward pass needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from numpy.typing import NDArray

from ..parts import Part
from . import Spec, bytes_of, spec_of

PROMPT_LENGTHS = (512, 64, 8, 1)
"""Each shape is compiled; a prompt is run in chunks of these lengths, so that its own length is no new shape."""


class CompiledPart:
    """A part, compiled for one shape of inputs.

    The forward pass keeps the results of matrix products; the backward pass computes the others again.

    Args:
        part: The part; its weights are arguments of each call, so that all parts of its kind share this.
        inputs: Shape and type of its inputs.
        outputs: Shape and type of the outputs that gradients are given for, the first ones.
        bound: Not used: passing weights costs nothing here.
        keep: Whether to keep results; otherwise all are computed again, which takes less memory.
    """

    def __init__(
        self,
        part: Part,
        inputs: Sequence[Spec],
        outputs: Sequence[Spec],
        bound: Sequence[Any] | None = None,
        keep: bool = True,
    ) -> None:
        policies = jax.checkpoint_policies
        policy = policies.dots_saveable if keep else policies.nothing_saveable

        def call(weights: Sequence[Any], *given: Any) -> Any:
            with keras.StatelessScope(state_mapping=list(zip(part.variables, weights, strict=True))):
                results = jax.tree.leaves(part.call(*given))
            return results[: len(outputs)], results[len(outputs) :]

        def forward(weights: Sequence[Any], *given: Any) -> Any:
            primals, others = given[: part.num_differentiated], given[part.num_differentiated :]
            checkpointed = jax.checkpoint(call, policy=policy)
            results, pullback, further = jax.vjp(
                lambda *first: checkpointed(weights, *first, *others), *primals, has_aux=True
            )
            return results + further, pullback

        self._forward = jax.jit(forward)
        self._backward = jax.jit(_pull)
        weights = [_shape(spec_of(variable)) for variable in part.variables]
        given = [_shape(spec) for spec in inputs]
        _, residuals = jax.eval_shape(forward, weights, *given)
        # An input that is returned unchanged isn't a copy.
        kept = Counter(_spec(leaf) for leaf in jax.tree.leaves(residuals))
        kept -= Counter(_spec(leaf) for leaf in [*weights, *given])
        self.kept_bytes = sum(bytes_of(spec) * count for spec, count in kept.items())

    def forward(self, inputs: Sequence[Any], weights: Sequence[Any]) -> tuple[list[Any], Any]:
        """Return the outputs and the residuals that `backward` needs."""
        outputs, pullback = self._forward(list(weights), *inputs)
        return outputs, pullback

    def backward(
        self, inputs: Sequence[Any], gradients: Sequence[Any], residuals: Any, weights: Sequence[Any]
    ) -> list[Any]:
        """Return the gradients with respect to the inputs, from those with respect to the outputs."""
        return list(self._backward(residuals, list(gradients)))


def differentiated(function: Callable[[Any], Any], head: Callable[[Any], tuple[Any, Any]], x: Any) -> tuple[Any, Any]:
    """Return losses computed from a function of `x`, and their sum's gradient with respect to `x`, eagerly.

    Args:
        function: Of `x`.
        head: Takes what it returns; returns losses, and their sum's gradient with respect to that.
    """
    result, pullback = jax.vjp(function, x)
    losses, upstream = head(result)
    return losses, pullback(upstream)[0]


def compiled(function: Callable[..., Any]) -> Any:
    """Return a function of tensors, compiled for each of their shapes."""
    return jax.jit(function)


def open_graph(function: Callable[..., Any], signature: Any) -> Any:
    """Return a function, compiled for each shape that it is called with: see `PROMPT_LENGTHS`."""
    return jax.jit(function)


def compiled_step(function: Callable[..., Any], cache: Any) -> Any:
    """Return `function(ids, cache, position)`, compiled for one token over caches like this one."""
    return jax.jit(function)


@partial(jax.jit, static_argnames=("transpose_a", "transpose_b"))
def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """Return the product of two matrices, either of them transposed, without a copy."""
    return jnp.matmul(a.T if transpose_a else a, b.T if transpose_b else b)


def tensor(variable: Any) -> Any:
    """Return a Keras variable's value; no copy."""
    return variable.value


def array(value: Any) -> NDArray[np.float32]:
    """Return a tensor's values as `<float32>`."""
    return np.asarray(jnp.asarray(value, jnp.float32))


def without_gradients() -> AbstractContextManager[None]:
    """Return a context that keeps nothing for a backward pass: JAX never does unless requested."""
    return nullcontext()


def _pull(pullback: Any, gradients: list[Any]) -> Any:
    return pullback(gradients)


def _shape(spec: Spec) -> Any:
    return jax.ShapeDtypeStruct(spec.shape, spec.dtype)


def _spec(leaf: Any) -> Spec:
    return Spec(tuple(leaf.shape), str(leaf.dtype))
