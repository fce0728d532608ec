"""The list of models, and changes to it. Each change goes to the model service, and to a file for the next start.

All servers of a user share the list of added models, but each has its own service. When a client next requests the models,
the server passes on to its running service what other servers have added or removed.
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

POLL_SECONDS = 10.0  # between two checks of a running download

log = logging.getLogger(__name__)


class Models:
    """The models of a server.

    Args:
        service: The model service.
        client: The client that sends requests to the service.
        added: The configured and added models; None if `c.LitLab.service_url` names a service, which has its own list.
        scanners: The programs whose models the panel offers: `c.LitLab.model_scanners`.
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
        self._change_lock = asyncio.Lock()  # held while this server adds or removes a model
        self._being_removed: set[str] = set()
        self._refused: set[tuple[str, str]] = set()
        self._passed_on: Stamp | str = "never"

    def close(self) -> None:
        """Cancel all background tasks. Called when the server ends."""
        for task in self._tasks:
            task.cancel()

    async def all(self) -> protocol.ModelsResponse:
        """Return the models: from the service if it is ready, else from the configuration.

        Raises:
            Problem: The service doesn't answer.
        """
        status = await self._service.status()
        if self.added is None or status.state == "ready":
            answer = await self._synchronized(await self._list())
            # A service elsewhere can't load the models of this machine.
            return answer if self.added is not None else answer.model_copy(update={"known": [], "found": []})
        added, listed = set(self.added.models), {ModelSpec.parse(entry).path for entry in self.added.all}
        return protocol.ModelsResponse(
            models=[_unloaded(entry, entry in added) for entry in self.added.all],
            known=[each.offer() for each in known.known() if listed.isdisjoint(each.paths)],
        )

    async def catch_up(self) -> None:
        """Pass on to a running service the models that other servers have added since the last call."""
        if self.added is not None and self.added.stamp != self._passed_on:
            with contextlib.suppress(Problem):  # the next request to the service reports the problem
                await self.all()

    async def change(self, request: protocol.ModelChanging, contents: Any) -> protocol.ModelsResponse:
        """Apply a change to the models, or start a long one such as a download.

        Args:
            request: The change.
            contents: Jupyter's contents manager; None if the user may not read files.

        Returns:
            The models after the change.

        Raises:
            Problem: The change was refused. The models are as before.
        """
        added, change = self.own(), request.change
        if isinstance(change, protocol.AddModel):
            # Check the path before the name, because the panel may have derived the name from it.
            path = await places.locate(contents, change.path, self._scanners, self._folders)
            change = protocol.AddModel(name=change.name, path=path)
            async with self._change_lock:
                return await self._add(added, change)
        if isinstance(change, protocol.RemoveModel):
            self.check(change.name)
            async with self._change_lock:
                answer = await self._send(change) if await self._is_running() else None
                await asyncio.to_thread(added.remove, change.name)
            return answer or await self.all()
        self.check(change.name)
        if change.kind not in ("load", "download") and not await self._is_running():
            return await self.all()
        with self._service.use():
            await self._service.ready()
            await self.catch_up()
            answer = await self._send(change)
        if change.kind == "download":
            self._start_task(self._keep_running(change.name))
        return answer

    def own(self) -> Added:
        """Return the list that this server may change.

        Raises:
            Problem: The service runs elsewhere, with its own list.
        """
        if self.added is None:
            raise Problem(
                409,
                "service_remote",
                "The model service runs elsewhere, with its own list of models.",
                "Ask the service's administrator to change the list.",
            )
        return self.added

    def check(self, name: str) -> None:
        """Check that a model exists. A service elsewhere checks this itself.

        Raises:
            Problem: There is no model with this name.
        """
        if self.added is None:
            return
        names = self.added.names
        if name not in names:
            raise Problem(
                422,
                "unknown_model",
                f"There is no model {name!r}.",
                f"Choose one of: {', '.join(names)}. Or add the model in the panel, or to c.LitLab.models.",
            )

    async def _add(self, added: Added, change: protocol.AddModel) -> protocol.ModelsResponse:
        added.check(change.name)
        answer = await self._send(change) if await self._is_running() else None
        try:
            await asyncio.to_thread(added.add, change.name, change.path)
        except Problem:
            if answer is not None:
                self._start_task(self._remove_from_service(change.name))
            raise
        self._refused.discard((change.name, change.path))
        return answer or await self.all()

    async def _synchronized(self, answer: protocol.ModelsResponse) -> protocol.ModelsResponse:
        """Pass on to the service what other servers of this user have added or removed meanwhile.

        Args:
            answer: The models that the service reports.

        Returns:
            The service's models after that, without those that it is about to remove.
        """
        if self.added is None or self._change_lock.locked():
            return answer
        stamp = self.added.stamp
        added = dict(map(ModelSpec.parse, self.added.models))
        listed = {model.name for model in answer.models}
        gone = {model.name for model in answer.models if model.added and added.get(model.name) != model.path}
        for name in gone - self._being_removed:
            self._being_removed.add(name)
            self._start_task(self._remove_from_service(name))
        for name, path in added.items():
            if name not in listed and (name, path) not in self._refused:
                try:
                    answer = await self._send(protocol.AddModel(name=name, path=path))
                except Problem as problem:
                    self._refused.add((name, path))
                    log.warning("LIT Lab: the model service refuses %s: %s", name, problem.message)
        self._passed_on = stamp
        return answer.model_copy(update={"models": [model for model in answer.models if model.name not in gone]})

    async def _remove_from_service(self, name: str) -> None:
        """Remove a model from the service, which may have to end the model's jobs first."""
        try:
            with contextlib.suppress(Problem):  # the model or the service is already gone
                await self._send(protocol.RemoveModel(name=name))
        finally:
            self._being_removed.discard(name)

    async def _keep_running(self, name: str) -> None:
        """Keep the service running until a model is downloaded, even if no client is connected."""
        with self._service.use(), contextlib.suppress(Problem):
            busy = True
            while busy:
                await asyncio.sleep(POLL_SECONDS)
                answer = await self._list()
                busy = any(m.name == name and m.state in ("downloading", "loading") for m in answer.models)

    async def _is_running(self) -> bool:
        return (await self._service.status()).state in ("starting", "ready")

    async def _list(self) -> protocol.ModelsResponse:
        endpoint = await self._service.awaited()
        return await self._client.request(endpoint, "GET", "/models", protocol.ModelsResponse)

    async def _send(self, change: Any) -> protocol.ModelsResponse:
        with self._service.use():
            endpoint = await self._service.awaited()
            request = protocol.ModelChanging(change=change)
            return await self._client.request(
                endpoint, "POST", "/models/change", protocol.ModelsResponse, request, loads=True
            )

    def _start_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _unloaded(entry: str, added: bool) -> protocol.ModelInfo:
    name, path = ModelSpec.parse(entry)
    note = demo.NOTE if path == demo.EMBEDDED else ""
    return protocol.ModelInfo(name=name, path=path, state="unloaded", note=note, added=added)
