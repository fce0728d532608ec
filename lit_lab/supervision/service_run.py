"""One run of the model service's process, from its start to its end."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lit_lab import protocol
from lit_lab.model_spec import ModelSpec
from lit_lab.problem import Problem
from lit_lab.supervision import launch
from lit_lab.supervision.endpoint import Endpoint
from lit_lab.supervision.process import ServiceProcess
from lit_lab.supervision.servicelog import ServiceLog
from lit_lab.supervision.socket_folder import socket_folder
from lit_lab.version import version

_LINE: TypeAdapter[protocol.ServiceLine] = TypeAdapter(protocol.ServiceLine)
_DRAIN = 1.0  # seconds to read a dead process's output; a child of it may hold the pipe open


@dataclass(frozen=True)
class Settings:
    """The configuration of the service; times in seconds, sizes in bytes.

    Attributes:
        python: The interpreter to use if `own_python` returns None.
        own_python: Called at each start; returns the interpreter of the environment that was built for the service, if any.
        added: Called at each start; returns the models that were added in the panel, as `name:path`.
        kaggle: Called at each start; returns the credentials from the panel.
        renewal_rest: Time at rest after which a process with memory of unloaded models is replaced.
        backoff: Waiting times before the next start after a crash, one for each attempt.
        steady: Time of being ready after which earlier crashes don't count.
    """

    python: str
    cache: Path
    models: tuple[ModelSpec, ...]
    own_python: Callable[[], str | None] = lambda: None
    max_length: int | None = None
    threads: int | None = None
    memory_limit: int | None = None
    backend: protocol.Backend = "tensorflow"
    datasets: Mapping[str, str] = field(default_factory=dict)
    added: Callable[[], Sequence[str]] = tuple
    kaggle: Callable[[], protocol.KaggleLogin | None] = lambda: None
    precision: protocol.Precision = "auto"
    model_idle_timeout: float = 0.0
    scanners: tuple[str, ...] = ()
    model_folders: tuple[str, ...] = ()
    max_waiting: int = 512
    idle_timeout: float = 1800.0
    start_timeout: float = 180.0
    renewal_rest: float = 60.0
    backoff: tuple[float, ...] = (1.0, 3.0, 10.0)
    steady: float = 60.0


class ServiceRun:
    """Runs the process once.

    Args:
        settings: The configuration.
        log: Receives the process's output.
        report: Called with the service's progress while it starts.
        ready: Called once, when the service is ready.
        models: The models of the previous run; empty: as configured.

    Attributes:
        leftover: The models of the next run, if a new process would free memory; else None.
        python: The interpreter that the process runs under.
        pid: The process's id; None before it starts.
        ready_at: When the service was ready, by `time.monotonic`; None before.
        arithmetic: How the service computes; None before it is ready.
    """

    def __init__(
        self,
        settings: Settings,
        log: ServiceLog,
        report: Callable[[ServiceRun, str], None],
        ready: Callable[[ServiceRun, Endpoint], None],
        models: Sequence[protocol.ModelAsked] = (),
    ) -> None:
        self._settings = settings
        self._log = log
        self._report = report
        self._ready = ready
        self._models = models
        self.leftover: Sequence[protocol.ModelAsked] | None = None
        self.python = settings.own_python() or settings.python
        self._secret = secrets.token_urlsafe(32)
        self._last_output = time.monotonic()
        self._endpoint: Endpoint | None = None
        self._errors: deque[str] = deque(maxlen=60)
        self._reported: Problem | None = None
        self._environment = launch.environment(self.python, settings.cache)
        self.pid: int | None = None
        self.ready_at: float | None = None
        self.arithmetic: protocol.Arithmetic | None = None

    @property
    def ready_for(self) -> float:
        """Seconds since it became ready; 0 if it never did."""
        return 0.0 if self.ready_at is None else time.monotonic() - self.ready_at

    async def run(self, idle: Coroutine[Any, Any, None]) -> launch.Exit | None:
        """Run the process to its end. Cancelling ends the process.

        Args:
            idle: Returns when the service is no longer needed, which ends the process.

        Returns:
            How the process ended by itself, or None if it was idle.

        Raises:
            Problem: The process can't be started, reports a reason itself, has another version or hangs.
        """
        with socket_folder() as socket:
            return await self._run(idle, socket)

    async def _run(self, idle: Coroutine[Any, Any, None], socket: Path | None) -> launch.Exit | None:
        watch = asyncio.ensure_future(idle)
        try:
            process = await self._begin(socket)
        except BaseException:
            watch.cancel()
            raise
        self.pid = process.pid
        listening = asyncio.ensure_future(self._listen(process.output()))
        logging = asyncio.ensure_future(self._log_errors(process.errors()))
        watching_start = asyncio.ensure_future(self._watch_start())
        ending = asyncio.ensure_future(process.wait())
        tasks = {listening, logging, watching_start, ending, watch}
        try:
            # Output may be closed before the process has ended, so `listening` counts only when it fails.
            waiting = {listening, watching_start, ending, watch}
            while not ending.done():
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()  # raises its Problem
                if watch.done():
                    return None
            await asyncio.wait({listening, logging}, timeout=_DRAIN)
            if listening.done():
                listening.result()
            return launch.Exit(ending.result(), tuple(self._errors), self._reported, self._environment)
        finally:
            for task in tasks - {ending}:
                task.cancel()
            try:
                await process.end()
            except asyncio.CancelledError:
                process.kill()  # this was cancelled twice
                raise
            finally:
                ending.cancel()

    async def _begin(self, socket: Path | None) -> ServiceProcess:
        settings = self._settings
        found = sys.version_info[0], sys.version_info[1]
        if self.python == sys.executable and found not in launch.PYTHONS:
            raise launch.wrong_python(found, self.python)
        added = settings.added()
        config = protocol.ServiceConfig(
            secret=self._secret,
            models=[*map(str, settings.models), *added],
            asked=list(self._models),
            added=[ModelSpec.parse(model).name for model in added],
            precision=settings.precision,
            model_idle_timeout=settings.model_idle_timeout,
            scanners=list(settings.scanners),
            model_folders=list(settings.model_folders),
            cache=str(settings.cache),
            kaggle=settings.kaggle(),
            datasets=dict(settings.datasets),
            max_length=settings.max_length,
            threads=settings.threads,
            memory_limit=settings.memory_limit,
            backend=settings.backend,
            max_waiting=settings.max_waiting,
            socket=None if socket is None else str(socket),
        )
        self._log.add(f"[starting {self.python}]")
        return await ServiceProcess.begin(
            launch.command(self.python),
            self._environment,
            config.model_dump_json(),
        )

    async def _listen(self, lines: AsyncIterator[str]) -> None:
        async for text in lines:
            self._last_output = time.monotonic()
            try:
                line = _LINE.validate_json(text)
            except ValidationError:
                self._log.add(text)  # a library that prints
                continue
            if isinstance(line, protocol.ProgressLine):
                self._report(self, line.message)
            elif isinstance(line, protocol.ListeningLine):
                if line.version != version():
                    raise launch.wrong_version(line.version, self.python)
                host = f"[{line.host}]" if ":" in line.host else line.host
                url = "http://localhost" if line.socket else f"http://{host}:{line.port}"
                self._endpoint = Endpoint(url, self._secret, line.socket)
            elif isinstance(line, protocol.FailedLine):
                refusal = launch.explain_refusal(line, self.python)
                if self.ready_at is None:
                    raise refusal
                self._reported = refusal  # such as a lack of memory: another run may succeed
            elif isinstance(line, protocol.LeftoverLine):
                self.leftover = line.models
            elif self._endpoint is None:
                raise Problem(
                    503,
                    "service_protocol",
                    "The model service is ready but reported no port.",
                    "See its log for details.",
                )
            else:
                self.ready_at = time.monotonic()
                self.arithmetic = line.arithmetic
                self._ready(self, self._endpoint)

    async def _log_errors(self, lines: AsyncIterator[str]) -> None:
        async for text in lines:
            self._last_output = time.monotonic()
            self._errors.append(text)
            self._log.add(text)

    async def _watch_start(self) -> None:
        """Raise if the service is not ready and has written nothing for too long."""
        timeout = self._settings.start_timeout
        while self.ready_at is None:
            silent = time.monotonic() - self._last_output
            if silent >= timeout:
                raise Problem(
                    503,
                    "service_hung",
                    f"The model service did not start: it reported nothing for {timeout:g} seconds.",
                    "See its log for details. On a slow disk, raise c.LitLab.start_timeout. Then start it again.",
                )
            await asyncio.sleep(timeout - silent)
        await asyncio.Event().wait()  # a ready service may be silent
