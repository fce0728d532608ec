"""Properties of the methods, as in src/session/methods.ts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from lit_lab.problem import Problem

MapMethod = Literal[
    "effect", "grad_l2", "grad_dot_input", "integrated_gradients", "flow", "leave_one_out", "lime", "shap"
]
"""The methods of `Run.map`. `effect`: what deleting each segment's text does to the target's log-probability."""


@dataclass(frozen=True)
class MethodInfo:
    """What a method's scores are.

    Attributes:
        kind: What is requested for it.
        is_signed: Whether its scores distinguish for from against.
        turn: The factor that makes scores for the target positive: gradients are those of the loss.
        adds_up: Whether the scores of tokens add up, so that squares aren't taken.
        unit: The unit of scores that aren't squared.
    """

    kind: Literal["effects", "salience", "ablation"]
    is_signed: bool
    turn: int = 1
    adds_up: bool = False
    unit: Literal["nats", "share", "gradient"] = "nats"


METHODS: dict[str, MethodInfo] = {
    "effect": MethodInfo("effects", is_signed=True),
    "grad_l2": MethodInfo("salience", is_signed=False, unit="gradient"),
    "grad_dot_input": MethodInfo("salience", is_signed=True, turn=-1),
    "integrated_gradients": MethodInfo("salience", is_signed=True, turn=-1, adds_up=True),
    "flow": MethodInfo("salience", is_signed=False, adds_up=True, unit="share"),
    "leave_one_out": MethodInfo("ablation", is_signed=True),
    "lime": MethodInfo("ablation", is_signed=True),
    "shap": MethodInfo("ablation", is_signed=True),
}

AUTOMATIC = ("grad_l2", "grad_dot_input")
"""The methods that are computed with each answer."""


def method_info(method: str) -> MethodInfo:
    """Return a method's properties. Raises `Problem` if there is no such method."""
    found = METHODS.get(method)
    if found is None:
        names = ", ".join(get_args(MapMethod))
        raise Problem(422, "no_method", f"There is no method {method[:40]!r}.", f"The methods are {names}.")
    return found
