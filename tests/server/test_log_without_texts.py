"""The Jupyter server's log contains no prompts, at any level, for any request or failure."""

import json
import logging
from typing import get_args

import pytest

from conftest import example, span, until
from lit_lab import protocol
from lit_lab.history import History
from lit_lab.service_client import ServiceClient

MARKER = "Zwiebelsuppe"

CALL = {
    "endpoint": "get_preds",
    "query": {"model": "demo", "dataset_name": "prompts"},
    "inputs": [{"id": "", "data": {"_id": "", "prompt": MARKER, "target": MARKER}, "meta": {}}],
    "config": {"Substitutions": MARKER},
}
PROMPT = {"prompt": MARKER, "origin": {"document": f"{MARKER}.ipynb", "place": [MARKER]}}
JOBS = [
    example("generate", **PROMPT, title=MARKER),
    example("generate", **PROMPT, chat="on"),
    {"kind": "score", "model": "demo", **PROMPT, "target": MARKER},
    *(example("salience", methods=[method]) for method in ("grad_l2", "grad_dot_input", "integrated_gradients")),
    example("salience", foil=[7, 8]),
    *(example("ablation", method=method) for method in ("leave_one_out", "lime", "shap")),
    example("ablation", foil=[7, 8]),
    example("effects", prompt=MARKER),
    example("faithfulness"),
    example("lit_app"),
]
"""A job of each kind. Those of tokens hold no text; what the service says of them does, where it fails."""

REQUESTS = [
    ("tokens", {"model": "demo", "prompt": MARKER, "answer": MARKER}),
    ("tokens/count", {"model": "demo", "prompt": MARKER}),
    ("estimate", {"request": example("faithfulness")}),
    ("runs/search", {"search": MARKER, "document": MARKER}),
    ("lit/call", CALL),
    ("datasets/open", {"name": MARKER}),
    ("unicode/names", {"names": [MARKER]}),
]


@pytest.fixture
def said(jp_serverapp, capfd):
    """Capture everything that any logger logs, at any level, or that is printed. Calling the fixture returns it."""
    texts = []

    class Handler(logging.Handler):
        def emit(self, record):
            texts.append(self.format(record))

    handler = Handler(logging.DEBUG)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    names = [
        "",
        *(name for name, found in logging.root.manager.loggerDict.items() if isinstance(found, logging.Logger)),
    ]
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
        if logger.name == "root" or not logger.propagate:
            logger.addHandler(handler)
    yield lambda: "\n".join([*texts, *capfd.readouterr()])
    for logger, level in before:
        logger.setLevel(level)
        logger.removeHandler(handler)


async def ask_everything(api, events, jp_fetch, jp_root_dir):
    """Make every kind of request, with the marker in every text, and return the jobs' last events."""
    last = []
    for body in JOBS:
        status, job = await api("POST", "jobs", body=body)
        assert status == 202, job
        last.append((await events(job["id"]))[-1])
        if body.get("title"):
            for change in ({"title": MARKER}, {"starred": True}, {"notes": MARKER}):
                await api("POST", "runs", job["id"], body=change)
            await api("GET", "runs", job["id"])
    for path, body in REQUESTS:
        await jp_fetch("lit-lab", "api", *path.split("/"), method="POST", body=json.dumps(body), raise_error=False)
    # Datasets in which each row is a prompt.
    rows = "".join(json.dumps({"prompt": f"{MARKER} {n}", "target": MARKER}) + "\n" for n in range(3))
    for name, text in {"good": rows, "bad": f'{rows}{{"prompt": "{MARKER}\n{MARKER}', "odd": f'["{MARKER}"]\n'}.items():
        (jp_root_dir / f"{name}.jsonl").write_text(text)
        _, state = await api("POST", "datasets", "open", body={"path": f"{name}.jsonl"})

        async def read(state=state):
            now = (await api("GET", "datasets", state["id"]))[1]
            return now.get("state") != "reading"

        await until(read)
        dataset = ("datasets", state["id"])
        await api("POST", *dataset, "search", body={"search": MARKER, "source": MARKER})
        await api("POST", *dataset, "search", body={"search": MARKER, "sort": MARKER})
        await api("GET", *dataset, "rows", "1")
        edits = [
            {"kind": "change", "row": 1, "prompt": MARKER},
            {"kind": "add", "prompt": MARKER, "target": MARKER},
            {"kind": "change", "row": 10**6, "prompt": MARKER},
            {"kind": "change", "row": 1, "prompt": [MARKER]},
            {"kind": MARKER},
        ]
        statuses = [(await api("POST", *dataset, "edit", body={"edit": edit}))[0] for edit in edits]
        assert statuses[:2] == [200, 200] or name != "good"
        assert all(status >= 400 for status in statuses[2:])
        for place in (f"{name}.saved.jsonl", "no/such/folder.jsonl"):
            await api("POST", *dataset, "save", body={"path": place, "overwrite": True, "discard": True})
        await api("DELETE", *dataset)
    return last


async def test_what_succeeds_leaves_no_text_in_the_log(api, events, jp_fetch, jp_root_dir, said):
    last = await ask_everything(api, events, jp_fetch, jp_root_dir)
    assert [event["event"] for event in last] == ["done"] * len(JOBS)
    log = said()
    assert "lit-lab/api" in log  # the lowest level was captured
    assert MARKER not in log


async def test_what_the_server_fails_at_leaves_no_text_in_the_log(
    api, events, jp_fetch, jp_root_dir, said, monkeypatch
):
    async def lines(*_args):
        if False:
            yield b""
        raise ValueError(f"it was {MARKER}") from KeyError(MARKER)

    async def fail(*_args, **_named):
        raise RuntimeError(f"it was {MARKER}") from KeyError(MARKER)

    requested = ServiceClient.request

    async def request(self, endpoint, method, path, *others):
        # Each job requests the list of models first.
        return await (requested if path == "/models" else fail)(self, endpoint, method, path, *others)

    monkeypatch.setattr(ServiceClient, "request", request)
    monkeypatch.setattr(ServiceClient, "lines", lines)
    for owner, name in (
        (ServiceClient, "file"),
        *((History, name) for name in ("store", "store_scores", "runs", "run", "change", "delete", "clear")),
    ):
        monkeypatch.setattr(owner, name, fail)
    last = await ask_everything(api, events, jp_fetch, jp_root_dir)
    assert {event["error"] for event in last} == {"internal"}
    log = said()
    assert log.count("RuntimeError") >= 4  # the traceback is logged
    assert "ValueError" in log
    assert MARKER not in log


@pytest.mark.parametrize(
    "line",
    [
        {"event": MARKER},
        {"event": "state", "message": 7, MARKER: MARKER},
        {"event": "token", "token": {"text": MARKER, "kind": MARKER}},
        {"event": "error", "error": "odd", "message": MARKER, "hint": MARKER},
        {"event": "scores", "method": MARKER, "target": MARKER, "scores": [MARKER]},
        MARKER,
    ],
)
async def test_what_the_service_says_amiss_isn_t_in_the_log(api, events, said, monkeypatch, line):
    async def lines(*_args):
        yield json.dumps(line).encode()

    monkeypatch.setattr(ServiceClient, "lines", lines)
    for body in JOBS:
        _, job = await api("POST", "jobs", body=body)
        assert (await events(job["id"]))[-1]["event"] == "error"
    log = said()
    assert MARKER not in log


async def test_what_is_refused_leaves_no_text_in_the_log(api, jp_fetch, said):
    bad = [
        *({**body, "model": MARKER, "surprise": MARKER} for body in JOBS),
        *({**body, "kind": MARKER} for body in JOBS),
        *({**body, "model": 7} for body in JOBS),
        {"kind": "generate", "model": "demo", "prompt": MARKER * 100_000},
        {"kind": "score", "model": "demo", "prompt": MARKER, "target": MARKER + "\ud800"},
        {"kind": "generate", "model": "demo", "prompt": [MARKER]},
        example("salience", ids=[2, MARKER]),
        example("ablation", segments=[span(3, 4)]),
        [MARKER],
    ]
    for route in (
        "jobs",
        "tokens",
        "tokens/count",
        "estimate",
        "runs/search",
        "lit/call",
        "datasets/open",
        "unicode/names",
        "models/change",
        "kaggle",
    ):
        for body in [*bad, {MARKER: {MARKER: MARKER}}]:
            text = json.dumps(body)
            for sent in (text, text[: len(text) // 2]):
                response = await jp_fetch(
                    "lit-lab", "api", *route.split("/"), method="POST", body=sent, raise_error=False
                )
                assert response.code >= 400 or route in ("jobs", "datasets/open", "runs/search"), (route, sent)
    assert MARKER not in said()


@pytest.mark.parametrize("how", ["error", "die", "cut", "odd", "memory", "refuse", "forever"])
async def test_what_ends_in_the_middle_leaves_no_text_in_the_log(api, generate, events, said, lit_lab, how):
    # The prompt controls the fake service, so the marker is in the other fields.
    job = await generate(how, title=MARKER, origin={"document": MARKER, "place": [MARKER]})
    if how == "forever":
        await api("DELETE", "jobs", job)
    assert (await events(job))[-1]["event"] in ("error", "cancelled", "done")
    assert MARKER not in said()
    assert not any(MARKER in line for line in lit_lab.core.service.log_lines())


def test_every_kind_of_job_is_asked():
    assert {body["kind"] for body in JOBS} == set(get_args(protocol.JobKind))
