"""A JupyterHub with two users on this machine, whose servers share the service that the hub manages.

It needs JupyterHub, and configurable-http-proxy on the path or in `LIT_LAB_TEST_PROXY`. With `LIT_LAB_TEST_SERVICE=plain`, the service is one
process without Ray.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from waiting import PATIENCE, until

pytest.importorskip("jupyterhub")
PROXY = os.environ.get("LIT_LAB_TEST_PROXY") or shutil.which("configurable-http-proxy")
if PROXY is None:
    pytest.skip("no configurable-http-proxy", allow_module_level=True)

ROOT = Path(__file__).parents[2]
SCOPE = "access:services!service=lit-lab"
ADMIN = "an-administrators-token-for-tests"
PROMPT = "Suggestion: Onion soup\nAnalysis:"

PLAIN = """
import os, subprocess, sys
from lit_lab.cluster.managed import managed
from lit_lab.protocol import ServiceConfig, Sharing
found = managed(os.environ)
sharing = Sharing(hub=found.hub, hosts=["127.0.0.1"], prefix=found.prefix)
config = ServiceConfig(secret="0" * 32, models=["demo:embedded"], kv_cache_bytes=2**26, sharing=sharing).model_dump_json()
service = subprocess.Popen([sys.executable, "-m", "lit_lab.service", "--port", str(found.port)], stdin=subprocess.PIPE, text=True)
service.stdin.write(config + "\\n")
service.stdin.flush()
sys.exit(service.wait())
"""

CONFIG = """
import os, sys
c.JupyterHub.bind_url = {url!r}
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.public_url = {url!r}
c.JupyterHub.db_url = "sqlite://"
c.JupyterHub.cookie_secret_file = {folder!r} + "/cookie_secret"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.ConfigurableHTTPProxy.command = {proxy!r}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.pid_file = {folder!r} + "/proxy.pid"
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {folder!r} + "/home/{{username}}"
c.Spawner.args = ["--LitLab.hub_service=lit-lab", "--allow-root"]
c.Spawner.start_timeout = c.Spawner.http_timeout = {patience}
c.Spawner.environment = {{
    "PYTHONPATH": {root!r},
    "JUPYTER_CONFIG_PATH": {folder!r},
    "JUPYTER_PATH": {share!r},
    "JUPYTERLAB_DIR": {share!r} + "/lab",
}}
c.JupyterHub.services = [
    {{"name": "tests", "api_token": {admin!r}}},
    {{"name": "lit-lab", "url": "http://127.0.0.1:{service_port}", "command": {command!r}, "environment": {{"PYTHONPATH": {root!r}}}}},
]
c.JupyterHub.load_roles = [
    {{"name": "tests", "services": ["tests"], "scopes": ["admin:users", "admin:servers", "tokens", "access:servers"]}},
    {{"name": "lit-lab-users", "users": ["ada", "bob"], "scopes": ["access:services!service=lit-lab"]}},
    {{"name": "server", "scopes": ["users:activity!user", "access:servers!server", "access:services!service=lit-lab"]}},
]
"""


@dataclass(frozen=True)
class RunningHub:
    """A hub that runs.

    Attributes:
        url: Its public address.
        log: What it and its service have printed.
    """

    url: str
    log: Path

    def api(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Ask the hub's API as an administrator."""
        headers = {"Authorization": f"token {ADMIN}"}
        return httpx.request(
            method, f"{self.url}hub/api/{path}", headers=headers, json=body, timeout=PATIENCE, trust_env=False
        )

    def user(self, name: str) -> httpx.Client:
        """Start a user's server, and return a client of its LIT Lab that carries the user's own token."""
        assert self.api("POST", f"users/{name}").status_code in (201, 409)
        assert self.api("POST", f"users/{name}/server").status_code in (201, 202, 400)  # 400: it runs already
        until(lambda: self.api("GET", f"users/{name}").json()["servers"].get("", {}).get("ready"), 2 * PATIENCE)
        token = self.api("POST", f"users/{name}/tokens", {}).json()["token"]
        return httpx.Client(
            base_url=f"{self.url}user/{name}/lit-lab/api/",
            headers={"Authorization": f"token {token}"},
            timeout=PATIENCE,
            trust_env=False,
        )


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


@contextmanager
def running_hub(folder: Path) -> Iterator[RunningHub]:
    port, hub_port, proxy_port, service_port = free_ports(4)
    url = f"http://127.0.0.1:{port}/"
    program = [sys.executable, "-m", "lit_lab", "serve", "--replicas", "2", "--kv-cache", str(2**26)]
    if os.environ.get("LIT_LAB_TEST_SERVICE") == "plain":
        program = [sys.executable, "-c", PLAIN]
    config, log = folder / "jupyterhub_config.py", folder / "log.txt"
    for name in ("ada", "bob", "eve"):
        (folder / "home" / name).mkdir(parents=True)
        shutil.copy(ROOT / "examples/prompt_debugging.ipynb", folder / "home" / name)
    enabled = {"ServerApp": {"jpserver_extensions": {"lit_lab": True, "jupyterlab": True}}}
    (folder / "jupyter_server_config.json").write_text(json.dumps(enabled))
    config.write_text(
        CONFIG.format(
            url=url,
            hub_port=hub_port,
            proxy_port=proxy_port,
            service_port=service_port,
            proxy=shlex.split(str(PROXY)),
            folder=str(folder),
            root=str(ROOT),
            share=str(ROOT / ".venv/share/jupyter"),
            command=program,
            admin=ADMIN,
            patience=int(2 * PATIENCE),
        )
    )
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "--config", str(config)],
            stdout=output, stderr=subprocess.STDOUT, env=environment, cwd=folder,
        )  # fmt: skip
    hub = RunningHub(url, log)

    asking = httpx.Client(timeout=PATIENCE, trust_env=False)

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text("utf-8", "replace")
        time.sleep(1)  # the machine has more to do than to be asked
        try:
            return asking.get(f"{url}services/lit-lab/ready").status_code == 200
        except httpx.TransportError:
            return False

    try:
        with asking:
            until(is_ready, 5 * PATIENCE)
        yield hub
    finally:
        process.terminate()
        process.wait(PATIENCE)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    with running_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


def run(client: httpx.Client) -> list[dict[str, Any]]:
    asked = {"kind": "generate", "model": "demo", "prompt": PROMPT, "max_new_tokens": 4}
    response = client.post("jobs", json=asked)
    assert response.status_code == 202, response.text
    events = client.get(f"jobs/{response.json()['id']}/events")
    return [json.loads(line) for line in events.text.splitlines()]


def answer(events: list[dict[str, Any]]) -> dict[str, Any]:
    found = [event for event in events if event["event"] == "answer"]
    assert found, events
    return found[0]


def test_two_users_share_the_service_and_see_nothing_of_each_other(hub: RunningHub) -> None:
    with hub.user("ada") as ada, hub.user("bob") as bob:
        mine, theirs = answer(run(ada)), answer(run(bob))
        assert (mine["text"], mine["reused"], theirs["reused"]) == (theirs["text"], 0, 0)
        assert answer(run(ada))["reused"] > 0


def test_a_user_without_the_scope_sees_which(hub: RunningHub) -> None:
    with hub.user("eve") as eve:
        *_, last = run(eve)
        assert last["event"] == "error", last
        assert SCOPE in last["message"]


def test_no_token_of_a_user_is_in_the_log(hub: RunningHub) -> None:
    with hub.user("ada") as ada:
        answer(run(ada))
        token = ada.headers["Authorization"].split()[1]
    said = hub.log.read_text("utf-8", "replace")
    assert ADMIN not in said
    assert len(token) >= 16
    assert token not in said
    assert PROMPT.splitlines()[0] not in said


def test_browsers_of_several_users(hub: RunningHub) -> None:
    """ui-tests/hub has the spec."""
    browser = ROOT / "ui-tests"
    if not (browser / "node_modules").exists():
        pytest.skip("the browser tests' packages aren't installed: make browser")
    for name in ("ada", "bob", "eve"):
        hub.user(name).close()  # their servers start before browsers wait for them
    environment = {**os.environ, "LIT_LAB_HUB": hub.url}
    command = ["npx", "playwright", "test", "--config", "hub.config.ts"]
    ended = subprocess.run(
        command, cwd=browser, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout
