"""Ports of Ray's agents, chosen before Ray starts.

Otherwise the agents choose them, and write them into files for which Ray waits 15 seconds, whatever its settings say: a machine that needs
longer for an agent's imports gets no Ray (ray-project/ray#65983). Ray's own parameters take the ports, but `ray.init` doesn't; and
one of them isn't passed on, so its file is written here.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

LISTEN = "dashboard_agent_listen_port"
PORTS = ("metrics_agent_port", "metrics_export_port", LISTEN, "runtime_env_agent_port")


@contextlib.contextmanager
def agent_ports() -> Iterator[None]:
    """Let Ray start its agents at free ports within the context."""
    from ray._private import node, parameter
    from ray._raylet import persist_port

    parameters, start = parameter.RayParams, node.Node.start_raylet
    chosen = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))

    def with_ports(*arguments: Any, **options: Any) -> Any:
        return parameters(*arguments, **{**options, **chosen})

    def start_raylet(self: Any, *arguments: Any, **options: Any) -> None:
        persist_port(self._session_dir, self._node_id, LISTEN, chosen[LISTEN])
        start(self, *arguments, **options)

    parameter.RayParams, node.Node.start_raylet = with_ports, start_raylet
    try:
        yield
    finally:
        parameter.RayParams, node.Node.start_raylet = parameters, start


def free_ports(count: int) -> list[int]:
    """Return as many different ports that nobody listens on, at any address: Ray's agents listen on all."""
    with contextlib.ExitStack() as held:
        found = [held.enter_context(socket.create_server(("", 0))) for _ in range(count)]
        return [int(each.getsockname()[1]) for each in found]
