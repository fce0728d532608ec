"""The model service's HTTP application: routes over models and datasets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from lit_lab.problem import Problem
from lit_lab.protocol import (
    PROTOCOL_HEADER,
    SPOKEN,
    AblationRequest,
    ChatUse,
    EffectsRequest,
    Estimate,
    EstimateRequest,
    FaithfulnessRequest,
    GenerateRequest,
    KaggleOrder,
    LitAppRequest,
    LitCall,
    ModelChanging,
    ModelsResponse,
    SalienceRequest,
    ScoreRequest,
    ServiceHealth,
    Sharing,
    TokenCount,
    TokenCountRequest,
    TokensRequest,
    TokensResponse,
    parse_range,
)
from lit_lab.version import version

from .admission import METRICS, READY, AdmissionMiddleware, answer, bearer, nobody, owner_of
from .batches.routes import NEW_BATCH, batch_routes
from .body_limits import BodyLimits
from .datasets import SAMPLE_PROMPTS, Datasets
from .errors import unexpected
from .lit_app import LitHost, read_file
from .model_manager import ModelManager
from .owner_limits import OwnerLimits
from .readiness import Ready
from .registry import Registry
from .request_body import body_of
from .returning import Notify
from .scheduler import Scheduler
from .shared_models import hidden, of_administrator, presented
from .tokens import SequenceTokenizer
from .who import SharedSecret, Who

if TYPE_CHECKING:
    from lit_lab.batches.runner import Together

    from .batches.hosting import HostedBatches

COUNTING = 2  # prompts whose tokens are counted at once: other work needs threads, too

Computation = GenerateRequest | ScoreRequest | SalienceRequest | AblationRequest | EffectsRequest | FaithfulnessRequest
COMPUTATIONS: Mapping[str, type[Computation]] = {
    "generate": GenerateRequest,
    "score": ScoreRequest,
    "salience": SalienceRequest,
    "ablation": AblationRequest,
    "effects": EffectsRequest,
    "faithfulness": FaithfulnessRequest,
}
"""The requests that compute in a model's turn, by `kind`: each has a path and a method of `LanguageModel` of that name."""

Owner = Annotated[str, Depends(owner_of)]
"""The user that a request belongs to."""


def create_app(
    registry: Registry,
    scheduler: Scheduler,
    secret: str,
    started: Callable[[], Awaitable[None]],
    datasets: Datasets | None = None,
    known: Callable[[Any], None] | None = None,
    leftover: Notify = lambda _: None,
    sharing: Sharing | None = None,
    who: Who | None = None,
    together: Together | None = None,
) -> FastAPI:
    """Return the application.

    Args:
        registry: The models.
        scheduler: Runs their computations.
        secret: Every request must carry it, as `Authorization: Bearer <secret>`; on a hub, a user's token instead.
        started: Runs in the background from the start on; imports the libraries.
        datasets: LIT's datasets; None: the sample prompts alone.
        known: Called with the address of each client that has the secret.
        leftover: Called with the models of a new process when one would free memory, and with None when it no longer would.
        sharing: How many users share the service; None: it belongs to one Jupyter server.
        who: Tells whose a request is; None: as `sharing` says.
        together: Computes rows of batches on several replicas; None: this process does.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        starting = asyncio.ensure_future(started())
        tidying = asyncio.ensure_future(manager.tidy())
        watching = asyncio.ensure_future(manager.returning.watch(leftover, lambda: lit.is_open))
        if hosted is not None:
            hosted.start()
        yield
        if hosted is not None:
            await hosted.close()  # before computations are ended: its rows would fail
        starting.cancel()
        tidying.cancel()
        watching.cancel()
        scheduler.end_all()
        await asking.close()

    asking = who or _who(secret, sharing)
    hosted = _batches(registry, scheduler, sharing, together)
    app = FastAPI(
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(_understood)],
    )
    # The one that is added last sees a request first.
    if sharing is None:
        app.add_middleware(AdmissionMiddleware, who=asking, known=known)
    else:
        app.add_middleware(
            OwnerLimits,
            computing=[f"/{kind}" for kind in COMPUTATIONS],
            max_computations=sharing.max_computations,
            max_requests=sharing.max_requests,
        )
        apart = [] if hosted is None else [NEW_BATCH]  # elsewhere nothing limits what it sends
        app.add_middleware(BodyLimits, max_bytes=sharing.max_body_bytes, seconds=sharing.body_seconds, others=apart)
        app.add_middleware(
            AdmissionMiddleware,
            who=asking,
            known=known,
            hosts=sharing.hosts,
            metrics=_metrics(secret, sharing),
            is_ready_open=True,
            prefix=sharing.prefix,
        )
        _measure(app, registry, scheduler)
    scheduler.is_shared = sharing is not None
    administered = [Depends(of_administrator)] if sharing is not None else []
    manager = ModelManager(registry)
    datasets = datasets or Datasets()
    lit = LitHost(registry, scheduler, datasets.lit)
    counting = asyncio.Semaphore(COUNTING)

    @app.exception_handler(Problem)
    async def failed(_: Request, error: Problem) -> Response:
        return answer(error)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        what = f"{request.method} {request.url.path}"
        return answer(Problem(error.status_code, "no_such_route", f"The model service has no {what}."))

    @app.exception_handler(Exception)
    async def crashed(_: Request, error: Exception) -> Response:
        # uvicorn logs it, too, with the traceback.
        return answer(unexpected(error))

    @app.get("/health")
    async def health() -> Response:
        models = [entry.info() for entry in registry.entries.values()]
        if sharing is not None:
            models = [presented(model) for model in models]
        state = "failed" if registry.error else "ready" if registry.imported else "starting"
        loading = next((model.detail for model in models if model.state == "loading"), "")
        detail = registry.error.message if registry.error else registry.detail or loading
        return _json(
            ServiceHealth(
                state=state,
                detail=detail,
                version=version(),
                arithmetic=registry.arithmetic,
                models=models,
                protocol=SPOKEN,
                shared=sharing is not None,
                batches=hosted is not None,
            )
        )

    @app.get("/models")
    async def models() -> Response:
        answered = await manager.models()
        if sharing is not None:
            shown = [presented(model) for model in answered.models]
            answered = ModelsResponse(models=shown, memory=answered.memory)
        return _json(answered)

    @app.post("/models/change", dependencies=administered)
    async def change_model(body: Annotated[ModelChanging, Depends(body_of(ModelChanging))]) -> Response:
        return _json(await manager.change(body))

    @app.post("/kaggle", dependencies=administered)
    async def kaggle(body: Annotated[KaggleOrder, Depends(body_of(KaggleOrder))]) -> Response:
        registry.kaggle = body.login
        return _json(await manager.models())

    @app.post("/tokens")
    async def tokens(body: Annotated[TokensRequest, Depends(body_of(TokensRequest))]) -> Response:
        try:
            async for _ in registry.loaded(body.model):
                pass
        except Problem as problem:
            if sharing is not None:
                raise hidden(problem, body.model) from None
            raise
        model = registry.get(body.model).model
        assert model is not None  # noqa: S101 - loaded() has loaded it
        registry.get(body.model).used = time.monotonic()

        def tokenize() -> TokensResponse:
            tokenizer = model.tokenizer
            if body.turns is not None:
                prompt = tokenizer.tokenize_turns(body.turns, body.chat)
            else:
                prompt = tokenizer.tokenize_prompt(body.prompt or "", body.chat)
            return TokensResponse(
                model=body.model,
                prompt=prompt.tokens,
                answer=tokenizer.answer(body.answer),
                turn_spans=list(prompt.turn_spans),
                window=model.window,
            )

        # In a thread: a long text takes a while, and /health must answer meanwhile.
        return _json(await asyncio.to_thread(tokenize))

    @app.post("/tokens/count")
    async def count_tokens(
        request: Request, body: Annotated[TokenCountRequest, Depends(body_of(TokenCountRequest))]
    ) -> Response:
        # Runs while a user types: it takes no turn, and neither loads a model nor counts as a use of it.
        async with counting:
            if await request.is_disconnected():
                return Response(status_code=499)  # the user has continued to type, so the answer isn't needed
            model = registry.get(body.model).model
            if model is None:
                raise _not_loaded(body.model)
            tokens, use = await asyncio.to_thread(_counted, model.tokenizer, body)
        return _json(TokenCount(model=body.model, tokens=tokens, chat=use, window=model.window))

    for kind, request_type in COMPUTATIONS.items():
        app.add_api_route(f"/{kind}", _computation(registry, scheduler, request_type), methods=["POST"])

    @app.post("/estimate")
    async def estimate(body: Annotated[EstimateRequest, Depends(body_of(EstimateRequest))]) -> Response:
        # Takes no turn, since a job may be running, and loads no model.
        model = registry.get(body.request.model).model
        if model is None:
            await registry.libraries()  # the estimated methods import them
            return _json(Estimate(passes=await asyncio.to_thread(_passes, body.request), seconds=None))
        return _json(await asyncio.to_thread(model.estimate, body.request))

    @app.get("/datasets/{name:path}/rows")  # a name may have any characters
    async def rows(name: str, offset: int = Query(0, ge=0), limit: int = Query(200, ge=1, le=1000)) -> Response:
        if name in datasets.names and name != SAMPLE_PROMPTS:
            await registry.libraries()  # a dataset's class imports LIT
        return _json(await asyncio.to_thread(datasets.rows, name, offset, limit))

    @app.post("/lit_app", dependencies=administered)
    async def lit_app(body: Annotated[LitAppRequest, Depends(body_of(LitAppRequest))]) -> Response:
        registry.get(body.model)
        return _stream(lit.open(body))

    @app.post("/lit/call", dependencies=administered)
    async def lit_call(body: Annotated[LitCall, Depends(body_of(LitCall))], owner: Owner) -> Response:
        return _stream(lit.call(body, owner))

    @app.get("/lit/files/{name}", dependencies=administered)
    async def lit_file(name: str) -> Response:
        return Response(await asyncio.to_thread(read_file, name), media_type="application/octet-stream")

    app.state.batches = None if hosted is None else hosted.batches
    app.include_router(batch_routes())
    return app


def _batches(
    registry: Registry, scheduler: Scheduler, sharing: Sharing | None, together: Together | None
) -> HostedBatches | None:
    """Return the service's batches; None: it stores none."""
    if sharing is None or sharing.batches is None:
        return None
    from .batches.hosting import HostedBatches  # which reads files of rows

    return HostedBatches(sharing.batches, registry, scheduler, together)


def _understood(request: Request) -> None:
    """Refuse a sender that speaks other versions of the protocol. Raises `Problem`."""
    given = request.headers.get(PROTOCOL_HEADER)
    theirs = None if given is None else parse_range(given)
    if given is not None and (theirs is None or SPOKEN.common(theirs) is None):
        raise Problem(
            409,
            "service_version",
            f"The model service has LIT Lab {version()} (protocol {SPOKEN}), which this Jupyter server doesn't understand.",
            "Use versions of lit_lab that speak a common one; then restart the Jupyter server.",
        )


def _who(secret: str, sharing: Sharing | None) -> Who:
    if sharing is None or sharing.hub is None:
        return SharedSecret(secret)
    from .hub_tokens import HubTokens  # which imports a client

    return HubTokens(sharing.hub)


def _measure(app: FastAPI, registry: Registry, scheduler: Scheduler) -> None:
    """Add the routes of what a shared service measures of itself, and measure."""
    from .metrics import CONTENT_TYPE, Metering, Metrics

    metrics, ready = Metrics(registry), Ready(registry)
    scheduler.observer = metrics
    app.add_middleware(Metering, metrics=metrics)

    @app.get(METRICS)
    async def measured() -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    @app.get(READY)
    async def is_ready() -> Response:
        return ready.response()


def _metrics(secret: str, sharing: Sharing) -> Callable[[bytes], bool]:
    """Return who may read the metrics: they show how much all users compute."""
    if sharing.metrics_token is not None:
        return bearer(sharing.metrics_token)
    return bearer(secret) if sharing.hub is None else nobody


def _counted(tokenizer: SequenceTokenizer, body: TokenCountRequest) -> tuple[int, ChatUse]:
    """Return how many tokens a prompt or a conversation has, and how the chat format is applied. Raises `Problem`."""
    if body.turns is None:
        return tokenizer.count(body.prompt or "", body.chat, body.thinking)
    found = tokenizer.tokenize_turns(body.turns, body.chat, body.thinking)
    return len(found.tokens), found.use


def _computation(
    registry: Registry, scheduler: Scheduler, request_type: type[Computation]
) -> Callable[..., Awaitable[Response]]:
    """Return the handler of one type of computations."""
    validated = Depends(body_of(request_type))

    async def compute(owner: Owner, body: Computation = validated) -> Response:
        registry.get(body.model)  # an unknown one is refused before the stream begins
        scheduler.check_room(body.model, owner)
        return _stream(
            scheduler.stream(
                body.model, lambda model, cancellation: getattr(model, body.kind)(body, cancellation), owner
            )
        )

    return compute


def _passes(request: SalienceRequest | AblationRequest | EffectsRequest | FaithfulnessRequest) -> int:
    from .estimates import passes  # not needed to start

    return passes(request)


def _not_loaded(name: str) -> Problem:
    return Problem(
        409,
        "model_not_loaded",
        f"{name} isn't loaded, so its tokens can't be counted.",
        "Run the prompt, or load the model.",
    )


def _json(message: BaseModel, status: int = 200) -> Response:
    return Response(message.model_dump_json(), status, media_type="application/json")


def _stream(lines: AsyncIterator[bytes]) -> Response:
    return StreamingResponse(lines, media_type="application/x-ndjson", headers={"Cache-Control": "no-store"})
