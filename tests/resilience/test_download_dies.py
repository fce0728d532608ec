"""The model service ends during a download: the panel says so, and the next download continues from the stored part."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from live import LiveServer, live_server
from waiting import SOON, until

from lit_lab import demo

sys.path.append(str(Path(__file__).parents[1] / "service"))
from fake_kaggle import HANDLE, FakeKaggle


@pytest.fixture
def kaggle() -> Iterator[FakeKaggle]:
    fake = FakeKaggle(demo.preset_path())
    # More than kagglehub's chunk of a megabyte, but less than the whole file.
    fake.open, fake.hold = True, 1_200_000
    yield fake
    fake.close()


def change(server: LiveServer, kind: str, **what: str) -> None:
    server.ask("POST", "models/change", {"change": {"kind": kind, "name": "tiny", **what}})


def tiny(server: LiveServer) -> dict[str, Any]:
    models = server.ask("GET", "models")["models"]
    return next(model for model in models if model["name"] == "tiny")


def downloaders(home: Path) -> list[int]:
    """Return the processes that download into a folder, or none if the system doesn't report them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes()
            environment = (folder / "environ").read_bytes()
        except OSError:  # another user's, or gone
            continue
        if b"weights.fetch" in arguments and os.fsencode(home) in environment:
            found.append(int(folder.name))
    return found


@pytest.mark.long  # tests/service/test_hub_file.py kills one without a server
def test_killed_in_the_middle_of_a_download(kaggle: FakeKaggle, tmp_path: Path) -> None:
    home = tmp_path / "kaggle"
    home.mkdir()
    with live_server(tmp_path, {}, **kaggle.environment(home)) as server:
        pid = server.ready()
        change(server, "add", path=f"kaggle://{HANDLE}")
        change(server, "download")
        until(lambda: (tiny(server)["download"] or {"done": 0})["done"] > 500_000)
        assert downloaders(home) or not Path("/proc/self/environ").exists()
        os.kill(pid, signal.SIGKILL)
        # Without waiting for the timeout of a silent service, which is a minute.
        until(lambda: server.service()["pid"] != pid, SOON)
        # No download continues without a reader.
        until(lambda: not downloaders(home))
        # Jupyter keeps running, and the download continues from where it was.
        assert requests.get(f"{server.url}/api/status", headers=server.headers, timeout=SOON).ok
        server.ready()
        assert tiny(server)["state"] == "absent"
        kaggle.hold = None
        change(server, "download")
        model = until(lambda: found if (found := tiny(server))["state"] in ("ready", "failed") else None)
        assert model["state"] == "ready", model
        assert kaggle.ranges
        job = server.ask(
            "POST", "jobs", {"kind": "generate", "model": "tiny", "prompt": "Suggestion: Quiche\nAnalysis:"}
        )
        assert list(server.events(job["id"]))[-1]["event"] == "done"
        assert "Traceback" not in server.log
