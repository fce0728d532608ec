"""PyTorch: everything runs eagerly; a forward pass keeps autograd's graph for its backward pass."""

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


class CompiledPart:
    """A part, with autograd's record of its forward pass.

    Args:
        part: The part; its weights are arguments of each call, so that all parts of its kind share this.
        inputs: Shape and type of its inputs.
        outputs: Shape and type of the outputs that gradients are given for, the first ones.
        bound: Not used: nothing is compiled.
        keep: Whether to keep results; otherwise the backward pass computes them again, which takes less memory.
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
        """Return the outputs and the residuals that `backward` needs."""
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
        """Return the gradients with respect to the inputs, from those with respect to the outputs."""
        leaves, outputs = residuals
        return list(torch.autograd.grad(outputs, leaves, gradients, retain_graph=True))

    def _call(self, weights: Sequence[Any], *inputs: Any) -> list[Any]:
        with keras.StatelessScope(state_mapping=list(zip(self._part.variables, weights, strict=True))):
            outputs = self._part.call(*inputs)
        return [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)


def differentiated(function: Callable[[Any], Any], head: Callable[[Any], tuple[Any, Any]], x: Any) -> tuple[Any, Any]:
    """Return losses computed from a function of `x`, and their sum's gradient with respect to `x`.

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
    """Return a context that keeps nothing for a backward pass."""
    context: AbstractContextManager[None] = torch.no_grad()
    return context


def _recorded_bytes(call: Callable[..., Any], part: Part, inputs: Sequence[Spec]) -> int:
    """Return the bytes that autograd records in a pass, by one over tensors that have a shape and no memory."""
    from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

    weights = [tensor(variable) for variable in part.variables]

    def given() -> list[torch.Tensor]:
        return [torch.zeros(spec.shape, dtype=getattr(torch, spec.dtype)) for spec in inputs]

    try:
        with FakeTensorMode(allow_non_fake_inputs=True) as mode:
            return _recorded(call, part, [mode.from_tensor(value) for value in weights], given())
    except DataDependentOutputException:
        # A part that reads a number from a tensor, as a sliding window reads its position, has to run.
        return _recorded(call, part, weights, given())


def _recorded(call: Callable[..., Any], part: Part, weights: list[torch.Tensor], given: list[torch.Tensor]) -> int:
    """Return the bytes that autograd records in a pass, without weights and inputs."""
    recorded: dict[int, int] = {}
    held: list[Any] = []  # keeps a counted storage's address from being used again

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
