"""The models that users add in the panel, and the credentials for downloads."""

import asyncio
import json
import os
import stat
import sys
from pathlib import Path

import pytest
from jupyter_server.auth import Authorizer

from conftest import alive, until

TOKEN = "a-token-that-nobody-may-see"
KEY = "a-key-that-nobody-may-see"
REMOTE = "kaggle://keras/gemma2/keras/gemma2_2b_en/1"


@pytest.fixture(autouse=True)
def home(lit_lab, tmp_path, monkeypatch):
    """An empty home folder."""
    folder = tmp_path / "whose"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN", "KAGGLE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def lit_lab_config(fake_service, tmp_path):
    return {"service_python": str(fake_service.python), "models_path": str(tmp_path / "kept" / "models.json")}


@pytest.fixture
def change(api):
    async def change(kind, name="mine", **fields):
        return await api("POST", "models", "change", body={"change": {"kind": kind, "name": name, **fields}})

    return change


@pytest.fixture
def running(api):
    async def run():
        await api("POST", "service", "start")

        async def ready():
            return (await api("GET", "status"))[1]["service"]["state"] == "ready"

        await until(ready)

    return run


def asked(fake_service):
    return [json.loads(line) for line in fake_service.trace("asked")]


async def test_adding_and_removing_starts_nothing_and_is_kept(change, api, fake_service, lit_lab, tmp_path):
    status, body = await change("add", path=REMOTE)
    assert status == 200, body
    assert [(model["name"], model["added"]) for model in body["models"]] == [("demo", False), ("mine", True)]
    assert not fake_service.pids
    file = tmp_path / "kept" / "models.json"
    assert json.loads(file.read_text()) == {"models": {"mine": REMOTE}}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # After a restart the server still has the model, and passes it to the service.
    await lit_lab.stop_extension()
    assert [model["name"] for model in (await api("GET", "models"))[1]["models"]] == ["demo", "mine"]
    assert (await change("load"))[0] == 200
    config = fake_service.json("config")
    assert (config["models"], config["added"]) == (["demo:embedded", f"mine:{REMOTE}"], ["mine"])
    assert (await change("remove"))[0] == 200
    assert json.loads(file.read_text()) == {"models": {}}
    assert [path for path, _ in asked(fake_service)] == ["/models/change"] * 2


async def test_a_running_service_learns_of_it(change, running, fake_service):
    await running()
    assert (await change("add", path=" gemma2_instruct_2b_en "))[0] == 200
    assert (await change("unload", "demo"))[0] == 200
    assert [order["change"] for _, order in asked(fake_service)] == [
        {"kind": "add", "name": "mine", "path": "gemma2_instruct_2b_en"},
        {"kind": "unload", "name": "demo"},
    ]


async def test_what_the_service_refuses_is_not_kept(change, api, running):
    await running()
    status, body = await change("add", "refused", path="gemma9")
    assert (status, body["error"], body["hint"]) == (422, "bad_path", "Look.")
    assert (await change("unload", "refused"))[1]["error"] == "unknown_model"


@pytest.mark.parametrize(
    ("name", "path", "error"),
    [
        ("demo", REMOTE, "bad_model"),
        ("a:b", REMOTE, "bad_model"),
        ("mine", "gs://bucket/x", "bad_path"),
        ("mine", "kaggle://a/../../b", "bad_path"),
        ("mine", "/etc", "outside_root"),
        ("mine", "../outside", "no_such_file"),
        ("mine", "nowhere/preset", "no_such_file"),
        ("mine", "folder/file.txt", "not_a_preset"),
        ("mine", "link", "outside_root"),
        ("mine", ".", None),
    ],
)
async def test_what_may_be_added(change, jp_root_dir, home, name, path, error):
    (jp_root_dir / "folder").mkdir()
    (jp_root_dir / "folder" / "file.txt").write_text("x")
    (home / "outside").mkdir()
    (jp_root_dir / "link").symlink_to(home / "outside")
    status, body = await change("add", name, path=path)
    if error is None:
        assert status == 200
    else:
        assert (status in (403, 404, 422), body["error"]) == (True, error)
        assert body["hint"]


async def test_a_folder_is_one_of_the_file_browsers(change, jp_root_dir):
    (jp_root_dir / "presets" / "tiny").mkdir(parents=True)
    (jp_root_dir / "bare").mkdir()
    for name, path in (("one", "presets/tiny"), ("two", str(jp_root_dir / "presets" / "tiny")), ("three", "bare")):
        status, body = await change("add", name, path=path)
        assert status == 200, body
        local = jp_root_dir / ("bare" if name == "three" else "presets/tiny")
        assert body["models"][-1]["path"] == str(local)


@pytest.mark.parametrize("name", ["mypreset", ".hidden", "presets.d"])
async def test_a_bare_name_that_the_file_browser_does_not_show_is_a_presets_name(
    change, jp_root_dir, tmp_path, monkeypatch, name
):
    # The folder exists in the server's working folder, but users must not learn what that contains.
    (tmp_path / "elsewhere" / name).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")
    if name == ".hidden":
        (jp_root_dir / name).mkdir()
    status, body = await change("add", path=name)
    assert (status, body["models"][-1]["path"]) == (200, name)


@pytest.mark.parametrize("path", ["model.gguf", "folder/Model-Q4_K_M.GGUF"])
async def test_a_gguf_file_is_one_of_the_file_browsers(change, jp_root_dir, path):
    (jp_root_dir / path).parent.mkdir(exist_ok=True)
    assert (await change("add", path=path))[1]["error"] == "no_such_file"
    (jp_root_dir / path).touch()
    status, body = await change("add", path=path)
    assert (status, body["models"][-1]["path"]) == (200, str(jp_root_dir / path))


@pytest.mark.parametrize(
    "pair", [(".hidden", ".missing"), ("linked/there", "linked/missing"), ("~root", "~nobody-at-all")]
)
async def test_what_is_not_shown_and_what_is_not_there_get_the_same_answer(change, jp_root_dir, home, pair):
    for folder in (jp_root_dir / ".hidden" / "preset", home / "there" / "preset"):
        folder.mkdir(parents=True)
        (folder.parent / "some.tar.gz").touch()
        (folder.parent / "some.gguf").touch()
    (jp_root_dir / "linked").symlink_to(home)
    for inside in ("/preset", "/some.tar.gz", "/some.gguf", "/"):
        answers = []
        for path in pair:
            status, body = await change("add", path=path + inside)
            answers.append((status, body["error"], body["message"].replace(path, "…")))
        assert answers[0] == answers[1]
        assert answers[0][1] in ("no_such_file", "outside_root")


class NoFiles(Authorizer):
    """Forbids reading files."""

    def is_authorized(self, handler, user, action, resource):
        return resource != "contents"


class TestWithoutFiles:
    @pytest.fixture
    def jp_server_config(self, lit_lab_config):
        return {
            "ServerApp": {"jpserver_extensions": {"lit_lab": True}, "authorizer_class": NoFiles},
            "LitLab": lit_lab_config,
        }

    async def test_who_may_not_read_files_adds_no_folder(self, change, jp_root_dir):
        (jp_root_dir / "presets").mkdir()
        status, body = await change("add", path="presets/tiny")
        assert (status, body["error"]) == (403, "forbidden")
        assert (await change("add", path=REMOTE))[0] == 200

    @pytest.mark.parametrize("name", ["bare", "missing", ".hidden"])
    async def test_a_bare_name_is_no_folder_to_who_may_not_read_files(self, change, jp_root_dir, monkeypatch, name):
        (jp_root_dir / "bare").mkdir()
        monkeypatch.chdir(jp_root_dir)
        status, body = await change("add", path=name)
        assert (status, body["models"][-1]["path"]) == (200, name)


class TestLongDownload:
    @pytest.fixture
    def lit_lab_config(self, fake_service, tmp_path):
        return {
            "service_python": str(fake_service.python),
            "models_path": str(tmp_path / "models.json"),
            "idle_timeout": 0.6,
        }

    async def test_the_service_stays_awake_while_it_downloads(self, change, api, fake_service, monkeypatch):
        monkeypatch.setattr("lit_lab.models.changing.POLL_SECONDS", 0.1)

        async def state():
            return (await api("GET", "status"))[1]["service"]["state"]

        (fake_service.folder / "downloading").touch()
        assert (await change("download", "demo"))[0] == 200
        await asyncio.sleep(2)
        assert await state() == "ready"
        (fake_service.folder / "downloading").unlink()

        async def asleep():
            return await state() == "stopped"

        await until(asleep)
        await until(lambda: not alive(fake_service.pids[-1]))
        await asyncio.sleep(0.1)  # asyncio closes the pipes of the process


async def test_a_configured_model_is_not_removed(change, running):
    status, body = await change("remove", "demo")
    assert (status, body["error"]) == (422, "model_configured")
    assert (await change("remove", "none"))[1]["error"] == "unknown_model"


async def test_a_damaged_list_is_no_reason_to_fail(api, tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "models.json").write_text('{"models": [1')
    assert [model["name"] for model in (await api("GET", "models"))[1]["models"]] == ["demo"]


class TestElsewhere:
    @pytest.fixture
    def lit_lab_config(self):
        return {"service_url": "http://127.0.0.1:9/", "service_secret": "s" * 16}

    async def test_models_of_a_service_elsewhere_can_not_be_changed(self, change, api):
        status, body = await change("add", path=REMOTE)
        assert (status, body["error"]) == (409, "service_remote")
        assert (await api("POST", "kaggle", body={"login": {"token": TOKEN}}))[0] == 409


# --- Kaggle ---


async def test_where_credentials_come_from(api, home, monkeypatch):
    async def source():
        return (await api("GET", "kaggle"))[1]["source"]

    assert await api("GET", "kaggle") == (
        200,
        {"source": "none", "folder": "~/.kaggle", "fault": "", "shared": False, "own": True},
    )
    (home / ".kaggle").mkdir()
    (home / ".kaggle" / "kaggle.json").write_text("{}")
    assert await source() == "file"
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(home / "none"))
    assert await source() == "none"
    monkeypatch.setenv("KAGGLE_USERNAME", "somebody")
    monkeypatch.setenv("KAGGLE_KEY", KEY)
    assert await source() == "environment"
    monkeypatch.delenv("KAGGLE_KEY")
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    assert await source() == "environment"
    await api("POST", "kaggle", body={"login": {"token": TOKEN}})
    assert await source() == "panel"
    assert (await api("DELETE", "kaggle"))[1]["source"] == "environment"


@pytest.mark.parametrize("before", [True, False], ids=["service running", "service started later"])
async def test_a_login_goes_to_the_service_and_nowhere_else(api, running, fake_service, home, before):
    answers = []
    if before:
        await running()
    login = {"login": {"username": "somebody", "key": KEY}}
    answers.append(await api("POST", "kaggle", body=login))
    if not before:
        await running()
    expected = {"token": "", "username": "somebody", "key": KEY}
    if before:
        assert asked(fake_service) == [["/kaggle", {"login": expected}]]
    else:
        assert fake_service.json("config")["kaggle"] == expected
    for path in (("kaggle",), ("models",), ("status",), ("service", "log")):
        answers.append(await api("GET", *path))
    assert KEY not in json.dumps(answers)
    assert KEY not in (fake_service.folder / "environment").read_text()
    if sys.platform == "linux":
        pid = fake_service.pids[-1]
        assert KEY.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert KEY.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
    assert KEY not in json.dumps(dict(os.environ))
    assert not (home / ".kaggle").exists()
    await api("DELETE", "kaggle")
    assert asked(fake_service)[-1] == ["/kaggle", {"login": None}]


@pytest.mark.parametrize(
    ("login", "file", "holds"),
    [
        ({"token": f" {TOKEN} "}, "access_token", TOKEN + "\n"),
        ({"username": "somebody", "key": KEY}, "kaggle.json", json.dumps({"username": "somebody", "key": KEY}) + "\n"),
    ],
)
async def test_a_login_is_saved_where_kaggle_looks_when_that_is_asked_for(api, home, login, file, holds):
    await api("POST", "kaggle", body={"login": login})
    assert not (home / ".kaggle").exists()
    assert (await api("POST", "kaggle", body={"login": login, "save": True}))[0] == 200
    saved = home / ".kaggle" / file
    assert saved.read_text() == holds
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert [path.name for path in (home / ".kaggle").iterdir()] == [file]
    assert (await api("DELETE", "kaggle"))[1]["source"] == "file"


async def test_a_login_that_cannot_be_saved_counts_all_the_same(api, home):
    (home / ".kaggle").write_text("a file, not a folder")
    status, body = await api("POST", "kaggle", body={"login": {"token": TOKEN}, "save": True})
    assert (status, body["error"]) == (507, "login_not_saved")
    assert (await api("GET", "kaggle"))[1]["source"] == "panel"


@pytest.mark.parametrize(
    "login", [{}, {"token": TOKEN, "username": "x", "key": KEY}, {"username": "x"}, {"key": KEY}, {"token": "t" * 5000}]
)
async def test_half_a_login_is_refused_without_repeating_it(api, login):
    status, body = await api("POST", "kaggle", body={"login": login})
    assert (status, body["error"]) == (400, "invalid_request")
    assert KEY not in json.dumps(body)
    assert TOKEN not in json.dumps(body)


async def test_the_server_logs_no_credentials(api, caplog, running):
    caplog.set_level("DEBUG")
    await running()
    await api("POST", "kaggle", body={"login": {"token": TOKEN}})
    await asyncio.sleep(0.05)
    assert TOKEN not in caplog.text
