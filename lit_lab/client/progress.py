"""What a caller sees of a job while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lit_lab import protocol
from lit_lab.client.async_client import OnEvent


@dataclass(frozen=True)
class Progress:
    """What happens.

    Attributes:
        message: What is waited for or done, in words; empty: nothing new.
        text: The next characters of the answer.
        done: How much of a computation is done.
        total: Out of how much; 0: not known.
    """

    message: str = ""
    text: str = ""
    done: int = 0
    total: int = 0


def reporting(report: Callable[[Progress], None] | None) -> OnEvent | None:
    """Return a function that reports a job's events."""
    if report is None:
        return None

    def on_event(event: protocol.JobEvent) -> None:
        if isinstance(event, protocol.StateEvent):
            report(Progress(message=event.message))
        elif isinstance(event, protocol.TokenEvent) and event.token.text:
            report(Progress(text=event.token.text))
        elif isinstance(event, protocol.ProgressEvent):
            report(Progress(done=event.done, total=event.total))
        elif isinstance(event, protocol.EffectsEvent):
            report(Progress(done=event.first + len(event.removed), total=event.total))

    return on_event
