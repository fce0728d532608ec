"""The life cycle of the model service: start, idle stop, renewal, restart, end."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys

import httpx
import pytest
from waiting import PATIENCE

from conftest import alive, reached, until
from lit_lab.problem import Problem
from lit_lab.supervision import launch
from lit_lab.supervision.servicelog import ServiceLog
from lit_lab.version import version


async def test_states_from_stopped_to_ready(supervisor, fake_service):
    fake_service.mode("slow")
    service = supervisor()
    assert (await service.status()).state == "stopped"
    reported = []
    await service.ready(reported.append)
    assert reported == ["Starting the model service…", "Importing TensorFlow…"]
    status = await service.status()
    assert (status.state, status.pid, status.version) == ("ready", fake_service.pids[0], version())
    assert status.arithmetic.floatx == "float32"


async def test_what_it_writes_is_kept_for_the_user_alone(supervisor, fake_service, tmp_path):
    service = supervisor()
    await service.ready()
    await until(lambda: {"importing everything", "a library prints"} <= set(service.log_lines()))
    path = tmp_path / "runtime" / "service.log"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "importing everything" in path.read_text()
    await service.close()
    assert not path.exists()


async def test_no_secret_is_in_environment_arguments_or_log(supervisor, fake_service, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_TOKEN", "secret-of-jupyter")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "secret-of-the-hub")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    service = supervisor(max_length=64, threads=2, memory_limit=10**9)
    endpoint = await service.ready()
    environment = fake_service.json("environment")
    everything = str(environment) + (tmp_path / "runtime" / "service.log").read_text() + repr(endpoint)
    for secret in ("secret-of-jupyter", "secret-of-the-hub", endpoint.secret):
        assert secret not in everything
    command = subprocess.run(["ps", "-o", "args=", "-p", str(fake_service.pids[0])], capture_output=True, text=True)
    assert endpoint.secret not in command.stdout
    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert environment["PYTHONSAFEPATH"] == environment["PYTHONUNBUFFERED"] == "1"
    config = fake_service.json("config")
    assert config["models"] == ["demo:embedded"]
    assert (config["max_length"], config["threads"], config["memory_limit"]) == (64, 2, 10**9)


async def test_it_is_reached_where_there_is_only_ipv6(supervisor, fake_service):
    fake_service.mode("ipv6")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no ::1 here: {error}")
    endpoint = await supervisor().ready()
    assert endpoint.url.startswith("http://[::1]:")


async def test_it_stops_when_it_is_idle_and_starts_again(supervisor, fake_service):
    service = supervisor(idle_timeout=0.4)
    await service.ready()
    with service.use():
        await asyncio.sleep(0.7)
        assert (await service.status()).state == "ready"
    await reached(service, "stopped")
    await until(lambda: not alive(fake_service.pids[0]))
    with pytest.raises(Problem, match="stopped"):
        await service.awaited()
    await service.ready()
    assert len(fake_service.pids) == 2


async def changed(service, kind):
    endpoint = await service.awaited()
    headers = {"Authorization": f"Bearer {endpoint.secret}"}
    transport = httpx.AsyncHTTPTransport(uds=endpoint.socket or None)
    async with httpx.AsyncClient(transport=transport, headers=headers, timeout=PATIENCE) as client:
        await client.post(f"{endpoint.url}/models/change", json={"change": {"kind": kind, "name": "demo"}})


async def test_another_process_follows_one_whose_memory_unloaded_models_hold(supervisor, fake_service):
    service = supervisor(renewal_rest=0.2)
    await service.ready()
    assert fake_service.json("config")["asked"] == []
    with service.use():
        await changed(service, "unload")
        await asyncio.sleep(0.5)
        assert (await service.status()).pid == fake_service.pids[0]
    reported = []

    async def follows():
        with service.use(only_look=True):  # as if a panel showed the models all the time
            return len(fake_service.pids) == 2

    await until(follows)
    assert any("unloaded models" in line for line in service.log_lines())
    await service.ready(reported.append)
    assert not alive(fake_service.pids[0])
    asked = [{"name": "demo", "precision": None, "max_length": 32, "load": True}]
    assert fake_service.json("config")["asked"] == asked
    status = await service.status()
    assert (status.state, status.pid, status.restarts) == ("ready", fake_service.pids[1], 0)
    # After a crash the configured service starts.
    os.kill(fake_service.pids[1], signal.SIGKILL)
    await until(lambda: len(fake_service.pids) == 3)
    await service.ready()
    assert fake_service.json("config")["asked"] == []


async def test_a_process_that_is_used_again_keeps_running(supervisor, fake_service):
    service = supervisor(renewal_rest=0.2)
    await service.ready()
    with service.use():
        await changed(service, "unload")
        await changed(service, "load")
    await asyncio.sleep(0.6)
    assert (await service.status()).pid == fake_service.pids[0]
    assert len(fake_service.pids) == 1


async def test_starting_twice_is_starting_once(supervisor, fake_service):
    service = supervisor()
    service.start()
    service.start()
    await asyncio.gather(service.ready(), service.ready())
    service.start()
    assert len(fake_service.pids) == 1


async def test_restarting_while_starting_leaves_one(supervisor, fake_service):
    fake_service.mode("slow")
    service = supervisor()
    for _ in range(4):
        service.restart()
        await asyncio.sleep(0.1)
    await service.ready()
    await until(lambda: [alive(pid) for pid in fake_service.pids].count(True) == 1)
    assert alive((await service.status()).pid)


async def test_stubborn_processes_are_killed(supervisor, fake_service, monkeypatch):
    monkeypatch.setattr("lit_lab.supervision.process.TERMINATE_AFTER", 0.2)
    monkeypatch.setattr("lit_lab.supervision.process.KILL_AFTER", 0.2)
    fake_service.mode("stubborn")
    service = supervisor()
    await service.ready()
    await service.close()
    assert not alive(fake_service.pids[0])


async def test_restarts_never_run_two_at_once(supervisor, fake_service, monkeypatch):
    monkeypatch.setattr("lit_lab.supervision.process.TERMINATE_AFTER", 0.3)
    monkeypatch.setattr("lit_lab.supervision.process.KILL_AFTER", 0.3)
    fake_service.mode("stubborn")
    service = supervisor()
    await service.ready()
    service.restart()
    await asyncio.sleep(0.05)  # the first process is still ending at the second restart
    service.restart()
    await until(lambda: len(fake_service.pids) > 1)
    assert not alive(fake_service.pids[0])


async def test_a_process_that_hangs_is_gone_with_the_server_even_while_it_is_restarted(
    supervisor, fake_service, monkeypatch
):
    monkeypatch.setattr("lit_lab.supervision.process.TERMINATE_AFTER", 0.2)
    monkeypatch.setattr("lit_lab.supervision.process.KILL_AFTER", 0.2)
    service = supervisor()
    await service.ready()
    os.kill(fake_service.pids[0], signal.SIGSTOP)
    service.restart()
    await asyncio.sleep(0.05)
    await service.close()
    assert not any(map(alive, fake_service.pids))


async def test_waiters_are_reported_when_the_server_ends(supervisor, fake_service):
    fake_service.mode("hang")
    service = supervisor()
    waiting = asyncio.ensure_future(service.ready())
    await until(lambda: fake_service.pids)
    closing = asyncio.ensure_future(service.close())
    with pytest.raises(Problem, match="stopped"):
        await waiting
    await closing
    assert not alive(fake_service.pids[0])


ALONE = """
import asyncio, pathlib, sys
from lit_lab.model_spec import ModelSpec
from lit_lab.supervision.service_run import Settings
from lit_lab.supervision.servicelog import ServiceLog
from lit_lab.supervision.supervisor import Supervisor

async def main():
    folder = pathlib.Path(sys.argv[2])
    service = Supervisor(Settings(sys.argv[1], folder, ("demo:embedded",)), ServiceLog(folder / "log"))
    await service.ready()
    print("ready", flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


async def test_no_orphan_when_the_server_is_killed(fake_service, tmp_path):
    server = subprocess.Popen(
        [sys.executable, "-c", ALONE, str(fake_service.python), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with server:
        assert server.stdout.readline() == "ready\n"
        [pid] = fake_service.pids
        assert alive(pid)
        server.kill()
    await until(lambda: not alive(pid))


def test_a_log_that_can_not_be_written_says_so_and_keeps_its_lines(tmp_path):
    (tmp_path / "file").write_text("")
    log = ServiceLog(tmp_path / "file" / "log")
    log.add("one")
    log.add("two")
    assert [log.lines[0], log.lines[2]] == ["one", "two"]
    assert "can't be written" in log.lines[1]


def test_a_read_only_installation_keeps_its_bytecode_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    found = launch.environment(sys.executable, tmp_path, {"PYTHONDONTWRITEBYTECODE": "1"})
    assert found["PYTHONPYCACHEPREFIX"] == str(tmp_path / "bytecode")
    assert "PYTHONPYCACHEPREFIX" not in launch.environment("/other/python", tmp_path, {})


def test_another_python_gets_no_paths_of_this_one(tmp_path):
    base = {"PYTHONPATH": "/here", "PYTHONHOME": "/there", "KAGGLE_KEY": "needed"}
    found = launch.environment("/other/python", tmp_path, base)
    assert "PYTHONPATH" not in found
    assert "PYTHONHOME" not in found
    assert found["KAGGLE_KEY"] == "needed"  # Keras needs it to download presets


def test_the_log_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("lit_lab.supervision.servicelog.MAX_FILE", 1_000)
    log = ServiceLog(tmp_path / "log")
    for number in range(1_000):
        log.add(f"{number} " + "x" * 100)
    log.add("y" * 1_000_000)
    assert len(log.lines) == 500
    assert max(map(len, log.lines)) < 5_000
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 20_000
