"""Errors, worded for the user of the panel."""

from __future__ import annotations


class Problem(Exception):  # noqa: N818 - raised as an error, and also stored as the reason of a failed state
    """A failure that the user can understand and act on.

    Args:
        status: HTTP status.
        code: Short stable code, such as `prompt_too_long`.
        message: What happened.
        hint: What the user can do.
        retry_after: Seconds after which the same request may succeed; 0: unknown.
    """

    def __init__(self, status: int, code: str, message: str, hint: str = "", retry_after: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()

    def body(self) -> dict[str, str]:
        """Return the fields of `protocol.ErrorBody` and `protocol.ErrorEvent`."""
        return {"error": self.code, "message": self.message, "hint": self.hint}
