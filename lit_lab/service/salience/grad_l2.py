"""Gradient norm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .gradients import TargetGradient


def grad_l2(target: TargetGradient) -> NDArray[np.float32]:
    """Score each token by the length of its embedding's gradient; never negative.

    The same as LIT's `KerasSalienceModel`, field `grad_l2`.

    Returns:
        `<float32>[num_tokens]`
    """
    scores: NDArray[np.float32] = np.sqrt(np.sum(np.square(target.gradient), axis=1, dtype=np.float32))
    return scores
