"""REST of the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lit_lab.handlers.base import ROUTES, Handler, endpoint

if TYPE_CHECKING:
    from lit_lab.protocol import Message, RunChange, RunsRequest


class RunsSearchHandler(Handler):
    """`runs/search`."""

    @endpoint("runs")
    async def post(self, request: RunsRequest) -> Message:
        """Return the caller's runs."""
        history = await self.core.recorder.settled(self.history_owner)
        return await history.runs(self.history_owner, request)


class RunHandler(Handler):
    """`runs/{id}`."""

    @endpoint("run")
    async def get(self, run_id: str) -> Message:
        """Return a run."""
        history = await self.core.recorder.settled(self.history_owner, run_id)
        return await history.run(self.history_owner, run_id)

    @endpoint("changeRun")
    async def post(self, run_id: str, request: RunChange) -> Message:
        """Rename or star a run."""
        history = await self.core.recorder.settled(self.history_owner, run_id)
        return await history.change(self.history_owner, run_id, request)

    @endpoint("deleteRun")
    async def delete(self, run_id: str) -> Message:
        """Delete a run."""
        return await self.core.recorder.delete(self.history_owner, run_id)


class RunsHandler(Handler):
    """`runs`."""

    @endpoint("clearRuns")
    async def delete(self) -> Message:
        """Delete the caller's runs."""
        return await self.core.recorder.clear(
            self.history_owner, starred=self.query(ROUTES["clearRuns"], "starred") > 0
        )


HANDLERS: dict[str, type[Handler]] = {
    "runs/search": RunsSearchHandler,
    "runs/{id}": RunHandler,
    "runs": RunsHandler,
}
