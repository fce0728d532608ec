"""The real model service, started where it can't run: it starts once, and one message names the cause.

Each start fails before TensorFlow is imported, or in a module that takes TensorFlow's place.
"""

from __future__ import annotations

import os
import shlex
import sys

import pytest

from conftest import until
from lit_lab.supervision.service_run import Settings
from lit_lab.supervision.servicelog import ServiceLog
from lit_lab.supervision.supervisor import Supervisor

PATIENCE = 120.0


@pytest.fixture
def failing(tmp_path, monkeypatch, jp_asyncio_loop):
    """Start the service with these packages on PYTHONPATH, and return its state once it has failed."""
    made = []

    async def start(python=sys.executable, **packages):
        folder = tmp_path / "foreign"
        for name, content in packages.items():
            (folder / name).mkdir(parents=True)
            (folder / name / "__init__.py").write_text(content)
        if packages:
            path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
            monkeypatch.setenv("PYTHONPATH", path)
        settings = Settings(str(python), tmp_path, ("demo:embedded",), backoff=(0.05, 0.05, 0.05))
        log = ServiceLog(tmp_path / "log")
        service = Supervisor(settings, log)
        made.append(service)
        service.start()

        async def failed():
            status = await service.status()
            assert status.state != "ready"
            return status if status.state == "failed" else None

        status = await until(failed, PATIENCE)
        return status, sum(line.startswith("[starting") for line in log.lines)

    yield start
    for one in made:
        jp_asyncio_loop.run_until_complete(one.close())


async def test_a_foreign_numpy_is_named(failing, tmp_path):
    status, starts = await failing(numpy="", tensorflow="from numpy import typing")
    assert (status.error, starts) == ("foreign_libraries", 1)
    assert str(tmp_path / "foreign") in status.detail
    assert "numpy" in status.detail
    assert "PYTHONPATH" in status.hint
    assert "reinstall" not in status.hint


async def test_a_package_that_ends_the_process_without_output_is_named(failing, tmp_path):
    status, starts = await failing(pydantic="VERSION = '1.10'")
    assert (status.error, starts) == ("foreign_libraries", 1)
    assert str(tmp_path / "foreign") in status.detail
    assert "pydantic" in status.detail


async def test_an_unknown_flag_is_named(failing, monkeypatch):
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_nonsense=1")
    dies = (
        "import os, sys\n"
        "print('F0000 00:00:1.2 3 parse_flags_from_env.cc:234] Unknown flag in TF_XLA_FLAGS: --tf_xla_nonsense=1', "
        "file=sys.stderr, flush=True)\n"
        "os.abort()\n"
    )
    status, starts = await failing(tensorflow=dies)
    assert (status.error, starts) == ("service_environment", 1)
    assert "--tf_xla_nonsense=1" in status.detail
    assert "Remove it from the environment" in status.hint


async def test_a_limit_of_address_space_is_named(failing, tmp_path):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nulimit -v 900000\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o700)
    status, starts = await failing(python)
    assert (status.error, starts) == ("service_limit", 1)
    assert "879 MiB of address space (ulimit -v)" in status.detail
    assert "ulimit -v" in status.hint


async def test_a_python_without_its_library_is_named(failing, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", str(tmp_path / "nothing"))
    status, starts = await failing()
    assert (status.error, starts) == ("service_environment", 1)
    assert "PYTHONHOME" in status.detail


async def test_an_error_in_a_library_is_reported_by_its_words(failing):
    status, starts = await failing(tensorflow="raise RuntimeError('the sky fell')")
    assert starts == 1
    assert "the sky fell" in status.detail
