"""The extension in a Jupyter server: its cost, its configuration, and what remains when it ends."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from traitlets import TraitError
from traitlets.config import Config
from waiting import PATIENCE

from conftest import example, until
from lit_lab import asking_again, protocol, routes
from lit_lab.extension import LitLab
from lit_lab.handlers.table import handlers
from lit_lab.problem import Problem

ROOT = Path(__file__).resolve().parents[2]

START = """
import json, sys
from jupyter_server.serverapp import ServerApp
app = ServerApp()
import lit_lab
[point] = lit_lab._jupyter_server_extension_points()
others = "jupyterlab", "notebook", "notebook_shim", "jupyter_lsp", "jupyter_server_terminals"
wanted = {"lit_lab": True, **dict.fromkeys(others, False)}  # JupyterLab has httpx loaded
app.initialize(argv=[f"--ServerApp.jpserver_extensions={wanted}", "--no-browser", "--allow-root", "--port=0"])
assert "lit_lab" in app.extension_manager.extension_apps, app.extension_manager.extension_apps
print(json.dumps(sorted(sys.modules)))
"""

HEAVY = re.compile(r"^(tensorflow|keras|keras_nlp|keras_hub|lit_nlp|numpy|fastapi|uvicorn|kagglehub)(\.|$)")
LATER = re.compile(r"^(pydantic|httpx|lit_lab\.(protocol|core|jobs|supervision|service_client))(\.|$)")


def test_the_server_starts_without_what_it_may_never_need(tmp_path):
    environment = {**os.environ, "HOME": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", START], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    modules = json.loads(done.stdout.splitlines()[-1])
    assert "lit_lab.handlers.table" in modules
    assert not [name for name in modules if HEAVY.match(name)]
    assert not [name for name in modules if LATER.match(name)]


def test_what_the_server_uses_later_is_light_too(tmp_path):
    code = (
        "import sys, json; from lit_lab import core, jobs, validation, extension; "
        "from lit_lab.supervision import supervisor, remote; "
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not [name for name in json.loads(done.stdout) if HEAVY.match(name)]


def test_every_route_has_a_handler_and_every_handler_a_route():
    patterns = [(re.compile(pattern + "$"), handler) for pattern, handler in handlers()]
    for route in routes.ROUTES:
        path = "/" + routes.PREFIX + "/" + re.sub(r"\{\w+\}", "a%2Fb", route.path)
        _, handler = next(pair for pair in patterns if pair[0].match(path))
        assert handler.operations[route.method] == route.operation
    assert len({route.operation for route in routes.ROUTES}) == len(routes.ROUTES)


@pytest.mark.parametrize("models", [[], ["demo"], ["demo:"], [":embedded"], ["a:x", " a: y"], ["n" * 201 + ":x"]])
def test_bad_models_are_refused(models):
    with pytest.raises(TraitError, match=r"c\.LitLab\.models"):
        LitLab(config=Config({"LitLab": {"models": models}}))


def test_limits_end_where_those_of_the_protocol_do():
    traits = LitLab.class_own_traits(config=True)
    assert traits["max_prompt_chars"].max == protocol.MAX_TEXT
    assert LitLab(max_new_tokens=protocol.MAX_TOKENS).max_new_tokens == protocol.MAX_TOKENS
    LitLab(models=["n" * protocol.MAX_NAME + ":x"])
    with pytest.raises(TraitError):
        LitLab(models=["n" * (protocol.MAX_NAME + 1) + ":x"])


def test_more_new_tokens_than_an_earlier_version_took_are_as_many_as_possible():
    extension = LitLab(config=Config({"LitLab": {"max_new_tokens": 1_000_000}}))
    assert extension.max_new_tokens == protocol.MAX_TOKENS
    with pytest.raises(TraitError):
        LitLab(max_new_tokens=0)


def test_blanks_around_names_and_paths_do_not_count():
    assert LitLab(models=[" a : kaggle://x "]).models == ["a:kaggle://x"]


def test_the_default_model_must_be_one_of_them():
    with pytest.raises(Problem, match="default_model"):
        LitLab(models=["a:x"], default_model="b").ordered_models()
    assert LitLab(models=["a:x", "b:y", "c:z"], default_model="b").ordered_models() == (
        ("b", "y"),
        ("a", "x"),
        ("c", "z"),
    )


def test_all_configuration_is_explained():
    for name, trait in LitLab.class_own_traits(config=True).items():
        assert len(trait.help) > 20, name


class TestBadDefault:
    @pytest.fixture
    def lit_lab_config(self, lit_lab_config):
        return {**lit_lab_config, "default_model": "nonesuch"}

    async def test_the_panel_is_informed(self, api):
        status, answer = await api("GET", "status")
        assert (status, answer["error"]) == (500, "bad_configuration")
        assert "nonesuch" in answer["message"]


async def test_an_internal_error_has_a_message_too(api, lit_lab, monkeypatch):
    monkeypatch.setattr(lit_lab.core.service, "status", lambda: 1 / 0)
    status, answer = await api("GET", "status")
    assert (status, answer["error"]) == (500, "internal")
    assert "log" in answer["hint"]


class TestPreload:
    @pytest.fixture
    def lit_lab_config(self, lit_lab_config):
        return {**lit_lab_config, "preload": True}

    async def test_the_service_starts_with_the_server(self, lit_lab, fake_service):
        await lit_lab.serverapp.extension_manager.start_all_extensions()
        await until(lambda: fake_service.pids)


async def test_nothing_outlives_the_server(lit_lab, api, fake_service):
    await api("POST", "service", "start")
    await until(lambda: fake_service.pids)
    await lit_lab.stop_extension()
    with pytest.raises(ProcessLookupError):
        os.kill(fake_service.pids[0], 0)


async def test_restart_and_log(api, fake_service):
    status, answer = await api("POST", "service", "restart")
    assert (status, answer["state"]) == (202, "starting")

    async def ready():
        return (await api("GET", "status"))[1]["service"]["state"] == "ready"

    await until(ready)

    async def logged():
        return "importing everything" in (await api("GET", "service", "log"))[1]["lines"]

    await until(logged)


async def test_what_the_service_knows_is_passed_on(api, fake_service):
    status, answer = await api("POST", "tokens", body={"model": "demo", "prompt": "Hi"})
    assert (status, answer["window"]) == (200, 64)
    assert (await api("GET", "models"))[1]["models"][0]["window"] == 64


async def test_a_preset_that_is_forbidden_does_not_look_like_a_wrong_secret(api):
    status, answer = await api("POST", "tokens", body={"model": "demo", "prompt": "forbidden"})
    assert (status, answer["error"], answer["hint"]) == (502, "preset_forbidden", "Accept.")


async def test_what_does_not_start_the_service_waits_for_one_that_starts(api, fake_service):
    fake_service.mode("slow")
    await api("POST", "service", "start")
    assert (await api("POST", "estimate", body={"request": example("salience")}))[0] == 200


class TestServiceElsewhere:
    """With `c.LitLab.service_url`: a fake service in another process."""

    @pytest.fixture
    def lit_lab_config(self, fake_service, monkeypatch):
        monkeypatch.setattr("lit_lab.supervision.remote.TIMEOUT", PATIENCE)
        self.process = subprocess.Popen(
            [str(fake_service.python)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.process.stdin.write(json.dumps({"secret": "s" * 16, "models": ["demo:embedded"]}) + "\n")
        self.process.stdin.flush()
        port = next(json.loads(line)["port"] for line in self.process.stdout if '"listening"' in line)
        yield {"service_url": f"http://127.0.0.1:{port}/", "service_secret": "s" * 16}
        self.process.kill()
        self.process.communicate()

    async def test_it_is_used_and_not_owned(self, api, generate, events):
        status = (await api("GET", "status"))[1]
        assert (status["service"]["state"], status["service"]["pid"]) == ("ready", None)
        assert status["default_model"] == ""
        assert (await api("GET", "models"))[1]["models"][0]["name"] == "demo"
        assert (await events(await generate("Hi")))[-1]["event"] == "done"
        status, answer = await api("POST", "service", "restart")
        assert (status, answer["error"]) == (409, "service_remote")
        assert (await api("POST", "service", "start"))[0] == 202

    async def test_when_it_is_gone(self, api, generate, events, lit_lab, monkeypatch):
        monkeypatch.setattr(asking_again, "MAX_AWAY_SECONDS", 1.0)
        job = await generate("forever")
        await until(lambda: len(lit_lab.core.jobs.by_id[job].lines) > 3)
        self.process.kill()
        self.process.wait()
        found = await events(job)
        assert [event["event"] for event in found[-2:]] == ["restarted", "error"]
        assert found[-1]["error"] == "service_failed"
        assert "service_url" in found[-1]["hint"]
        status = (await api("GET", "status"))[1]["service"]
        assert status["state"] == "failed"
        assert "service_url" in status["hint"]
        assert (await events(await generate("Hi")))[-1]["error"] == "service_failed"

    async def test_a_wrong_secret(self, api, lit_lab):
        lit_lab.service_secret = "t" * 16
        status = (await api("GET", "status"))[1]["service"]
        assert (status["state"], "service_secret" in status["hint"]) == ("failed", True)


class TestRealService:
    """The embedded model, computed by the real model service."""

    @pytest.fixture
    def lit_lab_config(self):
        return {"start_timeout": PATIENCE}

    @pytest.fixture
    def jp_environ(self, jp_environ, monkeypatch):
        monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)

    async def test_prompt_to_scores(self, api, generate, jp_fetch, lit_lab):
        async def read(job):
            response = await jp_fetch("lit-lab", "api", "jobs", job, "events")
            return [json.loads(line) for line in response.body.splitlines()]

        job = await generate("Analyze a menu item in a restaurant.", max_new_tokens=8)
        found = [event for event in await read(job) if event["event"] != "heartbeat"]
        assert found[-1]["event"] == "done", (found[-1], (await api("GET", "service", "log"))[1])
        prompt = next(event for event in found if event["event"] == "prompt")["tokens"]
        answer = next(event for event in found if event["event"] == "answer")
        assert answer["text"] == "".join(token["text"] for token in answer["tokens"])
        ids = [token["id"] for token in prompt + answer["tokens"]]
        body = {
            "kind": "salience", "model": "demo", "ids": ids,
            "targets": [{"start": len(prompt), "end": len(ids)}], "methods": ["grad_l2"],
        }  # fmt: skip
        _, job = await api("POST", "jobs", body=body)
        scores = next(event for event in await read(job["id"]) if event["event"] == "scores")["scores"]
        assert len(scores) == len(ids)
        assert max(scores) > 0
        assert (await api("GET", "models"))[1]["models"][0]["state"] == "ready"
        pid = (await api("GET", "status"))[1]["service"]["pid"]
        await lit_lab.stop_extension()
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
