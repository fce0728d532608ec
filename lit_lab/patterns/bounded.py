"""Matches regular expressions and JSON Schemas in a separate process, which ends if one takes too long."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

from . import child

MAX_PATTERN = 500
"""Most characters of an expression, as in the panel."""

MAX_COMPUTING = 0.8
"""Most computing time of a request, in seconds: an expression that takes longer would on any machine."""

MAX_WAIT = 0.9
"""Most time of a request, in seconds, computing or not: on a busy machine, an answer may not be there by then."""

MAX_START = 60.0
"""Most time until the process starts, in seconds."""

MEMORY = 500_000_000
"""Most address space of the process in bytes."""


_COMPUTED = (-signal.SIGPROF,) if hasattr(signal, "SIGPROF") else ()  # how a process ends at MAX_COMPUTING

_TOO_LONG = "It takes too long on this text. Write a simpler one"
_NOT_DONE = (
    f"It takes too long on this text: it isn't done after {MAX_WAIT} seconds. Write a simpler one, or try again when the machine "
    "is less busy"
)


class UnmatchedError(ValueError):
    """The expression isn't one, or takes too long. The message is a sentence about "it", without its last full stop."""


class BoundedPatterns:
    """Matches expressions and schemas, all in one process, which starts with the first one.

    Use it as a context, or call `close`. Threads take turns, so that each gets its own answer.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    def __enter__(self) -> BoundedPatterns:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._child is None:
            return
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._child = None

    def search(self, pattern: str, text: str, flags: int = 0) -> bool:
        """Whether an expression matches somewhere in a text.

        Raises:
            UnmatchedError: It isn't known.
        """
        return bool(self._ask({"what": "search", "pattern": pattern, "text": text, "flags": int(flags)})["found"])

    def ends(self, pattern: str, text: str, flags: int = 0) -> list[int]:
        """Return where an expression's matches end, one behind the other; an empty match ends where it begins.

        Raises:
            UnmatchedError: It isn't known.
        """
        order = {"what": "ends", "pattern": pattern, "text": text, "flags": int(flags)}
        ends: list[int] = self._ask(order)["ends"]
        return ends

    def faults(self, schema: Any, values: Sequence[Any]) -> list[str]:
        """Return why each value doesn't fit a JSON Schema, as a sentence without its end; empty: it does. Nothing is fetched.

        Raises:
            UnmatchedError: It isn't a schema, or it isn't known.
        """
        faults: list[str] = self._ask({"what": "schema", "schema": schema, "values": list(values)})["faults"]
        return faults

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._turn:
            return self._answer(request)

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        # A text may have two halves instead of a character, which escapes can't tell from it.
        order = json.dumps(request, ensure_ascii=False)
        running = self._child or self._start()
        try:
            running.stdin.write(order.encode("utf-8", "surrogatepass") + b"\n")  # type: ignore[union-attr]
            running.stdin.flush()  # type: ignore[union-attr]
        except OSError:
            self.close()
            raise UnmatchedError("It can't be matched: the process that matches has ended") from None
        if not self._line(running, MAX_START):
            self.close()
            raise UnmatchedError("It can't be matched: no process starts")
        answer = self._line(running, MAX_WAIT)
        if not answer:
            status = running.wait()  # it has ended itself, or is killed
            self.close()
            raise UnmatchedError(_TOO_LONG if status in _COMPUTED else _NOT_DONE)
        result: dict[str, Any] = json.loads(answer)
        if "wrong" in result:
            raise UnmatchedError(f"It can't be matched: {result['wrong']}")
        return result

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-I", child.__file__, str(MEMORY), str(MAX_COMPUTING)]
        self._child = subprocess.Popen(  # noqa: S603 - LIT Lab's own script
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return self._child

    @staticmethod
    def _line(running: subprocess.Popen[bytes], most: float) -> bytes:
        """Return the process's next line; empty if it ends without one. Then it is killed, at the latest after so many seconds."""
        timer = threading.Timer(most, running.kill)
        timer.start()
        try:
            line: bytes = running.stdout.readline()  # type: ignore[union-attr]
        finally:
            timer.cancel()
        return line if line.endswith(b"\n") else b""
