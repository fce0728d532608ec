"""The model service dies while it downloads a model: it is told, what came stays, and the next download goes on there."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from live import LiveServer, live_server

from lit_lab import demo

sys.path.append(str(Path(__file__).parents[1] / "service"))
from kaggle_standin import HANDLE, KaggleStandIn

SOON = 2.0
"""Seconds within which somebody who looks must see what happened."""


@pytest.fixture
def kaggle() -> Iterator[KaggleStandIn]:
    standin = KaggleStandIn(demo.preset_path())
    standin.open, standin.pace = True, 0.05
    yield standin
    standin.close()


def change(server: LiveServer, kind: str, **what: str) -> None:
    server.ask("POST", "models/change", {"change": {"kind": kind, "name": "tiny", **what}})


def tiny(server: LiveServer) -> dict[str, Any]:
    models = server.ask("GET", "models")["models"]
    return next(model for model in models if model["name"] == "tiny")


def downloaders(home: Path) -> list[int]:
    """Return the processes that download into a folder; nothing where the system doesn't tell."""
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


def test_killed_in_the_middle_of_a_download(kaggle: KaggleStandIn, tmp_path: Path) -> None:
    home = tmp_path / "kaggle"
    home.mkdir()
    with live_server(tmp_path, {}, **kaggle.environment(home)) as server:
        pid = server.ready()
        change(server, "add", path=f"kaggle://{HANDLE}")
        change(server, "download")
        until = time.monotonic() + 60
        while (tiny(server)["download"] or {"done": 0})["done"] < 500_000:
            assert time.monotonic() < until, tiny(server)
            time.sleep(0.05)
        assert downloaders(home) or not Path("/proc/self/environ").exists()
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        while server.service()["pid"] == pid:
            assert time.monotonic() - killed < SOON
            time.sleep(0.02)
        # Nobody is left who downloads for nobody.
        while downloaders(home):
            assert time.monotonic() - killed < 30
            time.sleep(0.1)
        # Jupyter goes on, and so does the download where it was.
        assert requests.get(f"{server.url}/api/status", headers=server.headers, timeout=10).ok
        server.ready()
        assert tiny(server)["state"] == "absent"
        kaggle.pace = 0.0
        change(server, "download")
        until = time.monotonic() + 120
        while (model := tiny(server))["state"] != "ready":
            assert time.monotonic() < until, model
            assert model["state"] != "failed", model
            time.sleep(0.2)
        assert kaggle.ranges
        job = server.ask(
            "POST", "jobs", {"kind": "generate", "model": "tiny", "prompt": "Suggestion: Quiche\nAnalysis:"}
        )
        assert list(server.events(job["id"]))[-1]["event"] == "done"
        assert "Traceback" not in server.log
