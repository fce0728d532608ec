"""Building the service's environment from the panel: start, progress, stop, refusals, and the start of the service."""

import os
import sys

import packages
import pytest

from conftest import until
from lit_lab.protocol import ServiceStatus
from lit_lab.setup import environment, own_wheel
from lit_lab.setup.environment_builder import Plan
from lit_lab.setup.job import HELPS
from lit_lab.supervision import launch

CHECK = ("-c", "import lit_lab.setup, tensorflow")


@pytest.fixture
def setup(api):
    async def look():
        return (await api("GET", "status"))[1]["setup"]

    return look


async def test_what_is_configured_is_left_alone(api, setup):
    assert await setup() is None
    for method in ("POST", "DELETE"):
        status, answer = await api(method, "service", "setup")
        assert (status, answer["error"]) == (409, "setup_not_ours")
        assert "service_python" in answer["message"]


class TestElsewhere:
    @pytest.fixture
    def lit_lab_config(self):
        return {"service_url": "http://127.0.0.1:9"}

    async def test_a_service_elsewhere_can_not_be_set_up(self, api, setup):
        assert await setup() is None
        assert (await api("POST", "service", "setup"))[0] == 409


class TestOwn:
    """A server without configuration, whose own Python lacks the service's packages. The fake service takes that Python's place."""

    @pytest.fixture
    def lit_lab_config(self):
        return {}

    @pytest.fixture(autouse=True)
    def surroundings(self, lit_lab, fake_service, tmp_path, monkeypatch):
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
        lit_lab.core.setup.plan = Plan(python=sys.executable, room=0, check=CHECK)

    async def test_a_failure_is_reported_and_can_be_tried_again(self, api, setup, lit_lab):
        lit_lab.core.setup.plan = Plan(python="/nowhere/python3.12", room=0)
        assert (await setup())["state"] == "idle"
        assert (await api("POST", "service", "setup"))[0] == 202
        failed = await until(lambda: self._in(setup, "failed"))
        assert "/nowhere/python3.12" in failed["message"]
        assert "uv python install" in failed["hint"]
        assert any("Looking for Python" in line for line in (await api("GET", "service", "log"))[1]["lines"])
        assert (await api("POST", "service", "setup"))[1]["state"] == "running"
        await until(lambda: self._in(setup, "failed"))

    async def test_it_is_stopped(self, api, setup):
        await api("POST", "service", "setup")
        assert (await api("POST", "service", "setup"))[1]["state"] == "running"  # the same build
        status, answer = await api("DELETE", "service", "setup")
        assert status == 202 or status == 200, answer
        await until(lambda: self._in(setup, "stopped"))
        assert environment.python() is None

    async def test_nothing_of_it_outlives_the_server(self, api, lit_lab, setup):
        await api("POST", "service", "setup")
        await lit_lab.core.setup.close()
        assert (await setup())["state"] == "stopped"
        with environment.alone():  # the folder isn't locked any more
            pass

    async def test_once_it_is_there_the_service_is_started_with_it(self, api, setup, lit_lab, monkeypatch, tmp_path):
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            monkeypatch.delenv(name)
        for name, value in packages.write_index(tmp_path / "index").items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(own_wheel, "_SHIPPED", tmp_path / "index")

        async def lacks_tensorflow():
            return ServiceStatus(state="failed", error="service_not_installed", since=0.0)

        with monkeypatch.context() as patched:
            patched.setattr(lit_lab.core.service, "status", lacks_tensorflow)
            assert (await setup())["wanted"] is True
        await api("POST", "service", "setup")
        await until(lambda: self._in(setup, "done"))

        # The service starts with the new environment, whose packages are empty.
        async def failed():
            service = (await api("GET", "status"))[1]["service"]
            return service if service["state"] == "failed" else None

        await until(failed)
        log = (await api("GET", "service", "log"))[1]["lines"]
        assert f"[starting {environment.used().python}]" in log

    @staticmethod
    async def _in(setup, state):
        found = await setup()
        return found if found["state"] == state else None


def test_what_is_missing_is_what_an_environment_helps_with(monkeypatch):
    lines = ("ModuleNotFoundError: No module named 'tensorflow'",)
    assert launch.missing_stack(launch.Exit(1, lines), sys.executable).code in HELPS
    assert launch.wrong_python((3, 13), "x").code in HELPS
    assert launch.wrong_version("0.0.1", "x").code in HELPS


def test_the_hint_for_an_environment_of_its_own_is_the_command_that_makes_it():
    assert launch.install_command(str(environment.home() / "env-1" / "bin" / "python")) == "lit-lab setup-service"
    assert "pip install" in launch.install_command("/usr/bin/python3.11")
