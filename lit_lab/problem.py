"""A failure in words for the person who uses the panel."""

from __future__ import annotations


class Problem(Exception):  # noqa: N818 - raised as an error, and also kept as the reason of a failed state
    """What went wrong, and what can be done about it.

    Args:
        status: HTTP status that says it best.
        error: Short stable code, such as `prompt_too_long`.
        message: What happened.
        hint: What the user can do about it.
    """

    def __init__(self, status: int, error: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message
        self.hint = hint

    def body(self) -> dict[str, str]:
        """Return the fields of `protocol.ErrorBody`."""
        return {"error": self.error, "message": self.message, "hint": self.hint}
