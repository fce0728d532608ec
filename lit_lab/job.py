"""One job: its events, which readers can replay from any number, and the memory that they take."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Literal

from lit_lab import protocol
from lit_lab.problem import Problem
from lit_lab.timeouts import within

MAX_FAILED_BYTES = 1024 * 1024
"""Bytes of events that stay after a job ended without `done`: a reloaded page shows a partial answer."""

MAX_CHUNK = 256 * 1024
"""Bytes that a reader gets at once: a slow reader holds no more than that unread."""

_LAST = {"done": "done", "error": "failed", "cancelled": "cancelled"}

State = Literal["running", "done", "failed", "cancelled"]
OnEnd = Callable[["Job", Sequence[bytes]], None]


class Job:
    """One piece of work and its events so far.

    Args:
        owner: The user who owns it.
        kind: The kind of its request.
        request_bytes: Bytes that its request takes until the job has ended.
        on_end: Called with the job and all its events, before anybody can read the last one.

    Attributes:
        lines: Its events, each a line of JSON, the first of them event number `dropped`.
        dropped: How many of the first events are no longer there.
        size: Bytes of `lines`.
    """

    def __init__(self, owner: str, kind: protocol.JobKind, request_bytes: int, on_end: OnEnd) -> None:
        self._on_end: OnEnd | None = on_end
        self.request_bytes = request_bytes
        self.id = secrets.token_urlsafe(12)
        self.owner = owner
        self.kind = kind
        self.created = time.time()
        self.ended: float | None = None  # monotonic
        self.state: State = "running"
        self.lines: list[bytes] = []
        self.dropped = 0
        self.size = 0
        self.changed = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    @property
    def count(self) -> int:
        """How many events there were so far."""
        return self.dropped + len(self.lines)

    @property
    def held(self) -> int:
        """Bytes that it takes: its events, and while it runs its request."""
        return self.size + self.request_bytes

    def info(self) -> protocol.JobInfo:
        """Return the public view of the job."""
        return protocol.JobInfo(id=self.id, kind=self.kind, state=self.state, created=self.created)

    def add(self, line: bytes, event: str) -> None:
        """Append an event. After a last event, this does nothing."""
        if self.state != "running":
            return
        self.lines.append(line + b"\n")
        self.size += len(line) + 1
        if event in _LAST:
            self._end(_LAST[event])  # type: ignore[arg-type]  # the table's values are states
        self.changed.set()
        self.changed = asyncio.Event()

    def add_event(
        self,
        event: protocol.StateEvent
        | protocol.RestartedEvent
        | protocol.DoneEvent
        | protocol.ErrorEvent
        | protocol.CancelledEvent,
    ) -> None:
        """Append an event of this server."""
        self.add(event.model_dump_json().encode(), event.event)

    def fail(self, problem: Problem) -> None:
        """End it with an error."""
        self.add_event(protocol.ErrorEvent(**problem.body(), status=problem.status))

    async def read(self, start: int, heartbeat: float) -> AsyncIterator[bytes]:
        """Yield events from a number on, several or a part of one at a time, to the last one.

        Events that were dropped are left out: what comes next is the first that is still there.
        Yields an empty chunk, and only between two events, when there was none for `heartbeat` seconds.
        """
        while True:
            changed = self.changed
            if start < self.count:
                first = max(start - self.dropped, 0)
                lines, size = [], 0
                for line in self.lines[first : first + 64]:
                    lines.append(line)
                    size += len(line)
                    if size >= MAX_CHUNK:
                        break
                start = self.dropped + first + len(lines)
                chunk = memoryview(b"".join(lines) if len(lines) > 1 else lines[0])
                for begin in range(0, size, MAX_CHUNK):
                    yield bytes(chunk[begin : begin + MAX_CHUNK])
            elif self.state != "running":
                return
            else:
                try:
                    await within(heartbeat, changed.wait())
                except asyncio.TimeoutError:
                    yield b""

    def _end(self, state: State) -> None:
        self.state = state
        self.ended = time.monotonic()
        self.request_bytes = 0
        lines = self.lines
        if state != "done" and self.size > MAX_FAILED_BYTES:
            self.lines = lines[-1:]  # a new list: `on_end` gets the whole one
            self.dropped += len(lines) - 1
            self.size = len(lines[-1])
        on_end, self._on_end = self._on_end, None  # it refers to the request, which is no longer needed
        if on_end is not None:
            on_end(self, lines)
