"""The model service logs and prints no prompts, at any level, for each kind of job and each way that it ends."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from running import BACKEND, SECRET, Running

from lit_lab.protocol import JobKind

MARKER = "Zwiebelsuppe"
WINDOW = 96
MODELS = ("tiny", "broken")

# The service with the most verbose log, and a model that always fails with an error that quotes its input.
PROGRAM = """
    import logging, sys
    config = logging.basicConfig
    logging.basicConfig = lambda **named: config(**{**named, "level": logging.DEBUG})

    from lit_lab.service import language_model, registry
    from lit_lab.service.__main__ import main

    registry._REST_SECONDS = float("inf")  # what is compiled in the background has none of it

    def fails(method):
        def failing(self, asked, *others):
            if asked.model == "broken":
                try:
                    raise KeyError("Zwiebel" + "suppe", asked)
                except KeyError as error:
                    raise RuntimeError("it was Zwiebel" + "suppe", asked) from error
            return method(self, asked, *others)
        return failing

    for name in ("generate", "score", "salience", "ablation", "effects", "faithfulness", "estimate"):
        method = getattr(language_model.LanguageModel, name)
        setattr(language_model.LanguageModel, name, fails(method))
    main()
"""


@pytest.fixture(scope="module")
def service(shallow_preset: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("service")
    models = [*(f"{name}:{shallow_preset}" for name in MODELS), f"missing:{folder}/nothing", f"odd:{folder}/a path: é"]
    config = {"secret": SECRET, "models": models, "threads": 1, "backend": BACKEND}
    service = Running(config, folder / "log", ("-c", textwrap.dedent(PROGRAM)))
    yield service
    service.end()


@pytest.fixture
def client(service: Running) -> Iterator[httpx.Client]:
    with service.client() as client:
        yield client


def jobs(client: httpx.Client) -> list[dict[str, Any]]:
    """Return a job of each kind, with the marker's tokens."""
    asked = {"model": "tiny", "prompt": f"{MARKER}\n", "answer": MARKER}
    response = client.post("/tokens", json=asked).json()
    ids = [token["id"] for token in [*response["prompt"], *response["answer"]]]
    seam = len(response["prompt"])
    target = {"start": seam, "end": len(ids)}
    segments = [{"start": 1, "end": 3}, {"start": 3, "end": seam}]
    text = {"prompt": MARKER, "max_new_tokens": 2}
    parts = {"ids": ids, "target": target, "segments": segments}
    methods = ("grad_l2", "grad_dot_input", "integrated_gradients")
    made = [
        {"kind": "generate", **text},
        {"kind": "generate", **text, "chat": "on", "sampling": {"temperature": 1.0, "seed": 3}},
        {"kind": "score", "prompt": MARKER, "target": MARKER},
        *({"kind": "salience", "ids": ids, "targets": [target], "methods": [method]} for method in methods),
        {"kind": "salience", "ids": ids, "targets": [target], "foil": ids[1:3]},
        *(
            {"kind": "ablation", **parts, "method": method, "samples": None if method == "leave_one_out" else 8}
            for method in ("leave_one_out", "lime", "shap")
        ),
        {"kind": "ablation", **parts, "method": "leave_one_out", "foil": ids[1:3], "mode": "mask"},
        {
            "kind": "effects",
            "prompt": f"{MARKER}\n",
            "ids": ids,
            "answer_start": seam,
            "samples": 2,
            "held_out": 2,
            "segments": [{"turn": 0, "start": 0, "end": len(MARKER)}],
        },
        {"kind": "faithfulness", **parts, "scores": [0.5, -1.0], "method": "grad_l2", "orders": 1, "jitters": 1},
        {"kind": "lit_app"},
    ]
    assert {job["kind"] for job in made} == set(get_args(JobKind))
    return made


def ask(client: httpx.Client, job: dict[str, Any], **change: Any) -> tuple[int, dict[str, Any]]:
    """Return the status of a job's request, and its last event or its error."""
    with client.stream("POST", f"/{job['kind']}", json={**job, **change}) as response:
        lines = response.read().decode().splitlines()
        return response.status_code, json.loads(lines[-1])


def test_no_job_leaves_its_texts_in_the_log(service: Running, client: httpx.Client) -> None:
    for job in jobs(client):
        assert ask(client, job, model="tiny")[1]["event"] == "done", job
        if job["kind"] != "lit_app":  # which computes nothing yet
            failed = ask(client, job, model="broken")[1]
            assert (failed["event"], failed["error"]) == ("error", "internal"), job
            assert MARKER in failed["message"]  # the user who sent the request sees it
        for model in ("missing", "odd"):
            assert ask(client, job, model=model)[1]["event"] == "error"
        assert ask(client, job, model=MARKER)[0] == 404
        for change in (
            {"surprise": MARKER},
            {MARKER: MARKER},
            {"prompt": [MARKER]},
            {"prompt": MARKER + "\ud800"},
            {"ids": [MARKER]},
            {"ids": [2, 10**9]},
            {"ids": [2, 399_999, 5], "targets": [{"start": 1, "end": 2}], "target": {"start": 2, "end": 3}},
            {"method": MARKER, "methods": [MARKER]},
        ):
            body = json.dumps({**job, "model": "tiny", **change})
            answer = client.post(f"/{job['kind']}", content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code >= 400 or b'"error"' in answer.content, (job["kind"], change)
        if job["kind"] in ("salience", "ablation", "effects", "faithfulness"):
            assert client.post("/estimate", json={"request": {**job, "model": "tiny"}}).status_code == 200
            with service.client() as other:  # the service closes this connection
                failed = other.post("/estimate", json={"request": {**job, "model": "broken"}})
                assert failed.status_code == 500
    for text in (MARKER, MARKER * 100, MARKER * 1_000):
        client.post("/tokens", json={"model": "tiny", "prompt": text, "answer": text})
        ask(client, {"kind": "generate", "model": "tiny", "prompt": text})
    # A job that is cancelled in the middle.
    with client.stream("POST", "/generate", json={"model": "tiny", "prompt": MARKER, "max_new_tokens": WINDOW}) as one:
        next(one.iter_lines())
    with service.client() as other:
        assert other.get("/health").status_code == 200
    said = service.log.read_text("utf-8")
    assert "DEBUG" in said  # the log was at its most verbose
    assert said.count("RuntimeError") >= 10  # the traceback is logged
    assert "KeyError" in said
    assert MARKER not in said
    assert not any(MARKER in json.dumps(line) for line in service.lines)
