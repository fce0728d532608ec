"""Conversations in requests, in the history, and in reopened runs."""

import json
import sqlite3

import pytest
from sample_runs import listed, record

from lit_lab import job_record, load_run, protocol
from lit_lab.conversation import text_of
from lit_lab.history import History, Settings

TURNS = [
    {"role": "system", "text": "Be brief."},
    {"role": "user", "text": "A red fruit?"},
    {"role": "model", "text": "Apple."},
    {"role": "user", "text": "A green one?"},
]
TEXT = "System\nBe brief.\n\nUser\nA red fruit?\n\nModel\nApple.\n\nUser\nA green one?"
GENERATE = {"kind": "generate", "model": "demo"}


def spans(*pairs):
    return [{"start": start, "end": end} for start, end in pairs]


def conversation(run_id="a", **fields):
    """A run of four turns. Each turn is one token, after one token of the format."""
    kinds = [("template", ""), *[("text", turn["text"]) for turn in TURNS]]
    tokens = [{"id": n, "piece": text, "text": text, "kind": kind} for n, (kind, text) in enumerate(kinds)]
    return record(
        run_id,
        **{
            "prompt": TEXT, "turns": TURNS, "turn_spans": spans((1, 2), (2, 3), (3, 4), (4, 5)), "system": "user",
            "chat": "turns", "prompt_tokens": tokens, **fields,
        },
    )  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "history.sqlite"


def test_a_conversation_as_text_names_its_roles():
    turns = [protocol.Turn.model_validate(turn) for turn in TURNS]
    assert text_of(turns) == TEXT
    assert text_of(turns[1:2]) == "A red fruit?"
    assert text_of(turns[:1]) == "System\nBe brief."


@pytest.mark.parametrize(
    ("body", "code", "error", "says"),
    [
        (GENERATE, 400, "invalid_request", "either a prompt or turns"),
        ({**GENERATE, "prompt": "Hi", "turns": TURNS}, 400, "invalid_request", "either a prompt or turns"),
        ({**GENERATE, "turns": []}, 400, "invalid_request", "turns"),
        ({**GENERATE, "turns": TURNS[:1] * 1001}, 400, "invalid_request", "turns"),
        ({**GENERATE, "turns": [{"role": "assistant", "text": "a"}]}, 400, "invalid_request", "role"),
        ({**GENERATE, "turns": [{"role": "user", "text": "x" * 50_001}] * 2}, 422, "prompt_too_long", "100,002"),
        ({**GENERATE, "turns": [{"role": "user", "text": "a \ud83d"}]}, 422, "lone_surrogate", "half of a character"),
    ],
)
async def test_bad_conversations_are_refused_with_a_message(api, fake_service, body, code, error, says):
    status, said = await api("POST", "jobs", body=body)
    assert (status, said["error"]) == (code, error), said
    assert says in said["message"]
    assert not fake_service.pids


async def test_a_conversation_comes_back_exactly_and_is_found(path):
    history = History(Settings(path))
    await history.store("me", conversation())
    await history.store("me", record("text"))
    await history.close()
    again = History(Settings(path))
    assert await again.run("me", "a") == conversation(created=(await again.run("me", "a")).created)
    runs = (await again.runs("me", protocol.RunsRequest())).runs
    assert {run.id: run.num_turns for run in runs} == {"a": 4, "text": 0}
    assert await listed(again, search="green brief") == ["a"]
    await again.delete("me", "a")
    with sqlite3.connect(path) as file:
        assert file.execute("SELECT count(*) FROM conversations").fetchone() == (0,)
    file.close()
    await again.close()


async def test_a_file_of_before_conversations_is_taken_over(path):
    history = History(Settings(path))
    await history.store("me", record("old"))
    await history.close()
    with sqlite3.connect(path) as file:
        file.executescript("DROP TABLE conversations; PRAGMA user_version = 4;")
    file.close()
    again = History(Settings(path))
    await again.store("me", conversation("new"))
    assert {run.id: run.num_turns for run in (await again.runs("me", protocol.RunsRequest())).runs} == {
        "old": 0,
        "new": 4,
    }
    old = await again.run("me", "old")
    assert (old.turns, old.turn_spans, old.system) == ([], [], None)
    await again.close()


def test_what_was_run_is_what_is_stored():
    request = protocol.GenerateRequest.model_validate({**GENERATE, "turns": TURNS})
    made = conversation()
    prompt = protocol.PromptEvent(
        tokens=made.prompt_tokens, window=64, chat="turns", turn_spans=made.turn_spans, system="user"
    )
    stored = job_record.record_of("a", 1.0, request, [prompt])
    assert (stored.prompt, stored.chat, stored.system) == (TEXT, "turns", "user")
    assert [turn.model_dump() for turn in stored.turns] == TURNS
    assert stored.turn_spans == made.turn_spans
    # A run that failed before it had tokens.
    failed = job_record.record_of("a", 1.0, request, [])
    assert (failed.turn_spans, len(failed.turns)) == ([], 4)


def test_a_kernel_reads_the_turns():
    run = load_run(conversation().model_dump_json())
    assert run.turns == tuple((turn["role"], turn["text"]) for turn in TURNS)
    assert [run.text(tokens) for tokens in run.turn_tokens] == [turn["text"] for turn in TURNS]
    assert (run.prompt, run.chat) == (TEXT, "turns")
    assert load_run(record().model_dump_json()).turns == ()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"turn_spans": spans((1, 2))}, "tokens of 1 turns of 4"),
        ({"turn_spans": spans((1, 2), (2, 3), (3, 4), (4, 6))}, "outside of its prompt"),
        ({"turns": [{**TURNS[0], "role": "assistant"}, *TURNS[1:]]}, "role"),
    ],
)
def test_invalid_turns_are_refused_with_a_message(change, says):
    with pytest.raises(ValueError, match=says):
        load_run(json.dumps({**conversation().model_dump(mode="json"), **change}))
