"""The address that the service listens on: this machine's own, which other machines can't reach."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from lit_lab.problem import Problem

ADDRESSES = ("127.0.0.1", "::1")
"""A machine's own addresses in IPv4 and IPv6. Containers may lack either."""

REACH_SECONDS = 3.0

BACKLOG = 128
"""Maximum number of connections that wait to be accepted."""

_TAKEN = (errno.EADDRINUSE, errno.EACCES)  # the port, not the address, is what is wrong

log = logging.getLogger(__name__)

Opened = Callable[[str, int], socket.socket]


def listen(port: int, addresses: Sequence[str] = ADDRESSES, opened: Opened | None = None) -> socket.socket:
    """Return a socket that listens on loopback, and that can be reached there.

    Args:
        port: TCP port; 0: a free one.
        addresses: Addresses to try, in order.
        opened: Returns such a socket for an address and a port, or raises `OSError`; None: `open_at`.

    Raises:
        Problem: `port_in_use`, or `no_loopback`.
    """
    failed: list[tuple[str, OSError]] = []
    for address in addresses:
        try:
            listener = (opened or open_at)(address, port)
        except OSError as error:
            failed.append((address, error))
            if port and error.errno in _TAKEN:
                raise _in_use(port, error) from error
        else:
            for other, why in failed:
                log.warning("%s can't be reached (%s): listening on %s", other, why.strerror or why, address)
            return listener
    reasons = "; ".join(f"{address}: {error.strerror or error}" for address, error in failed)
    raise Problem(
        503,
        "no_loopback",
        f"The model service can't be reached on this machine's own address ({reasons}).",
        "The loopback interface has to be up, and no firewall may block it: on Linux, ip link set lo up, and ip addr show lo "
        "should list 127.0.0.1 or ::1. In a container or sandbox, allow loopback. Then start the service again.",
    ) from failed[0][1]


def listen_at(path: str) -> socket.socket | None:
    """Return a Unix socket that listens at a path; None if that is impossible, as in some containers."""
    if not hasattr(socket, "AF_UNIX"):
        return None
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(path)
        Path(path).chmod(0o600)
        listener.listen(BACKLOG)
    except OSError as error:
        log.warning("%s can't be listened on (%s): listening on loopback", path, error.strerror or error)
        listener.close()
        return None
    return listener


def open_at(address: str, port: int) -> socket.socket:
    """Return a socket that listens at an address, after checking that it can be reached. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio only sends without delay (TCP_NODELAY) if the protocol is given; otherwise a stream's lines may wait 40 ms for the
    # reader's acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(BACKLOG)
        # If the interface is down, listening works, but connecting doesn't.
        with socket.create_connection(listener.getsockname()[:2], REACH_SECONDS):
            listener.accept()[0].close()
    except OSError:
        listener.close()
        raise
    return listener


def _in_use(port: int, error: OSError) -> Problem:
    return Problem(
        409, "port_in_use", f"The model service can't listen on port {port}: {error.strerror}.", "Use another port."
    )
