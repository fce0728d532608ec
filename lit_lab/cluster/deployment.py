"""The deployment on Ray Serve. A file of Serve names `lit_lab.cluster.deployment:build`."""

from __future__ import annotations

import os
from typing import Any

from ray import serve
from ray.serve import Application
from ray.serve.config import RequestRouterConfig

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

            self._replica = await started(ReplicaSettings.model_validate(settings))
        except Problem as problem:
            # Serve shows an exception's text where it tells why a deployment failed.
            raise RuntimeError(f"{problem.message} {problem.hint}".strip()) from None

    def __serve_build_asgi_app__(self) -> Any:
        """Return the application, for Ray."""
        return self._replica.app

    async def check_health(self) -> None:
        """Raise if this replica must be replaced. Serve also replaces one that doesn't answer this in time."""
        self._replica.check()


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
