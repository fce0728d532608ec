"""The disk space that the history's file takes, and full disks."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import history_files
import pytest
from history_files import make_file_of_an_earlier_version, secret
from sample_runs import listed, record
from waiting import PATIENCE

from lit_lab.history import History, Settings, database
from lit_lab.problem import Problem

path = history_files.path
open_history = history_files.open_history
history = history_files.history
impatient = history_files.impatient


@pytest.fixture
def mount(path):
    """Mount a separate file system on the history's folder, with some options."""
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
    """Mount a file system of 256 KB on the history's folder. Calling the fixture fills it to the last byte."""
    mount("size=256k")

    def fill_up():
        with pytest.raises(OSError, match="No space left"), (path.parent / "filler").open("ab", buffering=0) as file:
            while True:
                file.write(b"x" * 512)

    return fill_up


def value(path, pragma):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    finally:
        connection.close()


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
    monkeypatch.setattr("lit_lab.history.database._MAX_QUICK_VACUUM", 8_192)
    make_file_of_an_earlier_version(path)
    history = History(Settings(path))
    await history.store("me", record("new"))
    await history.close()  # waits for its background work, too
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
        with pytest.raises(Problem, match="being compacted") as caught:
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
    await history.store("me", record("new"))  # there is room again
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
    os.truncate(filler, filler.stat().st_size - room)  # enough to delete runs, but not to copy the others
    await (history.clear("me") if how == "clear" else history.delete("me", "r3"))
    assert path.stat().st_size < before - 4096
    assert b"secret 3" not in path.read_bytes()
    assert len(await listed(history)) == (0 if how == "clear" else 9)
    assert value(path, "integrity_check") == "ok"


async def test_a_disk_without_room_for_another_name_is_full_too(history, path, mount):
    """SQLite reports only that it can't open its journal, or, with a quota, that it can't write to it."""
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
