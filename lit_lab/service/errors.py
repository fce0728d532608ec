"""Errors worded for the person who uses the panel."""

from __future__ import annotations

from pydantic import ValidationError

from lit_lab.protocol import ErrorBody, ErrorEvent, is_not_finite


class ServiceError(Exception):
    """A failure that the user can understand and act on.

    Args:
        status: HTTP status.
        code: A short stable code, such as `prompt_too_long`.
        message: What happened.
        hint: What the user can do about it.
    """

    def __init__(self, status: int, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint

    def body(self) -> ErrorBody:
        """Return the answer of a request that failed."""
        return ErrorBody(error=self.code, message=self.message, hint=self.hint)

    def event(self) -> ErrorEvent:
        """Return the last event of a stream that failed."""
        return ErrorEvent(error=self.code, message=self.message, hint=self.hint)


def unexpected(error: Exception) -> ServiceError:
    """Word a failure that nobody foresaw."""
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return ServiceError(
            507,
            "out_of_memory",
            "There wasn't enough memory for this computation.",
            "Shorten the prompt, choose a smaller model, or close other programs.",
        )
    if isinstance(error, ValidationError) and is_not_finite(error):
        # No event may have such a number; most are found earlier, with a more specific message.
        return ServiceError(
            500,
            "not_finite",
            "The model's arithmetic overflowed: some of the results are not numbers (NaN or infinite).",
            "Try a shorter target, or load the model in float32.",
        )
    first_line = str(error).strip().partition("\n")[0][:300]
    return ServiceError(
        500,
        "internal",
        f"The computation failed: {type(error).__name__}: {first_line}",
        "The service's log tells more. Try again, or restart the service.",
    )
