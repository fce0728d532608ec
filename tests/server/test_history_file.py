"""The history's file: whatever happens to disk, file and process, nothing is lost that need not be."""

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

import pytest
from sample_runs import listed, record
from waiting import PATIENCE

from lit_lab import protocol
from lit_lab.history import SCHEMA, History, Settings, database
from lit_lab.history.migrations import MIGRATIONS
from lit_lab.history.rows import row_of
from lit_lab.problem import Problem


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "history.sqlite"


@pytest.fixture
def open_history(path):
    """Open the history, as a server would that starts; closed at the end."""
    made = []

    def open_it(**settings):
        made.append(History(Settings(path, **settings)))
        return made[-1]

    yield open_it
    loop = asyncio.new_event_loop()
    for history in made:
        loop.run_until_complete(history.close())
    loop.close()


@pytest.fixture
def history(open_history):
    return open_history()


@pytest.fixture
def mount(path):
    """Make the history's folder a file system of its own, with some options."""
    mounted = False

    def make(options):
        nonlocal mounted
        path.parent.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path.parent)]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("mounting a file system needs to be allowed")
        mounted = True

    yield make
    if mounted:
        subprocess.run(["umount", "-l", str(path.parent)], check=True)


@pytest.fixture
def fill(path, mount):
    """Make the history's folder a file system of 256 KB, and fill it to the last byte when it is called."""
    mount("size=256k")

    def fill_up():
        with pytest.raises(OSError, match="No space left"), (path.parent / "filler").open("ab", buffering=0) as file:
            while True:
                file.write(b"x" * 512)

    return fill_up


@pytest.fixture
def read_only(path):
    """Make the history's folder read-only, as a file system; and writable again, with `False`."""
    mounted = False

    def make(wanted=True):
        nonlocal mounted
        if not mounted:
            if subprocess.run(["mount", "--bind", path.parent, path.parent], capture_output=True).returncode:
                pytest.skip("mounting a file system needs to be allowed")
            mounted = True
        subprocess.run(["mount", "-o", f"remount,bind,{'ro' if wanted else 'rw'}", path.parent], check=True)

    yield make
    if mounted:
        subprocess.run(["umount", "-l", path.parent], check=True)


def make_file_of_an_earlier_version(path, number=10):
    """Make a file as it was before, which holds on to the room of what is deleted."""
    path.parent.mkdir(exist_ok=True)
    made = sqlite3.connect(path)
    made.executescript("".join(migration.sql for migration in MIGRATIONS) + f"PRAGMA user_version = {SCHEMA};")
    for n in range(number):
        row = row_of("me", record(f"r{n}", prompt=secret(n), created=1.0 + n))
        made.execute(f"INSERT INTO runs VALUES ({', '.join('?' * len(row))})", row)
    made.commit()
    made.close()


def secret(n):
    return f"secret {n} " + os.urandom(4_000).hex()


def value(path, pragma):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    finally:
        connection.close()


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


# --- another's lock


@pytest.fixture
def impatient(monkeypatch):
    """A lock isn't waited for."""
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)


@pytest.fixture
def patient(monkeypatch):
    """A lock is waited for as long as it takes."""
    monkeypatch.setattr(database, "_BUSY_SECONDS", PATIENCE)


async def test_what_another_program_is_writing_doesn_t_keep_from_reading(history, path, impatient):
    await history.store("me", record("a"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("DELETE FROM runs")
    assert await listed(history) == ["a"]
    assert (await history.run("me", "a")).id == "a"
    with pytest.raises(Problem, match="Another program is writing") as caught:
        await history.store("me", record("b"))
    assert caught.value.hint
    other.execute("ROLLBACK")
    other.close()
    await history.store("me", record("b"))
    assert sorted(await listed(history)) == ["a", "b"]


async def test_reading_doesn_t_wait_behind_a_change_that_waits_for_a_lock(history, path, patient):
    await history.store("me", record("a"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.ensure_future(history.delete("me", "a"))
    await asyncio.sleep(0)  # it is on its way
    assert await listed(history) == ["a"]
    assert not waiting.done()
    other.execute("ROLLBACK")
    other.close()
    assert (await waiting).deleted == 1


# --- the file is another one


def test_a_read_is_tried_again_where_a_broken_off_write_is_in_its_way(path):
    failures = [sqlite3.OperationalError("disk I/O error"), sqlite3.OperationalError("database or disk is full")]

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


# --- room


async def test_what_is_deleted_is_given_back_to_the_disk(history, path):
    await history.store("me", record("first"))
    small = path.stat().st_size
    for n in range(10):
        await history.store("me", record(f"r{n}", prompt=secret(n)))
    large = path.stat().st_size
    await history.delete("me", "r3")
    assert path.stat().st_size < large - 8_000
    assert b"secret 3" not in path.read_bytes()
    assert b"secret 4" in path.read_bytes()
    assert (await history.clear("me")).deleted == 10
    assert path.stat().st_size <= small
    assert b"secret" not in path.read_bytes()


async def test_what_is_too_much_is_given_back_to_the_disk(open_history, path):
    history = open_history(megabytes=0.05)
    sizes = []
    for n in range(12):
        await history.store("me", record(f"r{n}", prompt=secret(n), created=1.0 + n))
        sizes.append(path.stat().st_size)
    assert max(sizes[6:]) <= max(sizes[:6]) + 4096
    assert b"secret 0" not in path.read_bytes()


@pytest.mark.parametrize("how", ["delete", "store"])
async def test_a_file_of_an_earlier_version_gives_room_back_too(open_history, path, how):
    make_file_of_an_earlier_version(path)
    before = path.stat().st_size
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM runs WHERE id > 'r1'")
    connection.close()
    assert path.stat().st_size == before
    history = History(Settings(path))
    if how == "delete":
        await history.delete("me", "r1")
    else:
        await history.store("me", record("new"))
    await history.close()
    assert path.stat().st_size < before / 2
    assert value(path, "auto_vacuum") == 1
    again = open_history()
    assert await listed(again) == (["r0"] if how == "delete" else ["new", "r1", "r0"])
    assert (await again.run("me", "r0")).prompt.startswith("secret 0")


async def test_a_large_file_of_an_earlier_version_is_made_smaller_only_for_a_deletion(open_history, path, monkeypatch):
    monkeypatch.setattr("lit_lab.history.database._LITTLE", 8_192)
    make_file_of_an_earlier_version(path)
    history = History(Settings(path))
    await history.store("me", record("new"))
    await history.close()  # with what it does that nobody waits for
    assert value(path, "auto_vacuum") == 0
    await open_history().delete("me", "r3")
    assert value(path, "auto_vacuum") == 1


async def test_a_reader_learns_that_the_file_is_being_made_smaller(history, path, impatient):
    def count(connection):
        return connection.execute("SELECT count(*) FROM runs").fetchone()

    await history.store("me", record("a"))
    assert await listed(history) == ["a"]
    with sqlite3.connect(path, isolation_level=None) as vacuum:
        vacuum.execute("BEGIN EXCLUSIVE")
        writing = database.Database(path)
        reading = database.Database(path, beside=writing)
        writing.is_shrinking = True
        with pytest.raises(Problem, match="being made smaller") as caught:
            reading.read(count)
        assert caught.value.hint == "Try again in a moment."
        writing.is_shrinking = False
        with pytest.raises(Problem, match="Another program is writing"):
            reading.read(count)
        vacuum.execute("ROLLBACK")
    vacuum.close()


async def test_on_a_full_disk_deleting_makes_room(history, path, fill):
    for n in range(10):
        await history.store("me", record(f"r{n}", prompt=secret(n)))
    before = path.stat().st_size
    fill()
    with pytest.raises(Problem, match="disk is full") as caught:
        await history.store("me", record("new", prompt=secret(10)))
    assert caught.value.status == 507
    assert len(await listed(history)) == 10
    for n in range(5):
        await history.delete("me", f"r{n}")
    assert path.stat().st_size < before - 5 * 8_000
    await history.store("me", record("new"))  # there is room
    fill()
    assert (await history.clear("me")).deleted == 6
    assert path.stat().st_size < before / 3
    assert b"secret" not in path.read_bytes()
    await history.store("me", record("new"))
    assert await listed(history) == ["new"]
    assert value(path, "integrity_check") == "ok"


@pytest.mark.parametrize(("how", "room"), [("delete", 0), ("clear", 0), ("clear", 40_000)])
async def test_on_a_full_disk_a_file_of_an_earlier_version_makes_room_too(history, path, fill, how, room):
    make_file_of_an_earlier_version(path)
    before = path.stat().st_size
    fill()
    filler = path.parent / "filler"
    os.truncate(filler, filler.stat().st_size - room)  # enough to delete with, and not to copy what is left
    await (history.clear("me") if how == "clear" else history.delete("me", "r3"))
    assert path.stat().st_size < before - 4096
    assert b"secret 3" not in path.read_bytes()
    assert len(await listed(history)) == (0 if how == "clear" else 9)
    assert value(path, "integrity_check") == "ok"


async def test_a_disk_without_room_for_another_name_is_full_too(history, path, mount):
    """SQLite can't open its journal then, and says no more than that; as with a quota, it can't write to it."""
    mount("size=1m,nr_inodes=3")  # for the folder, the history and its journal
    await history.store("me", record("a"))
    (path.parent / "another").touch()
    with pytest.raises(Problem, match="disk is full"):
        await history.store("me", record("b"))
    assert (await history.delete("me", "a")).deleted == 1


async def test_two_processes_may_write_delete_and_make_the_file_smaller_at_once(path):
    make_file_of_an_earlier_version(path)
    script = textwrap.dedent(f"""
        import asyncio, os, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from sample_runs import listed, record
        from lit_lab.history import History, Settings, database

        database._BUSY_SECONDS = {PATIENCE}

        async def main(name):
            history = History(Settings(Path({str(path)!r})))
            for n in range(15):
                await history.store("me", record(f"{{name}}{{n}}", prompt=os.urandom(6_000).hex()))
                if n % 3:
                    await history.delete("me", f"{{name}}{{n}}")
                await listed(history)
            await history.close()

        asyncio.run(main(sys.argv[1]))
    """)
    command = [sys.executable, "-c", script]
    await asyncio.gather(
        *(asyncio.to_thread(subprocess.run, [*command, name], check=True, timeout=PATIENCE) for name in ("a", "b"))
    )
    history = History(Settings(path))
    mine = {f"{name}{n}" for name in "ab" for n in range(0, 15, 3)}
    assert set(await listed(history)) == mine | {f"r{n}" for n in range(10)}
    await history.close()
    assert (value(path, "integrity_check"), value(path, "freelist_count"), value(path, "auto_vacuum")) == ("ok", 0, 1)


# --- a file that can't be written to


async def test_a_history_that_can_t_be_written_to_can_be_read(open_history, path, read_only):
    before = History(Settings(path))
    await before.store("me", record("a"))
    await before.close()
    read_only()
    history = open_history()
    assert await listed(history, search="soup") == ["a"]
    assert (await history.run("me", "a")).id == "a"
    assert "read-only" in history.status().message
    for work in (
        history.store("me", record("b")),
        history.delete("me", "a"),
        history.change("me", "a", protocol.RunChange(starred=True)),
    ):
        with pytest.raises(Problem, match="read-only") as caught:
            await work
        assert str(path) in caught.value.hint
    read_only(False)
    await history.store("me", record("b"))
    assert history.status().message == ""
    assert await listed(history) == ["b", "a"]


async def test_a_file_of_the_first_version_that_can_t_be_written_to_can_be_read(open_history, path, read_only):
    make_file_of_an_earlier_version(path, 2)
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "DROP TABLE conversations; DROP TABLE forced_answer; DROP TABLE partial; PRAGMA user_version = 1;"
        )
    connection.close()
    read_only()
    assert await listed(open_history()) == ["r1", "r0"]


async def test_no_history_where_none_can_be_made_is_reported(history, path, read_only):
    path.parent.mkdir()
    read_only()
    with pytest.raises(Problem, match="Read-only file system") as caught:
        await history.runs("me", protocol.RunsRequest())
    assert str(path) in caught.value.hint


async def test_killed_at_any_time_it_is_sound(path):
    """A process that writes without end is killed, again and again; what it said was written is there."""
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
