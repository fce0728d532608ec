"""Large lists, deep and wide JSON, odd datasets and archives: the server answers with a message, and never needs much memory.

These are about a tenth of the `LIT_LAB_FUZZ` requests.
"""

from __future__ import annotations

import json
import os
import random

import pytest
import requests
import shapes
from fuzzed import known
from live import LiveServer
from waiting import PATIENCE, until

REQUESTS = max(int(os.environ.get("LIT_LAB_FUZZ", "500")) // 10, 10)
BODIES = int(REQUESTS * 0.6)
DATASETS = int(REQUESTS * 0.3)
ARCHIVES = max(REQUESTS - BODIES - DATASETS, 4) // 2

pytestmark = pytest.mark.usefixtures("within_memory")


def answered(server: LiveServer, method: str, path: str, content: bytes | None = None) -> None:
    """Send a request, and check what must hold for every response."""
    url = f"{server.url}/lit-lab/api/{path}"
    with requests.request(method, url, data=content, headers=server.headers, timeout=PATIENCE, stream=True) as response:
        text = response.raw.read(2**20).decode(errors="replace")  # the beginning of a stream is enough
        assert response.status_code not in (500, 501, 504), text
        if response.status_code >= 400:
            assert set(json.loads(text)) == {"error", "message", "hint"}
            assert len(text) < 20_000
    assert server.token not in text
    assert server.process.poll() is None


@pytest.mark.parametrize("seed", range(BODIES))
def test_a_body_of_an_odd_shape_gets_a_message(server: LiveServer, seed: int) -> None:
    chance = random.Random(seed)
    route = shapes.ROUTES[seed % len(shapes.ROUTES)]
    path = route.path.replace("{id}", known.get(route.path.split("/")[0], "x"))
    answered(server, route.method, path, shapes.body(chance, route))


@pytest.mark.parametrize("seed", range(DATASETS))
def test_a_dataset_of_an_odd_shape_is_read_or_refused_with_a_message(server: LiveServer, seed: int) -> None:
    chance = random.Random(seed)
    ending = sorted(shapes.FILES)[seed % len(shapes.FILES)]
    file = server.folder / f"root/odd-{seed}.{ending}"
    file.write_bytes(shapes.FILES[ending](chance))
    split = chance.choice(("lines", "paragraphs", "whole"))
    state = server.ask("POST", "datasets/open", {"path": file.name, "split": split})

    def read() -> bool:
        state.update(server.ask("GET", f"datasets/{state['id']}"))
        return bool(state["state"] != "reading")

    try:
        until(read)
        answered(server, "POST", f"datasets/{state['id']}/search", b'{"search": "a"}')
    finally:
        answered(server, "DELETE", f"datasets/{state['id']}")
        file.unlink()


@pytest.mark.parametrize("seed", range(ARCHIVES))
def test_an_archive_of_an_odd_shape_is_refused_with_a_message(server: LiveServer, seed: int) -> None:
    name = f"odd-{seed}"
    file = server.folder / f"root/{name}.tar.gz"
    file.write_bytes(shapes.archive(random.Random(seed)))
    server.ask("POST", "models/change", {"change": {"kind": "add", "name": name, "path": file.name}})
    try:
        server.ask("POST", "models/change", {"change": {"kind": "load", "name": name}})

        def tried() -> bool:
            (model,) = [model for model in server.ask("GET", "models")["models"] if model["name"] == name]
            assert model["state"] != "ready"
            return bool(model["state"] == "failed")

        until(tried)
    finally:
        server.ask("POST", "models/change", {"change": {"kind": "remove", "name": name}})
        file.unlink()
    assert server.service()["state"] == "ready"


def test_the_server_is_as_it_was(server: LiveServer) -> None:
    assert server.service()["state"] == "ready"
    assert "Traceback" not in server.log
    assert server.token not in server.log
