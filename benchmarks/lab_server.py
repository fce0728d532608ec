"""A benchmark's own JupyterLab server, started anew and stopped at the end."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass
class Server:
    """A running server."""

    url: str
    token: str
    process: subprocess.Popen[bytes]
    seconds: float
    """From the start of the process to its first answer to `GET api/status`."""
    cpu: float
    """Processor seconds, user and system, that it had used by then; NaN where the system doesn't tell."""
    scratch: Path

    @property
    def log(self) -> str:
        """Return its log so far."""
        return (self.scratch / "log").read_text(errors="replace")

    def get(self, path: str) -> int:
        """Return the status of `GET path`."""
        return get(f"{self.url}/{path}", self.token)


def environment(home: Path) -> dict[str, str]:
    """Return the environment for both sides: with bytecode, and without the user's own settings."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    folders = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
    return kept | {name: str(home / folder) for name, folder in folders.items()}


def get(url: str, token: str) -> int:
    """Return the status of a GET. 0 while nothing listens."""
    request = urllib.request.Request(url, headers={"Authorization": f"token {token}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def free_port() -> int:
    """Return a free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process so far, in seconds."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def lab_server(*, extension: bool = True, patience: float = 120, config: str = "") -> Iterator[Server]:
    """Start `jupyter lab` on a copy of the examples, with the extension or without, and stop it at the end.

    `config` is added to the server's configuration file.

    Raises RuntimeError with the server's log if it ends early or doesn't respond within `patience` seconds.
    """
    scratch = Path(tempfile.mkdtemp(prefix="lit-lab-benchmark-"))
    shutil.copytree(REPOSITORY / "examples", scratch / "root")
    settings = scratch / "config.py"
    # This takes precedence over an installed extension's own configuration.
    settings.write_text(f"c.ServerApp.jpserver_extensions = {{'lit_lab': {extension}}}\n{config}\n")
    port, token = free_port(), secrets.token_hex(16)
    arguments = [
        f"--config={settings}",
        "--no-browser",
        "--allow-root",
        f"--ServerApp.root_dir={scratch / 'root'}",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}",
        # A headless browser loads the page for measuring.
        "--LabApp.expose_app_in_browser=True",
    ]
    url = f"http://127.0.0.1:{port}"
    with (scratch / "log").open("wb") as log:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *arguments],
            env=environment(scratch),
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        while get(f"{url}/api/status", token) != 200:
            if process.poll() is not None or time.perf_counter() - start > patience:
                raise RuntimeError("JupyterLab didn't start:\n" + (scratch / "log").read_text(errors="replace"))
            time.sleep(0.002)
        yield Server(url, token, process, time.perf_counter() - start, cpu_seconds(process.pid), scratch)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(scratch, ignore_errors=True)
