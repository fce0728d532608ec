"""Batches that the dataset browser runs: started, stopped, continued, compared, exported; each user's own."""

import csv
import hashlib
import io
import json
import os
import stat
import time

import pytest
from jupyter_server.auth import IdentityProvider, User
from pyarrow import parquet

from conftest import prompts, rows_of, until
from lit_lab.batch_store import copied_rows
from lit_lab.server_batches import server_batches


@pytest.fixture
def lit_lab_config(lit_lab_config, root):
    return {**lit_lab_config, "batches_path": str(root)}


async def test_a_batch_runs_its_rows_and_checks_answers(api, dataset, done, search):
    state = await dataset([{"prompt": "a", "target": "Hello"}, {"prompt": "b", "target": "no"}, {"prompt": "error"}])
    info = await done(state, checks=[{"contains": "target"}])
    assert (info["state"], info["total"], info["done"], info["failed"]) == ("done", 3, 3, 1)
    assert (info["name"], info["model"], info["prompt"], info["template"]) == ("rows.jsonl", "demo", "prompt", "")
    assert [(check["passed"], check["rows"]) for check in info["checks"]] == [(1, 2)]
    page = await rows_of(api, info["id"])
    assert [row["line"] for row in page["rows"]] == [1, 2, 3]
    assert [row["found"]["answer"] for row in page["rows"]] == ["Hello", "Hello", ""]
    assert "No memory" in page["rows"][2]["found"]["error"]
    assert [row["row"] for row in (await rows_of(api, info["id"], only="failed"))["rows"]] == [2]
    assert [row["row"] for row in (await rows_of(api, info["id"], only="unexpected"))["rows"]] == [1]
    assert [row["row"] for row in (await rows_of(api, info["id"], offset=1, limit=1))["rows"]] == [1]
    assert (await api("GET", "batches"))[1]["batches"] == [info]
    assert (await api("POST", "runs/search", body={}))[1]["runs"] == []  # rows aren't in the history
    assert (await api("GET", "jobs"))[1]["jobs"] == []  # nor among what the panel runs


async def test_what_is_edited_filtered_and_limited_is_what_runs(api, dataset, done, edit):
    state = await dataset([{"prompt": f"{word} {n}", "kind": word} for n in range(3) for word in ("soup", "cake")])
    await edit(state, "change", row=1, prompt="soup, changed")
    await edit(state, "delete", row=3)
    await edit(state, "add", prompt="soup, added")
    info = await done(state, rows={"search": "soup", "first": 5})
    page = await rows_of(api, info["id"])
    assert [(row["prompt"], row["line"]) for row in page["rows"]] == [
        ("soup, changed", 1),
        ("soup 2", 5),
        ("soup, added", 0),
    ]
    assert len((await rows_of(api, (await done(state, rows={"first": 2}))["id"]))["rows"]) == 2
    refused = await api(
        "POST", "batches", body={"dataset": state["id"], "models": ["demo"], "rows": {"search": "none"}}
    )
    assert (refused[0], refused[1]["error"]) == (422, "no_rows")


async def test_a_row_of_a_source(api, opened, dataset, done):
    state = await dataset([{"prompt": "a", "source": "x"}, {"prompt": "b", "source": "y"}])
    info = await done(state, rows={"source": "y"})
    assert [row["prompt"] for row in (await rows_of(api, info["id"]))["rows"]] == ["b"]


async def test_templates_and_conversations(api, dataset, done):
    state = await dataset([{"prompt": "p", "dish": "Soup"}, {"prompt": "q", "dish": "Cake"}])
    info = await done(state, templates=["Cook {dish}."])
    assert (info["template"], info["prompt"]) == ("Cook {dish}.", "")
    assert [row["prompt"] for row in (await rows_of(api, info["id"]))["rows"]] == ["Cook Soup.", "Cook Cake."]
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": "Go"},
    ]
    state = await dataset([{"messages": turns}], "talk.jsonl")
    info = await done(state)
    full = (await api("GET", "batches", info["id"], "rows", "0"))[1]
    assert [(turn["role"], turn["text"]) for turn in full["turns"]] == [
        ("user", "Hi"),
        ("model", "Yes?"),
        ("user", "Go"),
    ]


async def test_the_datasets_own_template_unless_a_row_has_none_of_its_columns(api, dataset, done, edit):
    columns = {"prompt": None, "target": None, "source": None, "template": "Q: {q}"}
    state = await dataset([{"q": "one"}, {"q": "two"}], columns=columns)
    assert (await done(state))["template"] == "Q: {q}"
    await edit(state, "add", prompt="Another.")
    info = await done(state)
    assert (info["template"], info["failed"]) == ("", 0)
    assert [row["prompt"] for row in (await rows_of(api, info["id"]))["rows"]] == ["Q: one", "Q: two", "Another."]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"models": ["none"]}, "unknown_model"),
        ({"templates": ["Nothing."]}, "bad_template"),
        ({"templates": ["{promt}"]}, "no_column"),
        ({"prompt": "none"}, "no_column"),
        ({"checks": [{"contians": "a"}]}, ""),
        ({"max_new_tokens": 9_999}, "too_many_new_tokens"),
        ({"dataset": "none"}, "unknown_dataset"),
    ],
)
async def test_what_cant_run_leaves_nothing(api, dataset, root, asked, code):
    state = await dataset(prompts("a"))
    body = {"dataset": state["id"], "models": ["demo"], **asked}
    status, found = await api("POST", "batches", body=body)
    assert status in (404, 422)
    assert not code or found["error"] == code
    assert (await api("GET", "batches"))[1]["batches"] == []
    assert [path for path in root.glob("*/*")] == []  # noqa: C416 - hidden ones, too
    assert [name for _, _, names in os.walk(root) for name in names] == []


async def test_two_models_or_templates_make_a_group(api, start, batch_reached, dataset, root):
    state = await dataset([{"prompt": "p", "dish": "Soup"}])
    made = await start(state, templates=["Cook {dish}.", "Eat {dish}."])
    assert [info["template"] for info in made] == ["Cook {dish}.", "Eat {dish}."]
    assert len({info["group"] for info in made}) == 1
    for info in made:
        await batch_reached(info["id"], "done")
    assert [info["id"] for info in (await api("GET", "batches"))[1]["batches"]] == [info["id"] for info in made]
    page = await rows_of(api, made[0]["id"], other=made[1]["id"])
    assert page["rows"][0]["other"]["answer"] == "Hello"
    assert (page["fixed"], page["broken"], page["answer"]) == (0, 0, 0)
    # Their rows are the same file. Without one of the batches, they are still there.
    assert len({path.stat().st_ino for path in root.glob("*/*/rows.jsonl")}) == 1
    assert (await api("DELETE", "batches", made[0]["id"]))[0] == 200
    assert (await rows_of(api, made[1]["id"]))["total"] == 1
    other = await start(await dataset(prompts("other"), "other.jsonl"))
    refused = await api("POST", "batches", made[1]["id"], "rows", body={"other": other[0]["id"]})
    assert (refused[0], refused[1]["error"]) == (409, "other_rows")


async def test_a_list_has_the_beginnings_of_templates(api, dataset, done):
    long = "Cook {dish}. " + "x" * 1_000
    info = await done(await dataset([{"prompt": "p", "dish": "Soup"}]), templates=[long])
    (listed,) = (await api("GET", "batches"))[1]["batches"]
    assert (info["template"], listed["template"]) == (long, f"{long[:299]}…")


async def test_stopped_and_continued(api, dataset, start, batch_reached, fake_service):
    state = await dataset(prompts("a", "b", "wait", "wait", "c"))
    (batch,) = await start(state)
    (second,) = await start(state)

    async def two():
        info = (await api("GET", "batches", batch["id"]))[1]
        return info if info["done"] == 2 else None

    assert (await until(two))["state"] == "running"
    assert (await api("GET", "batches", second["id"]))[1]["state"] == "waiting"
    status, info = await api("POST", "batches", second["id"], "stop")
    assert (status, info["state"], info["done"]) == (200, "stopped", 0)
    status, info = await api("POST", "batches", batch["id"], "stop")
    assert (status, info["state"], info["done"], info["error"]) == (200, "stopped", 2, None)
    page = await rows_of(api, batch["id"])
    assert [row["found"] and row["found"]["answer"] for row in page["rows"]] == ["Hello", "Hello", None, None, None]
    assert [row["prompt"] for row in page["rows"]] == ["a", "b", "wait", "wait", "c"]
    assert (await api("GET", "batches", batch["id"], "rows", "4"))[1]["prompt"] == "c"
    fake_service.go()
    status, info = await api("POST", "batches", batch["id"], "continue")
    assert (status, info["state"] in ("waiting", "running")) == (202, True)
    assert (await batch_reached(batch["id"], "done"))["done"] == 5
    page = await rows_of(api, batch["id"])
    assert [row["found"]["answer"] for row in page["rows"]] == ["Hello"] * 5


async def test_the_end_of_the_server_stops_batches_and_they_go_on(
    api, dataset, start, batch_reached, fake_service, lit_lab
):
    state = await dataset(prompts("a", "b", "wait", "wait"))
    (batch,) = await start(state)

    async def two():
        return (await api("GET", "batches", batch["id"]))[1]["done"] == 2

    await until(two)
    began = time.monotonic()
    await lit_lab.stop_extension()
    assert time.monotonic() - began < 10
    info = (await api("GET", "batches", batch["id"]))[1]  # by a new core, as after a restart
    assert (info["state"], info["done"], info["failed"]) == ("stopped", 2, 0)
    fake_service.go()
    assert (await api("POST", "batches", batch["id"], "continue"))[0] == 202
    assert (await batch_reached(batch["id"], "done", "failed"))["done"] == 4
    await lit_lab.stop_extension()
    assert (await api("GET", "batches"))[1]["batches"][0]["state"] == "done"


async def test_the_panel_doesnt_wait_for_a_batch(api, dataset, start, generate, events, fake_service, lit_lab):
    (batch,) = await start(await dataset(prompts(*["wait"] * 6)))

    async def begun():
        return fake_service.trace("owners")

    await until(begun)
    job = await generate("Hi")
    assert (await events(job))[-1]["event"] == "done"
    owners = fake_service.trace("owners")
    assert len(set(owners)) == 2  # the queue of the service takes turns between owners
    assert len(lit_lab.core.jobs.by_id) <= 3  # two rows at once
    await api("POST", "batches", batch["id"], "stop")


async def test_a_failed_batch_says_why_and_goes_on(api, dataset, start, batch_reached):
    (batch,) = await start(await dataset(prompts(*["error"] * 30)))
    info = await batch_reached(batch["id"], "failed")
    assert info["error"]["error"] == "rows_fail"
    assert info["error"]["hint"] == "Correct that, and let the batch go on."
    assert (await api("POST", "batches", batch["id"], "continue"))[0] == 202


async def test_deleted(api, dataset, start, root):
    (batch,) = await start(await dataset(prompts("wait")))
    assert (await api("DELETE", "batches", batch["id"])) == (200, {"id": batch["id"]})
    assert list(root.glob("*/*")) == []
    assert (await api("GET", "batches", batch["id"]))[0] == 404
    assert (await api("DELETE", "batches", batch["id"]))[0] == 404


async def test_files_are_the_users_alone(dataset, done, root):
    await done(await dataset(prompts("a")))
    (rows,) = root.glob("*/*/rows.jsonl")
    assert stat.S_IMODE(rows.stat().st_mode) == 0o600
    for folder in (rows.parent, rows.parent.parent, root):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "hostile", ["..", ".", "%2e%2e", "..%2f..%2fetc", "A" * 24, "0" * 23, "0" * 25, "0" * 24, "\u0660" * 24]
)
async def test_ids_that_are_none(api, dataset, done, hostile):
    await done(await dataset(prompts("a")))
    for method, *path in (
        ("GET",),
        ("DELETE",),
        ("POST", "stop"),
        ("POST", "continue"),
        ("GET", "rows", "0"),
        ("GET", "parts"),
        ("GET", "export", "csv"),
    ):
        assert (await api(method, "batches", hostile, *path))[0] in (404, 405)
    (known,) = (await api("GET", "batches"))[1]["batches"]
    assert (await api("POST", "batches", known["id"], "rows", body={"other": f"../{known['id']}"}))[0] == 404
    for row in ("1", "-1", "x", "\u0661"):
        assert (await api("GET", "batches", known["id"], "rows", row))[0] == 404
    assert (await api("GET", "batches", known["id"], "export", "exe"))[0] == 404


async def test_bounds(api, dataset, done, start, monkeypatch):
    state = await dataset(prompts("a", "b", "c"))
    monkeypatch.setattr(copied_rows, "MAX_ROWS", 2)
    assert (await start(state, 422))["error"] == "too_many_rows"
    await done(state, rows={"first": 2})
    monkeypatch.setattr(copied_rows, "MAX_ROWS_BYTES", 20)
    assert (await start(state, 422, rows={"first": 1}))["error"] == "too_many_rows"
    monkeypatch.setattr(server_batches, "MAX_BATCHES", 1)
    assert (await start(state, 429))["error"] == "too_many_batches"


class Two(IdentityProvider):
    """Knows users by a header."""

    def get_user(self, handler):
        return User(handler.request.headers.get("X-User", "ann"))

    def is_token_authenticated(self, handler):
        return True


class TestOwners:
    @pytest.fixture
    def jp_server_config(self, jp_server_config):
        jp_server_config["ServerApp"]["identity_provider_class"] = Two
        return jp_server_config

    async def test_each_user_has_their_own(self, api, dataset, done, root):
        batch = await done(await dataset(prompts("a")))
        bob = {"headers": {"X-User": "bob"}}
        assert (await api("GET", "batches", **bob))[1]["batches"] == []
        for method, *path in (("GET",), ("POST", "stop"), ("POST", "continue"), ("GET", "parts"), ("DELETE",)):
            assert (await api(method, "batches", batch["id"], *path, **bob))[0] == 404
        assert (await api("POST", "batches", batch["id"], "rows", body={}, **bob))[0] == 404
        assert (await api("GET", "batches", batch["id"]))[0] == 200
        assert [path.name for path in root.iterdir()] == [hashlib.sha256(b"user ann").hexdigest()[:32]]


async def exported(jp_fetch, batch_id, kind):
    response = await jp_fetch("lit-lab", "api", "batches", batch_id, "export", kind)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="')
    return response


async def test_export(api, dataset, done, jp_fetch, edit, monkeypatch):
    state = await dataset(
        [{"prompt": "=1+1", "target": "Hello"}, {"prompt": 'ä\n"b', "target": "-1"}], 'odd "name;é.jsonl'
    )
    await edit(state, "delete", row=1)
    await edit(state, "restore", row=1)
    info = await done(state, checks=[{"contains": "target"}])
    response = await exported(jp_fetch, info["id"], "csv")
    assert response.headers["Content-Disposition"] == 'attachment; filename="odd__name__-demo.csv"'
    table = list(csv.DictReader(io.StringIO(response.body.decode(), newline="")))
    (check,) = [name for name in table[0] if name.startswith("check: ")]
    assert [row[check] for row in table] == ["true", "false"]
    assert [(row["row"], row["line"]) for row in table] == [("0", "1"), ("1", "2")]
    assert [row["prompt"] for row in table] == ["'=1+1", 'ä\n"b']
    assert [row["target"] for row in table] == ["Hello", "'-1"]
    lines = (await exported(jp_fetch, info["id"], "jsonl")).body.decode().splitlines()
    assert [json.loads(line)["prompt"] for line in lines] == ["=1+1", 'ä\n"b']
    found = parquet.read_table(io.BytesIO((await exported(jp_fetch, info["id"], "parquet")).body)).to_pylist()
    assert found == [json.loads(line) for line in lines]
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    status, refused = await api("GET", "batches", info["id"], "export", "parquet")
    assert (status, refused["error"]) == (422, "no_pyarrow")
