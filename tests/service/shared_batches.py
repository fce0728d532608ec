"""A shared service with a stand-in for a model, which answers at once or waits, for tests of its batches."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from hub import SCOPE, Hub
from pydantic import BaseModel
from waiting import PATIENCE

from lit_lab.problem import Problem
from lit_lab.protocol import (
    AnswerEvent,
    AnswerToken,
    BatchStorage,
    GenerateRequest,
    HubAccess,
    PromptEvent,
    Sharing,
    Token,
    TokenEvent,
)
from lit_lab.service.app import create_app
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.hub_tokens import HubTokens
from lit_lab.service.registry import Registry, parse
from lit_lab.service.scheduler import Scheduler

ACCESS = HubAccess(api_url="http://hub.internal:8081/hub/api", service="lit-lab")
ORDER: dict[str, Any] = {"name": "rows.jsonl", "models": ["one"], "measures": [], "used_prompt": "prompt"}


class Model:
    """Answers “Hello”. A prompt with “wait” waits for `go`; one with “error” fails.

    Attributes:
        asked: The prompts so far.
    """

    is_large = False
    window = 64
    parameters = 7

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = threading.Event()

    def serve(self, owner: str) -> None:
        """Do nothing."""

    def warm_up_generation(self) -> None:
        """Do nothing."""

    def generate(self, request: GenerateRequest, cancellation: Cancellation) -> Iterator[BaseModel]:
        """Yield an answer's events."""
        prompt = request.prompt or ""
        self.asked.append(prompt)
        while "wait" in prompt and not self.go.wait(0.01):
            cancellation.check()
        if "error" in prompt:
            raise Problem(422, "failed", "This row fails.")
        token = AnswerToken(id=7, piece="Hello", text="Hello", kind="text", logprob=-0.5, alternatives=[])
        yield PromptEvent(
            tokens=[Token(id=5, piece=prompt, text=prompt, kind="text")], chat="plain", turn_spans=[], window=64
        )
        yield TokenEvent(token=token)
        yield AnswerEvent(text="Hello", tokens=[token], reason="stop", seconds=0.1, first_seconds=0.1)


class Service:
    """A service that runs in this process.

    Attributes:
        hub: The stand-in for the hub.
        model: The stand-in for its model.
        storage: Where its batches are.
        together: Computes their rows; None: the model does.
    """

    def __init__(
        self,
        path: Path,
        hosts: Sequence[str] = ("hub.example",),
        prefix: str = "",
        max_body_bytes: int = 2**20,
        body_seconds: float = 60.0,
        **limits: Any,
    ) -> None:
        self._sharing: dict[str, Any] = {
            "hosts": list(hosts),
            "prefix": prefix,
            "max_body_bytes": max_body_bytes,
            "body_seconds": body_seconds,
        }
        self.hub = Hub()
        self.model = Model()
        self.storage = BatchStorage(path=str(path), **limits)
        self.tokens = {name: self.hub.user(name, SCOPE) for name in ("ada", "bob")}
        self.app: Any = None
        self.together: Any = None

    @asynccontextmanager
    async def running(self, is_offered: bool = True) -> AsyncIterator[Service]:
        """Run it within the context."""

        async def nothing(*_: object) -> None: ...

        registry = Registry(parse(["one:/srv/models/one"]), None, lambda say: None)
        registry._make = lambda *_: self.model  # type: ignore[assignment, method-assign]
        registry._compile_pending = nothing  # type: ignore[assignment, method-assign]
        sharing = Sharing(hub=ACCESS, batches=self.storage if is_offered else None, **self._sharing)
        who = HubTokens(ACCESS, self.hub.transport)
        self.app = create_app(
            registry, Scheduler(registry), "0" * 32, nothing, sharing=sharing, who=who, together=self.together
        )
        async with self.app.router.lifespan_context(self.app):
            yield self
        await asyncio.sleep(0.05)  # what was cancelled ends

    async def ask(self, method: str, path: str, user: str = "ada", **content: Any) -> tuple[int, Any]:
        """Return the status and the body of an answer."""
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://hub.example",
            headers={"Authorization": f"Bearer {self.tokens[user]}"},
        ) as client:
            found = await client.request(method, path, **content)
            return found.status_code, found.json()

    async def start(self, *prompts: str, user: str = "ada", **order: Any) -> str:
        """Start a batch, and return its id."""
        status, found = await self.ask("POST", "/batches", user, content=upload(prompts, **order))
        assert status == 202, found
        return str(found["batches"][0]["id"])

    async def reached(self, batch: str, *states: str, done: int = 0, user: str = "ada") -> dict[str, Any]:
        """Wait until a batch is in a state, and has so many rows."""
        async with asyncio.timeout(PATIENCE):
            while True:
                status, info = await self.ask("GET", f"/batches/{batch}", user)
                assert status == 200, info
                if info["state"] in states and info["done"] >= done:
                    return dict(info)
                await asyncio.sleep(0.02)


def upload(prompts: Sequence[str], **order: Any) -> bytes:
    """Return the body of a request with rows."""
    rows = [[number, {"prompt": prompt, "target": "Hello"}] for number, prompt in enumerate(prompts, 1)]
    return b"".join(json.dumps(line).encode() + b"\n" for line in [{**ORDER, **order}, *rows])
