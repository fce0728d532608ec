"""The model service that a JupyterHub manages, and the user's token for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from lit_lab.problem import Problem
from lit_lab.supervision.endpoint import Endpoint
from lit_lab.supervision.remote import RemoteService

OPTION = "c.LitLab.hub_service"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TOKEN = re.compile(r"[\x21-\x7e]{8,2048}")  # what a header may have; an error about another one could repeat it
_TO_ADMINISTRATOR = "Ask the hub's administrator."


def is_on_hub(environment: Mapping[str, str]) -> bool:
    """Return whether a JupyterHub has started this process."""
    return bool(environment.get("JUPYTERHUB_API_TOKEN") and environment.get("JUPYTERHUB_API_URL"))


def endpoint(service: str, environment: Mapping[str, str]) -> Endpoint:
    """Return the address of one of the hub's services, with this user's token as its secret.

    The address comes from the hub's own variables alone: the token may go nowhere else.

    Args:
        service: The service's name on the hub.
        environment: The process's environment.

    Raises:
        Problem: The hub doesn't say where its services are.
    """
    if not _NAME.fullmatch(service):
        raise Problem(
            503, "bad_configuration", f"{OPTION} isn't the name of one of the hub's services.", _TO_ADMINISTRATOR
        )
    token = environment.get("JUPYTERHUB_API_TOKEN", "")
    if not _TOKEN.fullmatch(token):
        raise Problem(503, "hub_token", "The hub gave this server no token that can be sent.", _TO_ADMINISTRATOR)
    url = environment.get("JUPYTERHUB_PUBLIC_HUB_URL", "").rstrip("/")
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_valid = False
    if not is_valid or "@" in url or parts.query or parts.fragment or not parts.path.endswith("/hub"):
        raise Problem(
            503,
            "hub_address",
            "The hub doesn't say at which address its services are.",
            "The hub's administrator sets c.JupyterHub.public_url; then restart your server on the hub.",
        )
    return Endpoint(f"{url.removesuffix('/hub')}/services/{service}", token, named=OPTION)


class HubService(RemoteService):
    """A model service that this server's hub manages (a `lit_lab.supervision.endpoint.Service`).

    Args:
        service: The service's name on the hub.
        environment: The process's environment, with the hub's variables.
    """

    def __init__(self, service: str, environment: Mapping[str, str]) -> None:
        fault: Problem | None = None
        try:
            found = endpoint(service, environment)
        except Problem as problem:
            # Without another address in its place: neither `service_url` nor a service of this server's own.
            fault = problem
            found = Endpoint("http://invalid", "", named=OPTION)
        super().__init__(found, fault)
