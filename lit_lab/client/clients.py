"""The clients that plain functions share: one for each place, in the background's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os

from lit_lab.client.address import Secret
from lit_lab.client.async_client import AsyncClient, connect
from lit_lab.problem import Problem

_Key = tuple[Secret, ...]

_clients: dict[_Key, asyncio.Task[AsyncClient]] = {}

if hasattr(os, "register_at_fork"):
    # Those of a forked process's parent have no event loop there.
    os.register_at_fork(after_in_child=_clients.clear)


async def shared_client(server: str | None = None, token: str | None = None) -> AsyncClient:
    """Return a client, which all callers share that name the same place. Runs in the background's loop.

    Args:
        server: As for `lit_lab.client.connect`.
        token: As for `lit_lab.client.connect`.

    Raises:
        Problem: What is named can't be used.
    """
    named = (server or "", token or "", os.environ.get("LIT_LAB_URL", ""), os.environ.get("LIT_LAB_TOKEN", ""))
    key: _Key = tuple(map(Secret, named))
    task = _clients.get(key)
    if task is not None and task.done() and (task.cancelled() or task.exception() is not None):
        task = None
    if task is not None and task.done() and not await _is_there(task.result()):
        # Somebody else may have seen it meanwhile.
        if _clients.get(key) is task:
            del _clients[key]
            await task.result().close()
        task = _clients.get(key)
    if task is None:
        task = _clients[key] = asyncio.ensure_future(connect(server, token))
        # The one that waits for it may be stopped first; its failure then is nobody's.
        task.add_done_callback(lambda done: None if done.cancelled() else done.exception())
    # Shielded: others may wait for it, too.
    return await asyncio.shield(task)


async def _is_there(client: AsyncClient) -> bool:
    """Whether a place still answers: a Jupyter server may have been restarted on another port."""
    try:
        await client.connection.status()
    except Problem:
        return False
    return True


async def close_all() -> None:
    """Close all clients; a model service of this process ends."""
    tasks = list(_clients.values())
    _clients.clear()
    for task in tasks:
        if task.done() and not task.cancelled() and task.exception() is None:
            with contextlib.suppress(Exception):
                await task.result().close()
        else:
            task.cancel()
