"""The service's environment, made from the panel: in a thread of the Jupyter server, begun, watched and stopped."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable

from lit_lab.problem import Problem
from lit_lab.protocol import Backend, SetupState, SetupStatus
from lit_lab.setup.making import Making, Plan, Stopped, Told

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
"""Why a service failed, where an environment of its own helps."""

log = logging.getLogger(__name__)


class Setup:
    """Makes the environment when it is asked for.

    Args:
        backend: What Keras is to run on.
        done: Called once an environment is there, in the server's loop.
        plan: What to make; None: as the backend needs it.
    """

    def __init__(self, backend: Backend, done: Callable[[], None], plan: Plan | None = None) -> None:
        self._plan = plan or Plan(backend=backend)
        self._done = done
        self._making: Making | None = None
        self._task: asyncio.Task[None] | None = None
        self._lines: deque[str] = deque(maxlen=MAX_LINES)
        self._told = Told("")
        self._state: SetupState = "idle"
        self._since = time.time()
        self._problem: Problem | None = None

    @property
    def lines(self) -> list[str]:
        """What was done and written last, oldest first."""
        return list(self._lines)

    def status(self, failure: str) -> SetupStatus:
        """Tell how far it is.

        Args:
            failure: Why the service failed, as a code; empty: it did not.
        """
        problem = self._problem
        return SetupStatus(
            state=self._state,
            wanted=failure in HELPS,
            step=self._told.step,
            line=self._told.line[:500],
            done=self._told.bytes,
            total=self._told.total,
            since=self._since,
            message=problem.message if problem else "",
            hint=problem.hint if problem else "",
        )

    def start(self) -> None:
        """Begin, or go on; does nothing while it is under way."""
        if self._making is None:
            self._set("running", None)
            self._told = Told("Beginning…")
            self._making = Making(self._plan, self._hear)
            self._task = asyncio.get_running_loop().create_task(self._run(self._making))

    def stop(self) -> None:
        """Stop it; what is there stays. Returns at once."""
        if self._making is not None:
            self._told = Told("Stopping…")
            self._making.stop()

    async def close(self) -> None:
        """Stop it, with the server; returns when nothing runs any more."""
        self.stop()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self, making: Making) -> None:
        try:
            await asyncio.to_thread(making.run)
        except Stopped:
            self._set("stopped", None)
        except Problem as problem:
            self._set("failed", problem)
        except Exception as error:
            log.exception("LIT Lab: setting up the model service failed")
            message = f"Setting up the model service failed: {error}"
            self._set("failed", Problem(500, "internal", message, "The Jupyter server's log says more."))
        else:
            self._set("done", None)
            self._done()
        finally:
            self._making = None

    def _hear(self, told: Told) -> None:
        # From the making's thread; what is set here is read as a whole.
        if told.step != self._told.step:
            self._lines.append(f"==> {told.step}")
        if told.line and told.total is None:
            self._lines.append(told.line)
        self._told = told

    def _set(self, state: SetupState, problem: Problem | None) -> None:
        self._state, self._problem, self._since = state, problem, time.time()
