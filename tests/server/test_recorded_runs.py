"""What the history stores about a run, and for whom."""

import json

import pytest
from jupyter_server.auth import IdentityProvider, User
from sample_runs import runs

from conftest import until


async def test_what_was_asked_is_in_the_history(api, generate, events, lit_lab):
    job = await generate("Hi", origin={"document": "a.ipynb", "place": ["cell 1"]})
    found = await events(job)
    assert found[-1]["event"] == "done"
    (info,) = (await runs(api))["runs"]
    assert (info["id"], info["prompt"], info["origin"]["document"]) == (job, "Hi", "a.ipynb")
    _, whole = await api("GET", "runs", job)
    answer = next(event for event in found if event["event"] == "answer")
    assert [token["piece"] for token in whole["answer_tokens"]] == [token["piece"] for token in answer["tokens"]]
    assert whole["answer"] == answer["text"]
    ids = [token["id"] for token in whole["prompt_tokens"] + whole["answer_tokens"]]
    body = {"kind": "salience", "model": "demo", "ids": ids, "targets": [{"start": len(ids) - 1, "end": len(ids)}]}
    _, salience = await api("POST", "jobs", body=body)
    sent = [event for event in await events(salience["id"]) if event["event"] == "scores"]
    _, whole = await api("GET", "runs", job)
    assert [one["event"]["scores"] for one in whole["scores"]] == [event["scores"] for event in sent]
    assert (await api("GET", "status"))[1]["history"] == {"enabled": True, "message": "", "hint": ""}


async def test_what_became_of_a_prompt_is_kept(api, generate, events):
    for mode, use in {"on": "wrapped", "auto": "plain"}.items():
        job = await generate("Hi", chat=mode)
        await events(job)
        assert (await api("GET", "runs", job))[1]["chat"] == use


async def test_where_an_answer_was_to_end_is_kept_and_where_it_did(api, generate, events):
    stop = ["Taste-likes:", "\n\n"]
    job = await generate("Hi", stop=[*stop, "\n\n"])
    (answer,) = (event for event in await events(job) if event["event"] == "answer")
    assert (answer["reason"], answer["stopped_at"]) == ("stop", "\n\n")
    _, run = await api("GET", "runs", job)
    assert (run["stop"], run["reason"], run["stopped_at"]) == (stop, "stop", "\n\n")
    job = await generate("Hi")
    await events(job)
    _, run = await api("GET", "runs", job)
    assert (run["stop"], run["reason"], run["stopped_at"]) == ([], "end", None)


async def test_how_an_answer_was_sampled_is_kept_with_it(api, generate, events):
    sampling = {"temperature": 0.5, "top_k": 3, "top_p": 0.9, "seed": 4, "repetition_penalty": 1.3}
    job = await generate("Hi", sampling=sampling)
    await events(job)
    assert (await api("GET", "runs", job))[1]["sampling"] == sampling
    plain = await generate("Hi", sampling={"seed": 4})
    await events(plain)
    assert (await api("GET", "runs", plain))[1]["sampling"]["repetition_penalty"] == 1


@pytest.mark.parametrize("stop", [[""], ["x" * 101], [str(n) for n in range(9)], "x"])
async def test_stop_sequences_are_bounded(api, stop):
    body = {"kind": "generate", "model": "demo", "prompt": "Hi", "stop": stop}
    assert (await api("POST", "jobs", body=body))[0] == 400


async def test_an_answer_that_was_stopped_is_kept_as_far_as_it_came(api, generate, lit_lab):
    job = await generate("forever")
    await until(lambda: _said(lit_lab, job))
    await api("DELETE", "jobs", job)
    _, whole = await api("GET", "runs", job)
    assert whole["answer"]
    assert (whole["reason"], whole["partial"]) == (None, "stopped")


async def test_an_answer_that_the_server_s_end_broke_off_is_not_taken_for_one_that_was_stopped(api, generate, lit_lab):
    job = await generate("forever")
    await until(lambda: _said(lit_lab, job))
    await lit_lab.core.jobs.close()
    _, whole = await api("GET", "runs", job)
    assert whole["answer"]
    assert (whole["reason"], whole["partial"]) == (None, "broke_off")


def _said(lit_lab, job):
    return any(b'"token"' in line for line in lit_lab.core.jobs.by_id[job].lines)


async def test_a_forced_answer_is_stored_as_what_it_is(api, events):
    origin = {"document": "a.jsonl", "place": ["row 2"]}
    body = {"kind": "score", "model": "demo", "prompt": "Hi", "target": "Hello", "origin": origin}
    code, job = await api("POST", "jobs", body=body)
    assert (code, job["kind"]) == (202, "score")
    assert (await events(job["id"]))[-1]["event"] == "done"
    (info,) = (await api("POST", "runs/search", body={}))[1]["runs"]
    assert (info["forced_answer"], info["origin"]) == (True, origin)
    run = (await api("GET", "runs", info["id"]))[1]
    assert (run["reason"], run["answer"], run["sampling"]["temperature"]) == ("forced_answer", "Hello", 0.0)


async def test_a_forced_answer_that_need_not_be_kept_is_not_stored(api, events):
    body = {"kind": "score", "model": "demo", "prompt": "Hi", "target": "Hello", "keep": False}
    _, job = await api("POST", "jobs", body=body)
    assert (await events(job["id"]))[-1]["event"] == "done"
    assert (await api("POST", "runs/search", body={}))[1]["runs"] == []


async def test_a_run_is_kept_under_the_name_it_was_asked_with(api, generate, events):
    await events(await generate("Hi", title="Without “Be brief.”"))
    (info,) = (await runs(api, search="brief"))["runs"]
    assert info["title"] == "Without “Be brief.”"
    too_long = {"kind": "generate", "model": "demo", "prompt": "Hi", "title": "x" * 201}
    assert (await api("POST", "jobs", body=too_long))[0] == 400


async def test_the_model_service_doesn_t_learn_where_a_prompt_came_from(api, generate, events, fake_service):
    await events(await generate("Hi", title="Without secret.ipynb", origin={"document": "secret.ipynb", "place": []}))
    written = [path.read_bytes() for path in fake_service.folder.iterdir() if path.is_file()]
    assert written
    assert not any(b"secret.ipynb" in content for content in written)


async def test_change_and_delete(api, generate, events):
    job = await generate("Hi")
    await events(job)
    status, info = await api("POST", "runs", job, body={"title": "One", "starred": True})
    assert (status, info["title"], info["starred"]) == (200, "One", True)
    assert (await api("POST", "runs", job, body={"title": "x" * 201}))[0] == 400
    assert (await api("POST", "runs", "nope", body={"starred": True}))[0] == 404
    assert (await api("GET", "runs", "..%2f..%2fetc"))[0] == 404
    assert (await api("POST", "runs", "search", body={"limit": 1000}))[0] == 400
    assert (await api("DELETE", "runs", job)) == (200, {"deleted": 1})
    assert (await api("DELETE", "runs", job))[0] == 404
    assert (await api("DELETE", "runs")) == (200, {"deleted": 0})


class Users(IdentityProvider):
    """Identifies users by a header."""

    def get_user(self, handler):
        handler._token_authenticated = True
        name = handler.request.headers.get("X-User")
        return User(name) if name else None


class TestUsers:
    @pytest.fixture
    def jp_server_config(self, lit_lab_config):
        return {
            "ServerApp": {"jpserver_extensions": {"lit_lab": True}, "identity_provider_class": Users},
            "LitLab": lit_lab_config,
        }

    async def test_each_has_a_history_of_their_own(self, api):
        ann, bob = {"X-User": "ann"}, {"X-User": "bob"}
        body = {"kind": "generate", "model": "demo", "prompt": "Hi"}
        _, job = await api("POST", "jobs", body=body, headers=ann)

        async def total(headers):
            return (await api("POST", "runs", "search", body={}, headers=headers))[1]["total"]

        async def kept():
            return await total(ann) == 1

        await until(kept)
        assert await total(bob) == 0
        assert (await api("GET", "runs", job["id"], headers=bob))[0] == 404
        assert (await api("DELETE", "runs", headers=bob))[1] == {"deleted": 0}
        assert await total(ann) == 1


class TestOff:
    @pytest.fixture
    def lit_lab_config(self, fake_service):
        return {"service_python": str(fake_service.python), "history": False}

    async def test_nothing_is_kept(self, api, generate, events, lit_lab):
        await events(await generate("Hi"))
        status, body = await api("POST", "runs", "search", body={})
        assert (status, body["error"]) == (404, "history_off")
        assert not (await api("GET", "status"))[1]["history"]["enabled"]


async def test_prompts_of_the_history_are_not_logged(api, generate, events, caplog):
    caplog.set_level("DEBUG")
    await events(await generate("a very secret prompt"))
    await runs(api, search="secret")
    assert "very secret" not in caplog.text
    assert json.dumps("very secret") not in caplog.text


async def test_starred_runs_stay_unless_they_are_meant(api, generate, events):
    for _ in range(2):
        await events(await generate("Hi"))
    starred = (await runs(api))["runs"][0]["id"]
    await api("POST", "runs", starred, body={"starred": True})
    assert await api("DELETE", "runs") == (200, {"deleted": 1})
    assert [info["id"] for info in (await runs(api))["runs"]] == [starred]
    assert await api("DELETE", "runs", params={"starred": 1}) == (200, {"deleted": 1})
    assert (await runs(api))["total"] == 0
