"""The model service as a process: its output, its authentication, its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter
from running import BACKEND, MANY, SECRET, Running, events, running
from waiting import PATIENCE

from lit_lab.protocol import JobEvent, ServiceHealth, ServiceLine
from lit_lab.service.libraries import BACKEND_NAMES

PROMPT = "Suggestion: Onion soup\n"


@pytest.fixture(scope="module")
def service(shallow_preset: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("service")
    with running(folder / "log", f"tiny:{shallow_preset}", f"missing:{folder}/nothing", f"broken:{folder}") as service:
        # It reports its progress as soon as it listens, long before TensorFlow is imported.
        with service.client() as client:
            service.first_health = ServiceHealth.model_validate_json(client.get("/health").text)  # type: ignore[attr-defined]
        yield service


@pytest.fixture
def client(service: Running) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


def test_answers_while_it_starts(service: Running) -> None:
    health = service.first_health  # type: ignore[attr-defined]
    assert health.state == "starting"
    assert BACKEND_NAMES[BACKEND] in health.detail
    assert [model.name for model in health.models] == ["tiny", "missing", "broken"]


def test_a_request_made_while_it_starts_waits_and_says_what_for(client: httpx.Client) -> None:
    seen = events(client, "/generate", {"model": "tiny", "prompt": PROMPT, "max_new_tokens": 4})
    for event in seen:
        TypeAdapter(JobEvent).validate_python(event)
    kinds = [event["event"] for event in seen]
    assert kinds[-2:] == ["answer", "done"]
    assert kinds.index("prompt") < kinds.index("token")
    assert any("Loading tiny" in e["message"] for e in seen if e["event"] == "state")


def test_every_line_of_standard_output_is_of_the_protocol(service: Running) -> None:
    service.wait_for("ready")
    for line in service.lines:
        TypeAdapter(ServiceLine).validate_python(line)
    assert [line["event"] for line in service.lines][:2] == ["listening", "progress"]


def test_ready_means_ready(service: Running, client: httpx.Client) -> None:
    events(client, "/generate", {"model": "tiny", "prompt": PROMPT, "max_new_tokens": 1})
    health = client.get("/health").json()
    assert (health["state"], health["detail"]) == ("ready", "")
    assert (health["arithmetic"]["backend"], health["arithmetic"]["floatx"]) == (BACKEND, "float32")
    tiny = client.get("/models").json()["models"][0]
    assert (tiny["name"], tiny["state"], tiny["window"]) == ("tiny", "ready", 96)
    assert tiny["parameters"] > 10_000


ROUTES = [("GET", "/health"), ("GET", "/models"), ("POST", "/tokens")]
ROUTES += [("POST", "/generate"), ("POST", "/salience"), ("GET", "/datasets/x/rows"), ("GET", "/nothing")]
ROUTES += [("POST", "/ablation"), ("POST", "/faithfulness"), ("POST", "/estimate")]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("secret", [None, "wrong", SECRET + "x", SECRET.upper()])
def test_requests_without_the_secret_are_refused(service: Running, method: str, path: str, secret: str | None) -> None:
    with service.client(secret) as stranger:
        response = stranger.request(method, path, content=b"{}")
    assert response.status_code == 401
    assert response.json()["error"] == "unauthorized"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:8888"},
        {"Origin": "null"},
        {"Host": "rebound.example"},
        {"Host": "127.0.0.1.x.example:80"},
    ],
    ids=str,
)
def test_no_browser_and_no_other_name_gets_in_even_with_the_secret(
    client: httpx.Client, headers: dict[str, str]
) -> None:
    response = client.get("/health", headers=headers)
    assert (response.status_code, response.json()["error"]) == (403, "foreign")


def test_the_secret_is_compared_as_bytes(service: Running) -> None:
    with service.client(None) as stranger:
        assert stranger.get("/health", headers={"Authorization": b"Bearer \xff\xfe"}).status_code == 401


def test_tokens(client: httpx.Client) -> None:
    answer = client.post("/tokens", json={"model": "tiny", "prompt": "a 😀", "answer": "\nb"}).json()
    assert "".join(t["text"] for t in answer["prompt"]) == "a 😀"
    assert "".join(t["text"] for t in answer["answer"]) == "\nb"
    assert [t["kind"] for t in answer["prompt"]].count("template") == 1
    assert not any(t["kind"] == "template" for t in answer["answer"])
    assert answer["window"] == 96


@pytest.mark.parametrize("chat", ["auto", "on", "off"])
def test_tokens_are_counted(client: httpx.Client, chat: str) -> None:
    asked = {"model": "tiny", "prompt": "a 😀\nb", "chat": chat}
    tokens = client.post("/tokens", json=asked).json()["prompt"]
    use = "wrapped" if chat == "on" else "plain"
    assert client.post("/tokens/count", json=asked).json() == {
        "model": "tiny",
        "tokens": len(tokens),
        "chat": use,
        "window": 96,
    }


def test_an_answer_can_be_explained(client: httpx.Client) -> None:
    seen = events(client, "/generate", {"model": "tiny", "prompt": PROMPT, "max_new_tokens": 6})
    prompt = next(e for e in seen if e["event"] == "prompt")["tokens"]
    answer = next(e for e in seen if e["event"] == "answer")["tokens"]
    ids = [token["id"] for token in prompt + answer]
    targets = [{"start": len(prompt), "end": len(ids)}, {"start": len(prompt), "end": len(prompt) + 1}]
    scored = events(client, "/salience", {"model": "tiny", "ids": ids, "targets": targets})
    assert scored[-1]["event"] == "done"
    scores = [e for e in scored if e["event"] == "scores"]
    expected = [(target, method) for target in targets for method in ("grad_l2", "grad_dot_input")]
    assert [(e["target"], e["method"]) for e in scores] == expected
    assert {len(e["scores"]) for e in scores} == {len(ids)}


def post(client: httpx.Client, path: str, content: bytes | str) -> httpx.Response:
    return client.post(path, content=content, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize(
    ("path", "content", "status", "error"),
    [
        ("/tokens", "{", 400, "bad_request"),
        ("/tokens", b"\xff", 400, "bad_request"),
        ("/tokens", "[" * 100_000, 413, "too_large"),
        ("/tokens", "1" * 5_000, 400, "bad_request"),
        ("/salience", '{"model": "tiny", "ids": [NaN], "targets": [{"start": 1, "end": 2}]}', 422, "bad_request"),
        ("/tokens", "[]", 422, "bad_request"),
        ("/tokens/count", '{"model": "tiny", "prompt": "\\udc00"}', 422, "lone_surrogate"),
        ("/tokens", '{"model": "tiny"}', 422, "bad_request"),
        ("/tokens", '{"model": "tiny", "prompt": "", "colour": 1}', 422, "bad_request"),
        ("/tokens", '{"model": "other", "prompt": ""}', 404, "unknown_model"),
        ("/generate", '{"model": "other", "prompt": "a"}', 404, "unknown_model"),
        ("/salience", '{"model": "tiny", "ids": [2, 3], "targets": [{"start": 0, "end": 1}]}', 422, "bad_request"),
        ("/salience", '{"model": "tiny", "ids": [2, 3], "targets": [{"start": 1, "end": 3}]}', 422, "bad_request"),
        ("/salience", '{"model": "tiny", "ids": [2, 3], "targets": [{"start": 1, "end": 1}]}', 422, "bad_request"),
        ("/generate", '{"model": "tiny", "prompt": "half \\ud83d"}', 422, "lone_surrogate"),
        ("/tokens", '{"model": "tiny", "prompt": "", "answer": "\\udc00"}', 422, "lone_surrogate"),
    ],
)
def test_bad_requests(client: httpx.Client, path: str, content: bytes | str, status: int, error: str) -> None:
    response = post(client, path, content)
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert response.json()["message"]


def test_an_unknown_route_says_so_in_the_same_form(client: httpx.Client) -> None:
    assert (client.get("/nothing").status_code, client.get("/nothing").json()["error"]) == (404, "no_such_route")
    assert client.get("/generate").status_code == 405


@pytest.mark.parametrize(("model", "error"), [("missing", "preset_not_found"), ("broken", "preset_incomplete")])
def test_a_model_that_cannot_be_loaded_says_why(client: httpx.Client, model: str, error: str) -> None:
    for _ in range(2):  # the second request tries again
        last = events(client, "/generate", {"model": model, "prompt": PROMPT})[-1]
        assert (last["event"], last["error"]) == ("error", error)
        assert last["hint"]
    info = next(m for m in client.get("/models").json()["models"] if m["name"] == model)
    assert (info["state"], info["detail"], info["hint"]) == ("failed", last["message"], last["hint"])
    response = client.post("/tokens", json={"model": model, "prompt": "a"})
    assert (response.status_code, response.json()["error"]) == (404, error)


def test_a_prompt_that_does_not_fit_ends_the_stream_with_an_error(client: httpx.Client) -> None:
    last = events(client, "/generate", {"model": "tiny", "prompt": "1" * 500})[-1]
    assert (last["event"], last["status"], last["error"]) == ("error", 422, "prompt_too_long")
    assert "501" in last["message"]
    assert "96" in last["message"]


def test_a_second_computation_waits_for_its_turn_and_says_so(service: Running) -> None:
    with service.client() as one, service.client() as other, one.stream("POST", "/salience", json=MANY) as long:
        lines = long.iter_lines()
        while '"progress"' not in next(lines):
            pass
        with other.stream("POST", "/generate", json={"model": "tiny", "prompt": PROMPT}) as second:
            received = map(json.loads, second.iter_lines())
            first = next(event for event in received if event["event"] != "heartbeat")
            assert first.get("message", "").startswith("Busy: position 1"), first


def test_a_reader_who_goes_away_ends_the_computation(service: Running) -> None:
    with service.client() as one, service.client() as other:
        with one.stream("POST", "/salience", json=MANY) as first:
            lines = first.iter_lines()
            while '"progress"' not in next(lines):
                pass
        asked = {"model": "tiny", "prompt": PROMPT, "max_new_tokens": 2}
        assert events(other, "/generate", asked)[-1]["event"] == "done"


def test_health_answers_while_it_computes(service: Running) -> None:
    with service.client() as one, service.client() as other, one.stream("POST", "/salience", json=MANY) as first:
        next(first.iter_lines())
        assert other.get("/health").json()["state"] == "ready"


def test_datasets(client: httpx.Client) -> None:
    page = client.get("/datasets/sample_prompts/rows").json()
    assert (page["columns"], page["total"], len(page["rows"])) == (["source", "prompt", "target"], 12, 12)
    assert page["rows"][0][0] == "fewshot-mistake"
    assert page["rows"][0][1].startswith("Analyze a menu item in a restaurant.")
    assert any(target for _, _, target in page["rows"])
    rest = client.get("/datasets/sample_prompts/rows", params={"offset": 10, "limit": 5}).json()
    assert rest["rows"] == page["rows"][10:]
    for name in ("other", "a%2Fb", "%2E%2E", "%2e%2e%2fhealth", "%00"):
        missing = client.get(f"/datasets/{name}/rows")
        assert (missing.status_code, missing.json()["error"]) == (404, "unknown_dataset")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_has_a_low_priority(service: Running) -> None:
    pid = service.process.pid
    assert os.getpriority(os.PRIO_PROCESS, pid) >= 10
    assert Path(f"/proc/{pid}/oom_score_adj").read_text().strip() == "1000"


def test_its_log_holds_neither_secret_nor_prompt(service: Running, client: httpx.Client) -> None:
    private = "Nobody else reads this."
    assert events(client, "/generate", {"model": "tiny", "prompt": private, "max_new_tokens": 2})[-1]["event"] == "done"
    events(client, "/generate", {"model": "missing", "prompt": private})
    wrong = json.dumps({"model": "tiny", "prompt": private, "wrong": 1})
    assert post(client, "/generate", wrong).status_code == 422
    said = service.log.read_text("utf-8")
    assert SECRET not in said
    assert private not in said


def test_ends_when_standard_input_closes(tmp_path: Path) -> None:
    with running(tmp_path / "log", "demo:embedded") as service:
        service.wait_for("listening")
        assert service.process.stdin is not None
        service.process.stdin.close()
        assert service.process.wait(PATIENCE) == 0


def test_ends_on_sigterm_even_while_it_imports(tmp_path: Path) -> None:
    with running(tmp_path / "log", "demo:embedded") as service:
        service.wait_for("progress")
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(PATIENCE) in (0, -signal.SIGTERM)


def test_ends_on_control_c_without_a_traceback(tmp_path: Path) -> None:
    with running(tmp_path / "log", "demo:embedded") as service:
        service.wait_for("progress")
        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(PATIENCE) in (0, -signal.SIGINT)
        assert "Traceback" not in service.log.read_text("utf-8")


def test_ends_with_a_reason_when_it_needs_more_memory_than_it_may_use(tmp_path: Path) -> None:
    with running(tmp_path / "log", "demo:embedded", memory_limit=200 * 2**20) as service:
        line = service.wait_for("failed")
        assert (line["error"], service.process.wait(PATIENCE)) == ("memory_limit", 3)
        assert "c.LitLab.memory_limit" in line["hint"]


def start_with(text: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Start a service that can't start, and return its exit status and its last line."""
    done = subprocess.run(
        [sys.executable, "-m", "lit_lab.service", *arguments], input=text, capture_output=True, text=True
    )
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ("", "bad_config"),
        ("{}", "bad_config"),
        ('{"secret": "short", "models": ["demo:embedded"]}', "bad_config"),
        ('{"secret": "0123456789abcdef", "models": ["demo"]}', "bad_model"),
        ('{"secret": "0123456789abcdef", "models": ["demo:embedded", "demo:other"]}', "bad_model"),
        ('{"secret": "0123456789abcdef", "models": ["demo:embedded"], "later": 1}', "bad_config"),
    ],
)
def test_a_configuration_it_cannot_use(config: str, error: str) -> None:
    status, line = start_with(config + "\n")
    assert status == 3
    assert (line["event"], line["error"]) == ("failed", error)
    assert line["hint"]


def test_a_port_that_is_taken(service: Running) -> None:
    port = str(service.wait_for("listening")["port"])
    status, line = start_with('{"secret": "0123456789abcdef", "models": ["demo:embedded"]}\n', "--port", port)
    assert (status, line["error"]) == (3, "port_in_use")
    assert port in line["message"]
