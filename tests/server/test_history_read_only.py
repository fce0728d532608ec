"""A history that can't be written to."""

import sqlite3
import subprocess

import history_files
import pytest
from history_files import make_file_of_an_earlier_version
from sample_runs import listed, record

from lit_lab import protocol
from lit_lab.history import History, Settings
from lit_lab.problem import Problem

path = history_files.path
open_history = history_files.open_history
history = history_files.history


@pytest.fixture
def read_only(path):
    """Mount the history's folder as a read-only file system. With `False`, make it writable again."""
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
