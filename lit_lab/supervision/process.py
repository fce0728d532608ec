"""The model service's process: starts it, reads its output, and ends it with everything that it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TypeVar

from lit_lab.problem import Problem
from lit_lab.supervision import surroundings
from lit_lab.timeouts import within

TERMINATE_AFTER = 2.0  # seconds for the service to end by itself once its standard input is closed
KILL_AFTER = 2.0  # further seconds after SIGTERM
MAX_LINE = 1_000_000  # bytes; the rest of a longer line is dropped


class ServiceProcess:
    """A running model service.

    Its standard input stays open. When this server ends, even by SIGKILL, the service reads the end of it and ends, too.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def begin(cls, command: Sequence[str], environment: Mapping[str, str], first_line: str) -> ServiceProcess:
        """Start the process and write one line to its standard input.

        Raises:
            Problem: It can't be started.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=dict(environment),
                # A Ctrl-C in the terminal is only for Jupyter, which asks for confirmation first.
                start_new_session=True,
            )
        except NotImplementedError as error:  # Jupyter's event loop on Windows starts no processes
            raise Problem(
                503,
                "service_platform",
                f"The model service can't be started on {sys.platform}.",
                "Run Jupyter under WSL, or give the address of a service elsewhere: c.LitLab.service_url.",
            ) from error
        except OSError as error:
            if why := surroundings.no_room_for_a_process(error):
                raise why from error
            raise Problem(
                503,
                "service_python",
                f"The model service can't be started with {command[0]}: {error.strerror or error}.",
                "Set c.LitLab.service_python to a Python 3.11 or 3.12 with lit_lab[service].",
            ) from error
        self = cls(process)
        # It may be dead already; its exit then says more than a broken pipe.
        with contextlib.suppress(ConnectionError):
            stdin = _pipe(process.stdin)
            stdin.write(first_line.encode() + b"\n")
            try:
                await stdin.drain()
            except asyncio.CancelledError:
                self.kill()  # no other code knows it yet
                raise
        return self

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def output(self) -> AsyncIterator[str]:
        """Lines of standard output."""
        return _lines(_pipe(self._process.stdout))

    def errors(self) -> AsyncIterator[str]:
        """Lines of standard error."""
        return _lines(_pipe(self._process.stderr))

    async def wait(self) -> int:
        """Return the exit code once the process has ended; negative: the signal that killed it."""
        return await self._process.wait()

    async def end(self) -> None:
        """End the process and everything that it started: first by closing its standard input, then by signals."""
        process = self._process
        _pipe(process.stdin).close()
        for patience, number in ((TERMINATE_AFTER, signal.SIGTERM), (KILL_AFTER, _KILL)):
            try:
                await within(patience, process.wait())
                break
            except asyncio.TimeoutError:
                self._signal(number)
        await process.wait()
        # What remains in its session has no use any more.
        self._signal(_KILL)

    def kill(self) -> None:
        """End the process at once."""
        self._signal(_KILL)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, number)  # the session's leader: its id is the group's
            elif self._process.returncode is None:
                self._process.send_signal(number)


_Stream = TypeVar("_Stream", asyncio.StreamReader, asyncio.StreamWriter)


def _pipe(stream: _Stream | None) -> _Stream:
    if stream is None:
        raise RuntimeError("the process was started without pipes")
    return stream


_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Yield lines, cut at a maximum length, whatever their bytes; the CR of a progress bar ends a line, too."""
    rest = b""
    while chunk := await stream.read(65_536):
        *whole, rest = (rest + chunk).replace(b"\r", b"\n").split(b"\n")
        for line in whole:
            if line:
                yield line[:MAX_LINE].decode("utf-8", "replace")
        rest = rest[:MAX_LINE]
    if rest:
        yield rest.decode("utf-8", "replace")
