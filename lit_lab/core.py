"""Composes what the handlers use. Imported on the first request, because it imports pydantic and httpx."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lit_lab import protocol
from lit_lab.client.async_client import AsyncClient
from lit_lab.client.in_process import InProcessConnection
from lit_lab.datasets.configured import Entry
from lit_lab.datasets.open_datasets import OpenDatasets
from lit_lab.history import History
from lit_lab.jobs import Jobs
from lit_lab.lit_app import LitApp
from lit_lab.models.added import Added
from lit_lab.models.changing import Models
from lit_lab.models.kaggle import Kaggle
from lit_lab.models.kaggle_access import KaggleAccess
from lit_lab.owners import ANYONE
from lit_lab.queries import Queries
from lit_lab.request_limits import RequestLimits
from lit_lab.run_recorder import RunRecorder
from lit_lab.server_batches import AllBatches, BatchesElsewhere, ServerBatches, owners_here
from lit_lab.service_client import ServiceClient
from lit_lab.setup.job import Setup
from lit_lab.supervision.endpoint import Service
from lit_lab.supervision.hub import HubService
from lit_lab.version import version


@dataclass(frozen=True)
class Options:
    """What the configuration says about requests.

    Attributes:
        default_model: The name of the model that the panel chooses first.
        max_prompt_chars: Maximum number of characters of a prompt.
        max_new_tokens: Maximum number of tokens of an answer.
        datasets: The configured datasets by name.
        dataset_bytes: Maximum bytes to read of a dataset; 0: no limit.
        heartbeat: Seconds without an event after which a job's reader gets a heartbeat.
        max_waiting: Maximum number of computations that wait for one model; one user may have half of them.
        scanners: Programs whose models on this machine are offered.
        model_folders: Folders whose models are offered.
        batches: The folder of batches that the dataset browser runs.
    """

    default_model: str
    max_prompt_chars: int
    max_new_tokens: int
    datasets: Mapping[str, Entry] = field(default_factory=dict)
    dataset_bytes: int = 0
    heartbeat: float = 5.0
    max_waiting: int = 512
    scanners: tuple[str, ...] = ()
    model_folders: tuple[str, ...] = ()
    batches: Path = Path("lit_lab", "batches")


class Core:
    """The parts of the server extension, and how they depend on each other.

    Args:
        options: The configuration of requests.
        service: The model service.
        history: The database of runs.
        added: All models; None if the service runs elsewhere.
        kaggle: Credentials from the panel.
        backend: Keras's backend, if the panel may set up the service's environment; None: it may not.
    """

    def __init__(
        self,
        options: Options,
        service: Service,
        history: History,
        added: Added | None,
        kaggle: Kaggle,
        backend: protocol.Backend | None = None,
    ) -> None:
        self.options = options
        self.service = service
        # Once the environment is built, a service that couldn't start can.
        self.setup = Setup(backend, service.start) if backend else None
        self.client = ServiceClient(service, elsewhere=added is None)
        self.models = Models(service, self.client, added, options.scanners, options.model_folders)
        self.kaggle = KaggleAccess(kaggle, self.models, service, self.client)
        self.limits = RequestLimits(self.models, options.max_prompt_chars, options.max_new_tokens)
        self.queries = Queries(service, self.client, self.models, self.limits)
        self.lit_app = LitApp(service, self.client, self.limits)
        self.history = history
        self.recorder = RunRecorder(history)
        self.jobs = Jobs(service, self.client, self.recorder, max(1, options.max_waiting // 2))
        self.datasets = OpenDatasets(options.datasets, service, self.client, options.dataset_bytes)
        own = ServerBatches(options.batches, self._batch_client, self.limits.check_job)
        elsewhere = (
            BatchesElsewhere(service, self.client, self.limits.check_job) if isinstance(service, HubService) else None
        )
        self.batches = AllBatches(own, elsewhere, owners_here(os.environ, ANYONE))

    async def close(self) -> None:
        """Stop jobs and service, with the server."""
        # First: its jobs are stopped, rather than failed.
        await self.batches.close()
        self.models.close()
        if self.setup is not None:
            await self.setup.close()
        await self.jobs.close()
        await self.datasets.close_all()
        await self.recorder.close()
        await self.history.close()
        await self.client.close()
        await self.service.close()

    def _batch_client(self, owner: str) -> AsyncClient:
        # An owner of their own: at the model, batches and what the user does in the panel take turns.
        return AsyncClient(InProcessConnection(self, f"batches of {owner}", owner))

    async def start_job(
        self, owner: str, request: protocol.JobRequest, history_owner: str, size: int = 0
    ) -> protocol.JobInfo:
        """Check a job's request, and start the job.

        Args:
            owner: The user who owns the job.
            request: The job's request.
            history_owner: The owner of the history that stores the run.
            size: Bytes of the request's text.

        Raises:
            Problem: The job is refused.
        """
        self.limits.check_job(request)
        await self.models.catch_up()
        return self.jobs.start(owner, request, history_owner, size).info()

    async def status(self) -> protocol.Status:
        """Return the state of all parts. Never starts the service."""
        service = await self.service.status()
        return protocol.Status(
            version=version(),
            service=service,
            setup=self.setup.status(service.error) if self.setup else None,
            default_model=self.options.default_model,
            limits=self.limits.status(),
            history=self.recorder.status(),
        )
