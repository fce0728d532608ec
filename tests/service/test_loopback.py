"""The loopback address that the service listens on."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest

from lit_lab.problem import Problem
from lit_lab.service import loopback


def opening(**refused: int) -> tuple[list[str], Callable[[str, int], socket.socket]]:
    """Return a list of attempts, and a function that opens sockets but fails with the given errno for some addresses."""
    tried: list[str] = []

    def opened(address: str, port: int) -> socket.socket:
        tried.append(address)
        kind = "six" if ":" in address else "four"
        if kind in refused:
            raise OSError(refused[kind], os.strerror(refused[kind]))
        return socket.socket()

    return tried, opened


def test_ipv4_is_taken_where_it_is_there() -> None:
    tried, opened = opening()
    loopback.listen(0, opened=opened).close()
    assert tried == ["127.0.0.1"]


@pytest.mark.parametrize("why", [errno.EADDRNOTAVAIL, errno.ENETUNREACH, errno.EAFNOSUPPORT, errno.ETIMEDOUT])
@pytest.mark.parametrize("port", [0, 8999])
def test_ipv6_is_taken_where_ipv4_is_not_there(why: int, port: int) -> None:
    tried, opened = opening(four=why)
    loopback.listen(port, opened=opened).close()
    assert tried == ["127.0.0.1", "::1"]


def test_where_neither_can_be_reached_both_are_named() -> None:
    _, opened = opening(four=errno.ENETUNREACH, six=errno.EADDRNOTAVAIL)
    with pytest.raises(Problem) as raised:
        loopback.listen(0, opened=opened)
    assert raised.value.code == "no_loopback"
    assert "127.0.0.1: Network is unreachable; ::1: " in raised.value.message
    assert "ip link set lo up" in raised.value.hint


def test_a_port_that_is_taken_is_not_sought_elsewhere() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Problem) as raised:
            loopback.listen(port)
    assert raised.value.code == "port_in_use"
    assert str(port) in raised.value.message


def test_an_open_port_can_be_reached_and_has_no_waiting_connections() -> None:
    with loopback.open_at("127.0.0.1", 0) as listener:
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
        socket.create_connection(listener.getsockname()).close()


LISTEN = """
from lit_lab.service import loopback
from lit_lab.service.errors import Problem
try:
    print(loopback.listen(0).getsockname()[0])
except Problem as error:
    print(error.code, error.message)
"""


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        ("true", "no_loopback The model service can't be reached on this machine's own address (127.0.0.1: "),
        ("ip link set lo up && ip addr del 127.0.0.1/8 dev lo", "::1\n"),
        ("ip link set lo up && ip addr del ::1/128 dev lo", "127.0.0.1\n"),
        ("ip link set lo up", "127.0.0.1\n"),
    ],
    ids=["down", "IPv6 alone", "IPv4 alone", "both"],
)
def test_in_a_network_of_its_own(prepare: str, expected: str) -> None:
    if not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("no unshare or ip here")
    namespace = ["unshare", "--map-root-user", "--net", "sh", "-c"]
    if subprocess.run([*namespace, prepare], capture_output=True).returncode:
        pytest.skip("no network namespace can be made and prepared here")
    found = subprocess.run(
        [*namespace, f'{prepare}; exec "$0" -c "$1"', sys.executable, LISTEN],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.startswith(expected)
