"""One server for all requests, and its memory before the first request."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzzed import CEILING, known, mebibytes
from live import LiveServer, live_server
from waiting import until

NOBODY = "http://127.0.0.1:9"  # downloads fail here, so that no request leaves this machine

_idle: dict[int, float] = {}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    nowhere = {"HTTP_PROXY": NOBODY, "HTTPS_PROXY": NOBODY, "NO_PROXY": "127.0.0.1"}
    with live_server(tmp_path_factory.mktemp("fuzz"), {"history_megabytes": 8}, **nowhere) as running:
        prompts = running.folder / "root/prompts.jsonl"
        prompts.write_text('{"prompt": "Suggestion: Onion soup"}\n' * 20)
        running.ready()
        known["datasets"] = running.ask("POST", "datasets/open", {"path": prompts.name})["id"]
        until(lambda: running.ask("GET", f"datasets/{known['datasets']}")["state"] == "ready")
        batch = {"dataset": known["datasets"], "models": ["demo"], "max_new_tokens": 1}
        known["batches"] = running.ask("POST", "batches", batch)["batches"][0]["id"]
        job = {"kind": "generate", "model": "demo", "prompt": "Suggestion: Onion soup\nAnalysis:"}
        known["jobs"] = known["runs"] = running.ask("POST", "jobs", job)["id"]
        if sys.platform == "linux":
            _idle[running.process.pid] = mebibytes(running.process.pid, "VmRSS")
        yield running


@pytest.fixture
def within_memory(server: LiveServer) -> Iterator[None]:
    """Check the server's peak memory after the test: this test's own peak, where Linux allows resetting it."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    yield
    idle = _idle.get(server.process.pid)
    if idle is not None:
        peak = mebibytes(server.process.pid, "VmHWM")
        print(f"The server's peak: {peak:.0f} MiB, {peak - idle:.0f} above {idle:.0f} idle")
        assert peak - idle <= CEILING
