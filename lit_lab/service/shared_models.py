"""The models of a shared service: the administrator's, whom no request represents."""

from __future__ import annotations

from lit_lab.problem import Problem
from lit_lab.protocol import ModelInfo

from .weights import paths

_HINT = "Ask the service's administrator; the service's log has the details."


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
    if model.state == "failed":
        model = model.model_copy(update={"detail": _failed(model.name), "hint": _HINT})
    if not paths.is_local(model.path):
        return model
    return model.model_copy(update={"path": model.name, "detail": model.detail.replace(model.path, model.name)})


def hidden(problem: Problem, name: str) -> Problem:
    """Return what users may know of why a model can't be used: the reason may name the server's files, and is in its log."""
    if problem.code == "unknown_model":
        return problem
    return Problem(problem.status, problem.code, _failed(name), _HINT)


def _failed(name: str) -> str:
    return f"{name} can't be loaded."
