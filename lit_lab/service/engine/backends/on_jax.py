"""JAX: `jax.jit` compiles a part's passes, and `jax.vjp` determines the values that the backward pass needs."""

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
"""JAX compiles a function for each new shape. In chunks of these lengths, a prompt of any length needs no new shape."""


def has_open_parts(dtype: str) -> bool:
    """Whether a `CompiledPart` can be open. JAX compiles each new shape."""
    return False


def has_half_copies() -> bool:
    """Whether passes in bfloat16 are faster than in float32: that wasn't measured with this backend."""
    return False


class CompiledPart:
    """A part, compiled for inputs of one shape.

    The forward pass saves the results of matrix products; the backward pass computes all others again.

    Args:
        part: The part. Each call takes its weights, so parts of one kind share a compiled part.
        inputs: Shape and type of each input.
        outputs: Shape and type of each output whose gradient `backward` takes: the first ones.
        bound: Not used, because passing weights takes no time on JAX.
        keep: Whether to save results. Otherwise the backward pass computes all of them again, which takes less memory.
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
        # Residuals that are weights or inputs take no further memory.
        saved = Counter(_spec(leaf) for leaf in jax.tree.leaves(residuals))
        saved -= Counter(_spec(leaf) for leaf in [*weights, *given])
        self.residual_bytes = sum(bytes_of(spec) * count for spec, count in saved.items())

    def forward(self, inputs: Sequence[Any], weights: Sequence[Any]) -> tuple[list[Any], Any]:
        """Return the outputs, and the residuals that `backward` takes."""
        outputs, pullback = self._forward(list(weights), *inputs)
        return outputs, pullback

    def backward(
        self, inputs: Sequence[Any], gradients: Sequence[Any], residuals: Any, weights: Sequence[Any]
    ) -> list[Any]:
        """Return the gradients with respect to the inputs, given those with respect to the outputs."""
        return list(self._backward(residuals, list(gradients)))


def differentiated(function: Callable[[Any], Any], head: Callable[[Any], tuple[Any, Any]], x: Any) -> tuple[Any, Any]:
    """Return losses computed from `function(x)`, and the gradient of their sum with respect to `x`. Runs eagerly.

    Args:
        function: Takes `x`.
        head: Takes the function's result; returns the losses, and the gradient of their sum with respect to that result.
        x: A tensor.
    """
    result, pullback = jax.vjp(function, x)
    losses, upstream = head(result)
    return losses, pullback(upstream)[0]


def compiled(function: Callable[..., Any]) -> Any:
    """Return the function, compiled for each new shape of its arguments."""
    return jax.jit(function)


def open_graph(function: Callable[..., Any], signature: Any) -> Any:
    """Return the function, compiled for each new shape of its arguments; see `PROMPT_LENGTHS`."""
    return jax.jit(function)


def compiled_step(function: Callable[..., Any], cache: Any, copies: dict[Any, Any], free: int | None) -> Any:
    """Return `function(ids, cache, position)`, compiled for one token and caches of this one's shape."""
    return jax.jit(function)


def compiled_draft(function: Callable[..., Any], cache: Any, copies: dict[Any, Any], free: int | None) -> None:
    """Return None: there are no drafts on JAX."""


@partial(jax.jit, static_argnames=("transpose_a", "transpose_b"))
def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """Return the product of two matrices, either of which may be transposed, without copying them."""
    return jnp.matmul(a.T if transpose_a else a, b.T if transpose_b else b)


def tensor(variable: Any) -> Any:
    """Return a Keras variable's value, without copying it."""
    return variable.value


def array(value: Any) -> NDArray[np.float32]:
    """Return a tensor's values as `<float32>`."""
    return np.asarray(jnp.asarray(value, jnp.float32))


def without_gradients() -> AbstractContextManager[None]:
    """Return a context in which nothing is saved for a backward pass. JAX only saves values on request anyway."""
    return nullcontext()


def _pull(pullback: Any, gradients: list[Any]) -> Any:
    return pullback(gradients)


def _shape(spec: Spec) -> Any:
    return jax.ShapeDtypeStruct(spec.shape, spec.dtype)


def _spec(leaf: Any) -> Spec:
    return Spec(tuple(leaf.shape), str(leaf.dtype))
