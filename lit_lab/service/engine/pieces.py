"""A model's parts as compiled pieces: made when first used, and shared by all parts of a kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .backends import Spec, backend
from .cut import Part


@dataclass
class Step:
    """One piece's forward pass, as its backward pass needs it."""

    piece: Any
    weights: list[Any]
    inputs: Sequence[Any]
    kept: Any

    def backward(self, *gradients: Any) -> list[Any]:
        """Return the gradients with respect to the inputs, from those with respect to the outputs."""
        found: list[Any] = self.piece.backward(self.inputs, gradients, self.kept, self.weights)
        return found


class Pieces:
    """The pieces of a model, each for one shape of inputs.

    Attributes:
        keep: Whether what is made from now on keeps results of its forward pass for the backward pass.
    """

    def __init__(self) -> None:
        self.keep = True
        self._backend = backend()
        self._made: dict[str, Any] = {}
        self._values: dict[tuple[int, str], list[Any]] = {}

    def clear(self) -> None:
        """Let go of them, to make them anew."""
        self._made.clear()

    def of(self, part: Part, inputs: Sequence[Spec], outputs: Sequence[Spec], is_shared: bool = False) -> Any:
        """Return a part's piece.

        Args:
            part: The part.
            inputs: Shape and type of its inputs.
            outputs: Shape and type of those of its outputs that a gradient comes with respect to.
            is_shared: Whether other parts are of its kind.
        """
        if part.kind not in self._made:
            bound = None if is_shared else self._weights(part)
            self._made[part.kind] = self._backend.Piece(part, inputs, outputs, bound, self.keep)
        return self._made[part.kind]

    def run(self, piece: Any, part: Part, inputs: Sequence[Any]) -> tuple[list[Any], Step]:
        """Return the outputs of a part's forward pass, and the pass."""
        weights = self._weights(part)
        outputs, kept = piece.forward(inputs, weights)
        return outputs, Step(piece, weights, inputs, kept)

    def _weights(self, part: Part) -> list[Any]:
        # Read once, not copied: tensors that share the variables' memory.
        key = id(part.variables[0]) if part.variables else 0, part.kind
        if key not in self._values:
            self._values[key] = [self._backend.tensor(variable) for variable in part.variables]
        return self._values[key]


def are_shared(parts: Sequence[Part]) -> list[bool]:
    """Return of each part whether another one is of its kind."""
    kinds = [part.kind for part in parts]
    return [kinds.count(kind) > 1 for kind in kinds]
