"""Rows of batches on all replicas, by Ray Data. What is computed is stored by the process that reads it, as without Ray."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

from lit_lab.batches.plan import Plan
from lit_lab.batches.record import Record
from lit_lab.batches.rows import BatchRow
from lit_lab.problem import Problem

from .row_tasks import RowTask, unpacked

PER_REPLICA = 2
"""Rows in progress for each replica: while it computes one, the next is on its way. More would take places of users' requests."""

PER_TASK = 2
"""Rows of one task: results come when a task ends, and are lost if this process is killed before."""

AT_ONCE = 256
"""Rows that Ray Data is given at a time."""

CHARACTERS_AT_ONCE = 32 * 2**20
"""Characters of rows after which it is given no more at a time: each task has the whole of them, and so has Ray's store."""


class RowsOnReplicas:
    """Computes rows (a `lit_lab.batches.runner.Together`).

    Args:
        application: The application's name.
        deployment: The deployment's name.
        replicas: Returns how many replicas there are now.
    """

    at_once = AT_ONCE
    characters_at_once = CHARACTERS_AT_ONCE

    def __init__(self, application: str, deployment: str, replicas: Callable[[], int]) -> None:
        self._application = application
        self._deployment = deployment
        self._replicas = replicas

    async def compute(
        self, plan: Plan, rows: list[BatchRow], owner: str
    ) -> AsyncGenerator[tuple[Record, Problem | None], None]:
        """Yield rows' records as they come. Raises `Problem`."""
        task = RowTask(self._application, self._deployment, owner, plan, rows)
        found: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()
        is_over = threading.Event()

        def read() -> None:
            try:
                with contextlib.closing(_results(task, max(1, self._replicas()))) as results:
                    for text in results:
                        found.put(text)
                        if is_over.is_set():
                            break
            except BaseException as error:  # the caller gets it
                found.put(error)
            else:
                found.put(None)

        threading.Thread(target=read, name="lit-lab-ray-data", daemon=True).start()
        try:
            while (text := await asyncio.to_thread(_next, found, is_over)) is not None:
                if isinstance(text, Problem):
                    raise text
                if isinstance(text, BaseException):
                    raise Problem(
                        502,
                        "ray_failed",
                        f"Ray Data couldn't compute the rows ({type(text).__name__}).",
                        "Let the batch go on; if it fails again, ask who runs the service.",
                    ) from None
                yield unpacked(text)
        finally:
            is_over.set()


def _results(task: RowTask, replicas: int) -> Generator[str, None, None]:
    """Yield the results of a task's rows. Closing this ends Ray Data's tasks."""
    import ray.data  # takes seconds, and only one replica needs it

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    items: list[dict[str, Any]] = [{"at": at} for at in range(len(task.rows))]
    blocks = -(-len(items) // PER_TASK)
    # Tasks only wait for replicas. With CPUs of their own, none would begin where replicas have all of them.
    computed = ray.data.from_items(items, override_num_blocks=blocks).map_batches(
        task, batch_size=PER_TASK, num_cpus=0, compute=ray.data.TaskPoolStrategy(PER_REPLICA * replicas)
    )
    for row in computed.iter_rows():
        yield str(row["found"])


def _next(found: queue.SimpleQueue[str | BaseException | None], is_over: threading.Event) -> Any:
    """Return the next result. A caller that is gone isn't waited for."""
    while not is_over.is_set():
        with contextlib.suppress(queue.Empty):
            return found.get(timeout=0.5)
    return None
