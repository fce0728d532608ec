"""Does the Jupyter server respond as quickly while a model computes?

    python benchmarks/responsive.py

The script times `GET /api/status` of a Jupyter server with its usual configuration, and a kernel's echo: a cell `1` over the
server's WebSocket, from the request to the reply. It sends each every few milliseconds, alternately while the model is idle
and while it computes, so that other load on the machine affects both. The computation is integrated gradients of a long
sequence, which uses everything that the model service may use, and the script reads its events, as the panel does.

The ratio is that of the medians. On a busy machine, the 99th percentiles say more about the other load.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import websocket
from lab_jobs import ask, events, ready, run
from lab_server import Server, cpu_seconds, lab_server

RATIO, P99 = 1.5, 50.0
"""Goals: of the medians, and in ms."""
PAUSE = 0.01  # seconds between two requests
QUIET = 0.05  # share of a processor below which a process is idle


def status(server: Server) -> Callable[[], float]:
    """Return a function that requests `/api/status` over an open connection, and returns the seconds it took."""
    place = urlsplit(server.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)

    def once() -> float:
        start = time.perf_counter()
        connection.request("GET", "/api/status", headers={"Authorization": f"token {server.token}"})
        reply = connection.getresponse()
        reply.read()
        if reply.status != 200:
            raise RuntimeError(f"/api/status answered {reply.status}")
        return time.perf_counter() - start

    return once


@contextmanager
def echo(server: Server) -> Iterator[Callable[[], float]]:
    """Start a kernel, and yield a function that runs `1` in it and returns the seconds until its reply."""
    place = urlsplit(server.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=120)
    headers = {"Authorization": f"token {server.token}", "Content-Type": "application/json"}
    connection.request("POST", "/api/kernels", json.dumps({"name": "python3"}), headers)
    kernel = json.loads(connection.getresponse().read())["id"]
    url = f"ws://{place.netloc}/api/kernels/{kernel}/channels?token={server.token}"
    connected = websocket.create_connection(url, timeout=120)

    def once() -> float:
        number = uuid.uuid4().hex
        header = {"msg_id": number, "msg_type": "execute_request", "username": "", "session": kernel, "version": "5.3"}
        content = {"code": "1", "silent": False, "store_history": False, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        start = time.perf_counter()
        connected.send(json.dumps(message))
        while True:
            _acknowledge_at_once(connected.sock)
            answer = json.loads(connected.recv())
            if answer["msg_type"] == "execute_reply" and answer["parent_header"].get("msg_id") == number:
                return time.perf_counter() - start

    try:
        once()
        yield once
    finally:
        connected.close()
        connection.request("DELETE", f"/api/kernels/{kernel}", headers=headers)
        connection.getresponse().read()


def _acknowledge_at_once(connection: socket.socket | None) -> None:
    """Disable the system's delay of 40 ms for acknowledgements, which would hide everything else."""
    if connection is not None and hasattr(socket, "TCP_QUICKACK"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


@contextmanager
def computing(server: Server, pid: int) -> Iterator[None]:
    """Let the model compute within the context, and read its events."""
    ids = [2, *range(300, 500)]
    request = {
        "kind": "salience",
        "model": "demo",
        "ids": ids,
        "targets": [{"start": at, "end": at + 1} for at in range(1, len(ids))],
        "methods": ["integrated_gradients"],
        "integration": {"steps": 1024},
    }
    job = ask(server, "POST", "jobs", request)["id"]
    reader = threading.Thread(target=lambda: list(events(server, job)))
    reader.start()
    before, start = cpu_seconds(pid), time.perf_counter()
    while cpu_seconds(pid) - before < 0.5:
        time.sleep(0.05)
    try:
        yield
    finally:
        share = (cpu_seconds(pid) - before) / (time.perf_counter() - start)
        ended = not reader.is_alive()
        ask(server, "DELETE", f"jobs/{job}")
        reader.join()
        if ended or share < 0.2:
            raise RuntimeError(f"the model didn't compute all the time ({share:.2f} processors)")


def rest(pid: int) -> None:
    """Wait until a process is idle, because it compiles in the background once it has nothing to do."""
    quiet = 0
    while quiet < 5:
        before = cpu_seconds(pid)
        time.sleep(1.0)
        quiet = quiet + 1 if cpu_seconds(pid) - before < QUIET else 0


def take(measures: dict[str, Callable[[], float]], count: int, into: dict[str, list[float]]) -> None:
    """Measure this number of times of each, alternately."""
    for _ in range(count):
        for name, once in measures.items():
            into[name].append(1000 * once())
            time.sleep(PAUSE)


def figures(idle: list[float], busy: list[float]) -> dict[str, float]:
    """Return medians, their ratio, and the 99th percentiles, in ms."""
    return {
        "idle": statistics.median(idle),
        "busy": statistics.median(busy),
        "ratio": statistics.median(busy) / statistics.median(idle),
        "idle_p99": float(np.percentile(idle, 99)),
        "busy_p99": float(np.percentile(busy, 99)),
    }


def main() -> int:
    """Measure, print, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=6, help="of rest and of work each (default: %(default)s)")
    parser.add_argument("--count", type=int, default=100, help="requests in a block (default: %(default)s)")
    parser.add_argument(
        "--config", default="", help="lines for the server's configuration, such as c.LitLab.threads = 2"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()

    names = {"status": "/api/status", "echo": "a kernel's echo"}
    idle: dict[str, list[float]] = {name: [] for name in names}
    busy: dict[str, list[float]] = {name: [] for name in names}
    with lab_server(config=options.config) as server:
        pid = ready(server)
        run(server, {"kind": "generate", "model": "demo", "prompt": "Hello", "max_new_tokens": 40})
        with echo(server) as echoed:
            measures = {"status": status(server), "echo": echoed}
            with computing(server, pid):
                take(measures, 20, {name: [] for name in names})
            for _ in range(options.blocks):
                rest(pid)
                take(measures, options.count, idle)
                with computing(server, pid):
                    take(measures, options.count, busy)

    found: dict[str, Any] = {name: figures(idle[name], busy[name]) for name in names}
    load = os.getloadavg()[0]
    if options.json:
        goals = {"ratio": RATIO, "busy_p99": P99}
        print(json.dumps({"figures": found, "goals": goals, "load": load, "cores": os.cpu_count()}))
    else:
        print(f"{'':<18}{'idle':>10}{'busy':>10}{'ratio':>8}{'p99 idle':>11}{'p99 busy':>11}")
        for name, label in names.items():
            row = found[name]
            print(
                f"{label:<18}{row['idle']:>7.2f} ms{row['busy']:>7.2f} ms{row['ratio']:>8.2f}"
                f"{row['idle_p99']:>8.1f} ms{row['busy_p99']:>8.1f} ms"
            )
        print(f"goals: ratio at most {RATIO}, p99 while it computes under {P99:.0f} ms; load {load:.1f}")
    return int(any(row["ratio"] > RATIO or row["busy_p99"] >= P99 for row in found.values()))


if __name__ == "__main__":
    sys.exit(main())
