"""How the server handles failures of the model service: restarts, back-off, and failures that it doesn't retry."""

import asyncio
import errno
import os
import signal
import sys
import time

import pytest

from conftest import alive, reached, until
from lit_lab.model_spec import ModelSpec
from lit_lab.problem import Problem
from lit_lab.supervision import launch
from lit_lab.supervision.service_run import Settings
from lit_lab.supervision.servicelog import ServiceLog
from lit_lab.supervision.supervisor import Supervisor
from lit_lab.version import version


async def test_one_crash_is_followed_by_a_restart(supervisor, fake_service):
    fake_service.mode("crash-once")
    service = supervisor()
    reported = []
    await service.ready(reported.append)
    assert len(fake_service.pids) == 2
    assert any("exit code 3" in line and "the sky fell" in line for line in reported)
    assert (await service.status()).restarts == 0
    assert "Fatal: the sky fell" in service.log_lines()  # the reason can still be read


async def test_many_crashes_are_a_failure_that_stays_until_it_is_started(supervisor, fake_service):
    fake_service.mode("crash-otherwise")
    service = supervisor()
    with pytest.raises(Problem) as raised:
        await service.ready()
    assert raised.value.code == "service_failed"
    assert "the sky fell" in raised.value.message
    assert "3 times" in raised.value.message
    assert len(fake_service.pids) == 3
    with pytest.raises(Problem):
        await service.ready()  # another request doesn't start it again
    assert len(fake_service.pids) == 3
    fake_service.mode("ok")
    service.start()
    await service.ready()
    assert (await service.status()).state == "ready"


async def test_a_start_that_ends_like_the_one_before_is_not_tried_again(supervisor, fake_service):
    fake_service.mode("crash")
    service = supervisor(backoff=(0.05, 0.05, 0.05))
    service.start()
    status = await reached(service, "failed")
    assert "2 times" in status.detail
    assert status.error == "service_died"
    assert len(fake_service.pids) == 2


async def test_what_the_environment_is_to_blame_for_is_not_tried_again(supervisor, fake_service):
    fake_service.mode("unknown-flag")
    service = supervisor()
    service.start()
    status = await reached(service, "failed")
    assert (status.error, len(fake_service.pids)) == ("service_environment", 1)
    assert "TF_XLA_FLAGS" in status.detail
    assert "--nonsense" in status.detail
    assert "times" not in status.detail


async def test_too_many_open_files_are_not_the_pythons_fault(supervisor, monkeypatch):
    async def refused(*_arguments, **_options):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", refused)
    service = supervisor()
    service.start()
    status = await reached(service, "failed")
    assert status.error == "service_limit"
    assert "ulimit -n" in status.hint


async def test_crashes_right_after_ready_are_counted_too(supervisor, fake_service):
    service = supervisor()

    async def crashed():
        return (await service.status()).state != "ready"

    for _ in range(3):
        await service.ready()
        os.kill(fake_service.pids[-1], signal.SIGKILL)
        await until(crashed)
    status = await reached(service, "failed")
    assert "memory" in status.detail
    assert len(fake_service.pids) == 3


async def test_waits_longer_from_crash_to_crash(supervisor, fake_service):
    fake_service.mode("crash-otherwise")
    service = supervisor(backoff=(0.05, 0.6))
    began = time.monotonic()
    service.start()
    await reached(service, "failed")
    assert time.monotonic() - began > 0.65


async def test_a_hung_start_is_a_failure(supervisor, fake_service):
    fake_service.mode("hang")
    service = supervisor(start_timeout=0.4)
    service.start()
    status = await reached(service, "failed")
    assert "0.4 seconds" in status.detail
    assert "start_timeout" in status.hint
    await until(lambda: not any(map(alive, fake_service.pids)))


@pytest.mark.parametrize(
    ("mode", "says", "hint"),
    [
        ("other-version", "9.9.9", f'pip install "lit_lab[service]=={version()}"'),
        ("missing", "tensorflow is missing", f'pip install "lit_lab[service]=={version()}"'),
        ("missing-said", "keras", f'pip install "lit_lab[service]=={version()}"'),
        ("refuse", "There is no such preset.", "c.LitLab.models"),
    ],
)
async def test_failures_say_what_to_do_and_are_not_tried_again(supervisor, fake_service, mode, says, hint):
    fake_service.mode(mode)
    service = supervisor()
    service.start()
    status = await reached(service, "failed")
    assert says in status.detail
    assert hint in status.hint
    assert len(fake_service.pids) == 1
    await until(lambda: not alive(fake_service.pids[0]))


async def test_a_python_that_is_not_there(supervisor, fake_service):
    fake_service.python.unlink()
    service = supervisor()
    service.start()
    status = await reached(service, "failed")
    assert str(fake_service.python) in status.detail
    assert "service_python" in status.hint


async def test_a_python_that_is_too_new(supervisor, monkeypatch, tmp_path, jp_asyncio_loop):
    monkeypatch.setattr(launch, "PYTHONS", ((2, 7),))
    settings = Settings(python=sys.executable, cache=tmp_path, models=(ModelSpec("demo", "embedded"),))
    service = Supervisor(settings, ServiceLog(tmp_path / "log"))
    service.start()
    status = await reached(service, "failed")
    assert "needs Python 3.11 or 3.12" in status.detail
    assert "pip install" in status.hint
    assert "service_python" in status.hint


def test_a_library_that_is_only_mentioned_is_not_missing():
    lines = ("ModuleNotFoundError: No module named 'tensorrt'",)
    assert launch.missing_stack(launch.Exit(1, lines), sys.executable).code == "service_not_installed"
    assert launch.missing_stack(launch.Exit(-9, lines), sys.executable) is None
