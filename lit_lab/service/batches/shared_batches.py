"""The batches of all users of a shared service, as any replica answers about them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from lit_lab.batch_store.batch import StoredBatch
from lit_lab.batch_store.copied_rows import Copied
from lit_lab.batch_store.folders import About, BatchFolder, not_stored
from lit_lab.batch_store.making import check_noise, make, plans_of
from lit_lab.batch_store.stored_batches import StoredBatches
from lit_lab.problem import Problem
from lit_lab.protocol import BatchesResponse, BatchInfo, BatchStorage, GenerateRequest

from . import asked as asking
from . import room
from .asked import AskedFiles
from .receiving import MAX_ORDER, drained, order_of, received, write_rows
from .shared_batch import SharedBatch, key_of

STOPPING = 20.0  # seconds that a request to stop waits
LOOK_SECONDS = 0.1
LOCK_SECONDS = 600.0  # that rows wait for those that another replica stores for the same user


class SharedBatches(StoredBatches):
    """The batches.

    Args:
        limits: Where they are, and how much may be stored.
        check: Refuses requests that no model would run.
        wake: Called when there is something to run or to stop.
    """

    def __init__(
        self, limits: BatchStorage, check: Callable[[GenerateRequest], None], wake: Callable[[], None]
    ) -> None:
        super().__init__(Path(limits.path))
        self.folders = self._folders
        self.asked = AskedFiles(self._folders.root)
        self._limits = limits
        self._check = check
        self._wake = wake
        self._making: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def start(self, owner: str, chunks: AsyncIterator[bytes]) -> BatchesResponse:
        """Store rows that come, and have them run. Raises `Problem`."""
        try:
            return await self._start(owner, chunks)
        except Problem:
            # Who sends rows sees no answer before all are sent; a closed connection says nothing.
            await drained(chunks)
            raise

    async def _start(self, owner: str, chunks: AsyncIterator[bytes]) -> BatchesResponse:
        async with self._making[owner]:  # so that no user has more than one request's rows beyond the limit
            left = await self._long.run(owner, lambda: self._left(owner, 1))
            async with received(chunks, self._folders.root, left + MAX_ORDER) as file:
                order = await self._long.run(owner, lambda: order_of(file))
                plans = plans_of(order)
                for plan in plans:
                    self._check(plan.request("a prompt"))

                def store() -> list[tuple[BatchFolder, About]]:
                    with self._locked(owner):
                        left = self._left(owner, len(plans))  # another replica may have stored some meanwhile

                        def copy(folder: BatchFolder) -> Copied:
                            return write_rows(file, order, folder, self._limits.max_rows, left)

                        return make(self._folders, owner, order, order.name, plans, copy)

                made = await self._long.run(owner, store)
            infos = []
            for folder, _ in made:
                batch = self._known(owner, folder)
                await self._ask(batch, "rows")
                infos.append(await self._info(batch))
        return BatchesResponse(batches=infos)

    async def go_on(self, owner: str, batch_id: str) -> BatchInfo:
        """Have the rows computed that have no answer yet, or failed. Raises `Problem`."""
        batch = await self._get(owner, batch_id)
        about = await self._threads.run(owner, lambda: batch.about)
        if await self._is_idle(batch, "rows"):
            self._check(about.plan.request("a prompt"))
            await self._check_room(owner)
            await self._long.run(owner, batch.repair)
            await self._ask(batch, "rows")
        return await self._info(batch)

    async def noise(self, owner: str, batch_id: str, num_rows: int) -> BatchInfo:
        """Have sentences found that do nothing. Raises `Problem`."""
        batch = await self._get(owner, batch_id)
        about = await self._threads.run(owner, lambda: batch.about)
        if await self._is_idle(batch, "noise"):
            check_noise(about.plan)
            self._check(about.plan.request("a prompt"))
            await self._check_room(owner)
            await self._ask(batch, "noise", num_rows)
        return await self._info(batch)

    async def stop(self, owner: str, batch_id: str) -> BatchInfo:
        """Stop what a batch does. What is computed is stored. Raises `Problem`."""
        batch = await self._get(owner, batch_id)
        await self._stop(batch)
        return await self._info(batch)

    async def delete(self, owner: str, batch_id: str) -> None:
        """Stop a batch, and delete its folder. Raises `Problem`."""
        batch = await self._get(owner, batch_id)
        await self._stop(batch)
        await self._threads.run(owner, lambda: self._folders.delete(batch.folder))
        self._batches.pop((owner, batch_id), None)

    async def _info(self, batch: StoredBatch) -> BatchInfo:
        def read() -> BatchInfo:
            SharedBatch(batch, self.asked).refresh()
            found = batch.info()
            return found.model_copy(update={"expires": room.expires(batch.folder.path, self._limits)})

        return await self._threads.run(batch.owner, read)

    async def _ask(self, batch: StoredBatch, doing: asking.Doing, num_rows: int = 0) -> None:
        def put() -> None:
            try:
                SharedBatch(batch, self.asked).failed(doing, None)
                self.asked.put(key_of(batch), asking.new(doing, num_rows))
            except OSError as error:
                raise not_stored(error) from error

        await self._threads.run(batch.owner, put)
        self._wake()

    async def _stop(self, batch: StoredBatch) -> None:
        def remove() -> None:
            try:
                self.asked.remove(key_of(batch))
            except OSError as error:
                raise not_stored(error) from error

        await self._threads.run(batch.owner, remove)
        self._wake()
        until = time.monotonic() + STOPPING
        while await self._threads.run(batch.owner, lambda: batch.is_held(ignore_own=True)) and time.monotonic() < until:
            await asyncio.sleep(LOOK_SECONDS)

    async def _is_idle(self, batch: StoredBatch, doing: asking.Doing) -> bool:
        """Return whether a batch does nothing; False: it does that already. Raises `Problem`: it does something else."""
        found = await self._threads.run(batch.owner, lambda: self.asked.get(key_of(batch)))
        if found is not None and found.doing != doing:
            what = "Its rows are computed" if found.doing == "rows" else "Sentences that do nothing are looked for"
            raise Problem(409, "batch_runs", f"{what} now.", "Wait for the end, or stop it.")
        return found is None

    def _left(self, owner: str, more: int) -> int:
        """Return how many bytes a user may store yet, in so many more batches. Raises `Problem`."""
        left = self._limits.max_bytes - room.used(self._folders.of(owner))
        if left <= 0:
            raise room.full(self._limits)
        number = len(self._folders.ids(owner))
        if number + more > self._limits.max_batches:
            raise room.too_many(number, self._limits)
        return left

    @contextlib.contextmanager
    def _locked(self, owner: str) -> Iterator[None]:
        """While this lasts, no other replica stores batches of this user. Raises `Problem`."""
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(room.locked(self._folders.of(owner), LOCK_SECONDS))
            except OSError as error:
                raise not_stored(error) from error
            yield

    async def _check_room(self, owner: str) -> None:
        place = self._folders.of(owner)
        if await self._long.run(owner, lambda: room.used(place)) >= self._limits.max_bytes:
            raise room.full(self._limits)
