"""A replica's application: that of the model service, once its models are loaded. It imports no Ray."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from fastapi import FastAPI

from lit_lab import discreet
from lit_lab.problem import Problem
from lit_lab.service import libraries, log_limit, process_priority
from lit_lab.service.__main__ import EXIT_FAILED, import_libraries, leave_no_core
from lit_lab.service.app import create_app
from lit_lab.service.datasets import Datasets
from lit_lab.service.loading import Loading
from lit_lab.service.memory import Watchdog
from lit_lab.service.registry import Registry, parse
from lit_lab.service.scheduler import Scheduler

from .named_hosts import NamedHosts
from .settings import ReplicaSettings, read_secret

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Replica:
    """A replica that is ready.

    Attributes:
        app: Its application.
        registry: Its models.
    """

    app: FastAPI
    registry: Registry

    def check(self) -> None:
        """Raise `Problem` if this replica can't compute any more."""
        if self.registry.error is not None:
            raise self.registry.error


async def started(settings: ReplicaSettings) -> Replica:
    """Import the libraries, load all models, and return the replica: who asks it never waits for its start.

    Raises:
        Problem: The libraries or a model can't be used. All models are the administrator's, so a replica without one of them is
            wrong, and must not take the place of another in an update.
    """
    secret = read_secret(settings.secret_file)
    leave_no_core()
    libraries.check_interpreter(settings.backend)
    _log_discreetly()
    threads = process_priority.threads(settings.threads)
    found = dict(os.environ)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # Ray sets it to the number of CPUs that the replica asks for
    libraries.set_environment(threads, settings.backend)

    def importing(say: Callable[[str], None]) -> None:
        registry.arithmetic = import_libraries(threads, settings.backend, say, found)

    registry = Registry(
        parse(settings.models),
        settings.max_length,
        importing,
        Loading(
            settings.backend,
            settings.precision,
            settings.memory_limit,
            Path(settings.cache) if settings.cache else None,
        ),
    )
    scheduler = Scheduler(registry, settings.max_waiting)
    await registry.start(lambda detail: log.info("%s", detail))
    for name in registry.entries:
        async for message in registry.ready(name):
            log.info("%s", message)
    if settings.memory_limit is not None:
        Watchdog(settings.memory_limit, scheduler.end_all, _end).start()
    app = create_app(registry, scheduler, secret, _nothing, Datasets(settings.datasets))
    if settings.hosts:
        app.add_middleware(NamedHosts, hosts=settings.hosts)
    return Replica(app, registry)


async def _nothing() -> None:
    """Begin nothing: all is loaded before the application is there."""


def _log_discreetly() -> None:
    discreet.install()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(log_limit.LogLimit())
    ours = logging.getLogger("lit_lab")
    ours.setLevel(logging.INFO)
    ours.addHandler(handler)
    ours.propagate = False


def _end(error: Problem) -> NoReturn:
    """End this process at once; Serve starts another in its place."""
    log.error("%s %s", error.message, error.hint)
    os._exit(EXIT_FAILED)
