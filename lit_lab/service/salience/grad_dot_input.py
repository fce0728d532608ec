"""Gradient times input."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .gradients import TargetGradient


def grad_dot_input(target: TargetGradient) -> NDArray[np.float32]:
    """Score each token by the dot product of its embedding and the embedding's gradient.

    The score is a first-order estimate of how the target's loss changes if the embedding is scaled up. A positive score
    means that the token makes the target less likely. Equals the field `grad_dot_input` of LIT's `KerasSalienceModel`.

    Returns:
        Signed scores, `<float32>[num_tokens]`.
    """
    scores: NDArray[np.float32] = np.sum(target.gradient * target.embeddings, axis=1, dtype=np.float32)
    return scores
