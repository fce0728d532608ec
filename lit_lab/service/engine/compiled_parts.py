"""A model's compiled parts. Each is compiled on first use, and all parts of one kind share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .backends import Spec, backend
from .parts import Part


@dataclass
class ForwardStep:
    """The forward pass of one part, with the values that its backward pass needs.

    Attributes:
        compiled: The compiled part.
        weights: The part's weights.
        inputs: The part's inputs.
        residuals: Results of the forward pass that the backward pass needs.
    """

    compiled: Any
    weights: list[Any]
    inputs: Sequence[Any]
    residuals: Any

    def backward(self, *gradients: Any) -> list[Any]:
        """Return the gradients with respect to the inputs, given those with respect to the outputs."""
        found: list[Any] = self.compiled.backward(self.inputs, gradients, self.residuals, self.weights)
        return found


class CompiledParts:
    """The compiled parts of a model, each for inputs of one shape.

    Args:
        open: Whether parts are open, for inputs of all lengths.
        keep: Whether parts save results of the forward pass for the backward pass.

    Attributes:
        keep: The same, for parts compiled from now on.
    """

    def __init__(self, open: bool = False, keep: bool = True) -> None:
        self.keep = keep
        self._open = {"open": True} if open else {}
        self._backend = backend()
        self._compiled: dict[str, Any] = {}
        self._values: dict[tuple[int, str], list[Any]] = {}

    def clear(self) -> None:
        """Drop all compiled parts. They are compiled again on next use."""
        self._compiled.clear()

    def of(self, part: Part, inputs: Sequence[Spec], outputs: Sequence[Spec], is_shared: bool = False) -> Any:
        """Return the compiled part for a part of the model; compile it if needed.

        Args:
            part: The part.
            inputs: Shape and type of each input.
            outputs: Shape and type of each output whose gradient `ForwardStep.backward` takes.
            is_shared: Whether the model has other parts of the same kind.
        """
        if part.kind not in self._compiled:
            bound = None if is_shared else self._weights(part)
            self._compiled[part.kind] = self._backend.CompiledPart(
                part, inputs, outputs, bound, self.keep, **self._open
            )
        return self._compiled[part.kind]

    def run(self, compiled: Any, part: Part, inputs: Sequence[Any]) -> tuple[list[Any], ForwardStep]:
        """Run a part's forward pass; return its outputs, and the step for the backward pass."""
        weights = self._weights(part)
        outputs, residuals = compiled.forward(inputs, weights)
        return outputs, ForwardStep(compiled, weights, inputs, residuals)

    def _weights(self, part: Part) -> list[Any]:
        # These tensors share the variables' memory.
        key = id(part.variables[0]) if part.variables else 0, part.kind
        if key not in self._values:
            self._values[key] = [self._backend.tensor(variable) for variable in part.variables]
        return self._values[key]


def are_shared(parts: Sequence[Part]) -> list[bool]:
    """Return, for each part, whether another part has the same kind."""
    kinds = [part.kind for part in parts]
    return [kinds.count(kind) > 1 for kind in kinds]
