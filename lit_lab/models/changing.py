"""The list of models and its changes, which go to the model service and to a file for the next start.

Servers of one user share the list of added models, and each has its own service. A running service learns what another
server added or removed when its models are next requested.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Sequence
from typing import Any

from lit_lab import demo, protocol
from lit_lab.model_spec import ModelSpec
from lit_lab.problem import Problem
from lit_lab.service_client import ServiceClient
from lit_lab.supervision.endpoint import Service

from . import known, places
from .added import Added, Stamp

ATTEND_SECONDS = 10.0  # between two looks at a running download

log = logging.getLogger(__name__)


class Models:
    """The models of a server.

    Args:
        service: The model service.
        client: Requests to it.
        added: All models; None if the service is elsewhere, and has its own list.
        scanners: The programs whose models on this machine are offered.
        folders: `c.LitLab.model_folders`.
    """

    def __init__(
        self,
        service: Service,
        client: ServiceClient,
        added: Added | None,
        scanners: Sequence[str] = (),
        folders: Sequence[str] = (),
    ) -> None:
        self.added = added
        self._service = service
        self._scanners, self._folders = scanners, folders
        self._client = client
        self._tasks: set[asyncio.Task[None]] = set()
        self._listing = asyncio.Lock()  # held while this server adds or removes a model
        self._leaving: set[str] = set()
        self._refused: set[tuple[str, str]] = set()
        self._passed_on: Stamp | str = "never"

    def close(self) -> None:
        """Cancel the tasks that outlive requests, when the server ends."""
        for task in self._tasks:
            task.cancel()

    async def all(self) -> protocol.ModelsResponse:
        """Return the models: as the service reports them if it is ready, else as they are configured. Raises `Problem`."""
        status = await self._service.status()
        if self.added is None or status.state == "ready":
            answer = await self._in_step(await self._ask())
            # A service that somebody else runs has its own models.
            return answer if self.added is not None else answer.model_copy(update={"known": [], "found": []})
        added, listed = set(self.added.models), {ModelSpec.parse(entry).path for entry in self.added.all}
        return protocol.ModelsResponse(
            models=[_unloaded(entry, entry in added) for entry in self.added.all],
            known=[each.offer() for each in known.known() if listed.isdisjoint(each.paths)],
        )

    async def catch_up(self) -> None:
        """Pass on to a running service what another server has added since the last time."""
        if self.added is not None and self.added.stamp != self._passed_on:
            with contextlib.suppress(Problem):  # the next request to the service reports what is wrong with it
                await self.all()

    async def change(self, request: protocol.ModelChanging, contents: Any) -> protocol.ModelsResponse:
        """Change the models, or start to.

        Args:
            request: The change.
            contents: Jupyter's contents manager; None: the caller may not read its files.

        Raises:
            Problem: The change is refused; nothing has changed.
        """
        added, change = self.own(), request.change
        if isinstance(change, protocol.AddModel):
            # The path comes first: the name may have been proposed from it.
            path = await places.locate(contents, change.path, self._scanners, self._folders)
            change = protocol.AddModel(name=change.name, path=path)
            async with self._listing:
                return await self._add(added, change)
        if isinstance(change, protocol.RemoveModel):
            self.check(change.name)
            async with self._listing:
                answer = await self._tell(change) if await self._is_awake() else None
                await asyncio.to_thread(added.remove, change.name)
            return answer or await self.all()
        self.check(change.name)
        if change.kind not in ("load", "download") and not await self._is_awake():
            return await self.all()
        with self._service.use():
            await self._service.ready()
            await self.catch_up()
            answer = await self._tell(change)
        if change.kind == "download":
            self._beside(self._attend(change.name))
        return answer

    def own(self) -> Added:
        """Return the models, if this server may change them. Raises `Problem`."""
        if self.added is None:
            raise Problem(
                409,
                "service_remote",
                "The model service runs elsewhere, with its own list of models.",
                "Ask the person who runs it to add the model.",
            )
        return self.added

    def check(self, name: str) -> None:
        """Refuse a model that doesn't exist. Raises `Problem`."""
        if self.added is None:
            return
        names = self.added.names
        if name not in names:
            raise Problem(
                422,
                "unknown_model",
                f"There is no model {name!r}.",
                f"Choose one of: {', '.join(names)}; or add it in the panel, or to c.LitLab.models.",
            )

    async def _add(self, added: Added, change: protocol.AddModel) -> protocol.ModelsResponse:
        added.check(change.name)
        answer = await self._tell(change) if await self._is_awake() else None
        try:
            await asyncio.to_thread(added.add, change.name, change.path)
        except Problem:
            if answer is not None:
                self._beside(self._let_go(change.name))
            raise
        self._refused.discard((change.name, change.path))
        return answer or await self.all()

    async def _in_step(self, answer: protocol.ModelsResponse) -> protocol.ModelsResponse:
        """Pass on to the service what another server of this user has added or removed meanwhile.

        Args:
            answer: The models that the service reports.

        Returns:
            Its models now, without those that it is about to remove.
        """
        if self.added is None or self._listing.locked():
            return answer
        stamp = self.added.stamp
        added = dict(map(ModelSpec.parse, self.added.models))
        listed = {model.name for model in answer.models}
        gone = {model.name for model in answer.models if model.added and added.get(model.name) != model.path}
        for name in gone - self._leaving:
            self._leaving.add(name)
            self._beside(self._let_go(name))
        for name, path in added.items():
            if name not in listed and (name, path) not in self._refused:
                try:
                    answer = await self._tell(protocol.AddModel(name=name, path=path))
                except Problem as problem:
                    self._refused.add((name, path))
                    log.warning("LIT Lab: the model service refuses %s: %s", name, problem.message)
        self._passed_on = stamp
        return answer.model_copy(update={"models": [model for model in answer.models if model.name not in gone]})

    async def _let_go(self, name: str) -> None:
        """Have the service remove a model, which may have to end its work first."""
        try:
            with contextlib.suppress(Problem):  # it has done so, or has ended
                await self._tell(protocol.RemoveModel(name=name))
        finally:
            self._leaving.discard(name)

    async def _attend(self, name: str) -> None:
        """Keep the service running while it downloads, even if no client looks."""
        with self._service.use(), contextlib.suppress(Problem):
            busy = True
            while busy:
                await asyncio.sleep(ATTEND_SECONDS)
                answer = await self._ask()
                busy = any(m.name == name and m.state in ("downloading", "loading") for m in answer.models)

    async def _is_awake(self) -> bool:
        return (await self._service.status()).state in ("starting", "ready")

    async def _ask(self) -> protocol.ModelsResponse:
        endpoint = await self._service.awaited()
        return await self._client.request(endpoint, "GET", "/models", protocol.ModelsResponse)

    async def _tell(self, change: Any) -> protocol.ModelsResponse:
        with self._service.use():
            endpoint = await self._service.awaited()
            request = protocol.ModelChanging(change=change)
            return await self._client.request(
                endpoint, "POST", "/models/change", protocol.ModelsResponse, request, loads=True
            )

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _unloaded(entry: str, added: bool) -> protocol.ModelInfo:
    name, path = ModelSpec.parse(entry)
    note = demo.NOTE if path == demo.EMBEDDED else ""
    return protocol.ModelInfo(name=name, path=path, state="unloaded", note=note, added=added)
