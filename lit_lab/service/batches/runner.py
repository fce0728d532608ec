"""Runs the batches of a shared service: what is asked for, in the one process that holds the lease.

Each owner has one batch at a time. If more owners wait than batches may run at a time, each gets a while for its rows; a search for
sentences that do nothing goes on to its end. Users' own requests come before batches' at each model (`FairQueue`). A batch that is broken
off, whether by another's turn, the end of the service or a killed process, is still asked for, and goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from lit_lab import discreet
from lit_lab.batch_store.batch import StoredBatch
from lit_lab.batch_store.folders import Folders
from lit_lab.batch_store.wording import for_browser
from lit_lab.batches import noise, runner
from lit_lab.batches.runner import BatchProgress, Together
from lit_lab.batches.threads import finished
from lit_lab.client.job_client import JobClient
from lit_lab.problem import Problem
from lit_lab.protocol import BatchStorage
from lit_lab.timeouts import within

from . import room
from .asked import Asked, AskedFiles, Doing, Key
from .lease import Lease
from .shared_batch import SharedBatch

MAX_RUNNING = 4
"""Maximum number of batches that run at a time."""

SLICE_SECONDS = 600.0
"""After so long, a batch whose rows are computed makes room if another owner's waits."""

LEASE_SECONDS = 120.0
"""How long the runner may not be seen before another process takes over. A compiler may stop a process for a while."""

LOOK_SECONDS = 1.0
"""How often it is looked what is asked for."""

ROOM_SECONDS = 30.0
"""How often it is looked how much a running batch's owner stores."""

AGAIN_SECONDS = 5.0
"""After how long a batch is tried again that another process still holds."""

MAX_STARTS = 3
"""How often a batch is begun without a new row before it fails: it may need so much memory that the system kills the process."""

ENDING = 10.0  # seconds that the end of the service waits for batches to store what is computed

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Running:
    asked: Asked
    task: asyncio.Task[None]
    since: float
    roomed: float
    stops: Problem | None = None


class BatchRunner:
    """Runs batches.

    Args:
        folders: Where they are.
        asked: What is asked for.
        limits: How much may be stored, and for how long.
        client: Returns a client whose jobs come last, for their owner.
        together: Computes many rows at a time, on several replicas; None: this process computes one after the other.
    """

    def __init__(
        self,
        folders: Folders,
        asked: AskedFiles,
        limits: BatchStorage,
        client: Callable[[str], JobClient],
        together: Together | None = None,
    ) -> None:
        self._folders = folders
        self._asked = asked
        self._limits = limits
        self._client = client
        self._together = together
        self._lease = Lease(folders.root / ".runner", LEASE_SECONDS)
        self._running: dict[Key, _Running] = {}
        self._served: dict[str, float] = {}
        self._not_before: dict[Key, float] = {}
        self._cleaned: float | None = None
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look at once what is asked for."""
        self._woken.set()

    async def run(self) -> None:
        """Run batches until this is cancelled. What is computed is stored then."""
        try:
            while True:
                self._woken.clear()
                try:
                    await self._look()
                except OSError as error:
                    log.warning("the folder of batches can't be used: %s", error.strerror or type(error).__name__)
                except Exception as error:
                    log.error("running batches failed\n%s", discreet.trace(error))
                with contextlib.suppress(asyncio.TimeoutError):
                    await within(LOOK_SECONDS, self._woken.wait())
        finally:
            await self._end()

    async def _look(self) -> None:
        if not await finished(self._hold):  # else a thread could renew it after it was released
            for running in list(self._running.values()):
                running.task.cancel()
            return
        now = time.monotonic()
        if self._cleaned is None or now - self._cleaned >= room.DAY:
            self._cleaned = now
            await asyncio.to_thread(room.delete_expired, self._folders, self._asked, self._limits)
        asked = await asyncio.to_thread(self._asked.all)
        for key, running in list(self._running.items()):  # tasks end meanwhile
            if asked.get(key) != running.asked:
                running.task.cancel()
            elif now - running.roomed >= ROOM_SECONDS:
                running.roomed = now
                if await asyncio.to_thread(room.used, self._folders.root / key[0]) > self._limits.max_bytes:
                    running.stops = room.full(self._limits)
                    running.task.cancel()
        self._begin_next(asked, now)

    def _hold(self) -> bool:
        self._folders.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._lease.hold()

    def _begin_next(self, asked: dict[Key, Asked], now: float) -> None:
        busy = {owner for owner, _ in self._running}
        waiting = [key for key in asked if key[0] not in busy and self._not_before.get(key, now) <= now]
        # The owner whose batch ran longest ago, and of that one the batch that was asked for first.
        waiting.sort(key=lambda key: (self._served.get(key[0], 0.0), asked[key].at, key))
        for key in waiting:
            if key[0] in {owner for owner, _ in self._running}:
                continue
            if len(self._running) >= MAX_RUNNING:
                # A search for sentences that do nothing would begin anew each time, and perhaps never end.
                rows = [running for running in self._running.values() if running.asked.doing == "rows"]
                longest = min(rows, key=lambda running: running.since, default=None)
                if longest is not None and now - longest.since >= SLICE_SECONDS:
                    longest.task.cancel()
                return
            task = asyncio.ensure_future(self._do(key, asked[key]))
            self._running[key] = _Running(asked[key], task, now, now)
            task.add_done_callback(lambda _, key=key: self._ended(key))  # type: ignore[misc]

    def _ended(self, key: Key) -> None:
        del self._running[key]
        self._served[key[0]] = time.monotonic()
        self.wake()

    async def _do(self, key: Key, asked: Asked) -> None:
        """Run a batch to its end, and say so. Cancelling stores what is computed."""
        owner, batch_id = key
        folder = await asyncio.to_thread(self._folders.find_in, owner, batch_id)
        if folder is None:  # deleted
            await asyncio.to_thread(self._asked.remove, key, asked)
            return
        batch = StoredBatch(owner, folder)
        shared = SharedBatch(batch, self._asked)
        problem: Problem | None = None
        try:
            if await finished(shared.begins, asked) > MAX_STARTS:
                raise _kills()
            await (self._compute(batch) if asked.doing == "rows" else self._measure(batch, shared, asked.num_rows))
        except asyncio.CancelledError:
            problem = self._running[key].stops
            if problem is None:
                await asyncio.to_thread(shared.breaks_off, asked)
                if asked.doing == "rows":
                    await asyncio.to_thread(batch.store_figures)
                raise
        except Problem as failed:
            if failed.code == "batch_runs":  # a process that is about to end still holds it
                await asyncio.to_thread(shared.breaks_off, asked)
                self._not_before[key] = time.monotonic() + AGAIN_SECONDS
                return
            problem = for_browser(failed)
        except Exception as error:
            log.error("a batch failed\n%s", discreet.trace(error))
            problem = Problem(
                500, "internal", "The shared service failed during this batch.", "Ask the service's administrator."
            )
        self._not_before.pop(key, None)
        await asyncio.to_thread(self._finish, batch, shared, asked, problem)

    def _finish(self, batch: StoredBatch, shared: SharedBatch, asked: Asked, problem: Problem | None) -> None:
        if asked.doing == "rows":
            batch.store_figures()
        doing: Doing = asked.doing
        shared.failed(doing, problem)
        self._asked.remove(shared.key, asked)

    async def _compute(self, batch: StoredBatch) -> None:
        about = await asyncio.to_thread(lambda: batch.about)
        await asyncio.to_thread(batch.repair)

        def report(_: BatchProgress) -> None:
            """Nobody looks here: the folder says how far it is."""

        owner = _jobs_owner(batch)
        async with self._client(owner) as client:
            await runner.run(
                client,
                about.plan,
                batch.folder.rows,
                batch.folder.records,
                report=report,
                together=self._together,
                owner=owner,
            )

    async def _measure(self, batch: StoredBatch, shared: SharedBatch, num_rows: int) -> None:
        about = await asyncio.to_thread(lambda: batch.about)
        said = 0.0

        def report(done: int, total: int) -> None:
            nonlocal said
            if time.monotonic() - said >= 1.0:
                said = time.monotonic()
                shared.says(f"{done:,} of {total:,} places")

        await asyncio.to_thread(shared.says, "Reads the rows.")
        index = await asyncio.to_thread(lambda: batch.index)
        async with self._client(_jobs_owner(batch)) as client:
            found = await noise.verdicts(client, about.plan, index, num_rows, report)
        await asyncio.to_thread(batch.store_verdicts, found)

    async def _end(self) -> None:
        tasks = [running.task for running in self._running.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=ENDING)
        with contextlib.suppress(OSError):
            await asyncio.to_thread(self._lease.release)


def _jobs_owner(batch: StoredBatch) -> str:
    """Return the owner of a batch's jobs. Not its user: rows wait for all users, and take no part in that one's caches."""
    return f"batches of {batch.owner}"


def _kills() -> Problem:
    return Problem(
        500,
        "batch_kills",
        f"The shared service was ended abruptly {MAX_STARTS} times during this batch, and there was no new row meanwhile.",
        "Perhaps it needs more memory than there is: leave long rows out, or ask the service's administrator.",
    )
