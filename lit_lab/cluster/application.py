"""A replica's application: that of the model service, once its models are loaded. It imports no Ray."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import NoReturn

from fastapi import FastAPI

from lit_lab import discreet
from lit_lab.batches.runner import Together
from lit_lab.problem import Problem
from lit_lab.service import json_log, libraries, log_limit, process_priority
from lit_lab.service.__main__ import EXIT_FAILED, import_libraries, leave_no_core
from lit_lab.service.app import COMPUTATIONS, create_app
from lit_lab.service.batches.connection import last_lines
from lit_lab.service.building import build_registry
from lit_lab.service.datasets import Datasets
from lit_lab.service.memory import Watchdog
from lit_lab.service.readiness import Ready
from lit_lab.service.registry import Registry
from lit_lab.service.scheduler import Scheduler

from .settings import ReplicaSettings, read_secret

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Replica:
    """A replica that is ready.

    Attributes:
        app: Its application.
        registry: Its models.
        ready: Whether it can take requests, as its `/ready` says.
        scheduler: Runs its computations.
    """

    app: FastAPI
    registry: Registry
    ready: Ready
    scheduler: Scheduler

    async def batch_lines(self, kind: str, body: str, owner: str) -> AsyncGenerator[bytes, None]:
        """Yield the lines of a computation for a batch, before which all users' come.

        Args:
            kind: The request's kind.
            body: The request, as JSON.
            owner: The batches' owner.
        """
        if kind not in COMPUTATIONS:
            raise Problem(404, "no_such_route", f"The model service computes no {kind!r:.40}.")
        request = COMPUTATIONS[kind].model_validate_json(body)
        async with contextlib.aclosing(last_lines(self.registry, self.scheduler, request, owner)) as lines:
            async for line in lines:
                yield line

    def check(self) -> None:
        """Raise `Problem` if this replica can't compute any more."""
        if self.registry.error is not None:
            raise self.registry.error
        if (state := self.ready.state().state) != "ready":
            raise Problem(503, "not_ready", f"The replica isn't ready: {state}.")


async def started(settings: ReplicaSettings, together: Together | None = None) -> Replica:
    """Import the libraries, load all models, and return the replica: who asks it never waits for its start.

    Args:
        settings: Its settings.
        together: Computes rows of batches on all replicas; None: this one does.

    Raises:
        Problem: The libraries or a model can't be used. All models are the administrator's, so a replica without one of them is
            wrong, and must not take the place of another in an update.
    """
    # On a hub nothing has to know it: users' tokens take its place.
    secret = secrets.token_hex(32) if settings.secret_file is None else read_secret(settings.secret_file)
    metrics_token = None if settings.metrics_token_file is None else read_secret(settings.metrics_token_file)
    leave_no_core()
    libraries.check_interpreter(settings.backend)
    _log_discreetly(settings.log_format)
    threads = process_priority.threads(settings.threads)
    found = dict(os.environ)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # Ray sets it to the number of CPUs that the replica asks for
    libraries.set_environment(threads, settings.backend)

    registry = build_registry(settings, lambda say: import_libraries(threads, settings.backend, say, found))
    scheduler = Scheduler(registry, settings.max_waiting)
    await registry.start(lambda detail: log.info("%s", detail))
    for name in registry.entries:
        async for message in registry.ready(name):
            log.info("%s", message)
    if settings.memory_limit is not None:
        Watchdog(settings.memory_limit, scheduler.end_all, _end).start()
    sharing = settings.sharing(metrics_token)
    app = create_app(
        registry, scheduler, secret, _nothing, Datasets(settings.datasets), sharing=sharing, together=together
    )
    return Replica(app, registry, Ready(registry), scheduler)


async def _nothing() -> None:
    """Begin nothing: all is loaded before the application is there."""


def _log_discreetly(format: str) -> None:
    discreet.install()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(json_log.formatter(format))
    handler.addFilter(log_limit.LogLimit())
    ours = logging.getLogger("lit_lab")
    ours.setLevel(logging.INFO)
    ours.addHandler(handler)
    ours.propagate = False


def _end(error: Problem) -> NoReturn:
    """End this process at once; Serve starts another in its place."""
    log.error("%s %s", error.message, error.hint)
    os._exit(EXIT_FAILED)
