"""What a JupyterHub tells a service that it starts, in the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from lit_lab.protocol import HubAccess


@dataclass(frozen=True)
class Managed:
    """A service that a hub has started.

    Attributes:
        hub: The hub, and the service's name there.
        prefix: The path that the hub's proxy passes on.
        port: Where the hub's proxy expects the service; 0: the hub doesn't say.
        hosts: The hub's public host name; empty: the hub doesn't say.
    """

    hub: HubAccess
    prefix: str
    port: int
    hosts: list[str]


def managed(environment: Mapping[str, str]) -> Managed | None:
    """Return what a hub says, or None if none has started this process as a service.

    The service's own token, `JUPYTERHUB_API_TOKEN`, isn't needed: users' tokens say who they are.

    Args:
        environment: The process's environment.
    """
    name, api = environment.get("JUPYTERHUB_SERVICE_NAME"), environment.get("JUPYTERHUB_API_URL")
    # A user's server has a hub's variables, too, and so has what the user starts there; but not the name of a service.
    if not name or not api:
        return None
    here = urlsplit(environment.get("JUPYTERHUB_SERVICE_URL", ""))
    public = urlsplit(environment.get("JUPYTERHUB_PUBLIC_HUB_URL", ""))
    return Managed(
        HubAccess(api_url=api, service=name),
        environment.get("JUPYTERHUB_SERVICE_PREFIX", "").rstrip("/") or f"/services/{name}",
        here.port or 0,
        [host_name(public.hostname)] if public.hostname else [],
    )


def host_name(host: str) -> str:
    """Return a host name as a request's header has it, without the port."""
    host = host.lower()
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
