"""A history of version 0.1.0, whose tables and stored runs had other names, is opened, listed, read and exported."""

import asyncio
import hashlib
import json
import sqlite3
import zlib
from pathlib import Path

import pytest

from lit_lab import load_run, protocol
from lit_lab.history import SCHEMA, History, Settings, sequence_of
from lit_lab.problem import Problem

RUN = json.loads((Path(__file__).parent.parent / "fixtures" / "runs_0_1_0.json").read_text("utf-8"))

TABLES = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, created REAL NOT NULL, size INTEGER NOT NULL, model TEXT NOT NULL,
    document TEXT NOT NULL, place TEXT NOT NULL, title TEXT NOT NULL, starred INTEGER NOT NULL, prompt TEXT NOT NULL,
    answer TEXT NOT NULL, sequence TEXT NOT NULL, content BLOB NOT NULL
) STRICT;
CREATE INDEX runs_by_time ON runs (owner, created);
CREATE INDEX runs_by_sequence ON runs (owner, sequence);
CREATE TABLE scores (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, key TEXT NOT NULL, size INTEGER NOT NULL,
    content BLOB NOT NULL, PRIMARY KEY (run, key)
) STRICT;
CREATE TABLE given (run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE) STRICT, WITHOUT ROWID;
CREATE TABLE partial (
    run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE, why TEXT NOT NULL
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 3;
"""

CONTENT = (
    "sampling", "stop", "chat", "thinking", "terms", "prompt_tokens", "answer_tokens", "reason", "stopped_at", "partial",
    "seconds", "first_seconds",
)  # fmt: skip


IDS = [token["id"] for token in [*RUN["record"]["prompt_tokens"], *RUN["record"]["answer_tokens"]]]


def key(stored):
    """Return the key of stored scores in 0.1.0."""
    event, segments = stored["event"], stored["event"].get("segments", [])
    spans = [(span["start"], span["end"]) for span in segments]
    said = [event["target"]["start"], event["target"]["end"], event["method"], stored["mode"], spans]
    said += [event["instead"]] if event["instead"] else []
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def packed(value):
    return zlib.compress(json.dumps(value).encode(), 6)


@pytest.fixture
def path(tmp_path):
    """A file as 0.1.0 wrote it, with a forced answer and an answer that was stopped."""
    path = tmp_path / "history" / "history.sqlite"
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.executescript(TABLES)
    own = {**RUN["record"], "id": "own", "reason": None, "partial": "stopped", "created": 1.0, "scores": []}
    for run in (RUN["record"], own):
        content = packed({name: run[name] for name in CONTENT})
        place = json.dumps(run["origin"]["place"])
        row = (
            run["id"], "me", run["created"], len(content), run["model"], run["origin"]["document"], place, run["title"],
            run["starred"], run["prompt"], run["answer"], sequence_of(run["model"], IDS), content,
        )  # fmt: skip
        connection.execute(f"INSERT INTO runs VALUES ({', '.join('?' * len(row))})", row)
        for stored in run["scores"]:
            content = packed(stored)
            connection.execute(
                "INSERT INTO scores VALUES (?, ?, ?, ?)", (run["id"], key(stored), len(content), content)
            )
    connection.execute("INSERT INTO given VALUES (?)", (RUN["record"]["id"],))
    connection.execute("INSERT INTO partial VALUES ('own', 'stopped')")
    connection.commit()
    connection.close()
    return path


@pytest.fixture
def history(path):
    history = History(Settings(path))
    yield history
    asyncio.run(history.close())


async def check_runs(history):
    """List the runs, read each of them, and load each exported run."""
    runs = (await history.runs("me", protocol.RunsRequest(search="soup"))).runs
    assert [(run.id, run.forced_answer, run.partial, run.scores) for run in runs] == [
        ("r1", True, None, 4),
        ("own", False, "stopped", 0),
    ]
    run = await history.run("me", "r1")
    # 0.1.0 had no conversations, and didn't store how many sets ablation tried.
    unknown = {"segment_scores": {"sets": None, "adaptive": False}}
    scores = [
        stored | {"event": stored["event"] | unknown.get(stored["event"]["event"], {})}
        for stored in RUN["upgraded"]["scores"]
    ]
    assert json.loads(run.model_dump_json()) == {
        **RUN["upgraded"],
        "scores": scores,
        "turns": [],
        "turn_spans": [],
        "system": None,
        "effects": [],
    }
    exported = load_run(run.model_dump_json())
    assert [one.method for one in exported.maps] == [one.event.method for one in run.scores]
    assert (await history.run("me", "own")).reason is None


async def test_a_file_of_0_1_0_is_taken_over(history, path):
    await check_runs(history)
    new = (await history.run("me", "r1")).model_copy(update={"id": "new", "created": 2.0})
    await history.store("me", new)
    await history.delete("me", "r1")
    runs = (await history.runs("me", protocol.RunsRequest())).runs
    assert [(run.id, run.forced_answer) for run in runs] == [("new", True), ("own", False)]
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
        assert connection.execute("SELECT run FROM forced_answer").fetchall() == [("new",)]
    connection.close()


async def test_scores_of_0_1_0_are_replaced_by_the_same_ones_computed_again(path, history):
    run = await history.run("me", "r1")
    await history.store_scores("me", run.model, IDS, run.scores)
    assert (await history.run("me", "r1")).scores == run.scores


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_a_file_of_0_1_0_or_before_that_can_t_be_written_to_is_read(path, history, monkeypatch, version):
    if version < 3:
        connection = sqlite3.connect(path)
        dropped = ["DROP TABLE partial;", "DROP TABLE given;"][: 3 - version]
        connection.executescript("".join(dropped) + f"PRAGMA user_version = {version};")
        connection.close()
    monkeypatch.setattr("lit_lab.history.database.Database._can_write", lambda _: False)
    before = path.read_bytes()
    if version == 3:
        await check_runs(history)
    runs = (await history.runs("me", protocol.RunsRequest())).runs
    assert [(run.id, run.forced_answer) for run in runs] == [("r1", version > 1), ("own", False)]
    with pytest.raises(Problem, match="read-only"):
        await history.delete("me", "r1")
    assert path.read_bytes() == before
