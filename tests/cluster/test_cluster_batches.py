"""Batches on two replicas: Ray Data computes rows at all of them, and another replica goes on when the one that runs batches is killed."""

from __future__ import annotations

import http.server
import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from ray_replicas import cpu_ticks, replicas
from waiting import PATIENCE, until

SCOPE = "access:services!service=lit-lab"
ORDER = {
    "name": "rows.jsonl", "models": ["demo"], "max_new_tokens": 8, "templates": ["Suggestion: {dish}\nAnalysis:"],
    "checks": [{"max_length": 500}],
}  # fmt: skip
ROWS = 60
COMPUTED = 20  # ticks of processor time, mostly hundredths of a second: far more than a replica needs to wait


class Hub(http.server.BaseHTTPRequestHandler):
    """A stand-in for the hub: a token's beginning is its user's name."""

    def do_GET(self) -> None:
        name = self.headers["Authorization"].split()[1].partition("-")[0]
        body = json.dumps({"name": name, "kind": "user", "scopes": [SCOPE]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def hub() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hub/api"
    finally:
        server.shutdown()
        server.server_close()


def test_a_killed_replica_loses_and_doubles_no_row(tmp_path: Path) -> None:
    folder = tmp_path / "batches"
    with hub() as api, replicas(
        tmp_path, 2, "--hub-service", "lit-lab", "--hub-api", api, "--batches", str(folder), is_on_hub=True
    ) as served:  # fmt: skip
        clients = {
            name: httpx.Client(
                base_url=served.url,
                headers={"Authorization": f"Bearer {name}-token-for-tests"},
                timeout=PATIENCE,
                trust_env=False,
            )
            for name in ("ada", "bob")
        }
        rows = [[number, {"dish": f"dish {number}"}] for number in range(1, ROWS + 1)]
        body = "".join(json.dumps(line) + "\n" for line in [ORDER, *rows])
        before = served.cpu()
        assert len(before) == 2
        made = clients["ada"].post("/batches", content=body)
        assert made.status_code == 202, made.text
        batch = made.json()["batches"][0]["id"]

        def info() -> Any:
            found = clients["ada"].get(f"/batches/{batch}")
            return found.json() if found.status_code == 200 else {"state": "", "done": 0}

        until(lambda: 0 < info()["done"] < ROWS, PATIENCE)
        # Rows are computed by both, not only by the one that runs batches.
        until(lambda: all(cpu_ticks(pid) - ticks >= COMPUTED for pid, ticks in before.items()), PATIENCE)
        assert info()["done"] < ROWS
        os.kill(json.loads((folder / ".runner").read_text())["process"], signal.SIGKILL)
        until(lambda: info()["state"] in ("done", "failed"), 3 * PATIENCE)
        assert (info()["state"], info()["done"], info()["failed"]) == ("done", ROWS, 0), info()
        records = [json.loads(line) for line in clients["ada"].get(f"/batches/{batch}/export/jsonl").text.splitlines()]
        assert [record["row"] for record in records] == list(range(ROWS))
        assert clients["bob"].get(f"/batches/{batch}").status_code == 404
        assert clients["bob"].get("/batches").json()["batches"] == []
