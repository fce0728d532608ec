"""The history stores every run with its scores, only for its owner."""

import asyncio
import json
import sqlite3
import zlib

import pytest
from sample_runs import ids_of, listed, record, scores

from lit_lab import protocol
from lit_lab.history import History, Settings, sequence_of
from lit_lab.problem import Problem

TERMS = protocol.ModelTerms(name="Some Licence", url="https://example.org/terms")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "history.sqlite"


@pytest.fixture
def history(path):
    made = History(Settings(path))
    yield made
    loop = asyncio.new_event_loop()
    loop.run_until_complete(made.close())
    loop.close()


async def test_a_run_comes_back_exactly(path):
    history = History(Settings(path))
    origin = {"document": "a/b.ipynb", "place": ["cell 3", "line 2"]}
    kept = record(origin=origin, prompt="🍲 שלום\r\n'); DROP", chat="wrapped", terms=TERMS)
    await history.store("me", kept)
    await history.store_scores("me", "demo", ids_of(kept), [scores(), scores("grad_dot_input")])
    await history.store_scores("me", "demo", ids_of(kept), [scores()])  # replaces the same scores
    await history.close()
    again = History(Settings(path))
    found = await again.run("me", "a")
    assert found.model_copy(update={"scores": []}) == kept
    assert sorted(one.event.method for one in found.scores) == ["grad_dot_input", "grad_l2"]
    (info,) = (await again.runs("me", protocol.RunsRequest())).runs
    assert (info.scores, info.origin.document) == (2, "a/b.ipynb")
    await again.close()


async def test_where_an_answer_stopped_comes_back_and_earlier_runs_open_without_it(history, path):
    kept = record(stop=["Q:", "\n"], reason="stop", stopped_at="\n")
    await history.store("me", kept)
    assert await history.run("me", "a") == kept
    await history.store("me", record("old"))
    with sqlite3.connect(path) as file:
        (content,) = file.execute("SELECT content FROM runs WHERE id = 'old'").fetchone()
        fields = json.loads(zlib.decompress(content))
        assert (fields.pop("stop"), fields.pop("stopped_at")) == ([], None)
        file.execute("UPDATE runs SET content = ? WHERE id = 'old'", (packed(json.dumps(fields)),))
    old = await history.run("me", "old")
    assert (old.stop, old.stopped_at, old.reason) == ([], None, "end")


async def test_a_run_of_before_there_was_a_repetition_penalty_opens(history, path):
    earlier = record("old")
    await history.store("me", earlier)
    with sqlite3.connect(path) as file:
        (content,) = file.execute("SELECT content FROM runs WHERE id = 'old'").fetchone()
        fields = json.loads(zlib.decompress(content))
        assert fields["sampling"].pop("repetition_penalty") == 1
        file.execute("UPDATE runs SET content = ? WHERE id = 'old'", (packed(json.dumps(fields)),))
    assert await history.run("me", "old") == earlier


async def test_scores_of_ablations_are_distinguished_by_what_was_taken_away(history):
    kept = record()
    await history.store("me", kept)

    def ablated(mode, *segments):
        event = {
            "event": "segment_scores", "target": {"start": 4, "end": 5}, "method": "lime", "errors": None,
            "segments": [{"start": a, "end": b} for a, b in segments], "scores": [0.5] * len(segments),
            "logprob": -1.0, "passes": 3,
        }  # fmt: skip
        return protocol.KeptScores.model_validate({"mode": mode, "event": event})

    found = [ablated("mask", (1, 2)), ablated("remove", (1, 2)), ablated("mask", (1, 2), (2, 3))]
    for one in found:
        await history.store_scores("me", "demo", ids_of(kept), [one])
    assert (await history.run("me", "a")).scores == found


async def test_scores_of_contrasts_are_distinguished_by_the_other_text(history):
    kept = record()
    await history.store("me", kept)

    def contrasted(foil):
        one = scores()
        return one.model_copy(update={"event": one.event.model_copy(update={"foil": foil})})

    found = [contrasted(None), contrasted([7]), contrasted([7, 8])]
    for one in [*found, contrasted([7])]:
        await history.store_scores("me", "demo", ids_of(kept), [one])
    kept_now = [one.event.foil for one in (await history.run("me", "a")).scores]
    assert sorted(kept_now, key=str) == sorted([None, [7], [7, 8]], key=str)


def effects(first, *removed, seed=0, kind="one"):
    event = {
        "event": "effects", "kind": kind, "first": first, "total": 9, "removed": list(removed),
        "logprobs": [[-0.5, None]] * len(removed),
    }  # fmt: skip
    fields = {"segments": [{"turn": 0, "start": 0, "end": 4}], "held_out": 16, "seed": seed, "events": [event]}
    return protocol.KeptEffects.model_validate(fields)


async def test_exact_effects_do_not_replace_those_in_half_precision(history):
    kept = record()
    await history.store("me", kept)
    exact, more = effects(0, []), effects(0, [], [0])
    (event,) = more.events
    half = more.model_copy(update={"events": [event.model_copy(update={"precision": "bfloat16", "difference": 0.01})]})
    for one in (half, exact, half):
        await history.store_scores("me", "demo", ids_of(kept), [one])
    found = (await history.run("me", "a")).effects
    assert sorted((len(one.events[0].removed), one.events[0].difference) for one in found) == [(1, None), (2, 0.01)]


async def test_effects_are_stored_job_by_job_and_count_as_no_map(history):
    kept = record()
    await history.store("me", kept)
    found = [effects(0, [], [0]), effects(2, [1]), effects(0, [], [0], seed=1)]
    found += [effects(0, [0, 1], kind="chosen"), effects(0, [0, 2], kind="chosen")]
    for one in [*found, effects(2, [1])]:
        await history.store_scores("me", "demo", ids_of(kept), [one])
    again = await history.run("me", "a")
    assert sorted(again.effects, key=str) == sorted(found, key=str)
    assert again.scores == []
    assert (await history.runs("me", protocol.RunsRequest())).runs[0].scores == 0


async def test_a_forced_answer_is_distinguished_from_an_answer(history):
    await history.store("me", record("answer"))
    await history.store("me", record("forced", reason="forced_answer"))
    runs = (await history.runs("me", protocol.RunsRequest())).runs
    assert {info.id: info.forced_answer for info in runs} == {"answer": False, "forced": True}
    assert (await history.run("me", "forced")).reason == "forced_answer"
    await history.delete("me", "forced")
    await history.store("me", record("forced"))  # ids aren't reused, but deleting must leave nothing of a run
    assert not (await history.runs("me", protocol.RunsRequest())).runs[0].forced_answer


async def test_scores_of_a_sequence_that_is_no_run_are_let_go(history):
    await history.store("me", record())
    await history.store_scores("me", "demo", [1, 2, 3], [scores()])
    await history.store_scores("me", "another", ids_of(record()), [scores()])
    assert (await history.run("me", "a")).scores == []
    assert sequence_of("a", [1, 23]) != sequence_of("a", [12, 3])


async def test_nobody_sees_another_s_runs(history):
    await history.store("me", record())
    assert await listed(history, "you") == []
    for work in (
        history.run("you", "a"),
        history.delete("you", "a"),
        history.change("you", "a", protocol.RunChange(starred=True)),
    ):
        with pytest.raises(Problem, match="no longer in the history"):
            await work
    await history.store_scores("you", "demo", ids_of(record()), [scores()])
    assert (await history.clear("you")).deleted == 0
    found = await history.run("me", "a")
    assert (found.starred, found.scores) == (False, [])


async def test_search(history):
    await history.store("me", record("a", "Suggestion: Onion soup", " Avoid.", created=1.0))
    await history.store(
        "me", record("b", "100% of Über_soup", " Yes.", created=2.0, origin={"document": "n.ipynb", "place": []})
    )
    await history.change("me", "a", protocol.RunChange(title="first try", starred=True))
    assert await listed(history) == ["b", "a"]
    assert await listed(history, search="soup avoid") == ["a"]
    assert await listed(history, search="TRY onion") == ["a"]
    assert await listed(history, search="100%") == ["b"]
    assert await listed(history, search="r_s") == ["b"]
    assert await listed(history, search="über_SOUP") == ["b"]
    assert await listed(history, search="%") == ["b"]
    assert await listed(history, search="n.ipynb") == ["b"]
    assert await listed(history, document="n.ipynb") == ["b"]
    assert await listed(history, starred=True) == ["a"]
    assert await listed(history, limit=1, offset=1) == ["a"]
    response = await history.runs("me", protocol.RunsRequest(limit=1))
    assert (response.total, response.documents) == (2, ["n.ipynb"])


async def test_rename_star_delete_clear(history):
    for name in "abc":
        await history.store("me", record(name))
    assert (await history.change("me", "a", protocol.RunChange(title="Mine"))).title == "Mine"
    assert (await history.change("me", "a", protocol.RunChange(starred=True))).title == "Mine"
    await history.store_scores("me", "demo", ids_of(record()), [scores()])
    assert (await history.delete("me", "b")).deleted == 1
    with pytest.raises(Problem) as caught:
        await history.delete("me", "b")
    assert (caught.value.status, caught.value.code) == (404, "unknown_run")
    assert (await history.clear("me", starred=True)).deleted == 2
    assert await listed(history) == []


async def test_starred_runs_stay_when_all_are_deleted(history):
    for name in "abc":
        await history.store("me", record(name, starred=name == "b"))
    await history.store("you", record("d"))
    assert (await history.clear("me")).deleted == 2
    assert await listed(history) == ["b"]
    assert await listed(history, "you") == ["d"]


@pytest.mark.parametrize("why", [None, "stopped", "broke_off"])
async def test_a_run_without_its_answer_s_end_says_why(history, why):
    await history.store("me", record("a", reason=None if why else "end", partial=why))
    assert (await history.runs("me", protocol.RunsRequest())).runs[0].partial == why
    assert (await history.run("me", "a")).partial == why
    await history.delete("me", "a")
    await history.store("me", record("a"))  # ids aren't reused, but deleting must leave nothing of a run
    assert (await history.runs("me", protocol.RunsRequest())).runs[0].partial is None


async def test_a_nul_character_ends_no_text(history):
    prompt, answer = "before\0Behind " + "é" * 400, "one\0two"
    origin = {"document": "a\0b.ipynb", "place": ["cell\0 1"]}
    await history.store("me", record("nul", prompt, answer, origin=origin))
    await history.store("me", record("other", "before", "one"))
    await history.change("me", "nul", protocol.RunChange(title="my\0name"))
    (info,) = [run for run in (await history.runs("me", protocol.RunsRequest())).runs if run.id == "nul"]
    assert (info.prompt, info.answer, info.title) == (prompt, answer, "my\0name")
    assert info.origin.model_dump() == origin
    for words in ("behind", "two", "name", "b.ipynb", "E\0B", "before two name"):
        assert await listed(history, search=words) == ["nul"], words
    assert await listed(history, search="e\0x") == []
    assert await listed(history, document="a\0b.ipynb") == ["nul"]
    assert await listed(history, document="a\0c.ipynb") == []
    whole = await history.run("me", "nul")
    assert (whole.prompt, whole.answer, whole.origin.place) == (prompt, answer, ["cell\0 1"])


def packed(text):
    return zlib.compress(text.encode())


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("created", 1e300),
        ("place", "no JSON"),
        ("place", "[" * 100_000),
        ("place", '[{"a": 1}]'),
        ("document", "d" * 5_000),
        ("model", ""),
        ("content", b"not compressed"),
        ("content", packed("no JSON")),
        ("content", packed("[" * 100_000)),
        ("content", packed("[]")),
        ("content", packed("{}")),
        ("content", packed('{"prompt_tokens": NaN}')),
    ],
)
async def test_a_damaged_run_hides_no_other(history, path, column, value):
    await history.store("me", record("a", origin={"document": "n.ipynb", "place": []}))
    await history.store("me", record("b"))
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE runs SET {column} = ? WHERE id = 'a'", (value,))
    connection.close()
    assert sorted(await listed(history)) == ["a", "b"]
    assert (await history.run("me", "b")).id == "b"
    if (column, value) != ("created", 1e300):  # 1e300 is a valid number; only the browser refuses it
        with pytest.raises(Problem, match="is damaged") as caught:
            await history.run("me", "a")
        assert caught.value.hint
    assert (await history.delete("me", "a")).deleted == 1
    assert await listed(history) == ["b"]


@pytest.mark.parametrize(
    "content", [b"x", packed("{}"), packed('{"event": {"event": "scores"}}'), packed("[" * 100_000)]
)
async def test_a_run_whose_scores_somebody_damaged_says_so(history, path, content):
    kept = record("a")
    await history.store("me", kept)
    await history.store_scores("me", "demo", ids_of(kept), [scores()])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE scores SET content = ?", (content,))
    connection.close()
    assert await listed(history) == ["a"]
    with pytest.raises(Problem, match="is damaged"):
        await history.run("me", "a")


async def test_a_text_that_is_no_utf_8_keeps_from_no_other_run(history, path):
    await history.store("me", record("a"))
    await history.store("me", record("b"))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE runs SET title = CAST(X'41FF' AS TEXT) WHERE id = 'a'")
    connection.close()
    assert sorted(await listed(history)) == ["a", "b"]
    assert (await history.run("me", "a")).title == "A\ufffd"


async def test_off(path):
    history = History(Settings(None))
    assert not history.status().enabled
    with pytest.raises(Problem, match="switched off"):
        await history.runs("me", protocol.RunsRequest())
    await history.close()
    assert not path.exists()


@pytest.mark.parametrize("filler", ["x", "é", "🥚"])
async def test_a_list_has_both_ends_of_long_texts(history, filler):
    long = "Start." + filler * 591 + "End."
    whole = "Start." + filler * 590 + "End."
    for name, prompt, answer in [("a", "short", long), ("b", long, "y" * 300), ("c", whole, "")]:
        await history.store("me", record(name, prompt, answer))
    found = {run.id: run for run in (await history.runs("me", protocol.RunsRequest())).runs}
    assert (found["a"].answer, found["a"].answer_end, found["a"].prompt_end) == (long[:300], long[-300:], "")
    assert (found["b"].prompt, found["b"].prompt_end, found["b"].answer_end) == (long[:300], long[-300:], "")
    assert (found["c"].prompt, found["c"].prompt_end, found["c"].answer) == (whole, "", "")
