"""Salience: how much each token influenced a target span.

A simple method is a function that takes embeddings and the gradient of the target's loss, and returns one score per token.
To add one, add a file here, a line in `METHODS`, and its name in `lit_lab.protocol.GradientMethod`. Integrated gradients aren't in
`METHODS`, because they take many gradients for one target; `flow` isn't, because it takes none.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lit_lab.protocol import GradientMethod

from .contrast import Contrast
from .flow import Flow
from .grad_dot_input import grad_dot_input
from .grad_l2 import grad_l2
from .gradients import EmbeddingGradients, TargetGradient
from .integrated_gradients import integrating

METHODS: dict[GradientMethod, Callable[[TargetGradient], NDArray[np.float32]]] = {
    "grad_l2": grad_l2,
    "grad_dot_input": grad_dot_input,
}
"""The simple methods, by the names that LIT gives them."""

__all__ = [
    "METHODS",
    "Contrast",
    "EmbeddingGradients",
    "Flow",
    "TargetGradient",
    "grad_dot_input",
    "grad_l2",
    "integrating",
]
