"""Where a program connects to.

In this order: what it names; `LIT_LAB_URL` and `LIT_LAB_TOKEN`; the user's own server on a hub, for a kernel of it; a running
Jupyter server of this user, first of all the one that this kernel belongs to; a model service of this process.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from lit_lab.client.address import Address, address_of
from lit_lab.client.connection import Connection
from lit_lab.client.http_connection import HttpConnection
from lit_lab.client.running_servers import running_servers
from lit_lab.problem import Problem

OWN = "own"
"""Stands in an address's place for a model service of this process."""

PROBE_TIMEOUT = 3.0  # seconds that one running server gets to answer
MAX_PROBED = 8

log = logging.getLogger(__name__)


async def find(server: str | None = None, token: str | None = None) -> Connection:
    """Return a connection.

    Args:
        server: A Jupyter server's address; `own`: a model service of this process; None: what the environment says.
        token: The server's token; None: the one in the address, or in `LIT_LAB_TOKEN`.

    Raises:
        Problem: What is named can't be used.
    """
    named = server if server is not None else os.environ.get("LIT_LAB_URL", "")
    if named == OWN:
        return _own()
    if named:
        # The environment's token is for the environment's server: an argument may name any other.
        given = token if token is not None else os.environ.get("LIT_LAB_TOKEN", "") if server is None else ""
        return await _named(address_of(named, given))
    if token is not None:
        raise Problem(400, "bad_server", "A token is given without a server.", "Name the server, too.")
    for address, is_own in _nearby(os.environ):
        connection = HttpConnection(address)
        try:
            await connection.check(PROBE_TIMEOUT)
        except Problem as problem:
            # Of the server that this kernel belongs to, the user expects that it is used.
            level = logging.WARNING if is_own and problem.code != "no_extension" else logging.DEBUG
            log.log(level, "LIT Lab: %s isn't used. %s", connection.where, problem)
            await connection.close()
        else:
            return connection
    return _own()


def _own() -> Connection:
    from lit_lab.client.own_connection import OwnConnection

    return OwnConnection.configured()


async def _named(address: Address) -> Connection:
    connection = HttpConnection(address)
    try:
        await connection.check()
    except BaseException:
        await connection.close()
        raise
    return connection


def _nearby(environment: Mapping[str, str]) -> Iterator[tuple[Address, bool]]:
    """Yield the addresses of servers that are this user's, the best first, and whether this kernel belongs to the server."""
    from jupyter_core.paths import jupyter_runtime_dir

    hub = hub_address(environment)
    if hub is not None:
        yield hub, True
    parent = environment.get("JPY_PARENT_PID", "")
    pid = int(parent) if parent.isascii() and parent.isdecimal() and len(parent) < 12 else None
    yield from running_servers(Path(jupyter_runtime_dir()), pid)[:MAX_PROBED]


def hub_address(environment: Mapping[str, str]) -> Address | None:
    """Return the address of the user's server on a JupyterHub, for a kernel of that server; None: there is none.

    The hub's token goes only to the address that the hub declares for this server, and only where that is on this machine:
    a kernel elsewhere would send it to somebody else's port.
    """
    url, prefix, token = (
        environment.get(name, "")
        for name in ("JUPYTERHUB_SERVICE_URL", "JUPYTERHUB_SERVICE_PREFIX", "JUPYTERHUB_API_TOKEN")
    )
    if not (url and prefix and token):
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    # A server that listens on all addresses also answers at this machine's own.
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not listened on
    if parts.scheme != "http" or port is None or parts.path.rstrip("/") != prefix.rstrip("/"):
        return None
    try:
        address = address_of(f"http://{host}:{port}{prefix}", token)
    except Problem:
        return None
    return address if address.is_loopback else None
