"""Starts a Jupyter server in a separate process, with the extension and the real model service.

The service compiles nothing in the background.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import websocket
from waiting import PATIENCE, until

ROOT = Path(__file__).parents[1]
STARTS = 5
"""How often another port is tried where somebody else has taken the one that was free."""

CALM = (str(ROOT / "ui-tests" / "calm_service.py"),)
USUAL = ("-m", "lit_lab.service")

CONFIG = """
import json
from pathlib import Path
from traitlets.config import Config
from lit_lab.supervision import launch
launch.command = lambda python: [python, *{service!r}]
get_config().merge(Config(json.loads(Path({settings!r}).read_text("utf-8"))))
"""
"""The configuration of a server: the settings of a file, and another service in the usual one's place."""


@dataclass(frozen=True)
class LiveServer:
    """A running server.

    Attributes:
        url: Its address.
        token: The token of its API.
        process: The server's process.
        folder: Its folder. Jupyter shows `root` in it, and `log.txt` is the log.
    """

    url: str
    token: str
    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def headers(self) -> dict[str, str]:
        """The headers that a request needs."""
        return {"Authorization": f"token {self.token}"}

    @property
    def log(self) -> str:
        """The server's log so far."""
        return (self.folder / "log.txt").read_text("utf-8", "replace")

    def ask(self, method: str, path: str, body: object = None, timeout: float = PATIENCE) -> Any:
        """Return the response of a LIT Lab route. Raises `requests.HTTPError` if the server refuses."""
        url = f"{self.url}/lit-lab/api/{path}"
        response = requests.request(method, url, json=body, headers=self.headers, timeout=timeout)
        response.raise_for_status()
        return response.json()

    def service(self) -> dict[str, Any]:
        """Return the model service's state, including `pid`."""
        return dict(self.ask("GET", "status")["service"])

    def ready(self) -> int:
        """Start the service if necessary, wait until it is ready, and return its process id."""
        self.ask("POST", "service/start")
        return int(self.wait_for("ready")["pid"])

    def wait_for(self, *states: str) -> dict[str, Any]:
        """Wait until the service is in one of these states, and return its status."""
        reported: list[dict[str, Any]] = []

        def there() -> bool:
            reported[:] = [self.service()]
            return reported[0]["state"] in states

        try:
            until(there)
        except AssertionError as error:
            raise AssertionError(f"{reported}\n{self.log[-4000:]}") from error
        return reported[0]

    def events(self, job: str, start: int = 0) -> Iterator[dict[str, Any]]:
        """Yield a job's events as they come, starting at a number, without heartbeats."""
        url = f"{self.url}/lit-lab/api/jobs/{job}/events?from={start}"
        with requests.get(url, headers=self.headers, stream=True, timeout=PATIENCE) as response:
            response.raise_for_status()
            for line in response.iter_lines(chunk_size=1):
                if line and (event := json.loads(line))["event"] != "heartbeat":
                    yield event


@contextmanager
def kernel(server: LiveServer) -> Iterator[Callable[[str], str]]:
    """Start a Python kernel, and yield a function that runs a line of code in it and returns its value as text."""
    kernels = f"{server.url}/api/kernels"
    started = requests.post(kernels, json={"name": "python3"}, headers=server.headers, timeout=PATIENCE)
    started.raise_for_status()
    session = started.json()["id"]
    address = f"{kernels.replace('http', 'ws', 1)}/{session}/channels"

    def run(code: str) -> str:
        # A new connection each time: one that nothing reads answers no pings, and is closed.
        channels = websocket.create_connection(address, header=server.headers, timeout=PATIENCE)
        number = secrets.token_hex()
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        header = {"msg_id": number, "msg_type": "execute_request", "username": "", "session": session, "version": "5.3"}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        channels.send(json.dumps(message))
        value = ""
        try:
            while True:
                reply = json.loads(channels.recv())
                if reply["parent_header"].get("msg_id") != number:
                    continue
                if reply["msg_type"] == "execute_result":
                    value = reply["content"]["data"]["text/plain"]
                elif reply["msg_type"] == "status" and reply["content"]["execution_state"] == "idle":
                    return value
        finally:
            channels.close()

    try:
        yield run
    finally:
        requests.delete(f"{kernels}/{session}", headers=server.headers, timeout=PATIENCE)


@contextmanager
def live_server(
    folder: Path, lit_lab: dict[str, Any] | None = None, service: tuple[str, ...] = CALM, **environment: str
) -> Iterator[LiveServer]:
    """Run a server within the context.

    Args:
        folder: The folder for all of its files.
        lit_lab: The configuration, `c.LitLab`.
        service: Python's arguments that run the model service.
        environment: Additional environment variables.
    """
    for name in ("root", "home"):
        (folder / name).mkdir()
    token = secrets.token_hex(16)
    variables = {
        "HOME": str(folder / "home"),  # may contain a saved login to Kaggle
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        **environment,
    }
    live = _started(folder, token, lit_lab or {}, service, variables)
    try:
        yield live
    finally:
        live.process.send_signal(signal.SIGTERM)
        live.process.wait(PATIENCE)


def _started(
    folder: Path, token: str, lit_lab: dict[str, Any], service: tuple[str, ...], variables: dict[str, str]
) -> LiveServer:
    """Start a server and wait until it responds. Use another port if the free one has been taken meanwhile."""
    for _ in range(STARTS):
        port = _free_port()
        settings, config = folder / "settings.json", folder / "config.py"
        server = {
            "jpserver_extensions": {"lit_lab": True},
            "root_dir": str(folder / "root"),
            "port": port,
            "port_retries": 0,
            "open_browser": False,
            "allow_root": True,
        }
        # Configured, so that no request can start setting up an environment.
        own = {
            "history_path": str(folder / "history.sqlite"),
            "service_python": sys.executable,
            "start_timeout": PATIENCE,
            **lit_lab,
        }
        settings.touch(0o600)
        settings.write_text(json.dumps({"ServerApp": server, "IdentityProvider": {"token": token}, "LitLab": own}))
        config.write_text(CONFIG.format(service=service, settings=str(settings)))
        command = [sys.executable, "-m", "jupyter_server", "--config", str(config)]
        with (folder / "log.txt").open("wb") as output:
            process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **variables}
            )
        live = LiveServer(f"http://127.0.0.1:{port}", token, process, folder)

        def answers(live: LiveServer = live) -> bool:
            if live.process.poll() is not None:
                return True
            with suppress(requests.ConnectionError):
                live.service()
                return True
            return False

        try:
            until(answers)
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.poll() is None:
            return live
        assert "is not available" in live.log or "already in use" in live.log, live.log[-4000:]
    raise AssertionError(f"no port stayed free, {STARTS} times")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
