"""What the server extension does, without HTTP handlers: made on the first request, as it imports pydantic and httpx."""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from lit_lab import protocol
from lit_lab.datasets.configured import Entry
from lit_lab.datasets.open_datasets import OpenDatasets
from lit_lab.history import History
from lit_lab.jobs import Jobs
from lit_lab.models.added import Added
from lit_lab.models.changing import Models
from lit_lab.models.kaggle import Kaggle
from lit_lab.problem import Problem
from lit_lab.run_recorder import RunRecorder
from lit_lab.service_client import ServiceClient
from lit_lab.setup.job import Setup
from lit_lab.supervision.endpoint import Service
from lit_lab.version import version

_LIT_EVENT: TypeAdapter[protocol.LitEvent] = TypeAdapter(protocol.LitEvent)


@dataclass(frozen=True)
class Options:
    """What the configuration says about requests.

    `models` are the configured ones as `name:path`, the default first; None when the service is elsewhere, which then
    knows them. `datasets` are those by name; `dataset_bytes` is the most to read of one, 0 for no limit. `heartbeat` is
    in seconds. `max_waiting` is how many computations may wait for one model, half of them one user's. `scanners` and
    `model_folders` are where models on this machine are looked for.
    """

    models: tuple[str, ...] | None
    default_model: str
    max_prompt_chars: int
    max_new_tokens: int
    datasets: Mapping[str, Entry] = field(default_factory=dict)
    dataset_bytes: int = 0
    heartbeat: float = 5.0
    max_waiting: int = 512
    scanners: tuple[str, ...] = ()
    model_folders: tuple[str, ...] = ()


class Core:
    """Puts the model service, jobs and limits together.

    Args:
        options: The configuration of requests.
        service: The model service.
        history: Where runs are kept.
        added: All models; None when the service is elsewhere.
        kaggle: Credentials from the panel.
        set_up: For what Keras backend the panel may make the service's environment; None: it may not.
    """

    def __init__(
        self,
        options: Options,
        service: Service,
        history: History,
        added: Added | None,
        kaggle: Kaggle,
        set_up: protocol.Backend | None = None,
    ) -> None:
        # Once it is there, what could not start can.
        self.setup = Setup(set_up, service.start) if set_up else None
        self.kaggle = kaggle
        self.options = options
        self.service = service
        self.client = ServiceClient(service, elsewhere=options.models is None)
        self._models = Models(service, self.client, added, options.scanners, options.model_folders)
        self.history = history
        self.recorder = RunRecorder(history)
        self.jobs = Jobs(service, self.client, self.recorder, max(1, options.max_waiting // 2))
        self.datasets = OpenDatasets(options.datasets, service, self.client, options.dataset_bytes)

    async def close(self) -> None:
        """Stop jobs and service, with the server."""
        self._models.close()
        if self.setup is not None:
            await self.setup.close()
        await self.jobs.close()
        await self.datasets.close_all()
        await self.recorder.close()
        await self.history.close()
        await self.client.close()
        await self.service.close()

    async def status(self) -> protocol.Status:
        """Return the state of everything; never starts the service."""
        service = await self.service.status()
        return protocol.Status(
            version=version(),
            service=service,
            setup=self.setup.status(service.error) if self.setup else None,
            default_model=self.options.default_model,
            limits=protocol.Limits(
                max_prompt_chars=self.options.max_prompt_chars,
                max_new_tokens=self.options.max_new_tokens,
            ),
            history=self.recorder.status(),
        )

    async def set_up(self) -> protocol.SetupStatus:
        """Begin to make the service's environment, or go on. Raises `Problem`."""
        setup = self._own_setup()
        setup.start()
        return setup.status((await self.service.status()).error)

    async def stop_setup(self) -> protocol.SetupStatus:
        """Stop making it. Raises `Problem`."""
        setup = self._own_setup()
        setup.stop()
        return setup.status((await self.service.status()).error)

    def _own_setup(self) -> Setup:
        if self.setup is None:
            raise Problem(
                409,
                "setup_not_ours",
                "The model service's Python is named in c.LitLab.service_python, or it runs elsewhere.",
                "Take that out of jupyter_server_config.py and restart the Jupyter server; then it can be set up here.",
            )
        return self.setup

    def log_lines(self) -> list[str]:
        """Return the last lines of the service, and of the making of its environment."""
        return [*self.service.log_lines(), *(self.setup.lines if self.setup else ())]

    async def models(self) -> protocol.ModelsResponse:
        """Return the models: as the service knows them when it is ready, else as they are configured. Raises `Problem`."""
        return await self._models.all()

    async def change_model(self, request: protocol.ModelChanging, contents: Any) -> protocol.ModelsResponse:
        """Change the models, or begin to. Raises `Problem`, as `Models.change`."""
        return await self._models.change(request, contents)

    async def catch_up(self) -> None:
        """Have a running service know models that another server of this user has added."""
        await self._models.catch_up()

    async def log_in(self, request: protocol.KaggleLoggingIn, owner: str, shared: bool) -> protocol.KaggleStatus:
        """Use credentials for Kaggle from now on, as `Kaggle.log_in`. Raises `Problem`."""
        self._models.own()
        self.kaggle.check_own(owner)
        try:
            self.kaggle.log_in(request, owner, shared)
        finally:
            await self._tell_kaggle()
        return self.kaggle.status(owner, shared)

    async def log_out(self, owner: str, shared: bool) -> protocol.KaggleStatus:
        """Forget the panel's credentials for Kaggle. Raises `Problem`."""
        self._models.own()
        self.kaggle.log_out(owner)
        await self._tell_kaggle()
        return self.kaggle.status(owner, shared)

    async def _tell_kaggle(self) -> None:
        # One that starts later reads them from its standard input.
        if (await self.service.status()).state in ("starting", "ready"):
            with contextlib.suppress(Problem):  # its state tells what is wrong with it
                endpoint = await self.service.awaited()
                order = protocol.KaggleOrder(login=self.kaggle.login)
                await self.client.request(endpoint, "POST", "/kaggle", protocol.ModelsResponse, order)

    async def tokens(self, request: protocol.TokensRequest) -> protocol.TokensResponse:
        """Return tokens; starts the service and waits for it."""
        self._models.check(request.model)
        self.check_length("prompt", request.prompt)
        self.check_length("answer", request.answer)
        with self.service.use():
            endpoint = await self.service.ready()
            await self.catch_up()
            return await self.client.request(endpoint, "POST", "/tokens", protocol.TokensResponse, request, loads=True)

    async def count_tokens(self, request: protocol.TokenCountRequest) -> protocol.TokenCount:
        """Return how many tokens a prompt would be for a loaded model; starts and loads nothing. Raises `Problem`."""
        self._models.check(request.model)
        self.check_length("prompt", request.prompt)
        endpoint = await self.service.awaited()
        return await self.client.request(endpoint, "POST", "/tokens/count", protocol.TokenCount, request)

    async def estimate(self, request: protocol.EstimateRequest) -> protocol.Estimate:
        """Return what a job would cost, as a running service reckons; does not start it."""
        self.check_job(request.request)
        endpoint = await self.service.awaited()
        return await self.client.request(endpoint, "POST", "/estimate", protocol.Estimate, request)

    async def lit_file(self, name: str) -> bytes:
        """Return one of LIT's files from a running service. Raises `Problem`."""
        if name not in get_args(protocol.LitFile):
            raise Problem(404, "no_such_file", "LIT's page has no such file.")
        endpoint = await self.service.awaited()
        return await self.client.file(endpoint, f"/lit/files/{name}")

    async def lit_call(self, request: protocol.LitCall, owner: str = "") -> AsyncGenerator[bytes, None]:
        """Yield the lines of LIT's answer, each a `LitEvent`. Closing this ends LIT's work. Raises `Problem`."""
        for example in request.inputs:
            if isinstance(example, protocol.LitExample):
                for what in ("prompt", "target"):
                    self.check_length(what, str(example.data.get(what, "")))
        with self.service.use():
            endpoint = await self.service.awaited()
            async with contextlib.aclosing(self.client.lines(endpoint, "/lit/call", request, owner)) as lines:
                async for line in lines:
                    try:
                        event = _LIT_EVENT.validate_json(line)
                    except ValidationError as error:
                        raise Problem(
                            502,
                            "service_answer",
                            "The model service sent something that is not understood.",
                            "Check that service and Jupyter server have the same version of lit_lab.",
                        ) from error
                    yield line
                    if not isinstance(event, protocol.HeartbeatEvent):
                        return
            raise await self.service.why_gone(endpoint)

    def check_job(self, request: protocol.JobRequest) -> None:
        """Refuse what needs no model to be refused. Raises `Problem`."""
        self._models.check(request.model)
        if isinstance(request, protocol.ScoreRequest):
            self.check_length("prompt", request.prompt)
            self.check_length("target", request.target)
        if isinstance(request, protocol.GenerateRequest):
            self.check_length("prompt", request.prompt)
        if (
            isinstance(request, protocol.GenerateRequest | protocol.LitAppRequest)
            and request.max_new_tokens > self.options.max_new_tokens
        ):
            raise Problem(
                422,
                "too_many_new_tokens",
                f"{request.max_new_tokens:,} new tokens are asked for; the limit is {self.options.max_new_tokens:,}.",
                "Ask for a shorter answer, or raise c.LitLab.max_new_tokens.",
            )

    def check_length(self, what: str, text: str) -> None:
        """Refuse a text that is longer than the configuration allows. Raises `Problem`."""
        limit = self.options.max_prompt_chars
        if len(text) > limit:
            raise Problem(
                422,
                f"{what}_too_long",
                f"The {what} has {len(text):,} characters; the limit is {limit:,}.",
                "Shorten it, or raise c.LitLab.max_prompt_chars.",
            )


def unicode_names(names: list[str]) -> dict[str, str]:
    r"""Return the characters of the names that `\N{…}` knows: names and aliases, whatever their case.

    `unicodedata.lookup` also knows named sequences, which Python's literals refuse.
    """
    found = {}
    for name in names:
        try:
            character = unicodedata.lookup(name)
        except KeyError:
            continue
        if len(character) == 1:
            found[name] = character
    return found
