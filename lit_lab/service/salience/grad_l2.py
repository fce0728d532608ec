"""Gradient norm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .gradients import TargetGradient


def grad_l2(target: TargetGradient) -> NDArray[np.float32]:
    """Score each token by the Euclidean norm of its embedding's gradient.

    Equals the field `grad_l2` of LIT's `KerasSalienceModel`.

    Returns:
        Non-negative scores, `<float32>[num_tokens]`.
    """
    scores: NDArray[np.float32] = np.sqrt(np.sum(np.square(target.gradient), axis=1, dtype=np.float32))
    return scores
