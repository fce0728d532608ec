"""Starts, watches, restarts and stops the model service.

    stopped → starting (with progress) → ready → failed (with the reason)

The service starts on first need. After a crash it restarts a few times, with back-off, unless the reason would be the same each
time, or two starts end in the same way. Then it has failed until the user starts it, and requests return the reason. It stops
after an idle time. When unloaded models have left memory in use, and nothing has been computed for a minute, a new process
replaces it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterator, Sequence

from lit_lab.problem import Problem
from lit_lab.protocol import ModelAsked, ServiceState, ServiceStatus
from lit_lab.supervision import launch
from lit_lab.supervision.endpoint import Endpoint, Report, ServiceGone
from lit_lab.supervision.service_run import ServiceRun, Settings
from lit_lab.supervision.servicelog import ServiceLog
from lit_lab.timeouts import within
from lit_lab.version import version

log = logging.getLogger(__name__)

_STARTING = "Starting the model service…"
_RENEWING = "Starting the model service again, to free the memory of unloaded models…"
_RUN_AGAIN = "Run it again."
_CHECK_INTERVAL = 5.0  # seconds between checks of whether the process is still needed


class Supervisor:
    """The model service as a child process (a `lit_lab.supervision.endpoint.Service`).

    Args:
        settings: The configuration.
        log: Receives the process's output.
    """

    def __init__(self, settings: Settings, log: ServiceLog) -> None:
        self._settings = settings
        self._log = log
        self._status = ServiceStatus(state="stopped", since=time.time())
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()  # the current one, and earlier ones that still end a process
        self._current_run: ServiceRun | None = None
        self._endpoint: Endpoint | None = None
        self._gone: Problem | None = None  # why the last endpoint stopped answering
        self._users = 0
        self._used = self._worked = time.monotonic()

    async def status(self) -> ServiceStatus:
        """Return the present state; never starts the service."""
        return self._status

    def log_lines(self) -> list[str]:
        """Return the last lines of the service's output."""
        return self._log.lines

    def start(self) -> None:
        """Start the service unless it is starting or ready. Returns at once."""
        if self._status.state in ("stopped", "failed"):
            self._begin(_STARTING)

    def restart(self) -> None:
        """Stop the service, if it runs, and start it. Returns at once."""
        self._gone = _restarted()
        self._begin("Starting the model service again…")

    async def close(self) -> None:
        """Stop the service, with the server; returns when its process is gone."""
        task, self._task, self._current_run, self._endpoint = self._task, None, None, None
        self._gone = Problem(502, "service_stopped", "The Jupyter server was shut down.", _RUN_AGAIN)
        self._set("stopped")
        if task is not None:
            task.cancel()
        # An earlier run may still be ending, such as that of a hanging process that was just restarted.
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._log.close()

    async def ready(self, report: Report | None = None) -> Endpoint:
        """Start the service if it is stopped, wait until it is ready, and return its endpoint.

        Args:
            report: Called with what the caller waits for, as text for the user, whenever that changes.

        Raises:
            Problem: `service_failed`: the service can't be started; `service_stopped`: it was stopped meanwhile.
        """
        if self._status.state == "stopped":
            self.start()
        return await self.awaited(report)

    async def awaited(self, report: Report | None = None) -> Endpoint:
        """As `ready`, but don't start a stopped service: for requests without side effects. Raises `Problem` instead."""
        reported = ""
        while self._endpoint is None:
            status, changed = self._status, self._changed
            if status.state == "failed":
                raise Problem(503, "service_failed", status.detail, status.hint)
            if status.state == "stopped":
                raise Problem(503, "service_stopped", "The model service is stopped.", "Start it in the panel.")
            if report is not None and status.detail != reported:
                reported = status.detail
                report(reported)
            await changed.wait()
        return self._endpoint

    @contextlib.contextmanager
    def use(self, *, only_look: bool = False) -> Iterator[None]:
        """Count a user of the service in a `with` block: meanwhile it isn't idle.

        Args:
            only_look: Nothing is computed, as when the panel lists the models; the service stays at rest.
        """
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            self._used = time.monotonic()
            if not only_look:
                self._worked = self._used

    async def why_gone(self, endpoint: Endpoint, patience: float = 2.0) -> Problem:
        """Return why an endpoint stopped answering.

        A process's connections break just before its end is known, so this waits for its end, at most `patience` seconds.
        """
        deadline = time.monotonic() + patience
        while self._endpoint is endpoint and (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(asyncio.TimeoutError):
                await within(left, self._changed.wait())
        if self._endpoint is endpoint:
            return Problem(502, "service_silent", "The model service broke the connection.", _RUN_AGAIN)
        return self._gone or _restarted()  # the next process is already ready

    # --- Runs of the service's process ---

    def _begin(self, detail: str) -> None:
        if self._task is not None:
            self._task.cancel()
        self._current_run, self._endpoint = None, None
        self._set("starting", detail)
        self._task = asyncio.get_running_loop().create_task(self._run(frozenset(self._tasks)))
        self._tasks.add(self._task)
        self._task.add_done_callback(self._tasks.discard)

    async def _run(self, earlier: frozenset[asyncio.Task[None]]) -> None:
        """Run the service, one process at a time, until it is idle, has failed, or this is cancelled."""
        if earlier:
            await asyncio.wait(earlier)
        try:
            await self._keep_alive()
        except Problem as problem:
            self._lost(problem)
            self._set("failed", problem.message, problem.hint, error=problem.code)
        except Exception:
            log.exception("LIT Lab: watching the model service failed")
            why = Problem(
                500, "internal", "Watching the model service failed.", "See the Jupyter server's log for details."
            )
            self._lost(why)
            self._set("failed", why.message, why.hint, error=why.code)

    async def _keep_alive(self) -> None:
        crashes = 0
        before: launch.Exit | None = None  # how the start before this one ended
        models: Sequence[ModelAsked] = ()
        while True:
            run = self._current_run = ServiceRun(self._settings, self._log, self._progress, self._ready, models)
            how = await run.run(self._until_unneeded(run))
            models = ()
            if how is None and self._status.state == "stopped":
                return
            if how is None:
                models = run.leftover or ()
                continue
            self._log.add(f"[the service ended: {how.describe()}]")
            found = launch.explain_crash(how, self._settings.memory_limit)
            unforeseen = found.again == "once"
            if run.ready_at is None and unforeseen and (missing := await self._missing(how, run.python)):
                raise missing
            crashes = 1 if run.ready_for > self._settings.steady else crashes + 1
            message, hint = found.message, found.hint
            in_vain = found.again == "never" or (unforeseen and run.ready_at is None and how.is_like(before))
            before = how if run.ready_at is None else None
            again = not in_vain and crashes <= len(self._settings.backoff)
            coming = "It is being started again: run it again in a moment." if again else hint
            # A process that gave up by itself, such as at its limit of memory, would most likely do so again.
            asked_again = again and how.reported is None
            self._lost(ServiceGone(502, "service_died", message, coming, again=asked_again, advice=hint))
            if not again:
                tried = f" It was started {crashes} times." if crashes > 1 else ""
                self._set("failed", f"{message}{tried}", hint, error=found.error)
                return
            self._set("starting", f"{message} Starting it again…", hint, restarts=crashes)
            await asyncio.sleep(self._settings.backoff[crashes - 1])

    async def _missing(self, how: launch.Exit, python: str) -> Problem | None:
        return await asyncio.to_thread(launch.missing_stack, how, python)

    def _progress(self, run: ServiceRun, message: str) -> None:
        # A run that is ending may still report a line.
        if run is self._current_run and self._endpoint is None:
            self._set("starting", message, restarts=self._status.restarts)

    def _ready(self, run: ServiceRun, endpoint: Endpoint) -> None:
        if run is self._current_run:
            self._endpoint = endpoint
            self._gone = None
            self._used = self._worked = time.monotonic()
            self._set("ready", restarts=0)

    def _lost(self, why: Problem) -> None:
        self._current_run, self._endpoint, self._gone = None, None, why

    async def _until_unneeded(self, run: ServiceRun) -> None:
        """Return once the process should end. The state is then `stopped`, or `starting` if another process follows."""
        timeout, rest = self._settings.idle_timeout, self._settings.renewal_rest
        while True:
            in_use = self._users or run.ready_at is None
            unused = 0.0 if in_use else time.monotonic() - self._used
            at_rest = 0.0 if in_use else time.monotonic() - self._worked
            if 0 < timeout <= unused:
                self._log.add(f"[stopped: not used for {timeout:g} seconds]")
                self._lost(Problem(502, "service_stopped", "The model service was stopped: it was idle.", _RUN_AGAIN))
                self._set("stopped", "Stopped because it was idle; it starts again when it is needed.")
                return
            if run.leftover is not None and at_rest >= rest:
                self._log.add("[replaced by a new process: unloaded models have left memory in use]")
                self._lost(
                    Problem(
                        502,
                        "service_restarted",
                        "The model service was started again, to free the memory of unloaded models.",
                        _RUN_AGAIN,
                    )
                )
                self._set("starting", _RENEWING)
                return
            coming = (timeout - unused, rest - at_rest)
            await asyncio.sleep(min([_CHECK_INTERVAL, *(seconds for seconds in coming if seconds > 0)]))

    def _set(self, state: ServiceState, detail: str = "", hint: str = "", restarts: int = 0, error: str = "") -> None:
        run = self._current_run
        same = state == self._status.state
        self._status = ServiceStatus(
            state=state,
            detail=detail,
            hint=hint,
            error=error,
            since=self._status.since if same else time.time(),
            pid=run.pid if run else None,
            restarts=restarts,
            version=version() if state == "ready" else None,
            arithmetic=run.arithmetic if run and state == "ready" else None,
        )
        self._changed.set()
        self._changed = asyncio.Event()


def _restarted() -> Problem:
    return Problem(502, "service_restarted", "The model service was restarted.", _RUN_AGAIN)
