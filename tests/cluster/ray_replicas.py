"""Starts replicas as an administrator does, and asks them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from waiting import PATIENCE, until

ROOT = Path(__file__).parents[2]
REPLICA = "ray::ServeReplica:"


@dataclass(frozen=True)
class Replicas:
    """Running replicas.

    Attributes:
        url: The service's address.
        secret_file: The file of the secret.
        log: What the command has printed.
        process: The command's process.
    """

    url: str
    secret_file: Path
    log: Path
    process: subprocess.Popen[bytes]

    def client(self, session: str = "", secret: str | None = None, owner: str = "") -> httpx.Client:
        """Return a client; requests of one session reach one replica."""
        secret = self.secret_file.read_text().strip() if secret is None else secret
        headers = {"Authorization": f"Bearer {secret}", "X-LIT-Lab-Owner": owner or session}
        if session:
            headers["X-Session-ID"] = session
        return httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE, trust_env=False)

    def pids(self) -> list[int]:
        """Return the replicas' process ids."""
        titles = processes()
        return [pid for pid in descendants(self.process.pid) if titles.get(pid, "").startswith(REPLICA)]

    def computing(self, before: dict[int, int]) -> int:
        """Return the replica that has computed most since `cpu` was asked."""
        return max(before, key=lambda pid: cpu_ticks(pid) - before[pid])

    def cpu(self) -> dict[int, int]:
        """Return each replica's processor time so far."""
        return {pid: cpu_ticks(pid) for pid in self.pids()}

    def said(self) -> str:
        """Return what the command has printed so far."""
        return self.log.read_text("utf-8", "replace")


def processes() -> dict[int, str]:
    """Return the titles of this user's processes."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                if folder.stat().st_uid == os.getuid():
                    title = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
                    found[int(folder.name)] = title
            except OSError:
                continue
    return found


def descendants(pid: int) -> set[int]:
    """Return the processes that a process has started, and those that they have started: another Ray's aren't among them."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found: set[int] = set()
    new = [pid]
    while new:
        found.update(new := [child for parent in new for child in children.get(parent, ())])
    return found


def cpu_ticks(pid: int) -> int:
    """Return a process's processor time; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def events(response: httpx.Response) -> Iterator[dict[str, Any]]:
    """Yield a stream's events, without heartbeats."""
    for line in response.iter_lines():
        if (event := json.loads(line))["event"] != "heartbeat":
            yield event


def post(client: httpx.Client, kind: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all events of a computation."""
    with client.stream("POST", f"/{kind}", json={"kind": kind, **body}) as response:
        assert response.status_code == 200, response.read()
        return list(events(response))


@contextmanager
def replicas(folder: Path, count: int, *options: str, is_on_hub: bool = False) -> Iterator[Replicas]:
    """Run `lit-lab serve` within the context, and check that it leaves no process. On a hub, it has no secret."""
    log, secret_file = folder / "log.txt", folder / "secret"
    command = [sys.executable, "-m", "lit_lab", "serve", "--replicas", str(count)]
    if not is_on_hub:
        command += ["--secret-file", str(secret_file)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with log.open("wb") as output:
        process = subprocess.Popen([*command, *options], stdout=output, stderr=subprocess.STDOUT, env=environment)

    def address() -> re.Match[str] | None:
        said = log.read_text("utf-8", "replace")
        assert process.poll() is None, said
        return re.search(r"answers at (\S+)\. ", said)

    started: set[int] = set()
    try:
        found = until(address, 3 * PATIENCE)
        assert found is not None
        yield Replicas(found[1], secret_file, log, process)
    finally:
        started = descendants(process.pid)
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
    assert process.returncode == 0, log.read_text("utf-8", "replace")
    assert started
    until(lambda: not started.intersection(processes()))
