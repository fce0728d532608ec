"""Gradient times input."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .gradients import TargetGradient


def grad_dot_input(target: TargetGradient) -> NDArray[np.float32]:
    """Score each token by the dot product of its embedding and the embedding's gradient; signed.

    To first order, the change of the target's loss were the embedding scaled up: positive, the token made the target
    less likely. The same as LIT's `KerasSalienceModel`, field `grad_dot_input`.

    Returns:
        `<float32>[num_tokens]`
    """
    scores: NDArray[np.float32] = np.sum(target.gradient * target.embeddings, axis=1, dtype=np.float32)
    return scores
