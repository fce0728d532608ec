"""Failures of a computation, as the last event of its stream."""

from __future__ import annotations

from pydantic import ValidationError

from lit_lab.problem import Problem
from lit_lab.protocol import ErrorEvent, is_not_finite


def error_event(problem: Problem) -> ErrorEvent:
    """Return the last event of a stream that failed."""
    return ErrorEvent(**problem.body(), status=problem.status)


def unexpected(error: Exception) -> Problem:
    """Describe a failure that no code foresaw."""
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return Problem(
            507,
            "out_of_memory",
            "There wasn't enough memory for this computation.",
            "Shorten the prompt, choose a smaller model, or close other programs.",
        )
    if isinstance(error, ValidationError) and is_not_finite(error):
        # No event may contain such a number. Most are found earlier, with a more specific message.
        return Problem(
            500,
            "not_finite",
            "The model's arithmetic overflowed: some of the results are not numbers (NaN or infinite).",
            "Try a shorter target, or load the model in float32.",
        )
    first_line = str(error).strip().partition("\n")[0][:300]
    return Problem(
        500,
        "internal",
        f"The computation failed: {type(error).__name__}: {first_line}",
        "See the service's log for details. Try again, or restart the service.",
    )
