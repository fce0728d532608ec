"""The model service's HTTP application: thin routes over models and datasets."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from lit_lab.json_bounds import MAX_CONTAINERS, MAX_NAMES, MAX_VALUES, excess
from lit_lab.protocol import (
    OWNER_HEADER,
    AblationRequest,
    ErrorBody,
    Estimate,
    EstimateRequest,
    GenerateRequest,
    KaggleOrder,
    LitAppRequest,
    LitCall,
    ModelChanging,
    SalienceRequest,
    ScoreRequest,
    ServiceHealth,
    TokenCount,
    TokenCountRequest,
    TokensRequest,
    TokensResponse,
    TrustRequest,
    describe_validation,
)
from lit_lab.version import version

from .datasets import SAMPLE_PROMPTS, Datasets
from .errors import ServiceError, unexpected
from .lit_app import LitHost, read_file
from .model_manager import ModelManager
from .registry import Registry
from .returning import Tell
from .scheduler import Scheduler
from .surrogates import check_texts

MAX_BODY = 64 * 2**20  # bytes; above any request that the types allow

MAX_OWNER = 64  # characters that tell who asks

COUNTING = 2  # prompts whose tokens are counted at once: other work needs threads, too

T = TypeVar("T", bound=BaseModel)
Scope = MutableMapping[str, Any]
Asgi = Callable[[Scope, Any, Any], Awaitable[None]]


_PORT = re.compile(rb":\d+$")
_LOOPBACK = {b"127.0.0.1", b"localhost", b"[::1]"}


class SecretMiddleware:
    """Passes on only requests that carry the secret; others learn nothing, not even which routes exist.

    It also refuses a browser's requests, which have an `Origin`, and those for any host name but this machine's: a page
    elsewhere could point its own name here (DNS rebinding).
    """

    def __init__(self, app: Asgi, secret: str, known: Callable[[Any], None] | None = None) -> None:
        self._app = app
        self._known = known
        self._expected = b"Bearer " + secret.encode()

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer 401 or 403, or pass the request on."""
        if scope["type"] == "http" and (refusal := self._refusal(dict(scope["headers"]))):
            await _answer(refusal)(scope, receive, send)
            return
        if self._known is not None and scope["type"] == "http":
            self._known(scope["client"])
        await self._app(scope, receive, send)

    def _refusal(self, headers: Mapping[bytes, bytes]) -> ServiceError | None:
        hint = "The service is meant for the Jupyter server that started it."
        if not hmac.compare_digest(headers.get(b"authorization", b""), self._expected):
            return ServiceError(401, "unauthorized", "This request doesn't carry the model service's secret.", hint)
        if b"origin" in headers or _PORT.sub(b"", headers.get(b"host", b"")) not in _LOOPBACK:
            return ServiceError(403, "foreign", "The model service answers no browser and to no other name.", hint)
        return None


def create_app(
    registry: Registry,
    scheduler: Scheduler,
    secret: str,
    started: Callable[[], Awaitable[None]],
    datasets: Datasets | None = None,
    known: Callable[[Any], None] | None = None,
    leftover: Tell = lambda _: None,
) -> FastAPI:
    """Return the application.

    Args:
        registry: The models.
        scheduler: Runs their computations.
        secret: What every request must carry, as `Authorization: Bearer <secret>`.
        started: Runs beside the application from its start on; imports the libraries.
        datasets: LIT's datasets; None: the sample prompts alone.
        known: Takes the address of each client that carries the secret.
        leftover: Takes the models of a new process while one would free memory, and None once it wouldn't.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        starting = asyncio.ensure_future(started())
        tidying = asyncio.ensure_future(manager.tidy())
        watching = asyncio.ensure_future(manager.returning.watch(leftover, lambda: lit.is_open))
        yield
        starting.cancel()
        tidying.cancel()
        watching.cancel()
        scheduler.end_all()

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(SecretMiddleware, secret=secret, known=known)
    manager = ModelManager(registry)
    shelf = datasets or Datasets()
    lit = LitHost(registry, scheduler, shelf.lit)
    counting = asyncio.Semaphore(COUNTING)

    @app.exception_handler(ServiceError)
    async def failed(_: Request, error: ServiceError) -> Response:
        return _answer(error)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        what = f"{request.method} {request.url.path}"
        return _answer(ServiceError(error.status_code, "no_such_route", f"The model service has no {what}."))

    @app.exception_handler(Exception)
    async def crashed(_: Request, error: Exception) -> Response:
        # uvicorn logs it too, with where it comes from.
        return _answer(unexpected(error))

    @app.get("/health")
    async def health() -> Response:
        models = [entry.info() for entry in registry.entries.values()]
        state = "failed" if registry.error else "ready" if registry.imported else "starting"
        loading = next((entry.detail for entry in registry.entries.values() if entry.state == "loading"), "")
        detail = registry.error.message if registry.error else registry.detail or loading
        return _json(
            ServiceHealth(state=state, detail=detail, version=version(), arithmetic=registry.arithmetic, models=models)
        )

    @app.get("/models")
    async def models() -> Response:
        return _json(await manager.models())

    @app.post("/models/change")
    async def change_model(request: Request) -> Response:
        return _json(await manager.change(await _body(request, ModelChanging)))

    @app.post("/kaggle")
    async def kaggle(request: Request) -> Response:
        registry.kaggle = (await _body(request, KaggleOrder)).login
        return _json(await manager.models())

    @app.post("/tokens")
    async def tokens(request: Request) -> Response:
        asked = await _body(request, TokensRequest)
        async for _ in registry.ready(asked.model):
            pass
        model = registry.get(asked.model).model
        assert model is not None  # noqa: S101 - ready() has just said so
        registry.get(asked.model).used = time.monotonic()

        def tokenize() -> TokensResponse:
            return TokensResponse(
                model=asked.model,
                prompt=model.tokenizer.tokenize_prompt(asked.prompt, asked.chat).tokens,
                answer=model.tokenizer.answer(asked.answer),
                window=model.window,
            )

        # In a thread: a long text takes a while, and /health is to answer meanwhile.
        return _json(await asyncio.to_thread(tokenize))

    @app.post("/tokens/count")
    async def count_tokens(request: Request) -> Response:
        # While somebody types: no turn of the model's, and no reason to load it or to keep it loaded.
        asked = await _body(request, TokenCountRequest)
        async with counting:
            if await request.is_disconnected():
                return Response(status_code=499)  # who went on typing; nobody reads this
            model = registry.get(asked.model).model
            if model is None:
                raise _not_loaded(asked.model)
            tokens, use = await asyncio.to_thread(model.tokenizer.count, asked.prompt, asked.chat, asked.thinking)
        return _json(TokenCount(model=asked.model, tokens=tokens, chat=use, window=model.window))

    @app.post("/generate")
    async def generate(request: Request) -> Response:
        asked = await _body(request, GenerateRequest)
        registry.get(asked.model)
        return _stream(
            scheduler.stream(
                asked.model,
                lambda model, cancellation: model.generate(asked, cancellation),
                _owner(request),
            )
        )

    @app.post("/score")
    async def score(request: Request) -> Response:
        asked = await _body(request, ScoreRequest)
        registry.get(asked.model)
        return _stream(
            scheduler.stream(asked.model, lambda model, cancellation: model.score(asked, cancellation), _owner(request))
        )

    @app.post("/salience")
    async def salience(request: Request) -> Response:
        asked = await _body(request, SalienceRequest)
        registry.get(asked.model)
        return _stream(
            scheduler.stream(
                asked.model, lambda model, cancellation: model.salience(asked, cancellation), _owner(request)
            )
        )

    @app.post("/ablation")
    async def ablation(request: Request) -> Response:
        asked = await _body(request, AblationRequest)
        registry.get(asked.model)
        return _stream(
            scheduler.stream(
                asked.model, lambda model, cancellation: model.ablation(asked, cancellation), _owner(request)
            )
        )

    @app.post("/trust")
    async def trust(request: Request) -> Response:
        asked = await _body(request, TrustRequest)
        registry.get(asked.model)
        return _stream(
            scheduler.stream(asked.model, lambda model, cancellation: model.trust(asked, cancellation), _owner(request))
        )

    @app.post("/estimate")
    async def estimate(request: Request) -> Response:
        # Not a turn of the model's: what a job would cost is asked while another runs. And no reason to load a model.
        asked = (await _body(request, EstimateRequest)).request
        model = registry.get(asked.model).model
        if model is None:
            await registry.libraries()  # the methods that are reckoned with import them
            return _json(Estimate(passes=await asyncio.to_thread(_passes, asked), seconds=None))
        return _json(await asyncio.to_thread(model.estimate, asked))

    @app.get("/datasets/{name:path}/rows")  # a name may hold anything, as the Jupyter server passes it on
    async def rows(name: str, offset: int = Query(0, ge=0), limit: int = Query(200, ge=1, le=1000)) -> Response:
        if name in shelf.names and name != SAMPLE_PROMPTS:
            await registry.libraries()  # a class imports LIT, and what that needs is being imported
        return _json(await asyncio.to_thread(shelf.rows, name, offset, limit))

    @app.post("/lit_app")
    async def lit_app(request: Request) -> Response:
        asked = await _body(request, LitAppRequest)
        registry.get(asked.model)
        return _stream(lit.open(asked))

    @app.post("/lit/call")
    async def lit_call(request: Request) -> Response:
        return _stream(lit.call(await _body(request, LitCall), _owner(request)))

    @app.get("/lit/files/{name}")
    async def lit_file(name: str) -> Response:
        return Response(await asyncio.to_thread(read_file, name), media_type="application/octet-stream")

    return app


def _passes(request: SalienceRequest | AblationRequest | TrustRequest) -> int:
    from .estimates import passes  # here, as it is not needed to start

    return passes(request)


def _not_loaded(name: str) -> ServiceError:
    return ServiceError(
        409,
        "model_not_loaded",
        f"{name} isn't loaded, so its tokens can't be counted.",
        "Run the prompt, or load the model.",
    )


def _owner(request: Request) -> str:
    return request.headers.get(OWNER_HEADER, "")[:MAX_OWNER]


async def _body(request: Request, kind: type[T]) -> T:
    """Read and validate a request's body.

    Raises:
        ServiceError: `too_large`, `bad_request` or `lone_surrogate`.
    """
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY:
            raise ServiceError(413, "too_large", f"The request is larger than {MAX_BODY // 2**20} MiB.", "Shorten it.")
    if too_much := excess(bytes(data), MAX_VALUES, MAX_CONTAINERS, max_names=MAX_NAMES):
        raise ServiceError(413, "too_large", f"The request {too_much}.", "Send less at a time.")
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ServiceError(400, "bad_request", f"The request isn't JSON: {error}") from error
    # Before pydantic, which refuses half characters in words for programmers.
    check_texts(content)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise ServiceError(422, "bad_request", describe_validation(error)) from error


def _json(message: BaseModel, status: int = 200) -> Response:
    return Response(message.model_dump_json(), status, media_type="application/json")


def _answer(error: ServiceError) -> Response:
    body: ErrorBody = error.body()
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    return Response(body.model_dump_json(), error.status, headers, media_type="application/json")


def _stream(lines: AsyncIterator[bytes]) -> Response:
    return StreamingResponse(lines, media_type="application/x-ndjson", headers={"Cache-Control": "no-store"})
