r"""The functions of `lit_lab` as coroutines, for programs with an event loop of their own.

They work in any event loop, and share connections and the model service with the plain functions.

Example:
    >>> import asyncio
    >>> from lit_lab import aio
    >>> async def main():
    ...     run = await aio.explain("Taste-likes: Cheese\nSuggestion: Onion soup\nAnalysis:", stop="\n")
    ...     return (await run.map()).top(1)[0].text
    >>> asyncio.run(main())
    'Suggestion: Onion soup'
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from lit_lab.client import asking, requests
from lit_lab.client.async_run import AsyncRun
from lit_lab.client.background import background
from lit_lab.client.progress import Progress, reporting

if TYPE_CHECKING:
    from lit_lab.batches.api import Rows
    from lit_lab.batches.results import Batch
    from lit_lab.protocol import ModelInfo, RunInfo

__all__ = ["AsyncRun", "Progress", "batch", "explain", "list_models", "list_runs", "open_run"]


async def batch(rows: Rows, *, out: str | os.PathLike[str], **options: Any) -> Batch:
    """Run all rows of a dataset, as `lit_lab.batch`, whose other arguments it takes. Cancelling keeps what is finished. Raises `Problem`."""
    from lit_lab.batches import api

    with api.prepared(rows, out, **options) as work:
        return await background().call_async(work())


async def explain(
    prompt: str | None = None,
    *,
    turns: asking.Turns | None = None,
    model: str | None = None,
    target: str | None = None,
    max_new_tokens: int = 256,
    temperature: float = 0.0,
    top_k: int | None = None,
    top_p: float | None = None,
    repetition_penalty: float = 1.0,
    seed: int | None = None,
    stop: str | Sequence[str] = (),
    chat: Literal["auto", "on", "off"] = "auto",
    thinking: bool = False,
    title: str = "",
    maps: bool = True,
    server: str | None = None,
    token: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> AsyncRun:
    """Run a prompt, and return the run with the maps of its answer's sentences, as `lit_lab.explain`. Raises `Problem`."""
    asked = asking.Asked(
        prompt, turns, model, target, max_new_tokens, temperature, top_k, top_p, repetition_penalty, seed, stop, chat,
        thinking, title, maps,
    )  # fmt: skip

    return AsyncRun(
        await background().call_async(requests.explained(asked, reporting(on_progress), server, token)),
        background().call_async,
    )


async def open_run(run_id: str, *, server: str | None = None, token: str | None = None) -> AsyncRun:
    """Return a run of the history, as `lit_lab.open_run`. Raises `Problem`."""
    return AsyncRun(await background().call_async(requests.opened(run_id, server, token)), background().call_async)


async def list_runs(
    search: str = "", *, limit: int = 50, starred: bool = False, server: str | None = None, token: str | None = None
) -> list[RunInfo]:
    """Return runs of the history, newest first, as `lit_lab.list_runs`. Raises `Problem`."""
    return await background().call_async(requests.listed_runs(search, limit, starred, server, token))


async def list_models(*, server: str | None = None, token: str | None = None) -> list[ModelInfo]:
    """Return the models, the default first, as `lit_lab.list_models`. Raises `Problem`."""
    return await background().call_async(requests.listed_models(server, token))
