"""A file of Ray Serve, which `serve deploy` or a `RayService` runs on a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from lit_lab.model_spec import ModelSpec

from .options import APPLICATION, DEPLOYMENT, IMPORT_PATH, autoscaling
from .settings import ReplicaSettings

_HEAD = """\
# Made by `lit-lab serve --write-config`; docs/cluster.md explains it. Run it with `serve deploy FILE`, or as a RayService's
# serveConfigV2. Each node needs lit-lab[service,cluster], the files that it names, and RAY_AUTH_MODE=token with Ray's token.
"""


@dataclass(frozen=True)
class ClusterOptions:
    """How the replicas run on a cluster.

    Attributes:
        replicas: How many there are, or the fewest.
        max_replicas: How many there may be; None: always as many.
        cpus: CPUs of each.
        gpus: GPUs of each; a fraction if they share one.
        memory: Bytes of each, which Ray counts when it places them.
        host: The address that the proxies listen on.
        port: Their port.
        prefix: The path that it answers below.
        apart: Whether each model is an application of its own, below its name.
    """

    replicas: int
    max_replicas: int | None = None
    cpus: float = 1.0
    gpus: float = 0.0
    memory: int | None = None
    host: str = "0.0.0.0"  # noqa: S104 - in a pod, behind a NetworkPolicy
    port: int = 8000
    prefix: str = "/"
    apart: bool = False


def serve_config(settings: ReplicaSettings, options: ClusterOptions) -> str:
    """Return the file's text."""
    if options.apart:
        names = [(ModelSpec.parse(model).name, model) for model in settings.models]
        applications = [
            _application(f"{APPLICATION}-{name}", f"/{name}", settings.model_copy(update={"models": [model]}), options)
            for name, model in names
        ]
    else:
        applications = [_application(APPLICATION, options.prefix, settings, options)]
    content = {
        "proxy_location": "EveryNode",
        "http_options": {"host": options.host, "port": options.port},
        "logging_config": {"encoding": "JSON", "enable_access_log": False},
        "applications": applications,
    }
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    return _HEAD + text


def _application(name: str, prefix: str, settings: ReplicaSettings, options: ClusterOptions) -> dict[str, Any]:
    resources: dict[str, Any] = {"num_cpus": options.cpus, "num_gpus": options.gpus}
    if options.memory is not None:
        resources["memory"] = options.memory
    deployment: dict[str, Any] = {"name": DEPLOYMENT, "ray_actor_options": resources}
    if options.max_replicas is None:
        deployment["num_replicas"] = options.replicas
    else:
        deployment["autoscaling_config"] = autoscaling(options.replicas, options.max_replicas)
    return {
        "name": name,
        "route_prefix": prefix,
        "import_path": IMPORT_PATH,
        "args": {"models": settings.models, **settings.without_defaults()},
        "deployments": [deployment],
    }
