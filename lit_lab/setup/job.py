"""Builds the service's environment in a thread of the Jupyter server, for the panel."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable

from lit_lab.problem import Problem
from lit_lab.protocol import Backend, SetupState, SetupStatus
from lit_lab.setup.environment_builder import BuildProgress, EnvironmentBuilder, Plan, Stopped

MAX_LINES = 300

HELPS = frozenset(
    {
        "service_not_installed",
        "service_python_version",
        "service_python",
        "service_version",
        "missing_libraries",
        "missing_backend",
        "broken_libraries",
        "foreign_libraries",
        "unsupported_python",
    }
)
"""Errors of a failed service that a separate environment fixes."""

log = logging.getLogger(__name__)


class Setup:
    """Builds the environment on request.

    Args:
        backend: Keras's backend.
        done: Called in the server's event loop when an environment is built.
        plan: What to build; None for the backend's default.

    Attributes:
        plan: What the next build builds.
    """

    def __init__(self, backend: Backend, done: Callable[[], None], plan: Plan | None = None) -> None:
        self.plan = plan or Plan(backend=backend)
        self._done = done
        self._builder: EnvironmentBuilder | None = None
        self._task: asyncio.Task[None] | None = None
        self._lines: deque[str] = deque(maxlen=MAX_LINES)
        self._progress = BuildProgress("")
        self._state: SetupState = "idle"
        self._since = time.time()
        self._problem: Problem | None = None

    @property
    def lines(self) -> list[str]:
        """The last steps and lines of output, oldest first."""
        return list(self._lines)

    def status(self, failure: str) -> SetupStatus:
        """Return the state and the progress of the build.

        Args:
            failure: The error code of the failed service; empty if it didn't fail.
        """
        problem = self._problem
        return SetupStatus(
            state=self._state,
            wanted=failure in HELPS,
            step=self._progress.step,
            line=self._progress.line[:500],
            done=self._progress.bytes,
            total=self._progress.total,
            since=self._since,
            message=problem.message if problem else "",
            hint=problem.hint if problem else "",
        )

    def start(self) -> None:
        """Start a build, or continue an unfinished one. Does nothing if a build is running."""
        if self._builder is None:
            self._set("running", None)
            self._progress = BuildProgress("Starting…")
            self._builder = EnvironmentBuilder(self.plan, self._receive)
            self._task = asyncio.get_running_loop().create_task(self._run(self._builder))

    def stop(self) -> None:
        """Stop the build, without waiting for it. The next build continues it."""
        if self._builder is not None:
            self._progress = BuildProgress("Stopping…")
            self._builder.stop()

    async def close(self) -> None:
        """Stop the build, and wait until it has ended."""
        self.stop()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self, builder: EnvironmentBuilder) -> None:
        try:
            await asyncio.to_thread(builder.run)
        except Stopped:
            self._set("stopped", None)
        except Problem as problem:
            self._set("failed", problem)
        except Exception as error:
            log.exception("LIT Lab: setting up the model service failed")
            message = f"Setting up the model service failed: {error}"
            self._set("failed", Problem(500, "internal", message, "See the Jupyter server's log for details."))
        else:
            self._set("done", None)
            self._done()
        finally:
            self._builder = None

    def _receive(self, progress: BuildProgress) -> None:
        # Runs in the builder's thread. The event loop's thread reads each attribute as a whole.
        if progress.step != self._progress.step:
            self._lines.append(f"==> {progress.step}")
        if progress.line and progress.total is None:
            self._lines.append(progress.line)
        self._progress = progress

    def _set(self, state: SetupState, problem: Problem | None) -> None:
        self._state, self._problem, self._since = state, problem, time.time()
