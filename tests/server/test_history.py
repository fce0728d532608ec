"""The history: every run is kept with its scores, for its owner alone, whatever happens to disk and process."""

import asyncio
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from jupyter_server.auth import IdentityProvider, User

from conftest import until
from lit_lab import protocol
from lit_lab.history import SCHEMA, History, Settings, sequence_of
from lit_lab.problem import Problem

TERMS = protocol.ModelTerms(name="Some Licence", url="https://example.org/terms")


def record(run_id="a", prompt="Suggestion: Onion soup", answer=" Avoid.", created=None, **fields):
    def tokens(text, first):
        return [
            {"id": first + n, "piece": word, "text": word, "kind": "text"} for n, word in enumerate(text.split(" "))
        ]

    return protocol.RunRecord.model_validate(
        {
            "id": run_id,
            "created": created or time.time(),
            "model": "demo",
            "prompt": prompt,
            "answer": answer,
            "sampling": {"temperature": 0.0, "top_k": None, "top_p": None, "seed": 0},
            "prompt_tokens": tokens(prompt, 2),
            "answer_tokens": [{**token, "logprob": -0.5} for token in tokens(answer, 50)],
            "reason": "end",
            "seconds": 0.2,
            **fields,
        }
    )


def ids_of(run):
    return [token.id for token in [*run.prompt_tokens, *run.answer_tokens]]


def scores(method="grad_l2", target=(4, 5), values=(0.1, 0.2, 0.3, 0.0, 0.0)):
    event = {
        "event": "scores",
        "target": dict(zip(("start", "end"), target, strict=True)),
        "method": method,
        "scores": list(values),
    }
    return protocol.KeptScores.model_validate({"event": event})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "history.sqlite"


@pytest.fixture
def history(path):
    made = History(Settings(path))
    yield made
    made._thread.submit(made._close).result()


async def listed(history, owner="me", **request):
    return [info.id for info in (await history.runs(owner, protocol.RunsRequest(**request))).runs]


async def test_a_run_comes_back_exactly(path):
    history = History(Settings(path))
    origin = {"document": "a/b.ipynb", "place": ["cell 3", "line 2"]}
    kept = record(origin=origin, prompt="🍲 שלום\r\n'); DROP", chat="wrapped", terms=TERMS)
    await history.keep("me", kept)
    await history.keep_scores("me", "demo", ids_of(kept), [scores(), scores("grad_dot_input")])
    await history.keep_scores("me", "demo", ids_of(kept), [scores()])  # again: replaces
    await history.close()
    again = History(Settings(path))
    found = await again.run("me", "a")
    assert found.model_copy(update={"scores": []}) == kept
    assert sorted(one.event.method for one in found.scores) == ["grad_dot_input", "grad_l2"]
    (info,) = (await again.runs("me", protocol.RunsRequest())).runs
    assert (info.scores, info.origin.document) == (2, "a/b.ipynb")
    await again.close()


async def test_scores_of_ablations_are_told_apart_by_what_was_taken_away(history):
    kept = record()
    await history.keep("me", kept)

    def ablated(mode, *segments):
        event = {
            "event": "segment_scores", "target": {"start": 4, "end": 5}, "method": "lime", "errors": None,
            "segments": [{"start": a, "end": b} for a, b in segments], "scores": [0.5] * len(segments),
            "logprob": -1.0, "passes": 3,
        }  # fmt: skip
        return protocol.KeptScores.model_validate({"mode": mode, "event": event})

    found = [ablated("mask", (1, 2)), ablated("remove", (1, 2)), ablated("mask", (1, 2), (2, 3))]
    for one in found:
        await history.keep_scores("me", "demo", ids_of(kept), [one])
    assert (await history.run("me", "a")).scores == found


async def test_scores_of_contrasts_are_told_apart_by_the_other_text(history):
    kept = record()
    await history.keep("me", kept)

    def contrasted(instead):
        one = scores()
        return one.model_copy(update={"event": one.event.model_copy(update={"instead": instead})})

    found = [contrasted(None), contrasted([7]), contrasted([7, 8])]
    for one in [*found, contrasted([7])]:
        await history.keep_scores("me", "demo", ids_of(kept), [one])
    kept_now = [one.event.instead for one in (await history.run("me", "a")).scores]
    assert sorted(kept_now, key=str) == sorted([None, [7], [7, 8]], key=str)


async def test_a_text_that_was_given_is_told_from_an_answer(history):
    await history.keep("me", record("answer"))
    await history.keep("me", record("given", reason="given"))
    runs = (await history.runs("me", protocol.RunsRequest())).runs
    assert {info.id: info.given for info in runs} == {"answer": False, "given": True}
    assert (await history.run("me", "given")).reason == "given"
    await history.delete("me", "given")
    await history.keep("me", record("given"))  # an id isn't used twice, but nothing of it may be left
    assert not (await history.runs("me", protocol.RunsRequest())).runs[0].given


async def test_a_file_of_the_first_version_is_taken_over(path):
    history = History(Settings(path))
    await history.keep("me", record("old"))
    await history.close()
    with sqlite3.connect(path) as connection:
        connection.executescript("DROP TABLE given; PRAGMA user_version = 1;")
    connection.close()
    again = History(Settings(path))
    await again.keep("me", record("new", reason="given"))
    assert {info.id: info.given for info in (await again.runs("me", protocol.RunsRequest())).runs} == {
        "old": False,
        "new": True,
    }
    await again.close()


async def test_scores_of_a_sequence_that_is_no_run_are_let_go(history):
    await history.keep("me", record())
    await history.keep_scores("me", "demo", [1, 2, 3], [scores()])
    await history.keep_scores("me", "another", ids_of(record()), [scores()])
    assert (await history.run("me", "a")).scores == []
    assert sequence_of("a", [1, 23]) != sequence_of("a", [12, 3])


async def test_nobody_sees_another_s_runs(history):
    await history.keep("me", record())
    assert await listed(history, "you") == []
    for work in (
        history.run("you", "a"),
        history.delete("you", "a"),
        history.change("you", "a", protocol.RunChange(starred=True)),
    ):
        with pytest.raises(Problem, match="no longer in the history"):
            await work
    await history.keep_scores("you", "demo", ids_of(record()), [scores()])
    assert (await history.clear("you")).deleted == 0
    found = await history.run("me", "a")
    assert (found.starred, found.scores) == (False, [])


async def test_search(history):
    await history.keep("me", record("a", "Suggestion: Onion soup", " Avoid.", created=1.0))
    await history.keep(
        "me", record("b", "100% of Über_soup", " Yes.", created=2.0, origin={"document": "n.ipynb", "place": []})
    )
    await history.change("me", "a", protocol.RunChange(title="first try", starred=True))
    assert await listed(history) == ["b", "a"]
    assert await listed(history, search="soup avoid") == ["a"]
    assert await listed(history, search="TRY onion") == ["a"]
    assert await listed(history, search="100%") == ["b"]
    assert await listed(history, search="r_s") == ["b"]
    assert await listed(history, search="%") == ["b"]
    assert await listed(history, search="n.ipynb") == ["b"]
    assert await listed(history, document="n.ipynb") == ["b"]
    assert await listed(history, starred=True) == ["a"]
    assert await listed(history, limit=1, offset=1) == ["a"]
    response = await history.runs("me", protocol.RunsRequest(limit=1))
    assert (response.total, response.documents) == (2, ["n.ipynb"])


async def test_rename_star_delete_clear(history):
    for name in "abc":
        await history.keep("me", record(name))
    assert (await history.change("me", "a", protocol.RunChange(title="Mine"))).title == "Mine"
    assert (await history.change("me", "a", protocol.RunChange(starred=True))).title == "Mine"
    await history.keep_scores("me", "demo", ids_of(record()), [scores()])
    assert (await history.delete("me", "b")).deleted == 1
    with pytest.raises(Problem) as caught:
        await history.delete("me", "b")
    assert (caught.value.status, caught.value.error) == (404, "unknown_run")
    assert (await history.clear("me")).deleted == 2
    assert await listed(history) == []


async def test_old_runs_go_and_starred_ones_stay(path):
    history = History(Settings(path, days=10))
    old = time.time() - 11 * 86_400
    await history.keep("me", record("star", created=old + 5 * 86_400))
    await history.change("me", "star", protocol.RunChange(starred=True))
    await history.keep("me", record("old", created=old))
    await history.keep("me", record("new"))
    assert await listed(history) == ["new", "star"]
    await history.close()


async def test_the_oldest_go_when_it_is_too_much(path):
    history = History(Settings(path, megabytes=0.1))
    noise = os.urandom(15_000).hex()  # 30 kB that can't be packed in less than half
    for n in range(9):
        await history.keep("me", record(f"r{n}", prompt=noise, created=1.0 + n))
        if n == 1:
            await history.change("me", "r1", protocol.RunChange(starred=True))
    found = await listed(history)
    assert found[0] == "r8"
    assert found[-1] == "r1"
    assert 2 <= len(found) <= 4
    await history.close()


async def test_a_run_larger_than_all_is_kept(path):
    history = History(Settings(path, megabytes=0.001))
    await history.keep("me", record("a", prompt=os.urandom(3000).hex()))
    assert await listed(history) == ["a"]
    await history.close()


async def test_only_its_owner_may_read_the_file(history, path):
    before = os.umask(0)
    try:
        await history.keep("me", record())
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", ["text", "middle"])
async def test_a_damaged_file_is_set_aside_and_told(path, damage):
    history = History(Settings(path))
    for n in range(30):
        await history.keep("me", record(f"r{n}", prompt=os.urandom(2000).hex()))
    await history.close()
    content = bytearray(path.read_bytes())
    if damage == "text":
        content = bytearray(b"not a database at all" * 1000)
    else:
        content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    again = History(Settings(path))
    await again.keep("me", record("new"))
    if damage == "middle":
        await again.keep("me", record("new"))  # the first one found the damage
    assert await listed(again) == ["new"]
    (aside,) = path.parent.glob("history.sqlite.damaged-*")
    assert aside.read_bytes() == content
    assert str(aside) in again.status().message
    await again.close()


async def test_a_newer_file_is_left_alone(path):
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()
    before = path.read_bytes()
    history = History(Settings(path))
    await history.keep("me", record())
    assert "newer version" in history.status().message
    with pytest.raises(Problem, match="newer version"):
        await history.runs("me", protocol.RunsRequest())
    assert path.read_bytes() == before
    await history.close()


async def test_off(path):
    history = History(Settings(None))
    await history.keep("me", record())
    assert not history.status().enabled
    with pytest.raises(Problem, match="No history is kept"):
        await history.runs("me", protocol.RunsRequest())
    await history.close()
    assert not path.exists()


async def test_killed_at_any_time_it_is_sound(path):
    """A process that writes without end is killed, again and again; what it said was written is there."""
    script = textwrap.dedent(f"""
        import asyncio, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from test_history import ids_of, record, scores
        from lit_lab.history import History, Settings

        async def main():
            history, n = History(Settings(Path({str(path)!r}))), 0
            while True:
                run = record(f"{{sys.argv[1]}}-{{n}}", prompt="x" * 50_000)
                await history.keep("me", run)
                print(run.id, flush=True)
                await history.keep_scores("me", "demo", ids_of(run), [scores()])
                n += 1

        asyncio.run(main())
    """)
    said = []
    for attempt in range(4):
        process = subprocess.Popen([sys.executable, "-c", script, str(attempt)], stdout=subprocess.PIPE, text=True)
        for _ in range(3 + attempt):
            said.append(process.stdout.readline().strip())
        await asyncio.sleep(0.003 * attempt)
        process.send_signal(signal.SIGKILL)
        said += [line for line in process.stdout.read().split("\n")[:-1] if line]
        process.wait()
    history = History(Settings(path))
    response = await history.runs("me", protocol.RunsRequest(limit=200))
    assert response.total >= len(said)
    for run_id in said:
        assert (await history.run("me", run_id)).prompt == "x" * 50_000
    await history.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


async def test_a_full_disk_is_told_and_the_next_run_is_kept(history, path):
    await history.keep("me", record("a"))
    pages = history._connection.execute("PRAGMA page_count").fetchone()[0]
    history._connection.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own word for a full disk
    await history.keep("me", record("b", prompt=os.urandom(50_000).hex()))
    assert "disk is full" in history.status().message
    await history.keep("me", record("c"))  # a new connection, and room again
    assert history.status().message == ""
    assert sorted(await listed(history)) == ["a", "c"]


# --- through the server


async def runs(api, **request):
    status, found = await api("POST", "runs", "search", body=request)
    assert status == 200, found
    return found


async def test_what_was_asked_is_in_the_history(api, generate, events, lit_lab):
    job = await generate("Hi", origin={"document": "a.ipynb", "place": ["cell 1"]})
    found = await events(job)
    assert found[-1]["event"] == "done"
    await until(lambda: _count(api, 1))
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
    await until(lambda: _scored(api, job))
    _, whole = await api("GET", "runs", job)
    assert [one["event"]["scores"] for one in whole["scores"]] == [event["scores"] for event in sent]
    assert (await api("GET", "status"))[1]["history"] == {"enabled": True, "message": "", "hint": ""}


async def test_what_became_of_a_prompt_is_kept(api, generate, events):
    for mode, use in {"on": "wrapped", "auto": "plain"}.items():
        job = await generate("Hi", chat=mode)
        await events(job)
        await until(lambda job=job: _kept(api, job))
        assert (await api("GET", "runs", job))[1]["chat"] == use


async def _kept(api, job):
    return (await api("GET", "runs", job))[0] == 200


async def _count(api, count):
    return (await runs(api))["total"] == count


async def _scored(api, job):
    return (await api("GET", "runs", job))[1]["scores"]


async def test_an_answer_that_was_stopped_is_kept_as_far_as_it_came(api, generate, lit_lab):
    job = await generate("forever")
    await until(lambda: _said(lit_lab, job))
    await api("DELETE", "jobs", job)
    await until(lambda: _count(api, 1))
    _, whole = await api("GET", "runs", job)
    assert whole["answer"]
    assert whole["reason"] is None


def _said(lit_lab, job):
    return any(b'"token"' in line for line in lit_lab.core.jobs._jobs[job].lines)


async def test_a_given_text_is_kept_as_what_it_is(api, events):
    origin = {"document": "a.jsonl", "place": ["row 2"]}
    body = {"kind": "score", "model": "demo", "prompt": "Hi", "target": "Hello", "origin": origin}
    code, job = await api("POST", "jobs", body=body)
    assert (code, job["kind"]) == (202, "score")
    assert (await events(job["id"]))[-1]["event"] == "done"
    await until(lambda: _count(api, 1))
    (info,) = (await api("POST", "runs/search", body={}))[1]["runs"]
    assert (info["given"], info["origin"]) == (True, origin)
    run = (await api("GET", "runs", info["id"]))[1]
    assert (run["reason"], run["answer"], run["sampling"]["temperature"]) == ("given", "Hello", 0.0)


async def test_a_run_is_kept_under_the_name_it_was_asked_with(api, generate, events):
    await events(await generate("Hi", title="Without “Be brief.”"))
    await until(lambda: _count(api, 1))
    (info,) = (await runs(api, search="brief"))["runs"]
    assert info["title"] == "Without “Be brief.”"
    too_long = {"kind": "generate", "model": "demo", "prompt": "Hi", "title": "x" * 201}
    assert (await api("POST", "jobs", body=too_long))[0] == 400


async def test_the_model_service_isn_t_told_where_a_prompt_came_from(api, generate, events, standin):
    await events(await generate("Hi", title="Without secret.ipynb", origin={"document": "secret.ipynb", "place": []}))
    written = [path.read_bytes() for path in standin.folder.iterdir() if path.is_file()]
    assert written
    assert not any(b"secret.ipynb" in content for content in written)


async def test_change_and_delete(api, generate, events):
    job = await generate("Hi")
    await events(job)
    await until(lambda: _count(api, 1))
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
    """Knows users by a header."""

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
    def lit_lab_config(self, standin):
        return {"service_python": str(standin.python), "history": False}

    async def test_nothing_is_kept(self, api, generate, events, lit_lab):
        await events(await generate("Hi"))
        status, body = await api("POST", "runs", "search", body={})
        assert (status, body["error"]) == (404, "history_off")
        assert not (await api("GET", "status"))[1]["history"]["enabled"]


async def test_prompts_of_the_history_are_not_logged(api, generate, events, caplog):
    caplog.set_level("DEBUG")
    await events(await generate("a very secret prompt"))
    await until(lambda: _count(api, 1))
    await runs(api, search="secret")
    assert "very secret" not in caplog.text
    assert json.dumps("very secret") not in caplog.text
