"""What the plain functions and their asynchronous twins do, in the background's event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lit_lab.client import asking
from lit_lab.client.checked import checked
from lit_lab.client.clients import shared_client
from lit_lab.client.run_state import RunState
from lit_lab.protocol import RunsRequest, StateEvent

if TYPE_CHECKING:
    from lit_lab.client.async_client import OnEvent
    from lit_lab.protocol import ModelInfo, RunInfo


async def explained(asked: asking.Asked, on_event: OnEvent | None, server: str | None, token: str | None) -> RunState:
    """Return a new run. Raises `Problem`."""
    client = await shared_client(server, token)
    if on_event is not None:
        on_event(StateEvent(message=f"Running on {client.where}…"))
    return await asking.ask(client, asked, on_event)


async def opened(run_id: str, server: str | None, token: str | None) -> RunState:
    """Return a run of the history. Raises `Problem`."""
    client = await shared_client(server, token)
    return RunState(await client.run(run_id), client)


async def listed_runs(search: str, limit: int, starred: bool, server: str | None, token: str | None) -> list[RunInfo]:
    """Return runs of the history. Raises `Problem`."""
    request = checked(RunsRequest, search=search, limit=limit, starred=starred)
    return (await (await shared_client(server, token)).runs(request)).runs


async def listed_models(server: str | None, token: str | None) -> list[ModelInfo]:
    """Return the models. Raises `Problem`."""
    return (await (await shared_client(server, token)).models()).models
