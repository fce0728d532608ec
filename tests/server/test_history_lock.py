"""The history while another program locks its file."""

import asyncio
import sqlite3

import history_files
import pytest
from sample_runs import listed, record

from lit_lab.problem import Problem

path = history_files.path
open_history = history_files.open_history
history = history_files.history
impatient = history_files.impatient
patient = history_files.patient


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
    await asyncio.sleep(0)  # the deletion is under way
    assert await listed(history) == ["a"]
    assert not waiting.done()
    other.execute("ROLLBACK")
    other.close()
    assert (await waiting).deleted == 1
