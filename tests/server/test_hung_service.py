"""The server recognizes a model service that hangs by its silence, before a response and within one."""

import os
import signal

from conftest import example, until


async def test_a_service_that_hangs_is_recognized_by_its_silence(
    generate, events, api, fake_service, lit_lab, monkeypatch
):
    answered = await generate("Hi")
    await events(answered)
    os.kill(fake_service.pids[0], signal.SIGSTOP)
    # Only now: with these timeouts a service that is merely slow would count as hung.
    monkeypatch.setattr("lit_lab.service_client.STREAM_SILENCE", 0.5)
    monkeypatch.setattr("lit_lab.service_client.ANSWER_SILENCE", 0.5)
    job = await generate("forever")
    last = (await events(job))[-1]
    assert (last["error"], "Restart it" in last["hint"]) == ("service_hung", True)
    status, answer = await api("POST", "estimate", body={"request": example("salience")})
    assert (status, answer["error"]) == (502, "service_hung")
    os.kill(fake_service.pids[0], signal.SIGCONT)


async def test_a_service_that_hangs_within_an_answer_is_recognized(
    generate, events, fake_service, lit_lab, monkeypatch
):
    # Well above the interval of heartbeats: a service that is merely slow must not count as hung.
    monkeypatch.setattr("lit_lab.service_client.STREAM_SILENCE", 5)
    job = await generate("forever")
    await until(lambda: len(lit_lab.core.jobs.by_id[job].lines) > 6)
    os.kill(fake_service.pids[0], signal.SIGSTOP)
    assert (await events(job))[-1]["error"] == "service_hung"
    os.kill(fake_service.pids[0], signal.SIGCONT)
