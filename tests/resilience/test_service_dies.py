"""The model service ends, hangs or runs out of memory: server and kernels continue, the panel says so, results so far are stored."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from live import USUAL, LiveServer, kernel, live_server
from waiting import PATIENCE, SOON, until

PROMPT = "Taste-likes: Cheese\nTaste-dislikes: Can't eat eggs\nSuggestion: Quiche Lorraine\nAnalysis:"
GENERATE = {"kind": "generate", "model": "demo", "prompt": PROMPT}
KILLS = 6  # more than a service's automatic restarts


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with live_server(tmp_path_factory.mktemp("dies")) as running:
        yield running
        assert "Traceback" not in running.log


@pytest.fixture(autouse=True, scope="module")
def _kernel(server: LiveServer) -> Iterator[Callable[[str], str]]:
    with kernel(server) as run:
        run("set_before = 41")
        yield run


@pytest.fixture(autouse=True)
def _kernel_goes_on(_kernel: Callable[[str], str]) -> Iterator[None]:
    """After each test a kernel still has the value that it got before the first."""
    yield
    assert _kernel("set_before + 1") == "42"


def answered(server: LiveServer) -> list[dict[str, Any]]:
    """Run a prompt, and return the events of an answer that must complete."""
    found = list(server.events(server.ask("POST", "jobs", GENERATE)["id"]))
    assert found[-1]["event"] == "done", found[-1]
    return found


def text(events: list[dict[str, Any]]) -> str:
    return "".join(event["token"]["text"] for event in events if event["event"] == "token")


def killed_at(server: LiveServer, job: dict[str, Any], event: str) -> tuple[str, list[dict[str, Any]], float]:
    """Start a job, and kill the service at its first event of a kind.

    Return the job's id, all events, and how long it took until the job said that it was restarted.
    """
    pid = server.ready()
    found, at, seconds = [], 0.0, float("inf")
    started = server.ask("POST", "jobs", job)["id"]
    for each in server.events(started):
        found.append(each)
        if each["event"] == event and not at:
            os.kill(pid, signal.SIGKILL)
            at = time.monotonic()
        if each["event"] == "restarted":
            seconds = time.monotonic() - at
    return started, found, seconds


@pytest.mark.long
def test_killed_again_and_again_while_it_starts(server: LiveServer) -> None:
    gone: set[int] = set()
    for _ in range(KILLS):
        server.ask("POST", "service/start")

        def new() -> int | None:
            found = server.service()["pid"]
            if found is not None and found not in gone:
                return int(found)
            server.ask("POST", "service/start")  # after several crashes it only starts on request
            return None

        pid = until(new)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        gone.add(pid)
    assert len(gone) == KILLS
    assert text(answered(server))


@pytest.mark.long  # the next one kills it while it answers
def test_killed_while_the_model_is_loaded(server: LiveServer) -> None:
    server.ask("POST", "service/restart")
    job = server.ask("POST", "jobs", GENERATE)["id"]
    killed = 0
    for event in server.events(job):
        if event["event"] == "state" and event["message"].startswith("Loading") and not killed:
            killed = server.service()["pid"]
            os.kill(killed, signal.SIGKILL)
    assert killed
    # Whether the job waited for the restart or ended with an error, the next one runs.
    assert event["event"] in ("done", "error")
    assert text(answered(server))


def test_killed_in_the_middle_of_an_answer(server: LiveServer) -> None:
    before = len(server.ask("POST", "runs/search", {})["runs"])
    job, found, seconds = killed_at(server, GENERATE, "token")
    # The server noticed the end itself, and not only the silence.
    assert seconds < SOON
    kinds = [event["event"] for event in found if event["event"] != "state"]
    assert kinds.count("restarted") == 1
    assert kinds[-2:] == ["answer", "done"]
    at = next(number for number, event in enumerate(found) if event["event"] == "restarted")
    # The answer is the same from the beginning, and the history has the run once.
    (answer,) = (event["text"] for event in found if event["event"] == "answer")
    assert text(found[at:]) == answer
    assert answer.startswith(text(found[:at]))
    runs = server.ask("POST", "runs/search", {})["runs"]
    assert len(runs) == before + 1
    assert runs[0]["id"] == job
    assert server.ask("GET", f"runs/{job}")["answer"] == answer
    assert text(answered(server)) == answer


@pytest.mark.long  # recovery.spec.ts tries it, too
def test_killed_in_the_middle_of_a_map(server: LiveServer) -> None:
    ids = [event for event in answered(server) if event["event"] in ("prompt", "token")]
    tokens = [token["id"] for token in ids[0]["tokens"]] + [event["token"]["id"] for event in ids[1:]]
    end = len(tokens)
    job = {
        "kind": "salience",
        "model": "demo",
        "ids": tokens,
        "targets": [{"start": at, "end": at + 1} for at in range(end - 3, end)],
        "methods": ["integrated_gradients"],
        "integration": {"steps": 8},
    }
    _, found, seconds = killed_at(server, job, "scores")
    # The server noticed the end itself, and not only the silence.
    assert seconds < SOON
    assert found[-1]["event"] == "done"
    assert [event["target"] for event in found if event["event"] == "scores"] == job["targets"]
    server.ready()
    job = {**job, "methods": ["grad_l2"]}
    assert list(server.events(server.ask("POST", "jobs", job)["id"]))[-1]["event"] == "done"


def test_one_that_hangs_is_ended_by_a_restart(server: LiveServer) -> None:
    pid = server.ready()
    os.kill(pid, signal.SIGSTOP)
    job = server.ask("POST", "jobs", GENERATE)["id"]
    ends: list[dict[str, Any]] = []
    reader = threading.Thread(target=lambda: ends.extend(server.events(job)))
    reader.start()
    # Meanwhile everything else responds: the state, the history, another browser.
    began = time.monotonic()
    server.service()
    server.ask("POST", "runs/search", {})
    assert time.monotonic() - began < SOON
    server.ask("POST", "service/restart")
    reader.join(PATIENCE)
    assert ends[-1]["event"] == "error"
    assert not Path(f"/proc/{pid}").exists() or server.ready() != pid
    assert text(answered(server))


def test_without_memory_it_says_so(tmp_path: Path) -> None:
    limited = tmp_path / "python"
    # A limit on its address space in KiB: enough for Python, but not for TensorFlow.
    limited.write_text(f'#!/bin/sh\nulimit -v 900000\nexec "{sys.executable}" "$@"\n')
    limited.chmod(0o700)
    with live_server(tmp_path, {"service_python": str(limited)}, USUAL) as server:
        server.ask("POST", "service/start")
        found = server.wait_for("failed")
        assert found["detail"]
        assert found["hint"]
        # The server keeps running, with everything that needs no model.
        assert server.ask("POST", "datasets/open", {"name": "sample_prompts"})["id"]
        job = server.ask("POST", "jobs", GENERATE)["id"]
        assert list(server.events(job))[-1]["event"] == "error"
