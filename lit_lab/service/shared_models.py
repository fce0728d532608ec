"""The models of a shared service: the administrator's, whom no request represents."""

from __future__ import annotations

from lit_lab.problem import Problem
from lit_lab.protocol import ModelInfo

from .weights import paths


def of_administrator() -> None:
    """Refuse a request that changes the models, or that reads what belongs to one user of a machine. Raises `Problem`."""
    raise Problem(
        403,
        "shared_service",
        "The model service is shared: its administrator chooses the models, and LIT's own app can't be opened there.",
        "Ask the service's administrator for another model.",
    )


def presented(model: ModelInfo) -> ModelInfo:
    """Return what users may know of a model: where its files are isn't theirs to know."""
    if not paths.is_local(model.path):
        return model
    return model.model_copy(update={"path": model.name, "detail": model.detail.replace(model.path, model.name)})
