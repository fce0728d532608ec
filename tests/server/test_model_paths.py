"""Paths and addresses of added models, and the messages for invalid ones."""

import pytest

from lit_lab import local_paths
from lit_lab.models import addresses


@pytest.fixture(autouse=True)
def home(lit_lab, tmp_path, monkeypatch):
    folder = tmp_path / "whose"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def lit_lab_config(fake_service, tmp_path):
    return {"service_python": str(fake_service.python), "models_path": str(tmp_path / "kept" / "models.json")}


@pytest.fixture
def add(api):
    async def add(path, name="mine"):
        return await api("POST", "models", "change", body={"change": {"kind": "add", "name": name, "path": path}})

    return add


@pytest.mark.parametrize(
    "path",
    [
        "~nobody-of-this-name",
        "~nobody-of-this-name/preset",
        "~",
        "~/preset",
        "a\0b",
        "presets/a\0b",
        "x" * 4000 + "/y",
        "/".join(["x"] * 2000),
        "presets/" + "x" * 300,
        "file.txt/preset",
        "loop/preset",
        "./loop",
        "closed/preset",
        "name:",
        ".hidden/preset",
    ],
    ids=lambda path: path[:20].replace("\0", "NUL"),
)
async def test_a_path_that_leads_nowhere_is_refused_with_a_message(add, jp_root_dir, path):
    (jp_root_dir / "file.txt").write_text("x")
    (jp_root_dir / "loop").symlink_to("loop")
    (jp_root_dir / "closed").mkdir(mode=0o000)
    status, body = await add(path)
    assert (status in (403, 404, 422), body["error"] in ("no_such_file", "outside_root")) == (True, True), body
    assert body["hint"]
    assert len(body["message"]) < 400


async def test_a_folder_may_have_a_tilde_as_its_first_character(add, jp_root_dir):
    (jp_root_dir / "~tilde").mkdir()
    (jp_root_dir / "~root" / "preset").mkdir(parents=True)
    for name, path in (("one", "~tilde"), ("two", "~root/preset"), ("three", "./~tilde")):
        status, body = await add(path, name)
        assert status == 200, body
    assert [model["path"] for model in body["models"][1:]] == [
        str(jp_root_dir / "~tilde"),
        str(jp_root_dir / "~root" / "preset"),
        str(jp_root_dir / "~tilde"),
    ]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("hf://", "lacks the owner and model"),
        ("hf://owner", "lacks the model"),
        ("hf://owner/", "lacks the model"),
        ("hf:///model", "lacks the owner."),
        ("kaggle://", "lacks the owner, model, framework (keras) and variation"),
        ("kaggle://keras/gemma2", "lacks the framework (keras) and variation"),
        ("kaggle://keras/gemma2/keras/x/y", "'y'"),
        ("hf://a/b/c", "one part too many"),
        ("hf://../b", "'..'"),
        ("hf://a/b@refs/pr/1", "one part too many"),
        ("hf://a/b/c.bin", "one part too many"),
        ("hf://a/b/../c.gguf", "'..'"),
        ("hf://a/b//c.gguf", "''"),
        ("hf://a/b/*.gguf", "'*.gguf'"),
        ("hf://a/b/" + "c/" * 8 + "d.gguf", "one part too many"),
        ("kaggle://a/b/keras/c/d.gguf", "isn't a version"),
        ("hf://a/b@", "a branch, a tag or a commit"),
        ("gs://bucket/x", "gs://"),
        ("://", "://"),
    ],
)
async def test_an_address_that_is_not_complete_says_what_it_lacks(add, path, says):
    # For such a path the panel proposes the path itself as the name.
    status, body = await add(path, name=path)
    assert (status, body["error"]) == (422, "bad_path")
    assert says in body["message"]
    assert "hf://owner/model" in body["hint"] or "kaggle://owner" in body["hint"]


async def test_an_address_is_kept_as_it_is_written_everywhere(add):
    status, body = await add("HF://org/Tiny/")
    assert (status, body["models"][-1]["path"]) == (200, "hf://org/Tiny")
    status, body = await add("hf://org/Tiny@v1.0/", "other")
    assert (status, body["models"][-1]["path"]) == (200, "hf://org/Tiny@v1.0")
    for number, path in enumerate(("hf://org/Tiny-GGUF/q4/tiny-Q4_K_M.gguf", "hf://org/Tiny-GGUF@v1.0/tiny.GGUF")):
        status, body = await add(path, f"file {number}")
        assert (status, body["models"][-1]["path"]) == (200, path)
    assert addresses.fault("kaggle://keras/gemma2/keras/gemma2_2b_en/12") is None


@pytest.mark.parametrize("text", ["a\0b", "x" * 5000, "\ud800", "~nobody-of-this-name", "~", "", "/"])
def test_no_text_makes_a_path_raise(text):
    path = local_paths.of_user(text)
    local_paths.resolved(path)
    there = local_paths.is_there(path)
    assert local_paths.is_folder(path) is there
    assert local_paths.is_file(path) is False
    assert (local_paths.fault(path) == "") is there


@pytest.fixture
def ollama(home):
    """A model as Ollama stores it."""
    blob = home / ".ollama" / "models" / "blobs" / ("sha256-" + "0" * 64)
    blob.parent.mkdir(parents=True)
    blob.write_bytes(b"GGUF")
    return blob


async def test_a_model_of_another_program_is_added_by_its_own_path(add, ollama):
    status, body = await add(str(ollama))
    assert status == 200, body
    assert body["models"][1]["path"] == str(ollama)


async def test_nothing_beside_the_programs_folders_is(add, ollama, home):
    (home / "secret.gguf").write_bytes(b"GGUF")
    link = ollama.with_name("sha256-" + "1" * 64)
    link.symlink_to(home / "secret.gguf")
    for path in (home / "secret.gguf", link, f"{ollama.parent}/../../../secret.gguf", ollama.parent.parent.parent):
        status, body = await add(str(path))
        assert (status, body["error"]) == (422, "outside_root"), path


class TestWithoutScanners:
    @pytest.fixture
    def lit_lab_config(self, fake_service, tmp_path):
        path = str(tmp_path / "kept" / "models.json")
        return {"service_python": str(fake_service.python), "models_path": path, "model_scanners": []}

    async def test_no_programs_models_are_added(self, add, ollama):
        assert (await add(str(ollama)))[1]["error"] == "outside_root"


class TestOwnFolders:
    @pytest.fixture
    def lit_lab_config(self, fake_service, tmp_path):
        for name in ("config.json", "model.safetensors"):
            (tmp_path / "models" / "one").mkdir(parents=True, exist_ok=True)
            (tmp_path / "models" / "one" / name).write_text("{}")
        path = str(tmp_path / "kept" / "models.json")
        folders = [str(tmp_path / "models")]
        return {"service_python": str(fake_service.python), "models_path": path, "model_folders": folders}

    async def test_what_is_in_them_is_added(self, add, tmp_path):
        assert (await add(str(tmp_path / "models" / "one")))[0] == 200
        assert (await add(str(tmp_path / "elsewhere"), "two"))[0] == 422
