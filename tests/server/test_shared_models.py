"""State that the servers of one user share: the list of added models, and files of credentials."""

import errno
import json
import os
import stat
import subprocess
import sys
import threading

import pytest

from conftest import until
from lit_lab import shared_files
from lit_lab.models.added import Added
from lit_lab.problem import Problem

REMOTE = "kaggle://keras/gemma2/keras/gemma2_2b_en/1"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "kept" / "models.json"


def test_each_of_two_servers_keeps_what_the_other_has_added(file):
    one, two = Added(["demo:embedded"], file), Added(["demo:embedded"], file)
    assert one.models == two.models == ()
    one.add("first", REMOTE)
    two.add("second", REMOTE)
    assert one.models == two.models == (f"first:{REMOTE}", f"second:{REMOTE}")
    assert Added(["demo:embedded"], file).models == one.models
    one.remove("second")
    assert two.names == ["demo", "first"]
    with pytest.raises(Problem) as refusal:
        two.remove("second")
    assert refusal.value.code == "unknown_model"


def test_the_same_name_is_not_added_twice_though_both_have_looked(file):
    one, two = Added([], file), Added([], file)
    one.check("mine")
    two.check("mine")
    one.add("mine", REMOTE)
    two.add("mine", REMOTE)  # the same name and path
    with pytest.raises(Problem) as refusal:
        two.add("mine", "hf://org/other")
    assert refusal.value.code == "bad_model"
    assert one.models == (f"mine:{REMOTE}",)


def test_what_one_server_does_not_use_stays_for_the_other(file):
    file.parent.mkdir()
    file.write_text(json.dumps({"models": {"gemma": REMOTE, "odd": 7}, "later": {"a": 1}}))
    here = Added(["gemma:elsewhere/gemma"], file)
    assert here.models == ()
    here.add("mine", REMOTE)
    assert json.loads(file.read_text()) == {"models": {"gemma": REMOTE, "odd": 7, "mine": REMOTE}, "later": {"a": 1}}
    assert Added([], file).models == (f"gemma:{REMOTE}", f"mine:{REMOTE}")


@pytest.mark.parametrize("damaged", ['{"models": [1', "[]", '{"models": 3}', "\udcff", "[" * 200_000])
def test_a_damaged_list_is_set_aside_rather_than_overwritten(file, damaged):
    file.parent.mkdir()
    content = damaged.encode(errors="surrogateescape")
    file.write_bytes(content)
    Added([], file).add("mine", REMOTE)
    assert json.loads(file.read_text()) == {"models": {"mine": REMOTE}}
    assert file.with_name("models.json.damaged").read_bytes() == content


def test_a_second_damaged_list_is_set_aside_too(file):
    file.parent.mkdir()
    for content in (b"one", b"two", b"three"):
        file.write_bytes(content)
        Added([], file).add("mine", REMOTE)
    aside = {path.name: path.read_bytes() for path in file.parent.glob("*.damaged*")}
    assert aside == {"models.json.damaged": b"one", "models.json.damaged-2": b"two", "models.json.damaged-3": b"three"}


@pytest.mark.parametrize("damaged", ['{"models": {"mine"', "folder"])
def test_a_list_that_cannot_be_read_for_a_while_takes_no_model_away(file, damaged):
    added = Added([], file)
    added.add("mine", REMOTE)
    assert added.names == ["mine"]
    whole = file.read_text()
    file.unlink()
    file.mkdir() if damaged == "folder" else file.write_text(damaged)
    assert added.names == ["mine"]
    file.rmdir() if damaged == "folder" else file.unlink()
    file.write_text(whole.replace("mine", "other"))
    assert added.names == ["other"]


def test_many_at_once_lose_nothing(file):
    def add(number):
        Added([], file).add(f"model {number}", REMOTE)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(Added([], file).names) == {f"model {number}" for number in range(20)}
    assert {path.name for path in file.parent.iterdir()} == {"models.json", ".models.json.lock"}


HOLD = """
import sys
from pathlib import Path
from lit_lab import shared_files
with shared_files.lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(file):
    """Another process that holds the list's lock."""
    file.parent.mkdir()
    lock = file.with_name(f".{file.name}.lock")
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_lock_is_waited_for_no_longer_than_one_says(file, holder, monkeypatch):
    monkeypatch.setattr(shared_files, "_LOOK_SECONDS", 0.001)
    monkeypatch.setattr(shared_files.change, "__defaults__", (0.01,))
    with pytest.raises(Problem) as refusal:
        Added([], file).add("mine", REMOTE)
    assert (refusal.value.status, refusal.value.code) == (503, "models_busy")
    assert not file.exists()


def test_a_process_that_dies_lets_go_of_its_lock(file, holder):
    holder.kill()
    holder.wait()
    Added([], file).add("mine", REMOTE)
    assert Added([], file).names == ["mine"]


def test_a_file_system_without_locks_is_written_all_the_same(file, monkeypatch):
    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(shared_files.fcntl, "flock", none)
    Added([], file).add("mine", REMOTE)
    assert Added([], file).names == ["mine"]


def test_permissions_and_links_stay(tmp_path):
    real = tmp_path / "real"
    real.write_text("old")
    real.chmod(0o640)
    (tmp_path / "link").symlink_to(real)
    shared_files.replace(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (real.read_text(), stat.S_IMODE(real.stat().st_mode)) == ("new", 0o640)
    shared_files.replace(tmp_path / "fresh", "new")
    assert stat.S_IMODE((tmp_path / "fresh").stat().st_mode) == 0o600


def test_what_cannot_be_written_as_a_whole_leaves_what_was_there(tmp_path, monkeypatch):
    (tmp_path / "kept").write_text("old")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        shared_files.replace(tmp_path / "kept", "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("kept", "old")]


class TestRunning:
    @pytest.fixture
    def lit_lab_config(self, fake_service, file):
        return {"service_python": str(fake_service.python), "models_path": str(file)}

    async def test_a_running_service_learns_what_another_server_has_added_and_removed(self, api, fake_service, file):
        other = Added(["demo:embedded"], file)

        async def names():
            return [model["name"] for model in (await api("GET", "models"))[1]["models"]]

        await api("POST", "service", "start")

        async def ready():
            return (await api("GET", "status"))[1]["service"]["state"] == "ready"

        await until(ready)
        assert await names() == ["demo"]
        other.add("theirs", REMOTE)
        assert await names() == ["demo", "theirs"]
        other.add("later", REMOTE)
        status, _ = await api("POST", "jobs", body={"kind": "generate", "model": "later", "prompt": "Hi"})
        assert status == 202
        orders = [json.loads(line)[1]["change"] for line in fake_service.trace("asked")]
        assert orders == [{"kind": "add", "name": name, "path": REMOTE} for name in ("theirs", "later")]
        other.remove("theirs")
        assert await names() == ["demo", "later"]

        async def reported():
            return json.loads(fake_service.trace("asked")[-1])[1]["change"] == {"kind": "remove", "name": "theirs"}

        await until(reported)
        # An unchanged list isn't sent again.
        before = len(fake_service.trace("asked"))
        assert await names() == ["demo", "later"]
        assert len(fake_service.trace("asked")) == before
