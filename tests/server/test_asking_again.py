"""A job whose service ends in the middle is asked again: results are neither lost nor doubled, and a loop of deaths ends."""

import os
import signal

import pytest
from replicas import Replicas

from conftest import example, prompts, rows_of, span, until
from lit_lab import asking_again, protocol
from lit_lab.asking_again import InexactError, Results, Tries
from lit_lab.client.progress import reporting
from lit_lab.problem import Problem
from lit_lab.service_client import Broke, NeverSent
from lit_lab.streamed import StreamedAnswer, comparable
from lit_lab.supervision.endpoint import Away, Busy, ServiceGone

PROMPT = protocol.PromptEvent(tokens=[], window=9)
AGAIN = protocol.RestartedEvent(message="Restarted.")


def kinds(events):
    return [event["event"] for event in events if event["event"] not in ("state", "heartbeat")]


def texts(events):
    return [event["token"]["text"] for event in events if event["event"] == "token"]


def token(text):
    return protocol.TokenEvent(token=protocol.AnswerToken(id=ord(text[0]), piece=text, text=text, kind="text"))


async def runs_of(api):
    found = (await api("POST", "runs", "search", body={}))[1]["runs"]
    return [(await api("GET", "runs", run["id"]))[1] for run in found]


class TestOwnProcess:
    async def test_an_answer_begins_again(self, generate, events, api, fake_service):
        job = await generate("once die")
        found = await events(job)
        assert kinds(found) == ["prompt", "token", "restarted", "prompt", "token", "token", "answer", "done"]
        (notice,) = (event["message"] for event in found if event["event"] == "restarted")
        assert "SIGKILL" in notice
        assert "restarted, and this run with it" in notice
        assert len(fake_service.pids) == 2
        # A reader that comes back, wherever it was, gets the same.
        for start in range(len(found) + 1):
            assert await events(job, start) == found[start:]
        (run,) = await runs_of(api)
        assert (run["id"], run["answer"], run["partial"]) == (job, "Hello", None)

    async def test_one_that_ends_the_process_twice_is_not_run_a_third_time(self, generate, events, api, fake_service):
        found = await events(await generate("die"))
        assert kinds(found) == ["prompt", "token", "restarted", "prompt", "token", "error"]
        assert found[-1]["error"] == "service_died"
        assert "ended again" in found[-1]["message"]
        assert "memory" in found[-1]["message"]
        assert found[-1]["hint"]
        assert "run it again in a moment" not in found[-1]["hint"]
        (run,) = await runs_of(api)
        assert (run["answer"], run["partial"]) == ("Hel", "broke_off")
        assert (await events(await generate("Hi")))[-1]["event"] == "done"
        assert len(fake_service.pids) == 3

    async def test_the_process_that_gave_up_is_not_asked_again(self, generate, events, fake_service):
        found = await events(await generate("memory"))
        assert kinds(found) == ["prompt", "token", "error"]
        assert "run it again in a moment" in found[-1]["hint"]

    async def test_only_targets_without_all_their_scores_are_computed_again(self, api, events, fake_service):
        targets = [span(1, 2), span(2, 3), span(3, 4)]
        methods = ["grad_l2", "grad_dot_input"]
        body = example("salience", ids=[16, 5, 6, 7], targets=targets, methods=methods)
        found = await events((await api("POST", "jobs", body=body))[1]["id"])
        scored = [(event["target"], event["method"]) for event in found if event["event"] == "scores"]
        assert scored == [(target, method) for target in targets for method in methods]
        assert kinds(found) == [*["scores"] * 3, "restarted", *["scores"] * 3, "done"]
        assert [request.count('"start"') for request in fake_service.trace("scored")] == [3, 2]

    async def test_effects_continue_with_the_next_set(self, api, events, fake_service):
        body = example("effects", ids=[16, 5, 6, 7])
        found = await events((await api("POST", "jobs", body=body))[1]["id"])
        assert kinds(found) == ["effects", "restarted", "effects", "done"]
        assert [event["first"] for event in found if event["event"] == "effects"] == [0, 1]
        assert ['"skip":1' in request for request in fake_service.trace("scored")] == [False, True]

    async def test_a_stop_ends_it_for_good(self, generate, api, events, fake_service, lit_lab):
        job = await generate("forever")
        await until(lambda: len(lit_lab.core.jobs.by_id[job].lines) > 6)
        fake_service.mode("hang")  # the next process never becomes ready
        os.kill(fake_service.pids[0], signal.SIGKILL)
        await until(lambda: b"restarted" in b"".join(lit_lab.core.jobs.by_id[job].lines))
        await api("DELETE", "jobs", job)
        assert kinds(await events(job))[-2:] == ["restarted", "cancelled"]


class TestBatch:
    @pytest.fixture
    def lit_lab_config(self, lit_lab_config, root):
        return {**lit_lab_config, "batches_path": str(root)}

    async def test_a_row_is_computed_by_the_same_job(self, api, dataset, done, fake_service):
        state = await dataset(prompts("Hi", "once die", "Ho"))
        info = await done(state)
        assert (info["state"], info["done"], info["failed"]) == ("done", 3, 0)
        answers = [row["found"]["answer"] for row in (await rows_of(api, info["id"]))["rows"]]
        assert answers == ["Hello"] * 3
        assert len(fake_service.pids) == 2


class TestElsewhere:
    @pytest.fixture
    def replicas(self, jp_asyncio_loop):
        made = Replicas()
        jp_asyncio_loop.run_until_complete(made.start())
        yield made
        jp_asyncio_loop.run_until_complete(made.stop())

    @pytest.fixture(autouse=True)
    def _soon(self, monkeypatch):
        monkeypatch.setattr(asking_again, "PAUSES", (0.01, 0.01))
        monkeypatch.setattr(asking_again, "MIN_BUSY_PAUSE", 0.01)

    @pytest.fixture
    def lit_lab_config(self, replicas):
        return {"service_url": replicas.url, "service_secret": "secret"}

    @pytest.mark.parametrize("step", [1, 2, 3, "reset 2", "end 2", "502", "500"])
    async def test_the_next_replica_goes_on(self, generate, events, api, replicas, step):
        replicas.plan = [step]
        found = await events(await generate("Hi", sampling={"temperature": 1.0, "seed": 7}))
        assert kinds(found)[-6:] == ["prompt", "token", "token", "token", "answer", "done"]
        assert kinds(found).count("restarted") == 1
        # The same request, and so the same seed.
        assert len(replicas.asked) == 2
        assert replicas.asked[0] == replicas.asked[1]
        (run,) = await runs_of(api)
        assert run["answer"] == "Hello again"
        assert len(run["answer_tokens"]) == 3

    async def test_two_may_be_gone_and_a_third_is_the_last(self, generate, events, api, replicas):
        replicas.plan = [2, 2]
        assert (await events(await generate("Hi")))[-1]["event"] == "done"
        replicas.plan = [3, 2, 1]
        found = await events(await generate("Hi"))
        assert kinds(found)[-1] == "error"
        assert found[-1]["error"] == "service_silent"
        assert len(replicas.asked) == 6
        # The longest answer is stored.
        assert [run["answer"] for run in await runs_of(api)] == ["Hello", "Hello again"]

    async def test_a_proxy_with_no_room_is_waited_for(self, generate, events, replicas, monkeypatch):
        monkeypatch.setattr(asking_again, "MAX_BUSY_PAUSE", 0.01)
        replicas.plan = ["503"] * 4
        found = await events(await generate("Hi"))
        assert kinds(found) == ["prompt", "token", "token", "token", "answer", "done"]
        assert "Waiting in the queue" in str(found[0])

    async def test_a_hub_that_is_busy_is_waited_for(self, generate, events, replicas):
        replicas.plan = ["hub"] * 2
        found = await events(await generate("Hi"))
        assert found[0]["message"] == "Waiting: The hub is busy."
        assert found[-1]["event"] == "done"

    async def test_an_answer_that_had_come_is_not_computed_again(self, generate, events, replicas):
        replicas.plan = [5]  # all but the last word
        found = await events(await generate("Hi"))
        assert kinds(found) == ["prompt", "token", "token", "token", "answer", "done"]
        assert len(replicas.asked) == 1

    async def test_neither_are_scores(self, api, events, replicas):
        replicas.plan = [1, 1]
        body = example("salience", targets=[span(1, 2), span(2, 3)], methods=["grad_l2"])
        found = await events((await api("POST", "jobs", body=body))[1]["id"])
        assert kinds(found) == ["scores", "restarted", "scores", "done"]
        assert [request["targets"] for _, request in replicas.asked] == [body["targets"], body["targets"][1:]]

    async def test_effects_of_a_replica_without_half_precision_begin_again(self, api, events, replicas):
        replicas.plan = ["half 1"]
        found = await events((await api("POST", "jobs", body=example("effects", ids=[16, 5, 6, 7])))[1]["id"])
        assert [(one["first"], one.get("difference")) for one in found if one["event"] == "effects"] == [
            (0, 0.01),
            (0, None),
            (1, None),
        ]
        asked = [(request["skip"], request["precision"]) for _, request in replicas.asked]
        assert asked == [(0, "auto"), (1, "auto"), (0, "float32")]
        assert found[-1]["event"] == "done"

    async def test_one_that_is_away_at_first_is_an_error_at_once(self, generate, events, replicas):
        replicas.is_away = True
        found = await events(await generate("Hi"))
        assert kinds(found) == ["error"]
        assert found[-1]["error"] == "service_failed"

    async def test_a_queue_that_is_full_is_waited_for(self, generate, events, replicas, monkeypatch):
        replicas.plan = ["429"] * 5
        found = await events(await generate("Hi"))
        states = [event["message"] for event in found if event["event"] == "state"]
        assert states == ["Waiting in the queue: The service has enough of your requests."]
        assert kinds(found) == ["prompt", "token", "token", "token", "answer", "done"]
        monkeypatch.setattr(asking_again, "MAX_BUSY_SECONDS", 0.03)
        replicas.plan = ["429"] * 5
        found = await events(await generate("Hi"))
        assert (found[-1]["error"], found[-1]["hint"]) == ("service_busy", "Wait.")


def test_the_service_says_how_long_and_has_a_limit():
    tries = Tries(elsewhere=True)
    for said, least in ((3.0, 3.0), (1e9, asking_again.MAX_BUSY_PAUSE), (0.0, asking_again.MIN_BUSY_PAUSE)):
        found = {tries.wait(Busy("Full.", "", said)) for _ in range(5)}
        assert len(found) == 5  # not all at once
        assert all(least <= each <= 1.5 * least for each in found)
    with pytest.raises(Busy):
        while True:
            tries.wait(Busy("Full.", "", 30.0))


def test_problems_of_the_request_are_not_asked_again():
    tries = Tries(elsewhere=True)
    gone = Problem(502, "service_silent", "It broke.", "")
    for problem in (Problem(422, "prompt_too_long", ""), Problem(502, "service_hung", ""), gone):
        with pytest.raises(Problem):
            tries.again(problem)
    assert tries.again(NeverSent(gone)) == (0.0, "")
    assert tries.again(Broke(gone))[1]
    assert tries.again(gone)[1]  # now it is away for a moment
    with pytest.raises(Problem):
        tries.again(Broke(gone))


def test_a_job_that_gets_on_may_break_off_more_often_and_not_forever():
    tries = Tries(elsewhere=True)
    broke = Broke(Problem(502, "service_silent", "It broke.", ""))
    for num in range(1, asking_again.MAX_TRIES):
        assert tries.again(broke, num)[1]
    with pytest.raises(Problem):
        tries.again(broke, asking_again.MAX_TRIES)


def test_a_service_that_comes_back_is_waited_for():
    away = Away(503, "service_failed", "Nothing answers.", "")
    with pytest.raises(Away):
        Tries(elsewhere=True).again(away)  # an address is wrong more often
    tries = Tries(elsewhere=True)
    tries.again(Broke(Problem(502, "service_silent", "It broke.", "")))
    waited = 0.0
    with pytest.raises(Away):
        while waited < 2 * asking_again.MAX_AWAY_SECONDS:
            pause, notice = tries.again(away)
            waited += pause
            assert not notice
    assert 0.9 * asking_again.MAX_AWAY_SECONDS < waited <= asking_again.MAX_AWAY_SECONDS


def test_a_process_whose_end_is_not_known_yet_gets_no_third_try():
    tries = Tries(elsewhere=False)
    silent = Problem(502, "service_silent", "It broke.", "")
    died = ServiceGone(502, "service_died", "It died.", "", again=True, advice="Less.")
    assert tries.again(Broke(silent))[1] == "It broke. This run begins again."  # the process may live
    assert tries.again(NeverSent(died)) == (0.0, "")  # what wasn't sent can't have ended it
    with pytest.raises(Problem, match="ended again") as raised:
        tries.again(Broke(died))
    assert raised.value.hint == "Less."
    with pytest.raises(Problem, match="by the user"):
        Tries(elsewhere=False).again(Broke(Problem(502, "service_restarted", "Restarted by the user.", "")))


def test_a_test_of_a_map_has_each_curve_once():
    results = Results(protocol.FaithfulnessRequest(**example("faithfulness")))
    curve = protocol.CurveEvent(kind="deletion", order="map", points=[])
    assert results.is_new(curve)
    assert not results.is_new(curve)
    assert results.missing() is not None


def effects(first, difference=None):
    return protocol.EffectsEvent(
        kind="one", first=first, total=2, removed=[[0] * first], logprobs=[[-1.0]], difference=difference
    )


def test_exact_effects_continue_exactly():
    results = Results(protocol.EffectsRequest(**example("effects")))
    assert results.missing().precision == "auto"
    assert results.is_new(effects(0))
    assert (results.missing().skip, results.missing().precision) == (1, "float32")


def test_effects_of_two_precisions_are_not_mixed():
    results = Results(protocol.EffectsRequest(**example("effects")))
    half = effects(0, 0.01)
    assert results.is_new(half)
    assert (results.missing().skip, results.missing().precision) == (1, "auto")
    with pytest.raises(InexactError):
        results.is_new(effects(1))
    assert (results.missing().skip, results.missing().precision) == (0, "float32")
    assert results.is_new(effects(0))
    assert results.is_new(effects(1))
    assert results.missing() is None
    assert comparable([half, effects(0), effects(1)]) == [effects(0), effects(1)]
    assert comparable([half]) == [half]


@pytest.mark.parametrize(
    ("second", "tokens"),
    [
        ([], "abc"),  # it broke off before its first token
        ([token("a")], "abc"),
        ([token("a"), token("b"), token("c"), token("d")], "abcd"),
        ([token("a"), token("x")], "ax"),
        ([token("x")], "x"),
    ],
)
def test_an_answer_that_begins_again_keeps_the_tokens_that_are_the_same(second, tokens):
    first = [PROMPT, token("a"), token("b"), token("c")]
    assert "".join(one.text for one in StreamedAnswer([*first, AGAIN, PROMPT, *second]).tokens) == tokens


def test_what_a_program_sees_of_an_answer_is_the_answer():
    shown = ""

    def show(progress):
        nonlocal shown
        shown = progress.text if progress.is_anew else shown + progress.text

    on_event = reporting(show)
    for event in [PROMPT, token("a"), token("b"), AGAIN, PROMPT, token("a")]:
        on_event(event)
    assert shown == "ab"
    on_event(token("c"))
    on_event(token("d"))
    assert shown == "acd"


def test_another_prompt_drops_the_tokens_behind_the_first():
    other = PROMPT.model_copy(update={"tokens": [protocol.Token(id=3, piece="x", text="x", kind="text")]})
    assert StreamedAnswer([PROMPT, token("a"), AGAIN, other]).tokens == []
