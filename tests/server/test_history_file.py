"""The history's file when it is damaged, of another version, replaced, or left behind by a killed process."""

import asyncio
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import history_files
import pytest
from sample_runs import listed, record

from lit_lab import protocol
from lit_lab.history import SCHEMA, History, Settings, database
from lit_lab.problem import Problem

path = history_files.path
open_history = history_files.open_history
history = history_files.history
patient = history_files.patient


async def test_only_its_owner_may_read_the_file(history, path):
    before = os.umask(0)
    try:
        await history.store("me", record())
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", ["text", "middle"])
async def test_a_damaged_file_is_set_aside_and_reported(open_history, path, damage):
    history = History(Settings(path))
    for n in range(30):
        await history.store("me", record(f"r{n}", prompt=os.urandom(2000).hex()))
    await history.close()
    content = bytearray(path.read_bytes())
    if damage == "text":
        content = bytearray(b"not a database at all" * 1000)
    else:
        content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    again = open_history()
    await again.store("me", record("new"))
    assert await listed(again) == ["new"]
    (aside,) = path.parent.glob("history.sqlite.damaged-*")
    assert aside.read_bytes() == content
    assert str(aside) in again.status().message


def test_sqlite_s_errors_are_distinguished_without_the_codes_that_python_3_10_lacks(tmp_path):
    folder, text = tmp_path / "folder", tmp_path / "text"
    folder.mkdir()
    text.write_bytes(b"not a database at all" * 1000)
    full = sqlite3.connect(":memory:")
    full.execute("CREATE TABLE t (x)")
    full.execute("PRAGMA max_page_count = 2")
    other = sqlite3.connect(tmp_path / "locked")
    other.execute("BEGIN EXCLUSIVE")

    def error_of(connection, statement, *values):
        with pytest.raises(sqlite3.Error) as raised:
            connection().execute(statement, values)
        return raised.value

    found = [
        error_of(lambda: sqlite3.connect(folder), "SELECT * FROM sqlite_master"),
        error_of(lambda: sqlite3.connect(text), "SELECT * FROM sqlite_master"),
        error_of(lambda: full, "INSERT INTO t VALUES (?)", "x" * 100_000),
        error_of(lambda: sqlite3.connect(tmp_path / "locked", timeout=0), "SELECT * FROM sqlite_master"),
        error_of(lambda: full, "SELECT * FROM nothing"),
    ]
    other.close()
    codes = range(27)
    reported = [[code for code in codes if database.is_sqlite_error(type(error)(str(error)), code)] for error in found]
    assert reported == [[14], [26], [13], [5], [0]]


async def test_what_fails_for_the_run_s_sake_leaves_the_file_alone(history, path):
    await history.store("me", record("a"))
    with pytest.raises(sqlite3.IntegrityError):
        await history.store(None, record("b"))
    assert await listed(history) == ["a"]
    assert [found.name for found in path.parent.iterdir()] == [path.name]


async def test_a_newer_file_is_left_alone(history, path):
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()
    before = path.read_bytes()
    for work in (history.store("me", record()), history.runs("me", protocol.RunsRequest())):
        with pytest.raises(Problem, match="newer version"):
            await work
    assert path.read_bytes() == before


async def test_a_file_of_the_first_version_is_taken_over(open_history, path):
    history = History(Settings(path))
    await history.store("me", record("old"))
    await history.close()
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "DROP TABLE conversations; DROP TABLE forced_answer; DROP TABLE partial; PRAGMA user_version = 1;"
        )
    connection.close()
    again = open_history()
    await again.store("me", record("new", reason="forced_answer"))
    assert {info.id: info.forced_answer for info in (await again.runs("me", protocol.RunsRequest())).runs} == {
        "old": False,
        "new": True,
    }


async def test_a_file_of_the_second_version_is_taken_over(open_history, path):
    history = History(Settings(path))
    await history.store("me", record("old", reason="forced_answer"))
    await history.close()
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "DROP TABLE conversations; ALTER TABLE forced_answer RENAME TO given; DROP TABLE partial; PRAGMA user_version = 2;"
        )
    connection.close()
    again = open_history()
    await again.store("me", record("new", reason=None, partial="stopped"))
    runs = (await again.runs("me", protocol.RunsRequest())).runs
    assert {info.id: (info.forced_answer, info.partial) for info in runs} == {
        "old": (True, None),
        "new": (False, "stopped"),
    }


async def test_two_servers_may_make_the_file_at_once(path):
    histories = [History(Settings(path)) for _ in range(8)]
    await asyncio.gather(*(history.store("me", record(f"r{n}")) for n, history in enumerate(histories)))
    assert len(await listed(histories[0])) == 8
    await asyncio.gather(*(history.close() for history in histories))


# --- The file is replaced ---


def test_a_read_is_tried_again_where_a_broken_off_write_is_in_its_way(path):
    failures = [sqlite3.OperationalError(text) for text in ("disk I/O error", "database or disk is full")]

    def work(connection):
        if failures:
            raise failures.pop()
        return connection.execute("SELECT count(*) FROM runs").fetchone()[0]

    file = database.Database(path)
    try:
        with pytest.raises(Problem, match="history can't be used"):
            file.read(work)
        failures.append(sqlite3.OperationalError("disk I/O error"))
        assert file.read(work) == 0
        failures.append(sqlite3.OperationalError("disk I/O error"))
        with pytest.raises(Problem, match="history can't be used"):
            file.write(work)
    finally:
        file.close()


async def test_a_file_that_was_deleted_meanwhile_is_made_anew(history, path):
    await history.store("me", record("a"))
    assert await listed(history) == ["a"]
    path.unlink()
    await history.store("me", record("b"))
    assert await listed(history) == ["b"]
    path.unlink()
    assert await listed(history) == []
    shutil.rmtree(path.parent)
    await history.store("me", record("c"))
    assert await listed(history) == ["c"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_file_that_was_replaced_meanwhile_is_the_one_that_counts(history, open_history, path):
    await history.store("me", record("here"))
    await listed(history)
    saved = path.with_name("saved")
    shutil.copy(path, saved)
    await history.store("me", record("later"))
    saved.replace(path)
    assert await listed(history) == ["here"]
    await history.store("me", record("new"))
    assert sorted(await listed(open_history())) == ["here", "new"]


async def test_a_file_that_is_deleted_while_its_lock_is_waited_for_isn_t_written_to(history, path, patient):
    await history.store("me", record("a"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.ensure_future(history.store("me", record("b")))
    await listed(history)
    path.unlink()
    other.execute("ROLLBACK")
    other.close()
    await waiting
    assert await listed(history) == ["b"]


async def test_killed_at_any_time_it_is_sound(path):
    """A process that keeps writing is killed again and again. Every run that it reported as written is there."""
    script = textwrap.dedent(f"""
        import asyncio, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from sample_runs import ids_of, record, scores
        from lit_lab.history import History, Settings

        async def main():
            history, n = History(Settings(Path({str(path)!r}))), 0
            while True:
                run = record(f"{{sys.argv[1]}}-{{n}}", prompt="x" * 50_000)
                await history.store("me", run)
                print(run.id, flush=True)
                await history.store_scores("me", "demo", ids_of(run), [scores()])
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
