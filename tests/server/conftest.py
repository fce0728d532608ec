"""A Jupyter server with the extension, over a fake of the model service."""

import json
import os
import shlex
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE
from waiting import until_async as until

from lit_lab.model_spec import ModelSpec
from lit_lab.supervision.service_run import Settings
from lit_lab.supervision.servicelog import ServiceLog
from lit_lab.supervision.supervisor import Supervisor

FAKE_SERVICE = Path(__file__).parent / "fake_service.py"


def alive(pid):
    """Whether a process is running. A zombie isn't."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


class FakeService:
    """Writes a `python` that starts the fake service, and reads the traces that the service leaves."""

    def __init__(self, folder):
        self.folder = folder
        self.python = folder / "python"
        self.mode("ok")

    def mode(self, mode):
        command = shlex.join([sys.executable, str(FAKE_SERVICE), mode, str(self.folder)])
        self.python.write_text(f"#!/bin/sh\nexec {command}\n")
        self.python.chmod(0o700)

    def trace(self, name):
        path = self.folder / name
        return path.read_text().split() if path.exists() else []

    @property
    def pids(self):
        return [int(pid) for pid in self.trace("starts")]

    def go(self):
        """Let the service complete the answer to the prompt `wait`."""
        (self.folder / "go").touch()

    def json(self, name):
        return json.loads((self.folder / name).read_text())


@pytest.fixture
def fake_service(tmp_path):
    folder = tmp_path / "fake_service"
    folder.mkdir()
    return FakeService(folder)


@pytest.fixture
def supervisor(fake_service, tmp_path, jp_asyncio_loop):
    """Make supervisors of the fake service with short timeouts, which end with the test."""
    made = []

    def make(**options):
        options = {"backoff": (0.05, 0.05), "idle_timeout": 3600.0, "start_timeout": PATIENCE, **options}
        settings = Settings(
            python=str(fake_service.python),
            cache=tmp_path / "cache",
            models=(ModelSpec("demo", "embedded"),),
            **options,
        )
        made.append(Supervisor(settings, ServiceLog(tmp_path / "runtime" / "service.log")))
        return made[-1]

    yield make
    for one in made:
        jp_asyncio_loop.run_until_complete(one.close())


async def reached(supervisor, state):
    """Wait until a supervisor is in a state, and return its status."""

    async def there():
        status = await supervisor.status()
        return status if status.state == state else None

    return await until(there)


@pytest.fixture
def lit_lab_config(fake_service):
    """`c.LitLab`; tests change it by overriding this fixture."""
    return {"service_python": str(fake_service.python)}


@pytest.fixture
def jp_server_config(lit_lab_config):
    return {"ServerApp": {"jpserver_extensions": {"lit_lab": True}}, "LitLab": lit_lab_config}


@pytest.fixture
def lit_lab(jp_serverapp):
    """The extension's application. Its service is stopped after the test."""
    return jp_serverapp.extension_manager.extension_apps["lit_lab"].copy().pop()


@pytest.fixture
def http_server_client(http_server_client):
    """pytest-jupyter's client, with a longer timeout than its own 20 seconds."""
    fetch = http_server_client.fetch

    def patient(path, **options):
        return fetch(path, **{"connect_timeout": PATIENCE, "request_timeout": PATIENCE, **options})

    http_server_client.fetch = patient
    return http_server_client


@pytest.fixture
def jp_fetch(jp_fetch):
    """pytest-jupyter's `jp_fetch`, with a longer timeout than its own 20 seconds."""

    def patient(*parts, **options):
        return jp_fetch(*parts, **{"connect_timeout": PATIENCE, "request_timeout": PATIENCE, **options})

    return patient


@pytest.fixture
def api(jp_fetch, lit_lab):
    """Fetch a route and return (status, JSON). HTTP errors don't raise."""

    async def fetch(method, *path, body=None, params=None, **options):
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if method == "POST" and body is None:
            body = ""
        response = await jp_fetch(
            "lit-lab", "api", *path, method=method, body=body, params=params or {}, raise_error=False, **options
        )
        return response.code, json.loads(response.body)

    return fetch


@pytest.fixture
def opened(api):
    """Open a dataset, wait until the server has read it, and return its state."""

    async def open_it(**asked):
        status, state = await api("POST", "datasets", "open", body=asked)
        assert status == 202, state

        async def read():
            now = (await api("GET", "datasets", state["id"]))[1]
            return now if now["state"] != "reading" else None

        return await until(read)

    return open_it


@pytest.fixture
def search(api):
    """Search a dataset."""

    async def search(state, **query):
        status, page = await api("POST", "datasets", state["id"], "search", body=query)
        assert status == 200, page
        return page

    return search


@pytest.fixture
def edit(api):
    """Change a dataset."""

    async def edit(state, kind, **fields):
        status, edited = await api("POST", "datasets", state["id"], "edit", body={"edit": {"kind": kind, **fields}})
        assert status == 200, edited
        return edited

    return edit


@pytest.fixture
def root(tmp_path):
    """The folder of batches, if `batches_path` names it."""
    return tmp_path / "batches"


@pytest.fixture
def dataset(jp_root_dir, opened):
    """Write a dataset and open it."""

    async def make(rows, name="rows.jsonl", **asked):
        (jp_root_dir / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        return await opened(path=name, **asked)

    return make


@pytest.fixture
def start(api):
    """Start batches over a dataset."""

    async def start(state, status=202, **asked):
        body = {"dataset": state["id"], "models": ["demo"], "measures": [], **asked}
        code, found = await api("POST", "batches", body=body)
        assert code == status, found
        return found["batches"] if status == 202 else found

    return start


@pytest.fixture
def batch_reached(api):
    """Wait until a batch is in one of some states."""

    async def reached(batch_id, *states):
        async def there():
            info = (await api("GET", "batches", batch_id))[1]
            return info if info["state"] in states else None

        return await until(there)

    return reached


@pytest.fixture
def done(start, batch_reached):
    """Run a batch to its end, and return how far it is."""

    async def run(state, **asked):
        (batch,) = await start(state, **asked)
        return await batch_reached(batch["id"], "done", "failed")

    return run


@pytest.fixture
def events(jp_fetch, lit_lab):
    """Read a job's events to the end, heartbeats among them."""

    async def read(job_id, start=0):
        response = await jp_fetch("lit-lab", "api", "jobs", job_id, "events", params={"from": start})
        assert response.headers["Content-Type"] == "application/x-ndjson"
        return [json.loads(line) for line in response.body.decode().splitlines()]

    return read


@pytest.fixture
def generate(api):
    """Start a generation and return its id."""

    async def start(prompt, **fields):
        body = {"kind": "generate", "model": "demo", "prompt": prompt, **fields}
        status, job = await api("POST", "jobs", body=body)
        assert status == 202, job
        return job["id"]

    return start


def example(kind, **fields):
    """A request of a kind, as JSON. If the kind has segments and a target: two segments and a target, of one token each."""
    asked = {"kind": kind, "model": "demo"}
    segments = {"ids": [2, 5, 6, 7], "target": {"start": 3, "end": 4}, "segments": [span(1, 2), span(2, 3)]}
    asked |= {
        "generate": {"prompt": "Hi"},
        "salience": {"ids": [2, 5, 6, 7], "targets": [span(2, 3)]},
        "ablation": {**segments, "method": "lime"},
        "effects": {"prompt": "Hi", "ids": [2, 5, 6, 7], "answer_start": 2, "segments": [{"turn": 0, **span(0, 2)}]},
        "faithfulness": {**segments, "scores": [0.5, -1.0]},
        "lit_app": {},
    }[kind]
    return asked | fields


def span(start, end):
    """A span, as JSON."""
    return {"start": start, "end": end}


def prompts(*texts):
    """Rows of a dataset of prompts."""
    return [{"prompt": text} for text in texts]


async def rows_of(api, batch_id, **asked):
    """Return a page of a batch's rows."""
    status, page = await api("POST", "batches", batch_id, "rows", body=asked)
    assert status == 200, page
    return page
