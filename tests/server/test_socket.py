"""Only the user can connect to the model service's Unix socket, which is deleted with the service."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from waiting import PATIENCE

from lit_lab.model_spec import ModelSpec
from lit_lab.problem import Problem
from lit_lab.protocol import ServiceHealth
from lit_lab.service_client import ServiceClient
from lit_lab.supervision import socket_folder as folders
from lit_lab.supervision.service_run import Settings
from lit_lab.supervision.servicelog import ServiceLog
from lit_lab.supervision.supervisor import Supervisor


@pytest.fixture
def runtime(tmp_path_factory, monkeypatch):
    """Jupyter's runtime folder, with a path that is short enough for a socket."""
    folder = tmp_path_factory.mktemp("r")
    monkeypatch.setattr(folders, "candidates", lambda: [folder])
    return folder


@pytest.fixture
def service(fake_service, runtime, tmp_path, jp_asyncio_loop):
    settings = Settings(
        python=str(fake_service.python),
        cache=tmp_path / "cache",
        models=(ModelSpec("demo", "embedded"),),
        start_timeout=PATIENCE,
    )
    supervisor = Supervisor(settings, ServiceLog(tmp_path / "service.log"))
    yield supervisor
    jp_asyncio_loop.run_until_complete(supervisor.close())


@pytest.fixture
def client(service, jp_asyncio_loop):
    made = ServiceClient(service, elsewhere=False)
    yield made
    jp_asyncio_loop.run_until_complete(made.close())


def test_nobody_else_can_look_into_its_folder(runtime):
    with folders.socket_folder() as path:
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert path.parent.parent == runtime
        assert not path.exists()
    assert not list(runtime.iterdir())


def test_a_path_that_is_too_long_is_not_taken(runtime, tmp_path):
    deep = tmp_path / ("deep" * 25)
    with folders.socket_folder([deep, runtime]) as path:
        assert path.parent.parent == runtime
    with folders.socket_folder([deep]) as path:
        assert path is None
    assert not list(deep.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="an unwritable folder")
def test_a_folder_that_cannot_be_made_is_done_without(tmp_path):
    (tmp_path / "file").write_text("")
    with folders.socket_folder([tmp_path / "file"]) as path:
        assert path is None


def test_what_a_killed_server_left_is_removed_and_what_lives_is_not(runtime):
    make = (
        "import os, sys; from pathlib import Path; from lit_lab.supervision import socket_folder as folders\n"
        "with folders.socket_folder([Path(sys.argv[1])]) as path: print(path, flush=True); sys.stdin.read(); os._exit(9)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", make, str(runtime)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        theirs = Path(other.stdout.readline().strip()).parent
        with folders.socket_folder() as first, folders.socket_folder() as second:
            assert theirs.is_dir()
            assert first.parent.is_dir()
            assert second.parent.is_dir()
        other.stdin.close()
        other.wait(PATIENCE)
    assert theirs.is_dir()
    with folders.socket_folder():
        assert not theirs.exists()


async def test_the_service_answers_on_its_socket_and_to_the_secret_alone(service, client, runtime):
    endpoint = await service.ready()
    assert Path(endpoint.socket).parent.parent == runtime
    assert (await client.request(endpoint, "GET", "/health", ServiceHealth)).state == "ready"
    transport = httpx.AsyncHTTPTransport(uds=endpoint.socket)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=PATIENCE) as stranger:
        assert (await stranger.get("/health")).status_code == 401
    await service.close()
    assert not list(runtime.iterdir())


async def test_another_start_has_another_socket(service, client):
    first = await service.ready()
    await client.request(first, "GET", "/health", ServiceHealth)
    service.restart()
    second = await service.ready()
    assert first.socket != second.socket
    assert not Path(first.socket).exists()
    await client.request(second, "GET", "/health", ServiceHealth)
    with pytest.raises(Problem):  # the first service's address and secret
        await client.request(first, "GET", "/health", ServiceHealth)
    await client.request(second, "GET", "/health", ServiceHealth)


async def test_a_service_that_cannot_make_the_socket_listens_on_a_port(service, fake_service, client):
    fake_service.mode("no-socket")
    endpoint = await service.ready()
    assert not endpoint.socket
    assert endpoint.url.startswith("http://127.0.0.1:")
    assert (await client.request(endpoint, "GET", "/health", ServiceHealth)).state == "ready"
