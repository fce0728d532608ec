"""Datasets through the Jupyter server: opening, reading, searching, changing and saving them, with Jupyter's permissions."""

import asyncio
import json
import os
import sys
import threading

import pytest
from jupyter_server.auth import Authorizer
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from waiting import PATIENCE

from conftest import until
from lit_lab.datasets import contents, open_datasets, saving
from lit_lab.datasets.configured import Entry, parse, parse_all
from lit_lab.datasets.open_dataset import OpenDataset


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("own:data/own.jsonl", Entry("own", path="data/own.jsonl")),
        (r"own:C:\data\own.CSV", Entry("own", path=r"C:\data\own.CSV")),
        ("package.module:Class", Entry("Class", cls="package.module:Class")),
        ("own : x.txt", Entry("own", path="x.txt")),
        ("own name:package.module:Class", Entry("own name", cls="package.module:Class")),
    ],
)
def test_entries(text, entry):
    assert parse(text) == entry


@pytest.mark.parametrize(
    "entries", [["x"], ["a:b.png"], [":x.jsonl"], ["a:b:c:d"], ["a:x.csv", "a:y.csv"], ["n" * 201 + ":x.csv"]]
)
def test_entries_that_are_none(entries):
    with pytest.raises(ValueError, match=r"neither|twice|longer"):
        parse_all(entries)


@pytest.mark.skipif(open_datasets.sample_prompts() is None, reason="LIT isn't here")
async def test_the_sample_prompts_need_no_service_and_no_lit(api, opened, search, fake_service, monkeypatch):
    # tests/recipe may have imported it earlier in the same process.
    monkeypatch.delitem(sys.modules, "lit_nlp", raising=False)
    (info,) = (await api("GET", "datasets"))[1]["datasets"]
    assert info == {"name": "sample_prompts", "kind": "samples", "needs_service": False}
    state = await opened(name="sample_prompts")
    assert (state["rows"], state["bad"], state["state"]) == (12, 0, "ready")
    page = await search(state, limit=3)
    assert page["rows"][0]["source"] == "fewshot-mistake"
    assert page["rows"][0]["prompt"].startswith("Analyze a menu item in a restaurant.")
    assert not fake_service.pids
    assert "lit_nlp" not in sys.modules


async def test_without_lit_the_service_is_asked_for_the_samples(api, opened, fake_service, monkeypatch):
    monkeypatch.setattr(open_datasets, "sample_prompts", lambda: None)
    assert (await api("GET", "datasets"))[1]["datasets"][0]["needs_service"] is True
    state = await opened(name="sample_prompts")
    assert (state["state"], state["error"]["message"]) == ("failed", "There is none.")
    assert fake_service.pids


class TestConfigured:
    @pytest.fixture
    def lit_lab_config(self, fake_service, tmp_path):
        own = tmp_path / "own.csv"
        own.write_text("prompt\nOne\nTwo\n")
        nowhere = ["home:~nobodyhere/a.csv", f"long:{'x' * 5000}.csv", "nul:a\0.csv"]
        entries = [
            *nowhere,
            f"own:{own}",
            f"gone:{own}.csv",
            "a b?:package:Class",
            "odd:package:Odd",
            "none:package:Missing",
        ]
        return {"service_python": str(fake_service.python), "datasets": entries}

    async def test_files_and_classes_by_name(self, api, opened, search, fake_service):
        infos = (await api("GET", "datasets"))[1]["datasets"]
        assert [(info["name"], info["kind"]) for info in infos[4:6]] == [("own", "file"), ("gone", "file")]
        state = await opened(name="own")
        assert [row["prompt"] for row in (await search(state))["rows"]] == ["One", "Two"]
        for name in ("gone", "home", "long", "nul"):
            status, answer = await api("POST", "datasets", "open", body={"name": name})
            assert (status, answer["error"]) == (404, "no_such_file")
        status, answer = await api("POST", "datasets", "open", body={"name": "other"})
        assert (status, answer["error"]) == (404, "unknown_dataset")
        assert not fake_service.pids

    async def test_a_class_comes_from_the_service_page_by_page(self, opened, search, fake_service):
        # A name may contain any character, and stays one segment of the path.
        state = await opened(name="a b?")
        assert (state["rows"], state["chosen"]["prompt"]) == (250, "question")
        (row,) = (await search(state, search="249"))["rows"]
        assert (row["line"], row["prompt"]) == (250, "question 249")
        assert fake_service.pids
        for name, error in (("none", "unknown_dataset"), ("odd", "service_answer")):
            failed = await opened(name=name)
            assert (failed["state"], failed["error"]["error"]) == ("failed", error)

    async def test_the_service_learns_of_classes(self, lit_lab, fake_service):
        await lit_lab.core.service.ready()
        assert fake_service.json("config")["datasets"] == {
            "a b?": "package:Class",
            "odd": "package:Odd",
            "none": "package:Missing",
        }


async def test_a_file_is_read_and_its_bad_rows_are_reported(api, jp_root_dir, opened, search):
    (jp_root_dir / "own.jsonl").write_bytes(
        b'\xef\xbb\xbf{"prompt": "a", "k": 1}\r\n{"prompt": ""}\r\nx\r\n{"prompt": ["b"]}\r\n'
    )
    state = await opened(path="own.jsonl")
    assert (state["rows"], state["bad"], state["path"], state["name"]) == (1, 3, "own.jsonl", "own.jsonl")
    assert [bad["line"] for bad in state["bad_rows"]] == [2, 3, 4]
    assert state["bad_rows"][0]["reason"] == "It has no prompt."
    assert state["done"] == state["size"] > 0
    (row,) = (await search(state))["rows"]
    status, full = await api("GET", "datasets", state["id"], "rows", str(row["id"]))
    assert (status, full["prompt"], full["others"]) == (200, "a", {"k": "1"})
    for missing in ("7", "x", "0", "9" * 30):
        assert (await api("GET", "datasets", state["id"], "rows", missing))[0] == 404


async def test_columns_are_guessed_and_can_be_changed(jp_root_dir, opened, search):
    (jp_root_dir / "own.csv").write_text("Question,Answer,Hint\nq1,a1,h1\nq2,a2,\n")
    state = await opened(path="own.csv")
    assert state["chosen"] == {"prompt": "Question", "target": "Answer", "source": None, "template": None}
    columns = {"prompt": "Hint", "target": None, "source": "Answer"}
    state = await opened(path="own.csv", columns=columns)
    assert (state["rows"], state["bad"], state["bad_rows"][0]["reason"]) == (1, 1, "It has no Hint.")
    assert [row["prompt"] for row in (await search(state, search="q1"))["rows"]] == ["h1"]


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("missing.jsonl", 404, "no_such_file"),
        ("folder.jsonl", 422, "not_a_file"),
        ("picture.png", 422, "unknown_format"),
        ("../outside.jsonl", 404, "no_such_file"),
        (".hidden.jsonl", 404, "no_such_file"),
        ("pipe.jsonl", 422, "not_a_file"),
    ],
)
async def test_what_jupyter_would_not_show_is_not_opened(api, jp_root_dir, path, status, error):
    (jp_root_dir / "folder.jsonl").mkdir()
    (jp_root_dir / ".hidden.jsonl").write_text('{"prompt": "a"}\n')
    (jp_root_dir.parent / "outside.jsonl").write_text('{"prompt": "a"}\n')
    os.mkfifo(jp_root_dir / "pipe.jsonl")
    code, answer = await api("POST", "datasets", "open", body={"path": path})
    assert (code, answer["error"]) == (status, error)
    assert answer["hint"]


@pytest.mark.parametrize(
    "path", ["a\0.jsonl", "x" * 3000 + ".jsonl", "~nobodyhere/a.jsonl", "a\ud83d.jsonl", "a/b/../.jsonl"]
)
async def test_an_invalid_path_gives_a_message(api, jp_root_dir, opened, path):
    status, answer = await api("POST", "datasets", "open", body={"path": path})
    assert status in (404, 422), answer
    assert answer["message"]
    assert answer["hint"]
    (jp_root_dir / "own.jsonl").write_text('{"prompt": "a"}\n')
    state = await opened(path="own.jsonl")
    status, answer = await api("POST", "datasets", state["id"], "save", body={"path": path})
    assert answer.get("hint") or status == 200
    assert status in (200, 404, 422) or answer["error"] in ("save_failed", "contents_refused"), answer


async def test_a_request_names_one_thing(api):
    for body in ({}, {"name": "a", "path": "b"}, {"path": ""}, {"path": "a.csv", "split": "words"}):
        assert (await api("POST", "datasets", "open", body=body))[0] == 400


class NoContents(Authorizer):
    """Allows LIT Lab, and only those actions on Jupyter's files that `allowed` names."""

    allowed: tuple = ()

    def is_authorized(self, handler, user, action, resource):
        return resource != "contents" or action in self.allowed


class TestContentsPermissions:
    @pytest.fixture
    def jp_server_config(self, jp_server_config):
        jp_server_config["ServerApp"]["authorizer_class"] = NoContents
        return jp_server_config

    async def test_files_are_read_and_written_only_by_who_may(self, api, jp_root_dir, opened, monkeypatch):
        (jp_root_dir / "own.jsonl").write_text('{"prompt": "a"}\n')
        status, answer = await api("POST", "datasets", "open", body={"path": "own.jsonl"})
        assert (status, answer["error"]) == (403, "forbidden")
        monkeypatch.setattr(NoContents, "allowed", ("read",))
        state = await opened(path="own.jsonl")
        status, answer = await api("POST", "datasets", state["id"], "save", body={"path": "new.jsonl"})
        assert (status, answer["error"]) == (403, "forbidden")
        assert not (jp_root_dir / "new.jsonl").exists()


async def test_changes_are_saved_and_nothing_is_overwritten_unasked(api, jp_root_dir, opened, edit, search):
    source = jp_root_dir / "own.csv"
    source.write_text("text,source,kind\nOne,s,x\nTwo,,\n")
    state = await opened(path="own.csv")
    assert state["edited"] is False
    added = await edit(state, "add", prompt="Three\n", target="3")
    assert added["dataset"]["edited"] is True
    copy = await edit(state, "duplicate", row=1)
    await edit(state, "change", row=copy["row"], prompt="One and a half")
    await edit(state, "delete", row=2)
    expected = [
        {"prompt": "One", "source": "s", "kind": "x"},
        {"prompt": "One and a half", "source": "s", "kind": "x"},
        {"prompt": "Three\n", "target": "3"},
    ]
    status, answer = await api("POST", "datasets", state["id"], "save", body={"path": "own.txt"})
    assert (status, answer["error"]) == (422, "bad_name")
    (jp_root_dir / "new.jsonl").write_text("mine")
    status, answer = await api("POST", "datasets", state["id"], "save", body={"path": "new.jsonl"})
    assert (status, answer["error"]) == (409, "file_exists")
    assert (jp_root_dir / "new.jsonl").read_text() == "mine"
    assert (await api("GET", "datasets", state["id"]))[1]["edited"] is True
    status, saved = await api("POST", "datasets", state["id"], "save", body={"path": "new.jsonl", "overwrite": True})
    assert (status, saved["edited"], saved["path"]) == (200, False, "new.jsonl")
    assert [json.loads(line) for line in (jp_root_dir / "new.jsonl").read_text().splitlines()] == expected
    assert source.read_text().startswith("text,")
    again = await opened(path="new.jsonl")
    assert again["rows"] == 3
    assert (await search(again, search="half"))["total"] == 1


async def test_a_save_that_fails_loses_nothing(api, jp_root_dir, opened, edit, monkeypatch):
    (jp_root_dir / "own.jsonl").write_text('{"prompt": "a"}\n')
    state = await opened(path="own.jsonl")
    await edit(state, "add", prompt="b")
    status, answer = await api("POST", "datasets", state["id"], "save", body={"path": "no/such/folder/x.jsonl"})
    assert status >= 400
    assert answer["hint"]
    monkeypatch.setattr(saving, "MAX_HELD", 10)
    status, answer = await api("POST", "datasets", state["id"], "save", body={"path": "x.jsonl"})
    assert (status, answer["error"]) == (413, "dataset_too_large")
    now = (await api("GET", "datasets", state["id"]))[1]
    assert (now["rows"], now["edited"]) == (2, True)


async def test_a_large_file_is_looked_at_while_it_is_read_and_can_be_closed(
    api, jp_root_dir, search, lit_lab, monkeypatch
):
    (jp_root_dir / "big.jsonl").write_text('{"prompt": "%s"}\n' % ("x" * 500) * 40_000)
    take, taken, may_go_on = OpenDataset._take, [], threading.Event()

    def slowly(self, records):
        if taken:
            may_go_on.wait(PATIENCE)
        taken.append(take(self, records))

    monkeypatch.setattr(OpenDataset, "_take", slowly)
    state = (await api("POST", "datasets", "open", body={"path": "big.jsonl"}))[1]

    async def some():
        now = (await api("GET", "datasets", state["id"]))[1]
        return now if now["rows"] and now["done"] else None

    now = await until(some)
    assert (now["state"], 0 < now["done"] < now["size"]) == ("reading", True)
    assert (await search(state, limit=5))["rows"]
    status, answer = await api("POST", "datasets", state["id"], "edit", body={"edit": {"kind": "add", "prompt": "x"}})
    assert (status, answer["error"]) == (409, "still_reading")
    assert (await api("DELETE", "datasets", state["id"]))[0] == 200
    assert (await api("GET", "datasets", state["id"]))[0] == 404
    may_go_on.set()
    await until(lambda: not lit_lab.core.datasets._tasks)


class TestLimit:
    @pytest.fixture
    def lit_lab_config(self, fake_service):
        return {"service_python": str(fake_service.python), "dataset_megabytes": 1.0}

    async def test_what_is_too_large_is_cut_and_that_is_reported(self, jp_root_dir, opened):
        (jp_root_dir / "big.jsonl").write_text('{"prompt": "%s"}\n' % ("x" * 10_000) * 400)
        state = await opened(path="big.jsonl")
        assert 100 <= state["rows"] < 400
        assert "Only the first 1 MB" in state["remark"]


async def test_datasets_belong_to_who_opened_them(api, lit_lab, opened, jp_root_dir):
    (jp_root_dir / "own.jsonl").write_text('{"prompt": "a"}\n')
    state = await opened(path="own.jsonl")
    lit_lab.core.datasets.by_id[state["id"]].owner = "user somebody else"
    for method, path, body in (("GET", (), None), ("DELETE", (), None), ("POST", ("search",), {})):
        status, answer = await api(method, "datasets", state["id"], *path, body=body)
        assert (status, answer["error"]) == (404, "unknown_dataset")


async def test_the_oldest_without_changes_gives_way(api, opened, edit, jp_root_dir, monkeypatch):
    monkeypatch.setattr(open_datasets, "MAX_OPEN", 2)
    (jp_root_dir / "own.jsonl").write_text('{"prompt": "a"}\n')
    first, second = [await opened(path="own.jsonl") for _ in range(2)]
    await edit(first, "add", prompt="b")
    third = await opened(path="own.jsonl")
    assert (await api("GET", "datasets", first["id"]))[0] == 200
    assert (await api("GET", "datasets", second["id"]))[0] == 404
    await edit(third, "add", prompt="b")
    status, answer = await api("POST", "datasets", "open", body={"path": "own.jsonl"})
    assert (status, answer["error"]) == (429, "too_many_datasets")


class ElsewhereManager(AsyncLargeFileManager):
    """Doesn't say where its files are on disk."""


async def test_files_that_are_not_on_disk_are_copied_and_the_copy_is_deleted(jp_root_dir, monkeypatch):
    (jp_root_dir / "own.jsonl").write_text('{"prompt": "ä"}\n', "utf-8")
    manager = ElsewhereManager(root_dir=str(jp_root_dir))
    monkeypatch.setattr(contents, "FileContentsManager", type("None", (), {}))
    local, is_copy = await contents.local_file(manager, "own.jsonl")
    assert (is_copy, local.read_text("utf-8")) == (True, '{"prompt": "ä"}\n')
    local.unlink()
    monkeypatch.setattr(contents, "MAX_HELD", 3)
    with pytest.raises(contents.Problem, match="can read at most"):
        await contents.local_file(manager, "own.jsonl")


async def test_closing_the_server_ends_reading(jp_root_dir, api, lit_lab):
    (jp_root_dir / "big.jsonl").write_text('{"prompt": "%s"}\n' % ("x" * 500) * 40_000)
    await api("POST", "datasets", "open", body={"path": "big.jsonl"})
    await asyncio.wait_for(lit_lab.core.datasets.close_all(), PATIENCE)
    assert not lit_lab.core.datasets.by_id


async def test_a_conversation_comes_with_its_turns(api, jp_root_dir, opened, search):
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "A fruit?"}]
    answer = {"role": "assistant", "content": "Plum."}
    (jp_root_dir / "own.jsonl").write_text(json.dumps({"messages": [*messages, answer]}) + "\n")
    state = await opened(path="own.jsonl")
    assert (state["rows"], state["chosen"]["prompt"]) == (1, "messages")
    ((row,),) = [(await search(state, search="fruit brief"))["rows"]]
    _, full = await api("GET", "datasets", state["id"], "rows", str(row["id"]))
    assert full["turns"] == [{"role": "system", "text": "Be brief."}, {"role": "user", "text": "A fruit?"}]
    assert (full["prompt"], full["target"]) == ("System\nBe brief.\n\nUser\nA fruit?", "Plum.")


async def test_how_a_file_is_read_can_be_chosen(api, jp_root_dir, opened, search):
    (jp_root_dir / "own.csv").write_bytes("name,town\n你,好\n".encode("gbk"))
    columns = {"prompt": None, "target": None, "source": None, "template": "{column 1} in {column 2}"}
    state = await opened(path="own.csv", columns=columns, header=False, encoding="gb18030")
    assert [row["prompt"] for row in (await search(state))["rows"]] == ["name in town", "你 in 好"]
    assert (state["header"], state["encoding"], state["chosen"]) == (False, "gb18030", columns)
    state = await opened(path="own.csv", columns=columns)
    assert (state["state"], state["error"]["error"], state["columns"][1]) == ("failed", "bad_template", "town")
    for wrong in ({"encoding": "rot13"}, {"header": "x"}, {"columns": {**columns, "template": "{a}" * 10_000}}):
        status, _ = await api("POST", "datasets", "open", body={"path": "own.csv", **wrong})
        assert status == 400


async def test_a_document_is_replaced_only_when_the_user_says_so(api, jp_root_dir, opened):
    path = jp_root_dir / "own.jsonl"
    path.write_text(json.dumps([{"prompt": "a"}], indent=1))
    state = await opened(path="own.jsonl")
    body = {"path": "own.jsonl", "overwrite": True}
    status, answer = await api("POST", "datasets", state["id"], "save", body=body)
    assert (status, answer["error"]) == (409, "file_changed")
    assert "isn't in JSON Lines format" in answer["message"]
    status, _ = await api("POST", "datasets", state["id"], "save", body={**body, "discard": True})
    assert (status, path.read_text()) == (200, '{"prompt": "a"}\n')
