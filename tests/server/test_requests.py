"""What goes in is bounded and refused in words; what needs no model needs no service."""

import ast
import json

import pytest

from lit_lab import protocol
from lit_lab.core import unicode_names
from lit_lab.version import version

GENERATE = {"kind": "generate", "model": "demo", "prompt": "Hi"}
SALIENCE = {"kind": "salience", "model": "demo", "ids": [2, 5, 6], "targets": [{"start": 2, "end": 3}]}


async def test_status_never_starts_the_service(api, standin):
    status, body = await api("GET", "status")
    assert status == 200
    parsed = protocol.Status.model_validate(body)
    assert (parsed.version, parsed.service.state, parsed.default_model) == (version(), "stopped", "demo")
    assert not standin.pids


async def test_gets_never_start_the_service(api, standin):
    status, body = await api("GET", "models")
    assert status == 200
    assert [(model["name"], model["state"]) for model in body["models"]] == [("demo", "unloaded")]
    assert "demonstration" in body["models"][0]["note"]
    for path in (["datasets"], ["datasets", "sample_prompts", "rows"]):
        status, body = await api("GET", *path)
        assert (status, body["error"]) == (503, "service_stopped")
    assert await api("GET", "service", "log") == (200, {"lines": []})
    assert await api("GET", "jobs") == (200, {"jobs": []})
    assert not standin.pids


@pytest.mark.parametrize(
    ("body", "code", "error", "says"),
    [
        (b"", 400, "invalid_request", "JSON"),
        (b"{", 400, "invalid_request", "JSON"),
        (b"\xff\xfe", 400, "invalid_request", "JSON"),
        (b"null", 400, "invalid_request", "body"),
        (b"[" * 10_000, 400, "invalid_request", "JSON"),
        ({**GENERATE, "kind": "dance"}, 400, "invalid_request", "dance"),
        ({**GENERATE, "temperature": 1}, 400, "invalid_request", "temperature"),
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
        ({**SALIENCE, "ids": []}, 400, "invalid_request", "ids"),
        ({**SALIENCE, "ids": [2, float("nan")]}, 400, "invalid_request", "ids"),
        ({**SALIENCE, "targets": [{"start": 0, "end": 1}]}, 400, "invalid_request", "target [0, 1)"),
        ({**SALIENCE, "targets": [{"start": 2, "end": 2}]}, 400, "invalid_request", "start < end"),
        ({**SALIENCE, "targets": [{"start": 2, "end": 9}]}, 400, "invalid_request", "must lie in [1, 3)"),
        ({**SALIENCE, "methods": ["magic"]}, 400, "invalid_request", "methods"),
    ],
)
async def test_bad_jobs_are_refused_in_words(api, standin, body, code, error, says):
    status, answer = await api("POST", "jobs", body=body)
    assert (status, answer["error"]) == (code, error)
    assert says in answer["message"]
    assert set(answer) == {"error", "message", "hint"}
    assert not standin.pids


async def test_pairs_of_surrogates_are_whole_characters(generate):
    await generate("😀\0\r\ufeff\u202e\t")


@pytest.mark.parametrize("path", [["jobs"], ["tokens"], ["unicode", "names"], ["service", "start"]])
async def test_huge_bodies_are_refused_without_keeping_them(api, lit_lab, standin, path):
    body = b'{"names": ["' + b"x" * (25 * 1024 * 1024) + b'"]}'
    status, answer = await api("POST", *path, body=body)
    if path == ["service", "start"]:  # takes none, so there is nothing to refuse
        assert status == 202
        return
    assert (status, answer["error"]) == (413, "body_too_large")
    assert "MiB" in answer["message"]
    assert not standin.pids


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


async def test_unicode_names(api, standin):
    names = ["BULLET", "bullet", "LF", "NULL", "NO SUCH NAME", "KEYCAP DIGIT ONE", "CJK UNIFIED IDEOGRAPH-4E2D"]
    status, answer = await api("POST", "unicode", "names", body={"names": names})
    assert status == 200
    assert answer["characters"] == {
        "BULLET": "•", "bullet": "•", "LF": "\n", "NULL": "\0", "CJK UNIFIED IDEOGRAPH-4E2D": "中",
    }  # fmt: skip
    assert not standin.pids


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
