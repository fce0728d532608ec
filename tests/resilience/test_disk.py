"""A full disk: the run continues, the user sees a message, and the history continues once there is space."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import live_server
from waiting import until

GENERATE = {"kind": "generate", "model": "demo", "prompt": "Suggestion: Onion soup\nAnalysis:"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a file system needs to be allowed")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_stops_no_run(small_disk: Path, tmp_path: Path) -> None:
    home = tmp_path / "server"
    home.mkdir()
    path = small_disk / "history.sqlite"
    with live_server(home, {"history_path": str(path)}) as server:
        server.ready()
        ids: list[str] = []

        def run() -> str:
            ids.append(server.ask("POST", "jobs", GENERATE)["id"])
            events = list(server.events(ids[-1]))
            assert events[-1]["event"] == "done"
            return "".join(event["token"]["text"] for event in events if event["event"] == "token")

        first = run()
        # A run is stored a moment after its end. Without it, the file is empty, and can't be read on a full disk.
        until(lambda: server.ask("POST", "runs/search", {})["runs"])
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space left"), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        assert run() == first
        assert len(server.ask("POST", "runs/search", {})["runs"]) == 1
        said = server.ask("GET", "status")["history"]
        assert "disk is full" in said["message"]
        assert "1 result waits to be stored" in said["message"]
        # Deleting frees space, on the disk too. Waiting results are stored once there is enough.
        assert server.ask("DELETE", f"runs/{ids[0]}") == {"deleted": 1}
        filler.unlink()
        assert run() == first
        found = server.ask("POST", "runs/search", {})["runs"]
        assert [one["id"] for one in found] == [ids[2], ids[1]]
        assert server.ask("GET", "status")["history"]["message"] == ""
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
