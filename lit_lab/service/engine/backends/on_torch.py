"""PyTorch: everything runs eagerly, and autograd records the forward pass for the backward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import keras
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.checkpoint import checkpoint

from ..parts import Part
from . import Spec

PROMPT_LENGTHS = None


def has_open_parts(dtype: str) -> bool:
    """Whether a `CompiledPart` can be open. PyTorch traces nothing: parts are ready at once."""
    return False


def has_half_copies() -> bool:
    """Whether passes in bfloat16 are faster than in float32: that wasn't measured with this backend."""
    return False


class CompiledPart:
    """A part that runs eagerly. Its residuals are autograd's record of the forward pass.

    Args:
        part: The part. Each call takes its weights, so parts of one kind share a compiled part.
        inputs: Shape and type of each input.
        outputs: Shape and type of each output whose gradient `backward` takes: the first ones.
        bound: Not used, because nothing is compiled.
        keep: Whether to save results. Otherwise the backward pass computes them again, which takes less memory.
    """

    def __init__(
        self,
        part: Part,
        inputs: Sequence[Spec],
        outputs: Sequence[Spec],
        bound: Sequence[Any] | None = None,
        keep: bool = True,
    ) -> None:
        self._part = part
        self._keep = keep
        self._count = len(outputs)
        self.residual_bytes = _recorded_bytes(self._call, part, inputs) if keep else 0

    def forward(self, inputs: Sequence[Any], weights: Sequence[Any]) -> tuple[list[Any], Any]:
        """Return the outputs, and the residuals that `backward` takes."""
        others = inputs[self._part.num_differentiated :]
        with torch.enable_grad():
            leaves = [value.detach().requires_grad_() for value in inputs[: self._part.num_differentiated]]
            if self._keep:
                outputs = self._call(weights, *leaves, *others)
            else:
                outputs = checkpoint(self._call, weights, *leaves, *others, use_reentrant=False)
        return [output.detach() for output in outputs], (leaves, outputs[: self._count])

    def backward(
        self, inputs: Sequence[Any], gradients: Sequence[Any], residuals: Any, weights: Sequence[Any]
    ) -> list[Any]:
        """Return the gradients with respect to the inputs, given those with respect to the outputs."""
        leaves, outputs = residuals
        return list(torch.autograd.grad(outputs, leaves, gradients, retain_graph=True))

    def _call(self, weights: Sequence[Any], *inputs: Any) -> list[Any]:
        with keras.StatelessScope(state_mapping=list(zip(self._part.variables, weights, strict=True))):
            outputs = self._part.call(*inputs)
        return [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)


def differentiated(function: Callable[[Any], Any], head: Callable[[Any], tuple[Any, Any]], x: Any) -> tuple[Any, Any]:
    """Return losses computed from `function(x)`, and the gradient of their sum with respect to `x`.

    Args:
        function: Takes `x`.
        head: Takes the function's result; returns the losses, and the gradient of their sum with respect to that result.
        x: A tensor.
    """
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        result = function(x)
    with torch.no_grad():
        losses, upstream = head(result)
    # With respect to `x` only, so that autograd computes no gradients of weights.
    return losses, torch.autograd.grad(result, x, upstream)[0]


def compiled(function: Callable[..., Any]) -> Any:
    """Return the function; it runs eagerly, without autograd."""
    return torch.no_grad()(function)


def open_graph(function: Callable[..., Any], signature: Any) -> Any:
    """Return the function; it runs eagerly, without autograd, on arguments of any shape."""
    return torch.no_grad()(function)


def compiled_step(function: Callable[..., Any], cache: Any, copies: dict[Any, Any], free: int | None) -> Any:
    """Return `function(ids, cache, position)`; it runs eagerly, without autograd."""
    return torch.no_grad()(function)


def compiled_draft(function: Callable[..., Any], cache: Any, copies: dict[Any, Any], free: int | None) -> None:
    """Return None: there are no drafts on PyTorch."""


def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """Return the product of two matrices, either of which may be transposed, without copying them."""
    return torch.matmul(a.T if transpose_a else a, b.T if transpose_b else b)


def tensor(variable: Any) -> Any:
    """Return a Keras variable's value, without copying it and without its gradient."""
    return variable.value.detach()


def array(value: Any) -> NDArray[np.float32]:
    """Return a tensor's values as `<float32>`."""
    return np.asarray(torch.as_tensor(value).detach().to("cpu", torch.float32))


def without_gradients() -> AbstractContextManager[None]:
    """Return a context in which nothing is saved for a backward pass."""
    context: AbstractContextManager[None] = torch.no_grad()
    return context


def _recorded_bytes(call: Callable[..., Any], part: Part, inputs: Sequence[Spec]) -> int:
    """Return the bytes that autograd saves in a forward pass, by running it on fake tensors, which have no memory."""
    from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

    weights = [tensor(variable) for variable in part.variables]

    def given() -> list[torch.Tensor]:
        return [torch.zeros(spec.shape, dtype=getattr(torch, spec.dtype)) for spec in inputs]

    try:
        with FakeTensorMode(allow_non_fake_inputs=True) as mode:
            return _recorded(call, part, [mode.from_tensor(value) for value in weights], given())
    except DataDependentOutputException:
        # A part that reads a number from a tensor, as a sliding window reads its position, needs real tensors.
        return _recorded(call, part, weights, given())


def _recorded(call: Callable[..., Any], part: Part, weights: list[torch.Tensor], given: list[torch.Tensor]) -> int:
    """Return the bytes that autograd saves in a forward pass, without weights and inputs."""
    recorded: dict[int, int] = {}
    held: list[Any] = []  # prevents a counted storage's address from being used again

    def pack(value: torch.Tensor) -> torch.Tensor:
        storage = value.untyped_storage()
        recorded[storage._cdata] = storage.nbytes()
        held.append(storage)
        return value

    for value in given[: part.num_differentiated]:
        value.requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value), torch.enable_grad():
        call(weights, *given)
    own = {value.untyped_storage()._cdata for value in [*weights, *given]}
    return sum(size for place, size in recorded.items() if place not in own)
