"""The results that a job has sent so far, also if the job began again: an answer's tokens, and effects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lit_lab import protocol


class StreamedAnswer:
    """An answer, event by event.

    When a job begins again, the tokens so far stay until others come: the same prompt with the same seed usually has the same
    tokens, and if the job then breaks off, none of them is lost.

    Attributes:
        prompt: The prompt; None: it hasn't come.
        tokens: The answer's tokens.
    """

    def __init__(self, events: Iterable[protocol.JobEvent] = ()) -> None:
        self.prompt: protocol.PromptEvent | None = None
        self.tokens: list[protocol.AnswerToken] = []
        self._at = 0
        for event in events:
            self.take(event)

    def take(self, event: protocol.JobEvent) -> bool:
        """Take one more event. Returns whether tokens before it were dropped, since others came in their place."""
        if isinstance(event, protocol.RestartedEvent):
            self._at = 0
        elif isinstance(event, protocol.PromptEvent):
            before, self.prompt = self.prompt, event
            if before is not None and _ids(before.tokens) != _ids(event.tokens):
                return self._cut()
        elif isinstance(event, protocol.TokenEvent):
            is_other = self._at < len(self.tokens) and self.tokens[self._at].id != event.token.id
            if is_other:
                self._cut()
            self.tokens[self._at : self._at + 1] = [event.token]
            self._at += 1
            return is_other
        return False

    def _cut(self) -> bool:
        is_longer = len(self.tokens) > self._at
        del self.tokens[self._at :]
        return is_longer


def comparable(effects: Sequence[protocol.EffectsEvent]) -> list[protocol.EffectsEvent]:
    """Return the effects of a job that may be compared: the exact ones, or all if none is exact.

    A job that got effects in half precision first, and then exact ones from another replica, has begun again with exact ones.
    """
    exact = [event for event in effects if event.difference is None]
    return exact or list(effects)


def _ids(tokens: Iterable[protocol.Token]) -> list[int]:
    return [token.id for token in tokens]
