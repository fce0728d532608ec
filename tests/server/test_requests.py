"""Limits on requests, and the messages of refusals. Requests that need no model need no service."""

import ast
import json

import pytest

from conftest import example, span
from lit_lab import protocol
from lit_lab.problem import Problem
from lit_lab.protocol import MAX_TOKENS
from lit_lab.unicode_names import unicode_names
from lit_lab.validation import parse
from lit_lab.version import version

GENERATE = example("generate")
SCORE = {"kind": "score", "model": "demo", "prompt": "Hi", "target": "Hello"}
SALIENCE = example("salience", ids=[2, 5, 6])
ABLATION = example("ablation")
EDITED = {
    "prompt": "Hi you",
    "answer_start": 3,
    "segments": [{"turn": 0, **span(0, 2)}, {"turn": 0, **span(3, 6)}],
    "removed": [[], [0]],
    "logprobs": [-1.0, -2.0],
}
FAITHFULNESS = example("faithfulness")


async def test_status_never_starts_the_service(api, fake_service):
    status, body = await api("GET", "status")
    assert status == 200
    parsed = protocol.Status.model_validate(body)
    assert (parsed.version, parsed.service.state, parsed.default_model) == (version(), "stopped", "demo")
    assert not fake_service.pids


async def test_gets_never_start_the_service(api, fake_service):
    status, body = await api("GET", "models")
    assert status == 200
    assert [(model["name"], model["state"]) for model in body["models"]] == [("demo", "unloaded")]
    assert "demonstration" in body["models"][0]["note"]
    assert [dataset["name"] for dataset in (await api("GET", "datasets"))[1]["datasets"]] == ["sample_prompts"]
    assert await api("GET", "service", "log") == (200, {"lines": []})
    assert await api("GET", "jobs") == (200, {"jobs": []})
    assert not fake_service.pids


@pytest.mark.parametrize(
    ("body", "code", "error", "says"),
    [
        (b"", 400, "invalid_request", "JSON"),
        (b"{", 400, "invalid_request", "JSON"),
        (b"\xff\xfe", 400, "invalid_request", "JSON"),
        (b"null", 400, "invalid_request", "body"),
        (b"[" * 10_000, 413, "body_too_large", "nested more than 200 levels"),
        ({**GENERATE, "kind": "dance"}, 400, "invalid_request", "dance"),
        ({**GENERATE, "temperature": 1}, 400, "invalid_request", "temperature"),
        ({**GENERATE, "sampling": {"temperature": -0.1}}, 400, "invalid_request", "sampling.temperature"),
        ({**GENERATE, "sampling": {"temperature": float("nan")}}, 400, "invalid_request", "sampling.temperature"),
        ({**GENERATE, "sampling": {"temperature": float("inf")}}, 400, "invalid_request", "sampling.temperature"),
        ({**GENERATE, "sampling": {"top_k": 0}}, 400, "invalid_request", "sampling.top_k"),
        ({**GENERATE, "sampling": {"top_p": 0}}, 400, "invalid_request", "sampling.top_p"),
        ({**GENERATE, "sampling": {"seed": 2**31}}, 400, "invalid_request", "sampling.seed"),
        ({**GENERATE, "sampling": {"repetition_penalty": 0.9}}, 400, "invalid_request", "sampling.repetition_penalty"),
        ({**GENERATE, "sampling": {"repetition_penalty": 2.1}}, 400, "invalid_request", "sampling.repetition_penalty"),
        ({**GENERATE, "alternatives": 21}, 400, "invalid_request", "alternatives"),
        ({**GENERATE, "prompt": 7}, 400, "invalid_request", "prompt"),
        ({**GENERATE, "max_new_tokens": 0}, 400, "invalid_request", "max_new_tokens"),
        ({**GENERATE, "max_new_tokens": "9"}, 400, "invalid_request", "max_new_tokens"),
        ({**GENERATE, "max_new_tokens": float("nan")}, 400, "invalid_request", "max_new_tokens"),
        ({**GENERATE, "max_new_tokens": 1025}, 422, "too_many_new_tokens", "1,024"),
        ({**GENERATE, "prompt": "x" * 100_001}, 422, "prompt_too_long", "100,001 characters; the limit is 100,000"),
        ({**GENERATE, "model": "gpt"}, 422, "unknown_model", "gpt"),
        ({**GENERATE, "prompt": "\ud83d"}, 422, "lone_surrogate", "half of a character"),
        ({**GENERATE, "prompt": "\ude00 x"}, 422, "lone_surrogate", "half of a character"),
        ({**GENERATE, "prompt": "a \ud83dx"}, 422, "lone_surrogate", "half of a character"),
        ({**SCORE, "target": ""}, 400, "invalid_request", "target"),
        ({**SCORE, "target": "x" * 100_001}, 422, "target_too_long", "100,001 characters; the limit is 100,000"),
        ({**SCORE, "prompt": "x" * 100_001}, 422, "prompt_too_long", "100,001 characters"),
        (
            {**ABLATION, "mode": "text", "edited": {**EDITED, "prompt": "x" * 100_001}},
            422,
            "prompt_too_long",
            "100,001 characters",
        ),
        ({**SCORE, "target": "\ud83d"}, 422, "lone_surrogate", "half of a character"),
        ({**SCORE, "model": "gpt"}, 422, "unknown_model", "gpt"),
        ({**SALIENCE, "foil": []}, 400, "invalid_request", "foil"),
        ({**SALIENCE, "foil": [-1]}, 400, "invalid_request", "foil"),
        ({**SALIENCE, "ids": []}, 400, "invalid_request", "ids"),
        ({**SALIENCE, "ids": [2, float("nan")]}, 400, "invalid_request", "ids"),
        ({**SALIENCE, "targets": [{"start": 0, "end": 1}]}, 400, "invalid_request", "target [0, 1)"),
        ({**SALIENCE, "targets": [{"start": 2, "end": 2}]}, 400, "invalid_request", "start < end"),
        ({**SALIENCE, "targets": [{"start": 2, "end": 9}]}, 400, "invalid_request", "must lie in [1, 3)"),
        ({**SALIENCE, "methods": ["magic"]}, 400, "invalid_request", "methods"),
        ({**SALIENCE, "methods": []}, 400, "invalid_request", "methods"),
        ({**SALIENCE, "integration": {"steps": 1_025}}, 400, "invalid_request", "integration.steps"),
        ({**SALIENCE, "integration": {"baseline": "noise"}}, 400, "invalid_request", "integration.baseline"),
    ],
)
async def test_bad_jobs_are_refused_with_a_message(api, fake_service, body, code, error, says):
    status, answer = await api("POST", "jobs", body=body)
    assert (status, answer["error"]) == (code, error)
    assert says in answer["message"]
    assert set(answer) == {"error", "message", "hint"}
    assert len(answer["message"]) < 2_000  # however long the request was
    assert not fake_service.pids


@pytest.mark.parametrize(
    ("body", "code", "error", "says"),
    [
        (b"{", 400, "invalid_request", "JSON"),
        ({"model": "demo"}, 400, "invalid_request", "prompt"),
        ({"model": "demo", "prompt": 7}, 400, "invalid_request", "prompt"),
        ({"model": "demo", "prompt": "Hi", "answer": "x"}, 400, "invalid_request", "answer"),
        ({"model": "demo", "prompt": "Hi", "chat": "perhaps"}, 400, "invalid_request", "chat"),
        ({"model": "gpt", "prompt": "Hi"}, 422, "unknown_model", "gpt"),
        ({"model": "demo", "prompt": "\ud83d"}, 422, "lone_surrogate", "half of a character"),
        (
            {"model": "demo", "prompt": "x" * 100_001},
            422,
            "prompt_too_long",
            "100,001 characters; the limit is 100,000",
        ),
    ],
)
async def test_what_is_counted_is_bounded_as_what_is_run(api, fake_service, body, code, error, says):
    status, answer = await api("POST", "tokens", "count", body=body)
    assert (status, answer["error"]) == (code, error)
    assert says in answer["message"]
    assert not fake_service.pids


@pytest.mark.parametrize("type_name", ["JobRequest", "EstimateRequest"])
@pytest.mark.parametrize("request_", [ABLATION, FAITHFULNESS], ids=["ablation", "faithfulness"])
@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"ids": [2, -1, 6, 7]}, "ids.1"),
        ({"ids": [2, 5, 6, 2**31]}, "ids.3"),
        ({"ids": [2, 5, 6, 10**4_000]}, "ids.3"),
        ({"ids": [2, 5, 6, 7.5]}, "ids.3"),
        ({"ids": [2, True, 6, 7]}, "ids.1"),
        ({"target": span(0, 1)}, "target [0, 1) must lie in [1, 4)"),
        ({"target": span(3, 5)}, "target [3, 5) must lie in [1, 4)"),
        ({"target": span(3, 3)}, "start < end"),
        ({"segments": []}, "segments"),
        ({"segments": [span(1, 3), span(2, 3)]}, "segment [2, 3) must lie after the one before it"),
        ({"segments": [span(2, 3), span(1, 2)]}, "segment [1, 2) must lie after the one before it"),
        ({"segments": [span(1, 2), span(1, 2)]}, "segment [1, 2) must lie after the one before it"),
        ({"segments": [span(1, 2), span(2, 4)]}, "before the target"),
        ({"segments": [span(1, 2), span(3, 4)]}, "before the target"),
        ({"segments": [span(0, 2), span(2, 3)]}, "needs a beginning"),
        ({"segments": [{"start": -1, "end": 1}]}, "segments.0.start"),
        ({"segments": [span(1, 2)] * 4_097}, "4096"),
        ({"mode": "burn"}, "mode"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**31}, "seed"),
        ({"model": ""}, "model"),
        ({"model": "x" * 201}, "model"),
        ({"extra": 1}, "extra"),
    ],
)
def test_what_takes_segments_away_is_asked_for_properly(type_name, request_, fields, says):
    refused(type_name, request_ | fields, says)


@pytest.mark.parametrize("type_name", ["JobRequest", "EstimateRequest"])
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({**ABLATION, "method": "grad_l2"}, "method"),
        ({**ABLATION, "method": None}, "method"),
        ({**ABLATION, "samples": 0}, "samples"),
        ({**ABLATION, "mode": "text"}, "needs `edited`"),
        ({**ABLATION, "edited": EDITED}, "needs `edited`"),
        ({**ABLATION, "mode": "text", "edited": {**EDITED, "removed": [[2], [0]]}}, "isn't among the 2"),
        ({**ABLATION, "mode": "text", "edited": {**EDITED, "removed": [[""] * 1_000, [0]]}}, "valid integer"),
        ({**ABLATION, "mode": "text", "edited": {**EDITED, "logprobs": [-1.0]}}, "as many log-probabilities"),
        ({**ABLATION, "mode": "text", "edited": {**EDITED, "logprobs": [1.0, -1.0]}}, "logprobs"),
        ({**ABLATION, "mode": "text", "edited": {**EDITED, "removed": [[]] * 16_385}}, "16384"),
        ({**ABLATION, "mode": "text", "edited": EDITED, "foil": [3]}, "contrastive target"),
        ({**FAITHFULNESS, "mode": "text"}, "mode"),
        ({**ABLATION, "samples": 16_385}, "samples"),
        ({**ABLATION, "samples": 64.5}, "samples"),
        ({**ABLATION, "scores": [0.5, 0.5]}, "scores"),
        ({**FAITHFULNESS, "scores": [0.5]}, "2 segments need as many scores, not 1"),
        ({**FAITHFULNESS, "scores": [0.5] * 3}, "2 segments need as many scores, not 3"),
        ({**FAITHFULNESS, "scores": [0.5] * 4_097}, "scores"),
        ({**FAITHFULNESS, "scores": [0.5, float("nan")]}, "scores.1"),
        ({**FAITHFULNESS, "scores": [0.5, float("-inf")]}, "scores.1"),
        ({**FAITHFULNESS, "scores": [0.5, None]}, "scores.1"),
        ({**FAITHFULNESS, "method": "lime"}, "method"),
        ({**FAITHFULNESS, "orders": 0}, "orders"),
        ({**FAITHFULNESS, "orders": 51}, "orders"),
        ({**FAITHFULNESS, "jitters": -1}, "jitters"),
        ({**FAITHFULNESS, "jitters": 51}, "jitters"),
        ({**FAITHFULNESS, "noise": 0}, "noise"),
        ({**FAITHFULNESS, "noise": float("nan")}, "noise"),
        ({**FAITHFULNESS, "noise": 1.5}, "noise"),
    ],
)
def test_ablation_and_trust_have_bounds_of_their_own(type_name, body, says):
    refused(type_name, body, says)


def refused(type_name, request, says):
    body = request if type_name == "JobRequest" else {"request": request}
    with pytest.raises(Problem) as raised:
        parse(type_name, json.dumps(body).encode(), 2**20)
    assert (raised.value.status, raised.value.code) == (400, "invalid_request")
    assert says in raised.value.message
    assert len(raised.value.message) < 2_000  # however long the request was


@pytest.mark.parametrize("request_", [ABLATION, FAITHFULNESS], ids=["ablation", "faithfulness"])
@pytest.mark.parametrize("route", ["jobs", "estimate"])
async def test_ablation_and_trust_are_checked_before_the_service_is_asked(api, fake_service, route, request_):
    for change, code, error in (
        ({"model": "gpt"}, 422, "unknown_model"),
        ({"segments": [span(0, 3)]}, 400, "invalid_request"),
    ):
        body = request_ | change
        status, answer = await api("POST", route, body=body if route == "jobs" else {"request": body})
        assert (status, answer["error"]) == (code, error)
    assert not fake_service.pids


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"{}", {"request": GENERATE}, {"request": None}, SALIENCE])
async def test_only_costs_that_can_be_reported_are_asked_for(api, fake_service, body):
    status, answer = await api("POST", "estimate", body=body)
    assert (status, answer["error"]) == (400, "invalid_request")
    assert not fake_service.pids


async def test_the_largest_requests_are_taken(api, fake_service):
    """The limit on a body leaves room for as many segments and tokens as the types allow."""
    segments = [span(index, index + 1) for index in range(1, 4_097)]
    largest = {
        **FAITHFULNESS, "ids": [2**31 - 1] * MAX_TOKENS, "target": span(MAX_TOKENS - 1, MAX_TOKENS), "segments": segments,
        "scores": [-0.12345678901234567] * 4_096, "orders": 50, "jitters": 50, "noise": 1.0,
    }  # fmt: skip
    status, answer = await api("POST", "estimate", body={"request": largest})
    assert (status, answer["error"]) == (503, "service_stopped")
    assert not fake_service.pids


async def test_pairs_of_surrogates_are_whole_characters(generate):
    await generate("😀\0\r\ufeff\u202e\t")


@pytest.mark.parametrize("path", [["jobs"], ["tokens"], ["estimate"], ["unicode", "names"], ["service", "start"]])
async def test_huge_bodies_are_refused_without_keeping_them(api, lit_lab, fake_service, path):
    body = b'{"names": ["' + b"x" * (25 * 1024 * 1024) + b'"]}'
    status, answer = await api("POST", *path, body=body)
    if path == ["service", "start"]:  # ignores bodies
        assert status == 202
        return
    assert (status, answer["error"]) == (413, "body_too_large")
    assert "MiB" in answer["message"]
    assert not fake_service.pids


async def test_tokens_are_limited_too(api):
    status, answer = await api("POST", "tokens", body={"model": "demo", "prompt": "x" * 100_001})
    assert (status, answer["error"]) == (422, "prompt_too_long")
    status, answer = await api("POST", "tokens", body={"model": "demo", "prompt": "", "answer": "x" * 100_001})
    assert (status, answer["error"]) == (422, "answer_too_long")
    status, answer = await api("POST", "tokens", body={"model": "x", "prompt": ""})
    assert (status, answer["error"]) == (422, "unknown_model")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_unknown_job(api, method):
    status, answer = await api(method, "jobs", "nonesuch")
    assert (status, answer["error"]) == (404, "unknown_job")
    assert answer["hint"]


@pytest.mark.parametrize("start", ["-1", "x", "1e3", "٣", "9" * 40, "1"])
async def test_bad_from(api, generate, start):
    job = await generate("forever")
    if start == "1":
        start = "100000"  # past the end
    status, answer = await api("GET", "jobs", job, "events", params={"from": start})
    assert (status, answer["error"]) == (400, "invalid_query")


async def test_unicode_names(api, fake_service):
    names = ["BULLET", "bullet", "LF", "NULL", "NO SUCH NAME", "KEYCAP DIGIT ONE", "CJK UNIFIED IDEOGRAPH-4E2D"]
    status, answer = await api("POST", "unicode", "names", body={"names": names})
    assert status == 200
    assert answer["characters"] == {
        "BULLET": "•", "bullet": "•", "LF": "\n", "NULL": "\0", "CJK UNIFIED IDEOGRAPH-4E2D": "中",
    }  # fmt: skip
    assert not fake_service.pids


def test_unicode_names_are_those_of_pythons_literals():
    names = ["BULLET", "line feed", "KEYCAP DIGIT ONE", "LATIN SMALL LETTER A WITH MACRON AND GRAVE", "", " ", "é"]

    def literal(name):
        try:
            return ast.literal_eval(f'"\\N{{{name}}}"')
        except SyntaxError:
            return None

    expected = {name: literal(name) for name in names}
    assert unicode_names(names) == {name: value for name, value in expected.items() if value is not None}


async def test_answers_are_not_cached(jp_fetch, lit_lab):
    response = await jp_fetch("lit-lab", "api", "status")
    assert response.headers["Cache-Control"] == "no-store"
    assert json.loads(response.body)
