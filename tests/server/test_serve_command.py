"""`lit-lab serve` and what it writes, without Ray. tests/cluster runs replicas."""

from __future__ import annotations

import ast
import asyncio
import os
import stat
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from pydantic import ValidationError
from waiting import PATIENCE

from lit_lab.cli import main
from lit_lab.cluster import local, progress, token_auth
from lit_lab.cluster.options import DEPLOYMENT, IMPORT_PATH, MAX_ONGOING, autoscaling
from lit_lab.cluster.settings import ReplicaSettings, read_secret
from lit_lab.problem import Problem
from lit_lab.service.admission import AdmissionMiddleware
from lit_lab.service.who import SharedSecret

ROOT = Path(__file__).parents[2]
SECRET = "a secret for tests only"


@pytest.fixture
def with_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command take Ray for installed. Nothing here comes as far as importing it."""
    monkeypatch.setattr(local, "check_installed", lambda: None)


def test_without_ray_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert main(["serve", "--replicas", "2"]) == 1
    assert "pip install 'lit-lab[service,cluster]'" in capsys.readouterr().err


@pytest.mark.usefixtures("with_ray")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "unencrypted"),
        (["--host", "example.org"], "--name"),
        (["--host", "0.0.0.0", "--certificate", "c.pem", "--key", "k.pem"], "--name"),
        (["--certificate", "c.pem"], "belong together"),
        (["--max-replicas", "4"], "--write-config"),
        (["--apart"], "--write-config"),
        (["--hub-service", "lit-lab"], "--hub-api"),
        (["--hub-service", "lit-lab", "--hub-api", "http://h/hub/api", "--secret-file", "s"], "users' tokens"),
        (["--name", "not a host"], "hosts"),
        (["--max-requests", str(MAX_ONGOING)], "max_requests"),
    ],
)
def test_what_it_refuses(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", *arguments]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("model", ["embedded", "demo:", ":embedded"])
def test_a_model_without_name_or_path_is_refused_before_anything_starts(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--model", model])
    assert f"{model!r} is not of the form 'name:path'" in capsys.readouterr().err


@pytest.mark.usefixtures("with_ray")
def test_the_secret_is_made_once_for_this_user_and_never_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "secret"
    given: list[ReplicaSettings] = []

    def serve_here(settings: ReplicaSettings, options: local.LocalOptions, started: Any, say: Any) -> None:
        given.append(settings)
        started(f"http://{options.named}:9{options.prefix}")

    monkeypatch.setattr(local, "serve_here", serve_here)
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert main(["serve", "--secret-file", str(file), "--model", "own:./preset", "--prefix", "services/x/"]) == 0
    secret = read_secret(str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    said = capsys.readouterr()
    assert secret not in said.out + said.err
    assert str(file) in said.out
    assert "http://127.0.0.1:9/services/x" in said.out
    assert given[0] == given[1]
    assert given[0].models == [f"own:{tmp_path / 'preset'}"]
    assert secret not in given[0].model_dump_json()


@pytest.mark.parametrize("content", [None, "short", b"\xff" * 40])
def test_a_file_without_a_secret_is_refused(tmp_path: Path, content: str | bytes | None) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.touch(0o600)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(Problem, match="secret"):
        read_secret(str(file))


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("0" * 32)
    file.chmod(0o604)
    with pytest.raises(Problem, match="Others may read"):
        read_secret(str(file))
    file.chmod(0o440)  # as Kubernetes mounts it for a group
    assert read_secret(str(file)) == "0" * 32


def test_a_cluster_without_a_token_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    token = token_auth.create_token(tmp_path)
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    for variables in ({}, {"RAY_AUTH_MODE": "disabled"}):
        with pytest.raises(Problem, match="asks for no token"):
            token_auth.check_cluster(variables)
    with pytest.raises(Problem, match="can't be read"):
        token_auth.check_cluster({"RAY_AUTH_MODE": "token"})
    token_auth.check_cluster(token_auth.local_variables(token))
    token_auth.check_cluster({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "from a pod's secret"})
    token.chmod(0o644)
    with pytest.raises(Problem, match="Others may read"):
        token_auth.check_cluster(token_auth.local_variables(token))


def test_a_local_ray_reports_nothing_to_its_makers() -> None:
    variables = token_auth.local_variables(Path("token"))
    assert variables["RAY_USAGE_STATS_ENABLED"] == "0"
    assert variables["RAY_SERVE_ENABLE_HA_PROXY"] == "0"


HUB = {
    "JUPYTERHUB_SERVICE_NAME": "lit-lab",
    "JUPYTERHUB_API_URL": "http://127.0.0.1:8081/base/hub/api",
    "JUPYTERHUB_API_TOKEN": "the-services-own-token",
    "JUPYTERHUB_SERVICE_PREFIX": "/base/services/lit-lab/",
    "JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:8765",
    "JUPYTERHUB_PUBLIC_HUB_URL": "https://Hub.example.org/base/hub/",
}


@pytest.mark.usefixtures("with_ray")
@pytest.mark.parametrize("on_hub", [True, False])
def test_what_a_hub_says_that_starts_it(
    on_hub: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[tuple[ReplicaSettings, local.LocalOptions]] = []

    def serve_here(settings: ReplicaSettings, options: local.LocalOptions, started: Any, say: Any) -> None:
        given.append((settings, options))
        started("http://127.0.0.1:8765")

    monkeypatch.setattr(local, "serve_here", serve_here)
    for name, value in HUB.items():
        monkeypatch.setenv(name, value)
    if not on_hub:
        monkeypatch.delenv("JUPYTERHUB_SERVICE_NAME")  # in the terminal of a user's server
    limits = ["--max-computations", "2", "--kv-cache", "1000", "--pass-cache", "2000", "--log-format", "json"]
    limits += ["--max-body-bytes", "3000", "--body-seconds", "1.5"]
    assert main(["serve", *limits]) == 0
    settings, options = given[0]
    assert (settings.max_computations, settings.kv_cache_bytes, settings.pass_cache_bytes) == (2, 1000, 2000)
    assert settings.log_format == "json"
    shared = settings.sharing(None)
    assert (shared.max_body_bytes, shared.body_seconds, shared.max_requests) == (3000, 1.5, 32)
    said = capsys.readouterr().out
    assert HUB["JUPYTERHUB_API_TOKEN"] not in said + settings.model_dump_json()
    if on_hub:
        assert settings.hub is not None
        assert (settings.hub.api_url, settings.hub.service) == (HUB["JUPYTERHUB_API_URL"], "lit-lab")
        assert settings.sharing(None).hosts == ["127.0.0.1", "localhost", "[::1]", "hub.example.org"]
        assert (settings.prefix, options.prefix, options.port) == (*["/base/services/lit-lab"] * 2, 8765)
        assert settings.secret_file is None
        assert 'c.LitLab.hub_service = "lit-lab"' in said
    else:
        assert settings.hub is None
        assert settings.secret_file is not None


@pytest.mark.usefixtures("with_ray")
@pytest.mark.parametrize(
    ("arguments", "named", "others"),
    [
        ([], "127.0.0.1", []),
        (["--host", "127.0.0.9"], "127.0.0.9", []),
        (["--host", "0:0::1", "--name", "lab"], "[::1]", ["lab"]),
        (["--host", "0.0.0.0", "--name", "Lab.example.org", "--name", "lab"], "lab.example.org", ["lab"]),
        (["--host", "192.0.2.1"], "192.0.2.1", []),
        (["--host", "2001:DB8::7", "--name", "lab"], "lab", ["[2001:db8::7]"]),
    ],
)
def test_it_answers_to_the_address_that_it_shows_and_to_no_other(
    arguments: list[str], named: str, others: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[ReplicaSettings, local.LocalOptions]] = []
    monkeypatch.setattr(local, "serve_here", lambda settings, options, *_: given.append((settings, options)))
    assert main(["serve", *arguments, "--certificate", "c.pem", "--key", "k.pem"]) == 0
    settings, options = given[0]
    assert options.named == named

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    app = AdmissionMiddleware(inner, SharedSecret(SECRET), hosts=settings.sharing(None).hosts)

    async def status(host: str) -> int:
        headers = {"Host": host, "Authorization": f"Bearer {SECRET}"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), headers=headers) as client:
            return (await client.get("https://x/health")).status_code

    async def statuses(hosts: list[str]) -> list[int]:
        return [await status(host) for host in hosts]

    answered = [f"{named}:8765", *others, "localhost:8765", "127.0.0.1", "[::1]:8765"]
    refused = ["0.0.0.0:8765", "[::]:8765", "192.0.2.99", "example.org", f"{named}.example.org", "127.0.0.8"]
    assert asyncio.run(statuses(answered)) == [200] * len(answered)
    assert asyncio.run(statuses(refused)) == [403] * len(refused)


def written(tmp_path: Path, *arguments: str) -> Any:
    file = tmp_path / "serve.yaml"
    command = ["serve", "--write-config", str(file), "--secret-file", "/run/secrets/lit-lab/secret", *arguments]
    assert main(command) == 0
    return yaml.safe_load(file.read_text("utf-8"))


def test_a_file_for_a_cluster(tmp_path: Path) -> None:
    content = written(tmp_path, "--replicas", "2", "--max-replicas", "8", "--gpus", "0.5", "--name", "lab")
    (application,) = content["applications"]
    assert ReplicaSettings.model_validate(application["args"]).hosts == ["lab"]
    (deployment,) = application["deployments"]
    assert deployment["name"] == DEPLOYMENT
    assert deployment["ray_actor_options"] == {"num_cpus": 1.0, "num_gpus": 0.5}
    assert deployment["autoscaling_config"] == autoscaling(2, 8)
    assert autoscaling(2, 8)["target_ongoing_requests"] <= 8  # streams that one replica serves well


def test_no_user_fills_a_replica_alone() -> None:
    """Beyond what a replica takes, requests wait at Serve's proxy, where users don't take turns."""
    usual = ReplicaSettings(secret_file="secret").max_requests
    assert 2 * usual <= MAX_ONGOING
    most = ReplicaSettings(secret_file="secret", max_requests=MAX_ONGOING - 1)
    assert most.sharing(None).max_requests < MAX_ONGOING
    with pytest.raises(ValidationError, match=f"at most {MAX_ONGOING - 1}"):
        ReplicaSettings(secret_file="secret", max_requests=MAX_ONGOING)


def test_a_file_with_each_model_apart(tmp_path: Path) -> None:
    content = written(tmp_path, "--apart", "--model", "a:x", "--model", "b:y")
    found = {each["route_prefix"]: each["args"]["models"] for each in content["applications"]}
    assert found == {"/a": ["a:x"], "/b": ["b:y"]}


def test_a_file_needs_the_secrets_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--write-config", str(tmp_path / "serve.yaml")]) == 1
    assert "--secret-file" in capsys.readouterr().err


def test_a_file_for_a_hub_names_no_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "serve.yaml"
    hub = ["--write-config", str(file), "--hub-service", "lit-lab", "--hub-api", "http://hub:8081/hub/api"]
    assert main(["serve", *hub, "--name", "hub.example.org", "--metrics-token-file", "/run/secrets/metrics"]) == 0
    (application,) = yaml.safe_load(file.read_text("utf-8"))["applications"]
    settings = ReplicaSettings.model_validate(application["args"])
    assert application["route_prefix"] == settings.prefix == "/services/lit-lab"
    assert (settings.secret_file, settings.log_format) == (None, "json")
    assert settings.metrics_token_file == "/run/secrets/metrics"
    limits = ["--batches", "/srv/batches", "--batch-count", "3", "--batch-rows", "50"]
    assert main(["serve", *hub, *limits]) == 0
    (application,) = yaml.safe_load(file.read_text("utf-8"))["applications"]
    batches = ReplicaSettings.model_validate(application["args"]).batches
    assert batches is not None
    assert (batches.path, batches.max_batches, batches.max_rows, batches.days) == ("/srv/batches", 3, 50, 30)
    assert main(["serve", *hub, "--apart"]) == 1
    assert "--apart" in capsys.readouterr().err


def test_the_import_path_is_there() -> None:
    """In a module that needs Ray, so it is only read here."""
    module, name = IMPORT_PATH.split(":")
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("name", ["serve", "rayservice"])
def test_examples_are_of_this_version(name: str) -> None:
    content = yaml.safe_load((ROOT / f"deploy/{name}.yaml").read_text("utf-8"))
    served = content if name == "serve" else yaml.safe_load(content["spec"]["serveConfigV2"])
    (application,) = served["applications"]
    assert application["import_path"] == IMPORT_PATH
    assert [deployment["name"] for deployment in application["deployments"]] == [DEPLOYMENT]
    ReplicaSettings.model_validate(application["args"])
    if name == "rayservice":
        cluster = content["spec"]["rayClusterConfig"]
        assert cluster["authOptions"] == {"mode": "token"}
        # Without Kubernetes's leave to add pods, each replica needs one that is there.
        (workers,) = cluster["workerGroupSpecs"]
        assert not cluster["enableInTreeAutoscaling"]
        assert workers["replicas"] == workers["maxReplicas"] == application["deployments"][0]["num_replicas"]
        assert f"ray[serve,data]=={cluster['rayVersion']}" in (ROOT / "requirements/cluster.in").read_text("utf-8")


def test_examples_let_only_ray_and_the_hub_reach_the_pods() -> None:
    policy = yaml.safe_load((ROOT / "deploy/networkpolicy.yaml").read_text("utf-8"))
    service = yaml.safe_load((ROOT / "deploy/rayservice.yaml").read_text("utf-8"))
    label = policy["spec"]["podSelector"]["matchLabels"]
    cluster = service["spec"]["rayClusterConfig"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    assert all(group["template"]["metadata"]["labels"].items() >= label.items() for group in groups)
    for rule in policy["spec"]["ingress"]:
        assert rule["from"]
        assert "ports" in rule or rule["from"] == [{"podSelector": {"matchLabels": label}}]


def test_a_folder_that_only_this_user_enters() -> None:
    with local._private_folder() as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert len(os.fsencode(folder)) < 40  # sockets are in it
    assert not folder.exists()
    with pytest.raises(Problem), local._private_folder() as folder:
        raise Problem(503, "failed", "It failed.")
    assert folder.exists()  # its logs say why
    folder.rmdir()


def test_a_long_start_says_what_it_waits_for_and_where_the_logs_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LOGS_SECONDS", 0.0)
    lines: list[str] = []
    enough = threading.Event()

    def say(line: str) -> None:
        lines.append(line)
        if len(lines) == 4:
            enough.set()

    states = iter([RuntimeError("nothing runs yet"), "1 of 2 ready"])

    def state() -> str:
        if isinstance(found := next(states, ""), Exception):
            raise found
        return str(found)

    with pytest.raises(KeyError), progress.Progress(say, Path("/x/logs"), 0.001).awaiting("Starting", state):
        assert enough.wait(PATIENCE)
        raise KeyError
    assert lines[0] == "Starting…"
    assert lines[1].endswith("s so far. Ray's logs: /x/logs")
    assert lines[2].endswith("s so far: 1 of 2 ready.")
    assert lines[3].endswith("s so far.")
    assert not [thread for thread in threading.enumerate() if thread.name == "progress"]
