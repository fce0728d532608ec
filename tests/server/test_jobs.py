"""Jobs: replay, heartbeats, cancellation, ownership, and results after the service ends."""

import json
import os
import signal
from dataclasses import replace
from typing import get_args

import pytest
from jupyter_server.auth import IdentityProvider, User

from conftest import alive, example, until
from lit_lab import jobs as jobs_module
from lit_lab import protocol

LAST = {"done", "error", "cancelled"}


def kinds(events):
    return [event["event"] for event in events]


def texts(events):
    return "".join(event["token"]["text"] for event in events if event["event"] == "token")


async def test_a_job_starts_the_service_and_says_what_it_waits_for(generate, events, fake_service):
    fake_service.mode("slow")  # the server doesn't wait for output that comes together with readiness
    found = await events(await generate("Hi"))
    assert [event["message"] for event in found if event["event"] == "state"] == [
        "Starting the model service…", "Importing TensorFlow…", "Loading the model…",
    ]  # fmt: skip
    assert kinds(found)[-5:] == ["prompt", "token", "token", "answer", "done"]
    assert texts(found) == "Hello"
    assert len(fake_service.pids) == 1


async def test_a_proxy_for_the_internet_sees_nothing(generate, events, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens there
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert (await events(await generate("Hi")))[-1]["event"] == "done"


async def test_events_are_replayed_from_a_number_on(generate, events, api):
    job = await generate("Hi")
    whole = await events(job)
    assert await events(job) == whole
    assert await events(job, 3) == whole[3:]
    assert await events(job, len(whole)) == []
    assert (await api("GET", "jobs", job))[1]["state"] == "done"


async def test_a_job_continues_without_listeners(generate, api, events, fake_service):
    job = await generate("wait")
    fake_service.go()
    await until(lambda: _state(api, job, "done"))
    assert texts(await events(job)) == "Hello"


async def _state(api, job, state):
    return (await api("GET", "jobs", job))[1]["state"] == state


async def test_each_line_comes_when_it_happens_and_heartbeats_in_between(generate, jp_fetch, lit_lab, fake_service):
    lit_lab.core.options = replace(lit_lab.core.options, heartbeat=0.05)
    arrived = []

    def arrives(chunk):
        arrived.extend(json.loads(line)["event"] for line in chunk.splitlines())
        # The second token comes only after the first one and two heartbeats: the server doesn't buffer them.
        if "token" in arrived and arrived[arrived.index("token") :].count("heartbeat") >= 2:
            fake_service.go()

    job = await generate("wait")
    await jp_fetch("lit-lab", "api", "jobs", job, "events", streaming_callback=arrives)
    assert arrived.count("token") == 2
    assert arrived[-1] == "done"
    # Heartbeats have no sequence number: a replay contains neither the service's nor the server's.
    assert "heartbeat" not in kinds(
        [json.loads(line) for line in (await jp_fetch("lit-lab", "api", "jobs", job, "events")).body.splitlines()]
    )


async def test_cancelling_closes_the_computation_at_once(generate, api, events, fake_service, lit_lab):
    job = await generate("forever")
    await until(lambda: len(lit_lab.core.jobs.by_id[job].lines) > 6)
    status, info = await api("DELETE", "jobs", job)
    assert (status, info["state"]) == (200, "cancelled")
    await until(lambda: fake_service.trace("closed"))  # the stream would never end by itself
    found = await events(job)
    assert kinds(found)[-1] == "cancelled"
    assert "la" in texts(found)  # the tokens so far stay
    assert (await api("DELETE", "jobs", job))[1]["state"] == "cancelled"
    assert await events(job) == found


async def test_cancelling_while_the_service_starts(generate, api, events, fake_service):
    fake_service.mode("hang")
    job = await generate("Hi")
    await until(lambda: fake_service.pids)
    await api("DELETE", "jobs", job)
    assert kinds(await events(job))[-1] == "cancelled"


async def test_a_reader_that_goes_away_does_not_stop_the_job(generate, jp_fetch, api, lit_lab, fake_service):
    job = await generate("wait")
    with pytest.raises(Exception, match=r"(?i)timeout"):
        await jp_fetch("lit-lab", "api", "jobs", job, "events", request_timeout=0.3)
    fake_service.go()
    await until(lambda: _state(api, job, "done"))


async def test_salience_has_one_event_for_each_target_and_method(api, events):
    body = {
        "kind": "salience", "model": "demo", "ids": [2, 5, 6, 7],
        "targets": [{"start": 2, "end": 3}, {"start": 3, "end": 4}],
    }  # fmt: skip
    _, job = await api("POST", "jobs", body=body)
    found = [protocol.ScoresEvent(**event) for event in await events(job["id"]) if event["event"] == "scores"]
    assert [(event.target.start, event.method) for event in found] == [
        (2, "grad_l2"), (2, "grad_dot_input"), (3, "grad_l2"), (3, "grad_dot_input"),
    ]  # fmt: skip
    assert all(len(event.scores) == 4 for event in found)


@pytest.mark.parametrize(
    ("prompt", "error", "kept"),
    [
        ("error", "out_of_memory", "Hel"),  # the service reports an error
        ("refuse", "prompt_too_long", ""),  # it refuses the request
        ("odd", "service_answer", "Hel"),  # its lines aren't events
        ("cut", "service_silent", "HelHel"),  # the stream ends without a last event, also on the second try
    ],
)
async def test_failures_end_a_job_with_words_and_keep_what_came(generate, events, api, prompt, error, kept):
    job = await generate(prompt)
    found = await events(job)
    assert found[-1]["event"] == "error"
    assert found[-1]["error"] == error
    assert found[-1]["message"]
    assert found[-1]["hint"]
    assert texts(found) == kept
    assert (await api("GET", "jobs", job))[1]["state"] == "failed"


@pytest.mark.parametrize("first", [13, 14, 15])  # NaN, infinity, -infinity
@pytest.mark.parametrize("kind", ["salience", "ablation", "effects", "faithfulness"])
async def test_results_that_are_no_numbers_are_an_error_and_never_bad_json(api, events, kind, first):
    _, job = await api("POST", "jobs", body=example(kind, ids=[first, 5, 6, 7]))
    found = await events(job["id"])
    assert found[-1]["error"] == "not_finite"
    assert not {"scores", "segment_scores", "effects", "curve"} & set(kinds(found))


def floats(annotation):
    """Return whether a type contains floats, which come from a computation."""
    if annotation is float:
        return True
    if isinstance(annotation, type) and issubclass(annotation, protocol.Message):
        return any(floats(field.annotation) for field in annotation.model_fields.values())
    return any(map(floats, get_args(annotation)))


def test_no_type_with_numbers_takes_those_that_json_has_no_word_for():
    with_floats = [kind for kind in protocol.Message.__subclasses__() if floats(kind)]
    assert {protocol.ScoresEvent, protocol.CurvePoint, protocol.CurveEvent, protocol.FaithfulnessEvent} <= set(
        with_floats
    )
    assert not [kind for kind in with_floats if kind.model_config.get("allow_inf_nan") is not False]


async def test_an_ablation_tells_its_progress_and_one_score_for_each_segment(api, events):
    status, job = await api("POST", "jobs", body=example("ablation"))
    assert (status, job["kind"]) == (202, "ablation")
    found = await events(job["id"])
    assert kinds(found)[-4:] == ["progress", "progress", "segment_scores", "done"]
    scored = protocol.SegmentScoresEvent(**found[-2])
    assert [(segment.start, segment.end) for segment in scored.segments] == [(1, 2), (2, 3)]
    assert scored.method == "lime"
    assert await events(job["id"], 1) == found[1:]


async def test_a_faithfulness_test_streams_its_curves(api, events):
    _, job = await api("POST", "jobs", body=example("faithfulness"))
    found = await events(job["id"])
    assert kinds(found)[-5:] == ["progress", "curve", "curve", "faithfulness", "done"]
    assert [protocol.CurveEvent(**event).kind for event in found[-4:-2]] == ["deletion", "insertion"]


def test_the_kinds_of_jobs_are_those_of_the_requests():
    requests = get_args(get_args(protocol.JobRequest)[0])
    assert [request.model_fields["kind"].default for request in requests] == list(get_args(protocol.JobKind))


async def test_an_estimate_never_starts_the_service(api, fake_service):
    body = {"request": example("faithfulness")}
    status, answer = await api("POST", "estimate", body=body)
    assert (status, answer["error"]) == (503, "service_stopped")
    assert answer["message"]
    assert not fake_service.pids


async def test_counting_tokens_never_starts_the_service(api, fake_service):
    status, answer = await api("POST", "tokens", "count", body={"model": "demo", "prompt": "Hi"})
    assert (status, answer["error"]) == (503, "service_stopped")
    assert not fake_service.pids


async def test_tokens_are_counted_by_a_service_that_runs_whatever_it_computes(api, generate):
    await generate("forever")
    counted = {"model": "demo", "tokens": 2, "chat": "plain", "window": 64}
    assert await api("POST", "tokens", "count", body={"model": "demo", "prompt": "Hi"}) == (200, counted)
    status, answer = await api("POST", "tokens", "count", body={"model": "demo", "prompt": "unloaded"})
    assert (status, answer["error"], answer["hint"]) == (409, "model_not_loaded", "Load it.")


async def test_an_estimate_does_not_wait_for_a_job(api, generate, lit_lab):
    job = await generate("forever")
    await until(lambda: len(lit_lab.core.jobs.by_id[job].lines) > 6)
    for kind in ("salience", "ablation", "effects", "faithfulness"):
        assert await api("POST", "estimate", body={"request": example(kind)}) == (200, {"passes": 4, "seconds": 0.5})
    assert await _state(api, job, "running")


async def test_a_job_of_a_killed_service_fails_with_a_message_and_the_next_one_works(
    generate, events, api, fake_service
):
    found = await events(await generate("die"))
    assert found[-1]["error"] == "service_died"
    assert "SIGKILL" in found[-1]["message"]
    assert "memory" in found[-1]["message"]
    assert texts(found) == "HelHel"  # it was run again, once
    status = (await api("GET", "status"))[1]["service"]
    assert (status["state"], status["restarts"]) == ("starting", 2)
    again = await events(await generate("Hi"))
    assert again[-1]["event"] == "done"
    assert "SIGKILL" in again[0]["message"]  # the reason for the wait
    assert len(fake_service.pids) == 3
    assert (await api("GET", "status"))[1]["service"]["restarts"] == 0


@pytest.mark.parametrize("ready_again", [False, True])
async def test_a_job_that_begins_just_as_the_service_dies_goes_to_the_next_one(
    generate, events, api, lit_lab, fake_service, monkeypatch, ready_again
):
    assert (await events(await generate("Hi")))[-1]["event"] == "done"
    service = lit_lab.core.service
    before, ready = await service.ready(), service.ready
    os.kill(fake_service.pids[0], signal.SIGKILL)

    async def noticed():
        return (await service.status()).pid != fake_service.pids[0]

    await until(noticed)
    if ready_again:
        await ready()
    asked = []

    async def not_noticed_at_first(tell):
        asked.append(tell)
        return before if len(asked) == 1 else await ready(tell)

    monkeypatch.setattr(service, "ready", not_noticed_at_first)
    found = await events(await generate("Hi"))
    assert found[-1]["event"] == "done"
    assert (len(asked), len(fake_service.pids)) == (2, 2)


async def test_when_the_service_gives_up_its_own_words_are_reported_and_it_starts_again(generate, events, fake_service):
    found = await events(await generate("memory"))
    assert (found[-1]["error"], found[-1]["message"]) == ("service_died", "The limit of memory is reached.")
    assert (await events(await generate("Hi")))[-1]["event"] == "done"
    assert len(fake_service.pids) == 2


async def test_a_restart_fails_running_jobs_with_its_own_reason(generate, events, api, fake_service, lit_lab):
    job = await generate("forever")
    await until(lambda: len(lit_lab.core.jobs.by_id[job].lines) > 6)
    assert (await api("POST", "service", "restart"))[0] == 202
    assert (await events(job))[-1]["error"] == "service_restarted"
    assert (await events(await generate("Hi")))[-1]["event"] == "done"
    first, second = fake_service.pids
    assert not alive(first)
    assert alive(second)


async def test_a_kill_from_outside_is_reported_by_its_signal(generate, api, fake_service, lit_lab):
    job = await generate("forever")
    await until(lambda: len(lit_lab.core.jobs.by_id[job].lines) > 6)
    os.kill(fake_service.pids[0], signal.SIGSEGV)

    async def reported():
        lines = map(json.loads, lit_lab.core.jobs.by_id[job].lines)
        return next((line["message"] for line in lines if line["event"] == "restarted"), None)

    assert "SIGSEGV" in await until(reported)
    await api("DELETE", "jobs", job)


class TestFewJobs:
    @pytest.fixture
    def lit_lab_config(self, lit_lab_config):
        return {**lit_lab_config, "max_waiting": 4}

    async def test_one_user_has_half_of_them(self, api, generate):
        first = await generate("forever")
        await generate("forever")
        status, answer = await api("POST", "jobs", body={"kind": "generate", "model": "demo", "prompt": "Hi"})
        assert (status, answer["error"]) == (429, "too_many_jobs")
        assert "c.LitLab.max_waiting" in answer["hint"]
        await api("DELETE", "jobs", first)
        await generate("Hi")


async def test_jobs_that_wait_hold_no_more_than_they_may(api, generate, monkeypatch):
    body = {"kind": "generate", "model": "demo", "prompt": "forever"}
    monkeypatch.setattr(jobs_module, "MAX_REQUEST_BYTES", int(2.5 * len(json.dumps(body))))
    first = await generate("forever")
    await generate("forever")
    status, answer = await api("POST", "jobs", body=body)
    assert (status, answer["error"], bool(answer["hint"])) == (429, "too_many_jobs", True)
    await api("DELETE", "jobs", first)
    await generate("forever")


async def test_old_jobs_are_forgotten(api, generate, events, monkeypatch):
    ids = []
    for _ in range(3):
        ids.append(await generate("Hi"))
        await events(ids[-1])
    monkeypatch.setattr(jobs_module, "MAX_ENDED", 2)
    assert [job["id"] for job in (await api("GET", "jobs"))[1]["jobs"]] == [ids[2], ids[1]]
    assert (await api("GET", "jobs", ids[0]))[0] == 404
    monkeypatch.setattr(jobs_module, "RETENTION", 0.0)
    assert (await api("GET", "jobs"))[1]["jobs"] == []


async def test_results_are_bounded(generate, events, monkeypatch):
    monkeypatch.setattr(jobs_module, "MAX_JOB_BYTES", 2_000)
    found = await events(await generate("forever"))
    assert found[-1]["error"] == "result_too_large"


class TwoUsers(IdentityProvider):
    """Trusts the header `X-User`."""

    def get_user(self, handler):
        name = handler.request.headers.get("X-User")
        handler._token_authenticated = True
        return User(name) if name else None


class TestOwnership:
    @pytest.fixture
    def jp_server_config(self, jp_server_config):
        jp_server_config["ServerApp"]["identity_provider_class"] = TwoUsers
        return jp_server_config

    async def test_the_service_learns_who_asks_and_no_name(self, api, fake_service):
        for name, prompt in (("ann", "one"), ("bob", "two"), ("ann", "three")):
            headers = {"X-User": name}
            body = {"kind": "generate", "model": "demo", "prompt": prompt}
            _, job = await api("POST", "jobs", body=body, headers=headers)
            await until(lambda job=job["id"], headers=headers: self._done(api, job, headers))
        first, second, third = fake_service.trace("owners")
        assert first == third
        assert first != second
        assert not {"ann", "bob"} & {first, second}

    async def _done(self, api, job, headers):
        return (await api("GET", "jobs", job, headers=headers))[1]["state"] == "done"

    async def test_others_jobs_are_as_good_as_none(self, api):
        body = {"kind": "generate", "model": "demo", "prompt": "forever"}
        _, job = await api("POST", "jobs", body=body, headers={"X-User": "ann"})
        for method, *path in (
            ("GET", "jobs", job["id"]),
            ("GET", "jobs", job["id"], "events"),
            ("DELETE", "jobs", job["id"]),
        ):
            status, answer = await api(method, *path, headers={"X-User": "bob"})
            assert (status, answer["error"]) == (404, "unknown_job")
        assert (await api("GET", "jobs", headers={"X-User": "bob"}))[1] == {"jobs": []}
        assert (await api("GET", "jobs", job["id"], headers={"X-User": "ann"}))[1]["state"] == "running"
        assert len((await api("GET", "jobs", headers={"X-User": "ann"}))[1]["jobs"]) == 1
