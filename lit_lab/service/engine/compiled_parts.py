"""A model's compiled parts: compiled when first used, and shared by all parts of a kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .backends import Spec, backend
from .parts import Part


@dataclass
class ForwardStep:
    """One part's forward pass, with what its backward pass needs.

    Attributes:
        compiled: The compiled part.
        weights: Its weights.
        inputs: Its inputs.
        residuals: The results that the backward pass needs.
    """

    compiled: Any
    weights: list[Any]
    inputs: Sequence[Any]
    residuals: Any

    def backward(self, *gradients: Any) -> list[Any]:
        """Return the gradients with respect to the inputs, from those with respect to the outputs."""
        found: list[Any] = self.compiled.backward(self.inputs, gradients, self.residuals, self.weights)
        return found


class CompiledParts:
    """The compiled parts of a model, for one shape of inputs each.

    Attributes:
        keep: Whether parts compiled from now on keep results of the forward pass for the backward pass.
    """

    def __init__(self) -> None:
        self.keep = True
        self._backend = backend()
        self._compiled: dict[str, Any] = {}
        self._values: dict[tuple[int, str], list[Any]] = {}

    def clear(self) -> None:
        """Drop all compiled parts, so that they are compiled again."""
        self._compiled.clear()

    def of(self, part: Part, inputs: Sequence[Spec], outputs: Sequence[Spec], is_shared: bool = False) -> Any:
        """Return a part, compiled.

        Args:
            part: The part.
            inputs: Shape and type of its inputs.
            outputs: Shape and type of the outputs that gradients are given for.
            is_shared: Whether other parts are of its kind.
        """
        if part.kind not in self._compiled:
            bound = None if is_shared else self._weights(part)
            self._compiled[part.kind] = self._backend.CompiledPart(part, inputs, outputs, bound, self.keep)
        return self._compiled[part.kind]

    def run(self, compiled: Any, part: Part, inputs: Sequence[Any]) -> tuple[list[Any], ForwardStep]:
        """Return the outputs of a part's forward pass, and the pass."""
        weights = self._weights(part)
        outputs, residuals = compiled.forward(inputs, weights)
        return outputs, ForwardStep(compiled, weights, inputs, residuals)

    def _weights(self, part: Part) -> list[Any]:
        # Read once, not copied: tensors that share the variables' memory.
        key = id(part.variables[0]) if part.variables else 0, part.kind
        if key not in self._values:
            self._values[key] = [self._backend.tensor(variable) for variable in part.variables]
        return self._values[key]


def are_shared(parts: Sequence[Part]) -> list[bool]:
    """Return for each part whether another one is of its kind."""
    kinds = [part.kind for part in parts]
    return [kinds.count(kind) > 1 for kind in kinds]
