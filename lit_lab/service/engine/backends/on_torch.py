"""PyTorch: everything runs eagerly; autograd's own graph is what a forward pass keeps for its backward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import keras
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.checkpoint import checkpoint

from ..cut import Part
from . import Spec

PARTS = None


class Piece:
    """A part, with autograd's record of its forward pass.

    Args:
        part: The part; its weights are given at each call, so that all parts of its kind share this piece.
        inputs: Shape and type of its inputs.
        outputs: Shape and type of those of its outputs that a gradient comes with respect to, the first ones.
        bound: Not used: nothing is compiled that weights could be bound to.
        keep: Whether to keep results; without, they are computed again in the backward pass, which takes less memory.
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
        self.kept_bytes = _recorded_bytes(self._call, part, inputs) if keep else 0

    def forward(self, inputs: Sequence[Any], weights: Sequence[Any]) -> tuple[list[Any], Any]:
        """Return the outputs and what `backward` needs of this pass."""
        others = inputs[self._part.moved :]
        with torch.enable_grad():
            moved = [value.detach().requires_grad_() for value in inputs[: self._part.moved]]
            if self._keep:
                outputs = self._call(weights, *moved, *others)
            else:
                outputs = checkpoint(self._call, weights, *moved, *others, use_reentrant=False)
        return [output.detach() for output in outputs], (moved, outputs[: self._count])

    def backward(self, inputs: Sequence[Any], gradients: Sequence[Any], kept: Any, weights: Sequence[Any]) -> list[Any]:
        """Return the gradients with respect to the inputs, from those with respect to the outputs."""
        moved, outputs = kept
        return list(torch.autograd.grad(outputs, moved, gradients, retain_graph=True))

    def _call(self, weights: Sequence[Any], *inputs: Any) -> list[Any]:
        with keras.StatelessScope(state_mapping=list(zip(self._part.variables, weights, strict=True))):
            outputs = self._part.call(*inputs)
        return [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)


def differentiated(function: Callable[[Any], Any], head: Callable[[Any], tuple[Any, Any]], x: Any) -> tuple[Any, Any]:
    """Return losses that follow from a function of `x`, and their sum's gradient with respect to `x`.

    Args:
        function: Of `x`.
        head: Takes what it returns; returns losses, and their sum's gradient with respect to that.
    """
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        result = function(x)
    with torch.no_grad():
        losses, upstream = head(result)
    # With respect to `x` alone: no gradient of a weight is computed.
    return losses, torch.autograd.grad(result, x, upstream)[0]


def compiled(function: Callable[..., Any]) -> Any:
    """Return the function, which here runs eagerly."""
    return torch.no_grad()(function)


def open_graph(function: Callable[..., Any], signature: Any) -> Any:
    """Return the function, which here runs eagerly, at any shape."""
    return torch.no_grad()(function)


def compiled_step(function: Callable[..., Any], cache: Any) -> Any:
    """Return `function(ids, cache, position)`, which here runs eagerly."""
    return torch.no_grad()(function)


def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """Return the product of two matrices, either of them transposed, without a copy."""
    return torch.matmul(a.T if transpose_a else a, b.T if transpose_b else b)


def tensor(variable: Any) -> Any:
    """Return a Keras variable's value, of which no gradient is taken; no copy."""
    return variable.value.detach()


def array(value: Any) -> NDArray[np.float32]:
    """Return a tensor's values as `<float32>`."""
    return np.asarray(torch.as_tensor(value).detach().to("cpu", torch.float32))


def without_gradients() -> AbstractContextManager[None]:
    """Return a context in which nothing is kept for a backward pass."""
    context: AbstractContextManager[None] = torch.no_grad()
    return context


def _recorded_bytes(call: Callable[..., Any], part: Part, inputs: Sequence[Spec]) -> int:
    """Return what autograd would record of a pass, by one over tensors that have a shape and no memory."""
    from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

    weights = [tensor(variable) for variable in part.variables]

    def given() -> list[torch.Tensor]:
        return [torch.zeros(spec.shape, dtype=getattr(torch, spec.dtype)) for spec in inputs]

    try:
        with FakeTensorMode(allow_non_fake_inputs=True) as mode:
            return _recorded(call, part, [mode.from_tensor(value) for value in weights], given())
    except DataDependentOutputException:
        # A part that reads a number off a tensor, as a sliding window does its place, has to be run to know.
        return _recorded(call, part, weights, given())


def _recorded(call: Callable[..., Any], part: Part, weights: list[torch.Tensor], given: list[torch.Tensor]) -> int:
    """Return what autograd records of a pass, its weights and inputs left out."""
    recorded: dict[int, int] = {}
    held: list[Any] = []  # so that no other storage takes the place of one that was counted

    def pack(value: torch.Tensor) -> torch.Tensor:
        storage = value.untyped_storage()
        recorded[storage._cdata] = storage.nbytes()
        held.append(storage)
        return value

    for value in given[: part.moved]:
        value.requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value), torch.enable_grad():
        call(weights, *given)
    own = {value.untyped_storage()._cdata for value in [*weights, *given]}
    return sum(size for place, size in recorded.items() if place not in own)
