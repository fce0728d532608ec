"""Storing runs when a job ends: what `done` promises, and results that can't be stored yet."""

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest
from jupyter_core.paths import jupyter_data_dir
from sample_runs import runs

from conftest import until
from lit_lab import protocol, run_recorder
from lit_lab.history import NO_ROOM_FOR_OWNER, History, Settings, database
from lit_lab.problem import Problem
from lit_lab.run_recorder import RunRecorder


def generated(prompt="Hi", ids=(2, 5), answer=(6, 7)):
    """Return a request and its job's lines."""
    prompt_tokens = [{"id": n, "piece": "x", "text": "x", "kind": "text"} for n in ids]
    tokens = [{"id": n, "piece": "y", "text": "y", "kind": "text"} for n in answer]
    events = [
        {"event": "prompt", "tokens": prompt_tokens, "window": 100},
        {"event": "answer", "text": "yy", "tokens": tokens, "reason": "end", "seconds": 0.1},
        {"event": "done", "seconds": 0.1},
    ]
    request = protocol.GenerateRequest(model="demo", prompt=prompt)
    return request, [json.dumps(event).encode() for event in events]


def explained(ids=(2, 5, 6, 7)):
    """Return a request for a sequence's scores, and its job's lines."""
    target = {"start": 2, "end": 3}
    events = [
        {"event": "scores", "target": target, "method": "grad_l2", "scores": [0.5] * len(ids)},
        {"event": "done", "seconds": 0.1},
    ]
    request = protocol.SalienceRequest.model_validate({"model": "demo", "ids": list(ids), "targets": [target]})
    return request, [json.dumps(event).encode() for event in events]


class FailingHistory(History):
    """A history that refuses runs whose prompt contains `refused`, while `reason` is set."""

    def __init__(self, path):
        super().__init__(Settings(path))
        self.reason = None
        self.refused = ""
        self.attempts = 0

    async def store(self, owner, run):
        self.attempts += 1
        if self.reason and self.refused in run.prompt:
            raise self.reason
        await super().store(owner, run)

    async def ids(self, owner="me"):
        return [run.id for run in (await self.runs(owner, protocol.RunsRequest())).runs]


LOCKED = Problem(503, "history_unavailable", "Another program is writing.", "Wait.")


FULL = Problem(507, "disk_full", "The disk is full.", "Make room.")


@pytest.fixture
def history(tmp_path):
    return FailingHistory(tmp_path / "history.sqlite")


@pytest.fixture
def recorder(history, monkeypatch):
    """A recorder that doesn't retry by itself."""
    monkeypatch.setattr(run_recorder, "FIRST_DELAY", 1e6)
    made = RunRecorder(history)
    yield made
    loop = asyncio.new_event_loop()
    loop.run_until_complete(history.close())
    loop.close()


async def test_a_list_after_a_job_s_end_waits_until_its_run_is_stored(api, generate, events, lit_lab, monkeypatch):
    let, store = asyncio.Event(), lit_lab.core.history.store

    async def slow(owner, run):
        await let.wait()
        await store(owner, run)

    monkeypatch.setattr(lit_lab.core.history, "store", slow)
    job = await generate("Hi")
    assert (await events(job))[-1]["event"] == "done"
    asked = [
        asyncio.ensure_future(api("POST", "runs", "search", body={})),
        asyncio.ensure_future(api("GET", "runs", job)),
        asyncio.ensure_future(api("POST", "runs", job, body={"starred": True})),
    ]
    await api("GET", "status")  # doesn't wait for the recorder
    assert not any(one.done() for one in asked)
    let.set()
    (_, found), (code, _), (changed, _) = await asyncio.gather(*asked)
    assert (found["total"], code, changed) == (1, 200, 200)
    assert (await api("DELETE", "runs", params={"starred": 1})) == (200, {"deleted": 1})


async def test_while_another_program_holds_the_lock_runs_wait_and_are_listed_after(
    api, generate, events, lit_lab, monkeypatch
):
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    monkeypatch.setattr(run_recorder, "FIRST_DELAY", 0.05)
    earlier = await generate("Hi")
    await events(earlier)
    await runs(api)
    other = sqlite3.connect(Path(jupyter_data_dir(), "lit_lab/history.sqlite"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    later = await generate("Hello")
    assert (await events(later))[-1]["event"] == "done"
    assert [info["id"] for info in (await runs(api))["runs"]] == [earlier]
    status = (await api("GET", "status"))[1]["history"]
    assert status["message"] == "Another program is writing to the history. 1 result waits to be stored."
    assert "find out which program" in status["hint"]
    code, said = await api("GET", "runs", later)
    assert (code, said["error"]) == (503, "not_stored_yet")
    other.execute("ROLLBACK")
    other.close()

    async def nothing_waits():
        return (await api("GET", "status"))[1]["history"] == {"enabled": True, "message": "", "hint": ""}

    await until(nothing_waits)
    assert [info["id"] for info in (await runs(api))["runs"]] == [later, earlier]


async def test_a_run_comes_before_its_scores_however_often_it_is_tried(history, recorder):
    history.reason = LOCKED
    recorder.record("me", "a", 1.0, *generated())
    recorder.record("me", "b", 1.0, *explained())
    await recorder.settled("me")
    assert "2 results wait" in recorder.status().message
    history.reason = None
    recorder.retry()
    await until(lambda: not recorder.status().message)
    assert len((await history.run("me", "a")).scores) == 1


async def test_what_has_no_room_holds_up_nothing_but_its_own_scores(history, recorder):
    history.reason, history.refused = FULL, "large"
    recorder.record("me", "large", 1.0, *generated("large"))
    recorder.record("me", "scores", 1.0, *explained())
    recorder.record("me", "small", 2.0, *generated("small", ids=(3,)))
    await recorder.settled("me")
    assert await history.ids() == ["small"]
    assert recorder.status().message == "The disk is full. 2 results wait to be stored."
    history.reason = None
    await recorder.delete("me", "small")  # makes room, so the recorder retries at once
    await until(lambda: not recorder.status().message)
    assert await history.ids() == ["large"]
    assert len((await history.run("me", "large")).scores) == 1


async def test_clearing_takes_what_waits_along(history, recorder):
    history.reason = LOCKED
    recorder.record("me", "a", 1.0, *generated())
    recorder.record("you", "b", 1.0, *generated())
    await recorder.settled("me")
    history.reason = None
    await recorder.clear("me")
    await until(lambda: not recorder.status().message)
    assert (await history.ids("me"), await history.ids("you")) == ([], ["b"])


async def test_clearing_that_fails_takes_nothing_away(history, recorder, monkeypatch):
    async def locked(*args):
        raise LOCKED

    history.reason = LOCKED
    recorder.record("me", "a", 1.0, *generated())
    await recorder.settled("me")
    with monkeypatch.context() as patched:
        patched.setattr(history, "clear", locked)
        with pytest.raises(Problem, match="Another program"):
            await recorder.clear("me")
    history.reason = None
    recorder.retry()
    await until(lambda: not recorder.status().message)
    assert await history.ids("me") == ["a"]


async def test_clearing_leaves_scores_that_wait_for_a_starred_run(history, recorder, monkeypatch):
    recorder.record("me", "a", 1.0, *generated())
    await recorder.settled("me")
    await history.change("me", "a", protocol.RunChange(starred=True))

    async def locked(*args):
        raise LOCKED

    with monkeypatch.context() as patched:
        patched.setattr(history, "store_scores", locked)
        recorder.record("me", "b", 1.0, *explained())
        await recorder.settled("me")
    assert (await recorder.clear("me")).deleted == 0
    await until(lambda: not recorder.status().message)
    assert len((await history.run("me", "a")).scores) == 1


@pytest.mark.parametrize(("room", "expected"), [(1_000_000, "abs"), (0, "abs" * 4)])
async def test_what_waits_is_read_once_as_far_as_there_is_room_for_that(history, recorder, monkeypatch, room, expected):
    monkeypatch.setattr(run_recorder, "MAX_READ_BYTES", room)
    read, names = run_recorder.read_result, []

    def noted(ended):
        names.append(ended.job_id)
        return read(ended)

    monkeypatch.setattr(run_recorder, "read_result", noted)
    history.reason = FULL
    recorder.record("me", "a", 1.0, *generated())
    recorder.record("me", "b", 1.0, *generated(ids=(3,)))
    recorder.record("me", "s", 1.0, *explained())
    await recorder.settled("me")
    for _ in range(2):
        await recorder.attempt()
    history.reason = None
    await recorder.close()
    assert "".join(names) == expected
    assert sorted(await history.ids()) == ["a", "b"]
    assert len((await history.run("me", "a")).scores) == 1


async def test_what_waits_is_bounded_and_what_is_lost_is_reported(history, recorder, monkeypatch):
    monkeypatch.setattr(run_recorder, "MAX_WAITING", 2)
    history.reason = LOCKED
    for name in "abc":
        recorder.record("me", name, 1.0, *generated())
    await recorder.settled("me")
    said = "Another program is writing. 2 results wait to be stored. 1 result could not be stored"
    assert recorder.status().message.startswith(said)
    history.reason = None
    monkeypatch.setattr(run_recorder, "MAX_WAITING_BYTES", 0)
    recorder.record("me", "d", 1.0, *generated())
    assert recorder.status().message.startswith("4 results could not be stored")
    await recorder.settled("me")
    assert await history.ids() == []


async def test_what_is_lost_is_whose_most_waits(history, recorder, monkeypatch):
    history.reason = LOCKED
    for owner, name in ("you", "y"), ("me", "a"), ("me", "b"):
        recorder.record(owner, name, 1.0, *generated())
    sizes = recorder.waiting()
    monkeypatch.setattr(run_recorder, "MAX_WAITING_BYTES", sum(sizes.values()) + 1)
    recorder.record("me", "c", 1.0, *generated(), 1)  # the request's size counts
    assert list(recorder.waiting()) == ["y", "b", "c"]
    assert recorder.waiting()["c"] == sizes["a"] + 1
    monkeypatch.setattr(run_recorder, "MAX_WAITING", 2)
    recorder.record("you", "z", 1.0, *generated())
    assert list(recorder.waiting()) == ["c", "z"]
    history.reason = None


async def test_scores_without_room_are_lost_and_reported_and_hold_nothing_up(history, recorder, monkeypatch, caplog):
    recorder.record("me", "a", 1.0, *generated())
    await recorder.settled("me")

    async def full(*args):
        raise Problem(507, NO_ROOM_FOR_OWNER, "Your runs fill it.", "Delete some.")

    monkeypatch.setattr(history, "store_scores", full)
    recorder.record("me", "s", 1.0, *explained())
    recorder.record("me", "b", 1.0, *generated("Hi", ids=(3,)))
    await recorder.settled("me")
    assert sorted(await history.ids()) == ["a", "b"]
    assert recorder.waiting() == {}
    assert recorder.status().message == "1 result could not be stored; the server's log says why."
    assert "Your runs fill it. Delete some." in caplog.text


async def test_what_fails_for_its_own_sake_is_not_tried_again(history, recorder, caplog):
    history.reason, history.refused = RuntimeError("an internal fault"), "odd"
    recorder.record("me", "a", 1.0, *generated("odd"))
    recorder.record("me", "b", 1.0, *generated("Hi"))
    await recorder.settled("me")
    assert await history.ids() == ["b"]
    assert "1 result could not be stored; the server's log says why" in recorder.status().message
    assert "RuntimeError" in caplog.text
    assert "an internal fault" not in caplog.text  # an exception's message may quote a prompt


async def test_a_server_that_ends_tries_a_last_time(history, recorder, caplog):
    history.reason = LOCKED
    recorder.record("me", "a", 1.0, *generated())
    await recorder.settled("me")
    history.reason = None
    await recorder.close()
    assert await history.ids() == ["a"]
    history.reason = LOCKED
    again = RunRecorder(history)
    again.record("me", "b", 1.0, *generated())
    await again.close()
    assert "the results of 1 jobs were not stored" in caplog.text


async def test_storing_is_tried_more_and_more_rarely(history, recorder, monkeypatch):
    monkeypatch.setattr(run_recorder, "FIRST_DELAY", 0.001)
    monkeypatch.setattr(run_recorder, "MAX_DELAY", 0.004)
    delays, within = [], run_recorder.within

    async def noted(seconds, work):
        if seconds != run_recorder.PATIENCE:
            delays.append(seconds)
        return await within(seconds, work)

    monkeypatch.setattr(run_recorder, "within", noted)
    history.reason = LOCKED
    recorder.record("me", "a", 1.0, *generated())
    await until(lambda: history.attempts >= 5)
    await recorder.close()
    assert delays[:4] == [0.001, 0.002, 0.004, 0.004]


async def test_effects_go_to_the_run_of_their_sequence(history, recorder):
    request, lines = generated()
    recorder.record("me", "run", 5.0, request, lines)
    event = {
        "event": "effects", "kind": "one", "first": 0, "total": 2, "removed": [[], [0]], "logprobs": [[-1, -2], [-3, -4]],
    }  # fmt: skip
    fields = {
        "model": "demo",
        "prompt": "Hi",
        "ids": [2, 5, 6, 7],
        "answer_start": 2,
        "segments": [{"turn": 0, "start": 0, "end": 2}],
    }
    asked = protocol.EffectsRequest.model_validate(fields)
    recorder.record("me", "effects", 6.0, asked, [json.dumps(event).encode()])
    await recorder.settled("me")
    (kept,) = (await history.run("me", "run")).effects
    assert kept.segments == asked.segments
    assert [one.removed for one in kept.events] == [[[], [0]]]
    assert await history.ids() == ["run"]
