"""Which runs the history deletes when it is full, by number, size and owner."""

import os
import time

import history_files
import pytest
from sample_runs import ids_of, listed, record, scores

from lit_lab import protocol
from lit_lab.history import History, Settings
from lit_lab.problem import Problem

path = history_files.path


async def test_old_runs_go_and_starred_ones_stay(path):
    history = History(Settings(path, days=10))
    old = time.time() - 11 * 86_400
    await history.store("me", record("star", created=old + 5 * 86_400))
    await history.change("me", "star", protocol.RunChange(starred=True))
    await history.store("me", record("old", created=old))
    await history.store("me", record("new"))
    assert await listed(history) == ["new", "star"]
    await history.close()


async def test_the_oldest_go_when_it_is_too_much(path):
    history = History(Settings(path, megabytes=0.1))
    noise = os.urandom(15_000).hex()  # 30 kB that compress to half at best
    for n in range(9):
        await history.store("me", record(f"r{n}", prompt=noise, created=1.0 + n))
        if n == 1:
            await history.change("me", "r1", protocol.RunChange(starred=True))
    found = await listed(history)
    assert found[0] == "r8"
    assert found[-1] == "r1"
    assert 2 <= len(found) <= 4
    await history.close()


async def test_a_run_that_was_just_made_stays_whatever_the_earlier_ones_are_dated(path):
    history = History(Settings(path, days=10, megabytes=0.1))
    noise = os.urandom(15_000).hex()
    tomorrow, long_ago = time.time() + 86_400, time.time() - 20 * 86_400
    await history.store("me", record("ahead", prompt=noise, created=tomorrow))
    await history.store("me", record("star", prompt=noise, created=tomorrow + 1))
    await history.change("me", "star", protocol.RunChange(starred=True))
    new = record("new", prompt=noise, created=long_ago)
    await history.store("me", new)
    assert await listed(history) == ["star", "new"]
    # With its scores the run exceeds the limit again, and it is still the oldest.
    await history.store("me", record("later", prompt="x", answer=noise, created=tomorrow + 2))
    assert await listed(history) == ["later", "star"]
    await history.store("me", new)
    await history.store_scores("me", "demo", ids_of(new), [scores()])
    assert await listed(history) == ["star", "new"]
    assert len((await history.run("me", "new")).scores) == 1
    await history.close()


async def test_what_one_owner_stores_costs_no_other_one_a_run(path):
    history = History(Settings(path, megabytes=0.1))
    noise = os.urandom(15_000).hex()  # about 46 kB with its tokens
    await history.store("you", record("yours", created=1.0))
    await history.store("you", record("large", prompt=noise, created=2.0))
    for n in range(4):
        await history.store("me", record(f"m{n}", prompt=noise, created=3.0 + n))
    await history.change("me", "m3", protocol.RunChange(starred=True))
    assert await listed(history) == ["m3", "m2"]
    await history.store("you", record("new", created=9.0))
    assert await listed(history, "you") == ["new", "large", "yours"]
    await history.close()


async def test_starred_runs_leave_room_for_new_ones(path):
    history = History(Settings(path, megabytes=0.1))
    noise = os.urandom(15_000).hex()
    for name in "ab":
        await history.store("me", record(name, prompt=noise))
    starred = protocol.RunChange(starred=True, title="Mine")
    await history.change("me", "a", starred)
    await history.change("me", "a", starred)  # counts only once
    with pytest.raises(Problem, match=r"may take 80% of the 0\.1 MB") as refusal:
        await history.change("me", "b", starred)
    assert (refusal.value.status, refusal.value.code) == (507, "history_full")
    assert "c.LitLab.history_megabytes" in refusal.value.hint
    assert (await history.run("me", "b")).title == ""
    await history.change("me", "a", protocol.RunChange(starred=False))
    await history.change("me", "b", starred)
    with pytest.raises(Problem, match="no longer in the history"):
        await history.change("me", "nope", starred)
    await history.close()


async def test_a_run_s_scores_don_t_outgrow_its_owner_s_room(path):
    history = History(Settings(path, megabytes=0.1))
    noise = os.urandom(15_000).hex()
    run = record("a", prompt=noise)
    await history.store("me", record("earlier", prompt=noise, answer=" Try it.", created=1.0))
    await history.store("me", run)
    many = [int.from_bytes(os.urandom(4), "big") / 2**32 for _ in range(1_500)]  # about 13 kB, compressed
    for n in range(2):
        await history.store_scores("me", "demo", ids_of(run), [scores(target=(1, 2 + n), values=many)])
    assert await listed(history) == ["a"]  # the earlier run was deleted to make room
    with pytest.raises(Problem, match="these scores aren't stored") as refusal:
        await history.store_scores(
            "me", "demo", ids_of(run), [scores(target=(1, 4 + n), values=many) for n in range(3)]
        )
    assert refusal.value.code == "history_full"
    assert len((await history.run("me", "a")).scores) == 2
    await history.close()


async def test_a_run_larger_than_all_is_kept(path):
    history = History(Settings(path, megabytes=0.001))
    await history.store("me", record("a", prompt=os.urandom(3000).hex()))
    assert await listed(history) == ["a"]
    await history.close()
