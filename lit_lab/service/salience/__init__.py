"""Salience: how much each token influenced a target span.

A method is a function from the embeddings and the gradient of the target's loss to one score a token. Adding one is
a file here and a line in `METHODS`, and its name in `lit_lab.protocol.Method`.
"""

from __future__ import annotations

from .grad_dot_input import grad_dot_input
from .grad_l2 import grad_l2
from .gradients import EmbeddingGradients, TargetGradient

METHODS = {"grad_l2": grad_l2, "grad_dot_input": grad_dot_input}
"""From a method's name, as LIT names it, to its function."""

__all__ = ["METHODS", "EmbeddingGradients", "TargetGradient", "grad_dot_input", "grad_l2"]
