"""Two replicas of the embedded model: what one process does, and what only several can."""

from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from ray_replicas import Replicas, cpu_ticks, descendants, events, post, processes
from running import CALM, SECRET, Running
from waiting import SOON, until

LONG = "Once upon a time there was a menu. " * 40
PROMPT = "Analyze a menu item in a restaurant.\n\nTaste-likes: I've a sweet-tooth\nSuggestion: Onion soup\nAnalysis:"


def generation(prompt: str = PROMPT, tokens: int = 12) -> dict[str, Any]:
    return {"model": "demo", "prompt": prompt, "max_new_tokens": tokens, "chat": "off", "stop": []}


def answer_of(found: list[dict[str, Any]]) -> dict[str, Any]:
    return next(event for event in found if event["event"] == "answer")


def salience(found: list[dict[str, Any]], methods: list[str], **others: Any) -> dict[str, Any]:
    prompt = next(event for event in found if event["event"] == "prompt")["tokens"]
    ids = [token["id"] for token in (*prompt, *answer_of(found)["tokens"])]
    target = {"start": len(prompt), "end": len(ids)}
    return {"model": "demo", "ids": ids, "targets": [target], "methods": methods, **others}


def sessions_of_both(served: Replicas) -> tuple[str, str]:
    """Return two sessions, each of another replica."""
    first: dict[int, str] = {}
    for number in range(40):
        before = served.cpu()
        with served.client(f"session {number}") as client:
            post(client, "generate", generation(f"{number} {LONG}", 1))
        first.setdefault(served.computing(before), f"session {number}")
        if len(first) == 2:
            one, other = first.values()
            return one, other
    raise AssertionError("all sessions reach one replica")


def test_both_replicas_answer_and_follow_ups_reach_the_same(served: Replicas) -> None:
    assert len(served.pids()) == 2
    for session in sessions_of_both(served):
        with served.client(session) as client:
            assert client.get("/health").json()["state"] == "ready"
            post(client, "generate", generation())
            again = [answer_of(post(client, "generate", generation()))["reused"] for _ in range(10)]
            assert min(again) > 0, again


def test_results_are_those_of_the_plain_process(served: Replicas, tmp_path: Path) -> None:
    config = {"secret": SECRET, "models": ["demo:embedded"], "threads": 1}
    plain = Running(config, tmp_path / "log.txt", CALM)
    try:
        plain.wait_for("ready")
        found = []
        for client in (served.client("same"), plain.client()):
            with client:
                run = post(client, "generate", generation())
                maps = post(client, "salience", salience(run, ["grad_l2", "grad_dot_input"]))
                found.append((run, [event for event in maps if event["event"] == "scores"]))
        (one, one_maps), (other, other_maps) = found
        assert [t["id"] for t in answer_of(one)["tokens"]] == [t["id"] for t in answer_of(other)["tokens"]]
        assert answer_of(one)["text"] == answer_of(other)["text"]
        assert len(one_maps) == 2
        for mine, theirs in zip(one_maps, other_maps, strict=True):
            assert mine["scores"] == pytest.approx(theirs["scores"], rel=1e-4, abs=1e-6)
    finally:
        plain.end()


def test_a_client_that_leaves_ends_the_computation(served: Replicas) -> None:
    with served.client("leaves") as client:
        run = post(client, "generate", generation(tokens=4))
        body = salience(run, ["integrated_gradients"], integration={"steps": 256})
        spans = [{"start": a, "end": b} for b in range(len(body["ids"]), 2, -1) for a in range(1, b)][:4000]
        before = served.cpu()
        with client.stream("POST", "/salience", json={"kind": "salience", **body, "targets": spans}) as response:
            next(events(response))
            pid = served.computing(before)
    # The next one is the turn's proof: it would wait for hours.
    with served.client("leaves") as client:
        assert answer_of(post(client, "generate", generation(tokens=2)))["tokens"]
    assert pid in served.pids()


@pytest.mark.parametrize("when", ["prefill", "generation", "salience"])
def test_a_killed_replica_breaks_its_stream_and_comes_back(served: Replicas, when: str) -> None:
    session, _ = sessions_of_both(served)
    with served.client(session) as client:
        run = post(client, "generate", generation(tokens=4))
        kind, body = {
            "prefill": ("generate", generation(LONG, 200)),
            "generation": ("generate", generation(tokens=400)),
            "salience": ("salience", salience(run, ["integrated_gradients"], integration={"steps": 256})),
        }[when]
        if when == "salience":
            body["targets"] = [{"start": a, "end": len(body["ids"])} for a in range(1, len(body["ids"]))]
        before = served.cpu()
        victim = 0
        with (
            pytest.raises(httpx.RemoteProtocolError),
            client.stream("POST", f"/{kind}", json={"kind": kind, **body}) as response,
        ):
            lines = response.iter_lines()
            if when != "prefill":
                while json.loads(next(lines))["event"] not in ("token", "scores", "progress"):
                    pass
            until(lambda: sum(map(cpu_ticks, before)) - sum(before.values()) > 5)
            victim = served.computing(before)
            os.kill(victim, signal.SIGKILL)
            for _ in lines:
                pass
        # The other one answers at once, the same session, too.
        assert answer_of(post(client, "generate", generation(tokens=2)))["tokens"]
    until(lambda: "A replica ended" in served.said(), SOON)
    until(lambda: len(served.pids()) == 2 and victim not in served.pids())
    until(lambda: served.said().rstrip().endswith("2 of 2 replicas are ready."))


def test_requests_need_the_secret_and_this_host(served: Replicas) -> None:
    with served.client(secret="wrong") as client:
        assert client.get("/health").status_code == 401
        assert client.post("/generate", json={}).status_code == 401
    with served.client() as client:
        assert client.get("/health", headers={"Host": "example.org"}).status_code == 403
        assert client.get("/health", headers={"Origin": "http://localhost"}).status_code == 403


def test_the_secret_is_on_no_command_line_nor_in_the_log(served: Replicas) -> None:
    secret = served.secret_file.read_text().strip()
    assert stat.S_IMODE(served.secret_file.stat().st_mode) == 0o600
    assert secret not in served.said()
    assert not [title for title in processes().values() if secret in title]


def listening(pids: set[int]) -> list[tuple[str, int]]:
    """Return the addresses and ports that processes listen on."""
    inodes = set()
    for pid in pids:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = str(link.readlink())
            except OSError:
                continue
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                address, _, port = fields[1].partition(":")
                found.append((address, int(port, 16)))
    return found


PATHS = (
    "/",
    "/metrics",
    "/api/version",
    "/api/authentication_mode",
    "/api/cluster_status",
    "/api/jobs/",
    "/api/job_agent/jobs/",
    "/api/serve/applications/",
    "/api/v0/actors",
    "/api/v0/tasks",
    "/api/v0/logs",
    "/api/v0/logs/file",
    "/api/local_raylet_healthz",
    "/events",
    "/logs/",
    "/log_proxy",
    "/logical/actors",
    "/nodes?view=summary",
    "/get_or_create_runtime_env",
    "/worker/traceback",
)


def test_no_port_tells_anything_without_the_token(served: Replicas) -> None:
    """Whatever Ray's ports answer over HTTP is a page without data, that all is well, or metrics, without texts."""
    with served.client() as client:
        post(client, "generate", generation())
    pids = descendants(served.process.pid)
    own = {urlsplit(served.url).port}
    answered: dict[str, set[str]] = {}
    metrics: set[str] = set()
    for port in {number for _, number in listening(pids)} - own:
        for path in PATHS:
            try:
                response = httpx.get(f"http://127.0.0.1:{port}{path}", timeout=SOON, trust_env=False)
            except httpx.HTTPError:
                continue  # it speaks another protocol
            if response.is_success and response.text.startswith("# HELP"):
                metrics.add(response.text)  # an exporter of Prometheus's answers at any path
            elif response.is_success:
                answered.setdefault(path, set()).add(response.text)
    assert metrics
    assert set(answered) <= {"/", "/api/version", "/api/authentication_mode", "/api/local_raylet_healthz"}, answered
    secret = served.secret_file.read_text().strip()
    for text in metrics.union(*answered.values()):
        assert secret not in text
        assert "Onion soup" not in text


def test_rays_ports_are_not_open_without_the_token(served: Replicas, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each open port is the service's, or one where a program without the token gets nothing."""
    import ray
    from ray._raylet import GcsClient

    pids = descendants(served.process.pid)
    titles = {pid: title for pid, title in processes().items() if pid in pids}
    open_ports = listening(pids)
    assert open_ports
    gcs = next(title for title in titles.values() if "gcs_server" in title)
    port = int(gcs.partition("--gcs_server_port=")[2].split()[0])
    if not port:
        port = next(number for _, number in listening({pid for pid in pids if "gcs_server" in titles[pid]}))
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with pytest.raises(Exception, match=r"(?i)auth|token|permission|unauthenticated"):
        GcsClient(address=f"127.0.0.1:{port}").internal_kv_keys(b"", namespace=b"serve")
    assert ray.__version__.startswith("2.60.")
