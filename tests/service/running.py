"""Starts a model service for tests, as the Jupyter server does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from waiting import PATIENCE

SECRET = "a secret for tests only"
BACKEND = os.environ.get("LIT_LAB_TEST_BACKEND", "tensorflow")  # set by `pytest --backend`

CALM = ("-c", "from lit_lab.service import __main__, registry; registry._REST_SECONDS = float('inf'); __main__.main()")
"""A service that compiles nothing in the background: for models that rest, as they do while a test asks for something else,
that takes seconds of the processor's time."""

_SPANS = [{"start": start, "end": end} for end in range(91, 1, -1) for start in range(1, end)]
MANY: dict[str, Any] = {
    "model": "tiny",
    "ids": [2] + [300] * 90,
    "targets": _SPANS,
    "methods": ["integrated_gradients"],
    "integration": {"steps": 256},
}
"""A computation that takes hours, so that whatever ends meanwhile hasn't waited for it. No two targets are the same:
what is known already is answered at once."""


class Running:
    """A service's process, the lines it wrote, and a client that carries the secret."""

    def __init__(self, config: dict[str, Any], log: Path, program: tuple[str, ...] = CALM) -> None:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        self.lines: list[dict[str, Any]] = []
        self.log = log
        self._new = threading.Condition()
        self._log = log.open("w")
        self.process = subprocess.Popen(
            [sys.executable, *program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=environment,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(config) + "\n")
        self.process.stdin.flush()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._new:
                self.lines.append(json.loads(line))
                self._new.notify_all()
        with self._new:
            self._new.notify_all()

    def wait_for(self, event: str, timeout: float = PATIENCE) -> dict[str, Any]:
        """Return the first line of a kind."""
        with self._new:
            assert self._new.wait_for(
                lambda: any(line["event"] == event for line in self.lines) or self.process.poll() is not None, timeout
            ), f"no {event} line: {self.lines}"
        if self.process.poll() is not None:
            self._reader.join(PATIENCE)
        return next(line for line in self.lines if line["event"] == event)

    def client(self, secret: str | None = SECRET) -> httpx.Client:
        """Return a client of this service."""
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.wait_for('listening')['port']}",
            headers={} if secret is None else {"Authorization": f"Bearer {secret}"},
            timeout=PATIENCE,
            trust_env=False,
        )

    def end(self) -> None:
        """End the service, whatever its state."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for stream in (self.process.stdin, self.process.stdout, self._log):
            assert stream is not None
            stream.close()


@contextmanager
def running(log: Path, *models: str, **config: Any) -> Iterator[Running]:
    """Start a service with these models, and end it after the block."""
    service = Running({"secret": SECRET, "models": list(models), "threads": 1, "backend": BACKEND, **config}, log)
    try:
        yield service
    finally:
        service.end()


def events(client: httpx.Client, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all events of a stream."""
    with client.stream("POST", path, json=body) as response:
        assert response.status_code == 200, response.read()
        return [json.loads(line) for line in response.iter_lines()]
