"""Muon for the matrices, Adam for the rest, with the learning rate's course."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

ROUNDS = ((10 / 24, 3e-3), (13 / 24, 1.5e-3), (16 / 24, 1.5e-3), (17.5 / 24, 1e-3), (1.0, 1.5e-3))
"""The rate goes up and down in rounds: until which share of all steps, and the round's highest rate."""
_WARM_UP = 40
_FLOOR = 0.02


class Muon(keras.optimizers.Muon):  # type: ignore[misc]
    """Keras' Muon, for attention's kernels too: they have a dimension for the heads, and each head is a matrix."""

    def _should_use_adamw(self, variable: Any) -> bool:
        return len(variable.shape) < 2 or "embedding" in variable.path

    def lr_adjust(self, x: Any) -> Any:
        """Scale an orthogonal update so that its elements are `rms_rate` in the mean, whatever the matrix's shape."""
        return x * math.sqrt(max(x.shape[-2], x.shape[-1])) * self.rms_rate


@keras.saving.register_keras_serializable("lit_lab")
class Course(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Up within a few steps, then down in a straight line; in the first round level for two fifths before."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def __call__(self, step: Any) -> Any:
        """Return the rate at a step."""
        done = ops.cast(step, "float32")
        rate, begin = ops.zeros_like(done), 0
        for n, (until, peak) in enumerate(ROUNDS):
            end = round(until * self.steps)
            left = 1 - (done - begin) / (end - begin)
            falling = ops.maximum(_FLOOR, left / 0.6 if n == 0 else left)
            warming = ops.minimum(1.0, (done - begin + 1) / _WARM_UP)
            rate = ops.where(done < begin, rate, peak * ops.minimum(warming, falling))
            begin = end
        return rate

    def get_config(self) -> dict[str, int]:
        """Return what makes it again."""
        return {"steps": self.steps}


def optimizer(steps: int) -> Muon:
    """Return the optimizer of a training of so many steps."""
    return Muon(
        learning_rate=Course(steps),
        weight_decay=0.02,
        adam_weight_decay=0.0,
        adam_beta_2=0.98,
        momentum=0.95,
        rms_rate=0.36,
        global_clipnorm=1.0,
    )
