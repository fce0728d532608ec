"""The memory that jobs take, counted in bytes, with low limits."""

import asyncio
import json
import weakref
from functools import partial

import pytest
from test_jobs import TwoUsers

from conftest import span, until
from lit_lab import job as job_module
from lit_lab import jobs as jobs_module
from lit_lab import protocol
from lit_lab.job import Job
from lit_lab.problem import Problem

IDS = [2] * 50
TARGETS = [span(start, end) for end in range(2, 9) for start in range(1, end)]  # 28, with about 19,000 bytes of scores
SALIENCE = {"kind": "salience", "model": "demo", "ids": IDS, "targets": TARGETS}


def held(lit_lab):
    """Return the bytes of all stored events and of the running jobs' requests."""
    jobs = lit_lab.core.jobs.by_id.values()
    assert all(job.size == sum(map(len, job.lines)) for job in jobs)
    return sum(job.size + job.request_bytes for job in jobs)


@pytest.fixture
def started(api):
    async def start(body, **options):
        status, job = await api("POST", "jobs", body=body, **options)
        assert status == 202, job
        return job["id"]

    return start


@pytest.fixture
def ended(api):
    async def wait(job, **options):
        async def over():
            state = (await api("GET", "jobs", job, **options))[1].get("state", "forgotten")
            return state if state != "running" else None

        return await until(over)

    return wait


async def test_what_a_failed_job_has_sent_is_dropped_but_for_its_error(
    lit_lab, started, ended, events, api, monkeypatch
):
    monkeypatch.setattr(jobs_module, "MAX_JOB_BYTES", 16_000)
    monkeypatch.setattr(job_module, "MAX_FAILED_BYTES", 2_000)
    for _ in range(12):
        job = await started(SALIENCE)
        assert await ended(job) == "failed"
    assert len(lit_lab.core.jobs.by_id) == 12
    assert held(lit_lab) < 12 * 500
    count = lit_lab.core.jobs.by_id[job].count
    assert count > 40
    for start in (0, 7, count - 1):
        (left,) = await events(job, start)
        assert left["error"] == "result_too_large"
    assert await events(job, count) == []
    assert (await api("GET", "jobs", job, "events", params={"from": count + 1}))[0] == 400


def test_a_reader_in_the_middle_gets_the_error_next(monkeypatch):
    monkeypatch.setattr(job_module, "MAX_FAILED_BYTES", 100)

    async def read():
        handed = []
        # A new object: it stands for whatever refers to the request.
        on_end = partial(lambda job, lines: handed.extend(lines))
        released = weakref.ref(on_end)
        job = Job("me", "salience", 9, on_end)
        del on_end
        for number in range(200):
            job.add(b"%d" % number, "scores")
        reader = job.read(3, 60.0)
        assert (await anext(reader)).splitlines() == [b"%d" % number for number in range(3, 67)]
        job.fail(Problem(507, "result_too_large", "It is."))
        (rest,) = [chunk async for chunk in reader]
        assert json.loads(rest)["error"] == "result_too_large"
        assert len(handed) == 201  # the history gets all events
        assert (job.count, job.held, released()) == (201, len(job.lines[0]), None)

    asyncio.run(read())


@pytest.mark.parametrize("sizes", [[10_000], [300, 300], [1, 999, 1000, 1, 1]])
def test_a_reader_is_handed_a_little_at_a_time(monkeypatch, sizes):
    monkeypatch.setattr(job_module, "MAX_CHUNK", 1_000)

    async def read():
        job = Job("me", "generate", 0, lambda job, lines: None)
        for size in sizes:
            job.add(b"x" * (size - 1), "token")
        job.add_event(protocol.CancelledEvent())
        chunks = [chunk async for chunk in job.read(0, 60.0)]
        assert b"".join(chunks) == b"".join(job.lines)
        assert max(map(len, chunks)) <= 1_000

    asyncio.run(read())


async def test_what_is_too_much_is_forgotten_when_a_job_ends(lit_lab, started, ended, monkeypatch):
    jobs = [await started(SALIENCE) for _ in range(4)]
    for job in jobs:
        assert await ended(job) == "done"
    each = held(lit_lab) // 4
    monkeypatch.setattr(jobs_module, "MAX_OWNER_BYTES", 3 * each)
    last = await started(SALIENCE)
    # No other job is started, and nothing requests the list.
    await until(lambda: lit_lab.core.jobs.by_id[last].state == "done")
    assert held(lit_lab) <= 3 * each
    assert list(lit_lab.core.jobs.by_id)[-1] == last
    monkeypatch.setattr(jobs_module, "MAX_ENDED", 1)
    last = await started(SALIENCE)
    await until(lambda: lit_lab.core.jobs.by_id[last].state == "done")
    assert list(lit_lab.core.jobs.by_id) == [last]


async def test_jobs_that_run_count(lit_lab, api, generate, ended, events, monkeypatch):
    earlier = await generate("Hi")
    assert await ended(earlier) == "done"
    monkeypatch.setattr(jobs_module, "MAX_OWNER_BYTES", 5_000)
    job = await generate("forever")
    assert await ended(job) == "failed"
    assert (await api("GET", "jobs", earlier))[0] == 404
    found = await events(job)
    assert (found[-1]["error"], bool(found[-1]["hint"])) == ("result_too_large", True)
    assert held(lit_lab) <= 5_500


async def test_what_waits_for_the_history_counts(lit_lab, generate, ended, monkeypatch):
    monkeypatch.setattr(jobs_module, "MAX_TOTAL_BYTES", 20_000)
    lit_lab.core.recorder.waiting = lambda: {"of earlier": 19_000}
    assert await ended(await generate("forever")) == "failed"
    assert held(lit_lab) <= 1_500


async def test_a_request_of_many_small_parts_counts_as_what_it_takes(api, generate, monkeypatch):
    body = SALIENCE | {"ids": IDS * 20, "targets": [span(1, 2 + n) for n in range(100)]}
    monkeypatch.setattr(jobs_module, "MAX_REQUEST_BYTES", 12 * len(json.dumps(body)))
    await generate("forever")
    status, answer = await api("POST", "jobs", body=body)
    assert (status, answer["error"], bool(answer["hint"])) == (429, "too_many_jobs", True)


async def test_equal_targets_are_computed_and_sent_once(started, events):
    twice = SALIENCE | {"targets": [*TARGETS[:3], *TARGETS[1:2] * 4_000], "methods": ["grad_l2", "grad_l2"]}
    found = [event for event in await events(await started(twice)) if event["event"] == "scores"]
    assert [event["target"] for event in found] == TARGETS[:3]


async def test_a_result_that_is_certain_to_be_too_large_is_refused_beforehand(api, fake_service, monkeypatch):
    monkeypatch.setattr(jobs_module, "MAX_JOB_BYTES", 2**20)
    ids, targets = [2] * 4_000, [span(1, 3_000 + n) for n in range(20)]
    status, answer = await api("POST", "jobs", body=SALIENCE | {"ids": ids, "targets": targets})
    assert (status, answer["error"]) == (422, "result_too_large")
    assert (
        answer["message"]
        == "4,000 scores for each of 20 targets by 2 methods are larger than the 1 MiB that a result may have."
    )
    assert "fewer targets" in answer["hint"]
    assert not fake_service.pids


class TestUsers:
    @pytest.fixture
    def jp_server_config(self, jp_server_config):
        jp_server_config["ServerApp"]["identity_provider_class"] = TwoUsers
        return jp_server_config

    async def test_what_one_user_s_jobs_hold_costs_no_other_one_anything(
        self, api, lit_lab, started, ended, monkeypatch
    ):
        ann, bob = {"headers": {"X-User": "ann"}}, {"headers": {"X-User": "bob"}}
        hers = await started(SALIENCE | {"targets": TARGETS[:2]}, **ann)
        assert await ended(hers, **ann) == "done"
        running = await started({"kind": "generate", "model": "demo", "prompt": "wait"}, **ann)
        monkeypatch.setattr(jobs_module, "MAX_TOTAL_BYTES", 30_000)
        for _ in range(3):
            his = await started(SALIENCE, **bob)
            assert await ended(his, **bob) == "failed"
            assert held(lit_lab) <= 31_000
            await until(lambda: not lit_lab.core.recorder.waiting())
        assert (await api("GET", "jobs", hers, **ann))[1]["state"] == "done"
        assert (await api("GET", "jobs", running, **ann))[1]["state"] == "running"
