"""Two hundred simultaneous requests, half of them cancelled, and another user with a single request."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import holding_service
import pytest
import requests
from live import LiveServer, live_server
from waiting import PATIENCE

MANY = 200
ASKED = {"kind": "generate", "model": "demo", "max_new_tokens": 2}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    # Room for one user's two hundred jobs and the job that they wait for, and for no other job of that user.
    room = {"max_waiting": 2 * (MANY + 1)}
    with live_server(tmp_path_factory.mktemp("queue"), room, (holding_service.__file__,)) as running:
        running.ready()
        yield running
        assert "Traceback" not in running.log


def asked(number: int) -> dict[str, Any]:
    """One of many jobs, each with another prompt, so that no answer comes from a cache."""
    return {**ASKED, "prompt": f"Suggestion: Dish {number} {secrets.token_hex(8)}\nAnalysis:"}


def positions(events: list[dict[str, Any]]) -> list[int]:
    reported = [event["message"] for event in events if event["event"] == "state"]
    return [int(message.split("position ")[1].split()[0]) for message in reported if "position " in message]


@contextmanager
def busy(server: LiveServer) -> Iterator[None]:
    """Keep the model busy within the context."""
    asked = {"kind": "salience", "model": "demo", "ids": [2, 300, 301], "targets": [{"start": 1, "end": 2}]}
    job = server.ask("POST", "jobs", asked)["id"]
    next(event for event in server.events(job) if event["event"] == "progress")
    try:
        yield
    finally:
        assert server.ask("DELETE", f"jobs/{job}")["state"] == "cancelled"


def first_position(server: LiveServer, job: str) -> int:
    """Wait for a job's first position, and return it."""
    return next(found[0] for event in server.events(job) if (found := positions([event])))


def position_below(server: LiveServer, job: str, most: int) -> int:
    """Wait for a job's first position of at most this number, and return it."""
    reported = (found[0] for event in server.events(job) if (found := positions([event])))
    return next(position for position in reported if position <= most)


def test_two_hundred_at_once_and_half_of_them_cancelled(server: LiveServer) -> None:
    with ThreadPoolExecutor(16) as threads:
        with busy(server):
            jobs = list(threads.map(lambda n: server.ask("POST", "jobs", asked(n))["id"], range(MANY)))
            with pytest.raises(requests.HTTPError) as refused:
                server.ask("POST", "jobs", asked(MANY))
            assert refused.value.response.status_code == 429
            body = refused.value.response.json()
            assert body["error"] == "too_many_jobs"
            assert "run it again" in body["hint"]

            reported = sorted(threads.map(lambda job: first_position(server, job), jobs))
            assert reported == list(range(1, MANY + 1))
            # Everything else responds meanwhile.
            assert server.service()["state"] == "ready"
            server.ask("POST", "runs/search", {})

            stopped, kept = jobs[::2], jobs[1::2]
            list(threads.map(lambda job: server.ask("DELETE", f"jobs/{job}"), stopped))
            # The cancelled jobs have left although no turn has come: a new job is only behind the others.
            newest = server.ask("POST", "jobs", asked(MANY))["id"]
            assert position_below(server, newest, MANY // 2 + 1) == MANY // 2 + 1
        events = dict(zip(jobs, threads.map(lambda job: list(server.events(job)), jobs), strict=True))
    for job in kept:
        assert events[job][-1]["event"] == "done", events[job][-1]
        assert any(event["event"] == "token" for event in events[job])
        assert positions(events[job]) == sorted(positions(events[job]), reverse=True)
    for job in stopped:
        assert {event["event"] for event in events[job]} == {"state", "cancelled"}
    assert list(server.events(newest))[-1]["event"] == "done"
    # They leave nothing behind: the next job's turn comes at once.
    last = list(server.events(server.ask("POST", "jobs", asked(0))["id"]))
    assert last[-1]["event"] == "done"
    assert positions(last) == []


def test_another_user_waits_for_one_job_and_not_for_all(server: LiveServer) -> None:
    # A client with a cookie is a separate user; clients with only the token share one.
    other = requests.Session()
    other.headers.update(server.headers)
    other.get(f"{server.url}/api/status", timeout=PATIENCE).raise_for_status()
    assert other.cookies
    with busy(server):
        jobs = [server.ask("POST", "jobs", asked(n))["id"] for n in range(20)]
        # The server forwards them concurrently, so any of them may be the last in the queue.
        assert sorted(first_position(server, job) for job in jobs) == list(range(1, 21))
        reply = other.post(f"{server.url}/lit-lab/api/jobs", json=asked(0), timeout=PATIENCE)
        reply.raise_for_status()
        url = f"{server.url}/lit-lab/api/jobs/{reply.json()['id']}/events"
        with other.get(url, stream=True, timeout=PATIENCE) as response:
            first = next(response.iter_lines(chunk_size=1))
        assert b"position 1 " in first, first
    assert b'"done"' in other.get(url, timeout=PATIENCE).content
    for job in jobs:
        assert list(server.events(job))[-1]["event"] == "done"
