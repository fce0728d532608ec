"""Batches whose folder is damaged, full, or in another server's hands."""

import io
import threading

import pytest

from conftest import prompts, rows_of
from lit_lab.batch_store import exporting, stored_batches
from lit_lab.batch_store.folders import BatchFolder
from lit_lab.batches.folder import Folder
from lit_lab.server_batches import server_batches


@pytest.fixture
def lit_lab_config(lit_lab_config, root):
    return {**lit_lab_config, "batches_path": str(root)}


@pytest.mark.parametrize(
    "damage", ["batch.json", "records/manifest.json", "part", "rows.index", "link", "figures.json"]
)
async def test_what_is_damaged_says_so_and_the_others_are_there(
    api, dataset, done, batch_reached, root, lit_lab, damage, jp_root_dir
):
    state = await dataset(prompts("a", "b"))
    broken, whole = await done(state), await done(state)
    await lit_lab.stop_extension()
    (folder,) = root.glob(f"*/{broken['id']}")
    if damage == "part":
        (part,) = (folder / "records").glob("part-*")
        part.write_bytes(b"PAR1 no")
        (folder / "figures.json").unlink()
    elif damage == "link":
        (folder / "noise.json").symlink_to(jp_root_dir / "rows.jsonl")
    else:
        (folder / damage).write_text("{")
    listed = {info["id"]: info for info in (await api("GET", "batches"))[1]["batches"]}
    assert listed[whole["id"]] == whole
    info = listed[broken["id"]]
    if damage in ("batch.json", "link", "part"):
        assert (info["state"], bool(info["error"]["message"])) == ("failed", True)
    answers = [
        await api("POST", "batches", broken["id"], "rows", body={}),
        await api("GET", "batches", broken["id"], "rows", "0"),
        await api("GET", "batches", broken["id"], "parts"),
        await api("POST", "batches", broken["id"], "noise", body={}),
        await api("POST", "batches", broken["id"], "continue"),
    ]
    assert [status for status, _ in answers if status >= 500] == []
    info = await batch_reached(broken["id"], "done", "failed")
    if damage in ("part", "figures.json", "rows.index"):
        assert (info["state"], info["done"]) == ("done", 2)
    elif damage == "records/manifest.json":
        assert info["error"]["error"] == "bad_manifest"
        # Nobody chooses a folder in the browser.
        assert info["error"]["hint"] == "Delete it, and run the rows again."
    assert (await api("DELETE", "batches", broken["id"]))[0] == 200
    assert (await rows_of(api, whole["id"]))["total"] == 2


async def test_a_full_disk(api, dataset, start, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    state = await dataset(prompts("a"))
    monkeypatch.setattr(server_batches, "copy", full)
    assert (await start(state, 507))["error"] == "not_stored"
    assert (await api("GET", "batches"))[1]["batches"] == []


async def test_a_disk_that_is_full_in_the_middle_leaves_nothing(api, dataset, start, root, monkeypatch):
    write, written = BatchFolder.write, []

    def full_later(folder, name, values):
        written.append(name)
        if len(written) == 2:
            raise OSError(28, "No space left on device")
        write(folder, name, values)

    state = await dataset([{"prompt": "p", "dish": "Soup"}])
    monkeypatch.setattr(BatchFolder, "write", full_later)
    refused = await start(state, 507, templates=["Cook {dish}.", "Eat {dish}."])
    assert (refused["error"], written) == ("not_stored", ["batch.json"] * 2)
    assert (await api("GET", "batches"))[1]["batches"] == []
    assert list(root.glob("*/*")) == []


async def test_no_room_for_temporary_files(api, dataset, done, monkeypatch):
    def full():
        raise OSError(28, "No space left on device")

    info = await done(await dataset(prompts("a")))
    monkeypatch.setattr(exporting.tempfile, "TemporaryFile", full)
    status, refused = await api("GET", "batches", info["id"], "export", "csv")
    assert (status, refused["error"], "TMPDIR" in refused["hint"]) == (507, "not_exported", True)


async def test_an_export_is_read_in_another_thread(dataset, done, jp_fetch, monkeypatch):
    class Slow(io.BytesIO):
        def read(self, size=-1):
            threads.append(threading.get_ident())
            return super().read(size)

    threads = []
    info = await done(await dataset(prompts("a")))
    monkeypatch.setattr(stored_batches, "exported", lambda *_: ("a.csv", Slow(b"a")))
    assert (await jp_fetch("lit-lab", "api", "batches", info["id"], "export", "csv")).body == b"a"
    assert threads
    assert threading.get_ident() not in threads


async def test_another_server_of_the_user_runs_it(api, dataset, done, root, lit_lab):
    info = await done(await dataset(prompts("a")))
    (records,) = root.glob("*/*/records")
    with Folder(records).held():
        assert (await api("GET", "batches", info["id"]))[1]["state"] == "running"
        for method, *path in (("POST", "continue"), ("POST", "stop"), ("DELETE",)):
            assert (await api(method, "batches", info["id"], *path))[0] == 409
    assert (await api("GET", "batches", info["id"]))[1]["state"] == "done"
