"""Jobs of a benchmark's own server, and the memory and processor time of its processes."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab_server import Server

PATIENCE = 300.0  # seconds for a service to start, and for a job's next event


def ask(server: Server, method: str, path: str, body: Any = None) -> Any:
    """Return the response of one of LIT Lab's routes."""
    with _open(server, method, path, body) as reply:
        return json.load(reply)


def ready(server: Server) -> int:
    """Start the model service, wait until it is ready, and return its process id. Raises RuntimeError."""
    ask(server, "POST", "service/start")
    until = time.monotonic() + PATIENCE
    while (service := ask(server, "GET", "status")["service"])["state"] != "ready":
        if service["state"] == "failed" or time.monotonic() > until:
            raise RuntimeError(f"the model service didn't start: {service['detail']}\n{server.log}")
        time.sleep(0.1)
    return int(service["pid"])


def events(server: Server, job: str) -> Iterator[dict[str, Any]]:
    """Yield a job's events as they come, without heartbeats. Raises RuntimeError if the job fails."""
    with _open(server, "GET", f"jobs/{job}/events") as reply:
        for line in reply:
            event = json.loads(line)
            if event["event"] == "error":
                raise RuntimeError(f"{event['message']} {event['hint']}")
            if event["event"] != "heartbeat":
                yield event


def run(server: Server, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a job, and return its events."""
    return list(events(server, ask(server, "POST", "jobs", request)["id"]))


def held_mb(pid: int) -> float:
    """Return a process's resident memory in MB (millions of bytes)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024 / 1e6


def _open(server: Server, method: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        f"{server.url}/lit-lab/api/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"token {server.token}"},
        method=method,
    )
    return urllib.request.urlopen(request, timeout=PATIENCE)
