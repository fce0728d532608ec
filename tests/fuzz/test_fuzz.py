"""Requests that nobody would send, made from the API's own description, to a real server with its real model service.

`LIT_LAB_FUZZ` says how many (`make fuzz`: 10,000).
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

ROOT = Path(__file__).parents[2]
REQUESTS = int(os.environ.get("LIT_LAB_FUZZ", "500"))
HANGS = 30  # seconds; a long poll of a job's events may last as long as the job

schema = schemathesis.openapi.from_dict(json.loads((ROOT / "docs/openapi.json").read_text("utf-8")))
# A restart isn't a computation: it ends all that the other requests started, and takes seconds.
schema = schema.exclude(path_regex="/service/(re)?start$")
OPERATIONS = sum(1 for _ in schema.get_all_operations())
known: dict[str, str] = {}
"""Ids that there are, by the path's first word: without them hardly a request would get beyond "not found"."""


@schema.hook
def map_case(context: schemathesis.HookContext, case: schemathesis.Case) -> schemathesis.Case:
    """Take an id and a model that there are, in two of three cases; but don't delete what the others need."""
    kind = case.path.removeprefix("/lit-lab/api/").split("/")[0]
    if (
        case.method != "DELETE"
        and "id" in case.path_parameters
        and kind in known
        and zlib.crc32(str(case.path_parameters["id"]).encode()) % 3
    ):
        case.path_parameters["id"] = known[kind]
    if isinstance(case.body, dict) and isinstance(case.body.get("model"), str) and len(case.body["model"]) % 3:
        case.body["model"] = "demo"
    return case


@dataclass(frozen=True)
class Server:
    """A running server, its token, and what it says."""

    url: str
    token: str
    process: subprocess.Popen[bytes]
    log: Path

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return what a route answers."""
        headers = {"Authorization": f"token {self.token}"}
        response = requests.request(method, f"{self.url}/lit-lab/api/{path}", json=body, headers=headers, timeout=HANGS)
        response.raise_for_status()
        return response.json()

    def state(self) -> str:
        """Return the state of the model service."""
        return str(self.ask("GET", "status")["service"]["state"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "root").mkdir()
    (folder / "root/prompts.jsonl").write_text('{"prompt": "Suggestion: Onion soup"}\n' * 20)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    config = folder / "config.json"
    config.write_text(
        json.dumps(
            {
                "ServerApp": {
                    "jpserver_extensions": {"lit_lab": True},
                    "root_dir": str(folder / "root"),
                    "port": port,
                    "port_retries": 0,
                    "open_browser": False,
                    "allow_root": True,
                },
                "IdentityProvider": {"token": token},
                "LitLab": {"history_path": str(folder / "history.sqlite"), "history_megabytes": 8},
            }
        )
    )
    config.chmod(0o600)
    environment = {**os.environ, "JUPYTER_RUNTIME_DIR": str(folder / "runtime"), "PYTHONPATH": str(ROOT)}
    log = folder / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", "--config", str(config)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    found = Server(f"http://127.0.0.1:{port}", token, process, log)
    try:
        until = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < until:
            with suppress(requests.ConnectionError):
                found.ask("POST", "service/start")
                break
            time.sleep(0.2)
        while found.state() != "ready" and time.monotonic() < until:
            time.sleep(0.2)
        assert found.state() == "ready", log.read_text()[-4000:]
        known["datasets"] = found.ask("POST", "datasets/open", {"path": "prompts.jsonl"})["id"]
        job = {"kind": "generate", "model": "demo", "prompt": "Suggestion: Onion soup\nAnalysis:"}
        known["jobs"] = known["runs"] = found.ask("POST", "jobs", job)["id"]
        yield found
    finally:
        process.terminate()
        process.wait(30)


@schema.parametrize()
@settings(
    max_examples=max(REQUESTS // OPERATIONS, 1),
    deadline=None,
    derandomize=True,  # CI asks the same each time
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_answers_whatever_is_asked(case: schemathesis.Case, server: Server) -> None:
    headers = {"Authorization": f"token {server.token}"}
    try:
        # Events are streamed as long as a job runs: what comes first is enough.
        response = case.call(base_url=server.url, headers=headers, timeout=HANGS)
    except requests.exceptions.InvalidHeader:
        return  # no client could send it
    case.validate_response(response, checks=[not_a_server_error, status_code_conformance, response_schema_conformance])
    assert server.token not in response.text
    assert server.process.poll() is None


def test_it_is_all_there_afterwards(server: Server) -> None:
    assert server.state() == "ready"
    log = server.log.read_text("utf-8", "replace")
    assert "Traceback" not in log
    assert server.token not in log
