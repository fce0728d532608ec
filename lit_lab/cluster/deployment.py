"""The deployment on Ray Serve. A file of Serve names `lit_lab.cluster.deployment:build`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncGenerator
from typing import Any

from ray import serve
from ray.serve import Application
from ray.serve.config import RequestRouterConfig

from lit_lab.batches.runner import Together
from lit_lab.problem import Problem

from .options import DEPLOYMENT, OPTIONS, ROUTER
from .settings import ReplicaSettings
from .token_auth import check_cluster


@serve.ingress()
class ModelService:
    """A replica of the model service.

    Args:
        settings: Its settings, as plain values.
    """

    async def __init__(self, settings: dict[str, Any]) -> None:  # type: ignore[misc] # Serve awaits it
        try:
            check_cluster(os.environ)
            from .application import started  # imports the service, which only replicas have

            found = ReplicaSettings.model_validate(settings)
            self._replica = await started(found, None if found.batches is None else _on_replicas())
        except Problem as problem:
            # Serve shows an exception's text where it tells why a deployment failed.
            raise RuntimeError(f"{problem.message} {problem.hint}".strip()) from None

    def __serve_build_asgi_app__(self) -> Any:
        """Return the application, for Ray."""
        return self._replica.app

    async def batch_job(self, kind: str, body: str, owner: str) -> AsyncGenerator[bytes, None]:
        """Yield the lines of a computation for a batch (`lit_lab.cluster.replica_jobs`): only who may use Ray gets here."""
        async with contextlib.aclosing(self._replica.batch_lines(kind, body, owner)) as lines:
            async for line in lines:
                yield line

    async def check_health(self) -> None:
        """Raise if this replica must be replaced. Serve also replaces one that doesn't answer this in time."""
        self._replica.check()


def _on_replicas() -> Together:
    from .rows_on_replicas import RowsOnReplicas

    context = serve.get_replica_context()

    def replicas() -> int:
        application = serve.status().applications.get(context.app_name)
        deployment = None if application is None else application.deployments.get(context.deployment)
        return 1 if deployment is None else deployment.replica_states.get("RUNNING", 1)

    return RowsOnReplicas(context.app_name, context.deployment, replicas)


def build(settings: ReplicaSettings) -> Application:
    """Return the application for Serve.

    Args:
        settings: The settings of each replica: the application's `args` in a file of Serve.
    """
    return bound(settings)


def bound(settings: ReplicaSettings, **options: Any) -> Application:
    """Return the application with options of the deployment other than the usual ones."""
    router = RequestRouterConfig(**ROUTER)
    deployment = serve.deployment(ModelService, name=DEPLOYMENT, request_router_config=router, **{**OPTIONS, **options})
    return deployment.bind(settings.model_dump(mode="json"))
