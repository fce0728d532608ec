"""What a caller sees of a job while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lit_lab import protocol
from lit_lab.client.async_client import OnEvent
from lit_lab.streamed import StreamedAnswer


@dataclass(frozen=True)
class Progress:
    """What happens.

    Attributes:
        message: What is waited for or done, in words; empty: nothing new.
        text: The next characters of the answer.
        done: How much of a computation is done.
        total: Out of how much; 0: not known.
        is_anew: Whether `text` replaces all before it: the service ended, and the answer is another one on the second try.
    """

    message: str = ""
    text: str = ""
    done: int = 0
    total: int = 0
    is_anew: bool = False


def reporting(report: Callable[[Progress], None] | None) -> OnEvent | None:
    """Return a function that reports a job's events."""
    if report is None:
        return None

    answer = StreamedAnswer()

    def on_event(event: protocol.JobEvent) -> None:
        known = len(answer.tokens)
        replaced = answer.take(event)
        if isinstance(event, protocol.StateEvent | protocol.RestartedEvent):
            report(Progress(message=event.message))
        elif replaced:
            text = "".join(token.text for token in answer.tokens)
            report(Progress(text=text, is_anew=True))
        elif isinstance(event, protocol.TokenEvent) and event.token.text and len(answer.tokens) > known:
            report(Progress(text=event.token.text))
        elif isinstance(event, protocol.ProgressEvent):
            report(Progress(done=event.done, total=event.total))
        elif isinstance(event, protocol.EffectsEvent):
            report(Progress(done=event.first + len(event.removed), total=event.total))

    return on_event
