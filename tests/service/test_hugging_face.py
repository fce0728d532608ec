"""The real huggingface_hub in the download process, with a fake Hugging Face."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gguf_files import fields_of, values_of, write
from hugging_face_standin import COMMIT, NAME, OTHER, TOKEN, Site, standing_in

from lit_lab.protocol import DownloadModel, ModelChanging, ModelInfo
from lit_lab.service.gguf.header import parts
from lit_lab.service.model_manager import ModelManager
from lit_lab.service.registry import Registry, parse
from lit_lab.service.weights import hub_cache, paths

pytestmark = pytest.mark.usefixtures("without_warm_up")


@pytest.fixture(scope="session")
def preset(shallow_preset: Path) -> Path:
    """A preset of one layer: no result here depends on what a model computes."""
    return shallow_preset


@pytest.fixture
def site(keras_libraries: None, preset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Site]]:
    files = {str(file.relative_to(preset)): file.read_bytes() for file in preset.rglob("*") if file.is_file()}
    files["pytorch_model.bin"] = b"pickled"
    with standing_in(files, tmp_path / "huggingface", monkeypatch) as fake_hub:
        yield fake_hub


async def download(path: str) -> ModelInfo:
    registry = Registry(parse([f"tiny:{path}"]), None, lambda _: None)
    await registry.start(lambda _: None)
    await ModelManager(registry).change(ModelChanging(change=DownloadModel(name="tiny")))
    loading = registry.get("tiny").loading
    assert loading is not None
    await loading
    return registry.get("tiny").info()


async def test_a_preset_is_downloaded_without_pickled_files_and_then_found(site: type[Site]) -> None:
    info = await download(f"hf://{NAME}")
    assert (info.state, info.detail) == ("ready", "")
    assert not any("pytorch_model.bin" in path for path in site.asked)
    assert [(name, path) for name, path, _ in hub_cache.hugging_face_models()] == [("tiny", f"hf://{NAME}")]
    asked = len(site.asked)
    registry = Registry(parse([f"tiny:hf://{NAME}"]), None, lambda _: None)
    async for _ in registry.ready("tiny"):
        pass
    assert registry.get("tiny").state == "ready"
    assert len(site.asked) == asked


@pytest.mark.parametrize(("token", "code"), [("", "preset_login"), (TOKEN, "preset_forbidden")])
async def test_a_gated_model(site: type[Site], monkeypatch: pytest.MonkeyPatch, token: str, code: str) -> None:
    site.gated = True
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    info = await download(f"hf://{NAME}")
    assert (info.state, info.error) == ("failed", code)
    assert "https://huggingface.co/" in info.hint
    assert TOKEN not in info.detail + info.hint


@pytest.mark.parametrize("revision", ["v1", OTHER])
async def test_a_revision_is_downloaded_and_found_as_such(site: type[Site], revision: str) -> None:
    assert is_absent(f"hf://{NAME}@{revision}")
    info = await download(f"hf://{NAME}@{revision}")
    assert (info.state, info.detail) == ("ready", "")
    assert not any("/resolve/main/" in path or f"/resolve/{COMMIT}/" in path for path in site.asked)
    source = paths.source(f"hf://{NAME}@{revision}")
    assert source.page == f"https://huggingface.co/{NAME}"
    found = hub_cache.lookup(source)
    assert found is not None
    assert found.name == OTHER
    assert is_absent(f"hf://{NAME}")  # the newest revision isn't here
    assert is_absent(f"hf://{NAME}@v2")


def is_absent(path: str) -> bool:
    return hub_cache.lookup(paths.source(path)) is None


async def test_a_gguf_file_is_downloaded_alone_with_all_of_its_parts(
    site: type[Site], tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    fields, values = fields_of("Gemma", sentencepiece_proto, []), values_of("Gemma")
    whole = write(tmp_path / "tiny-F32.gguf", "gemma", fields, values)
    first = write(tmp_path / "tiny-it.gguf", "gemma", fields, values, part_size=9)
    for file in (whole, *parts(first)):
        site.files[f"some/{file.name}"] = file.read_bytes()
    for address, files in (
        (f"hf://{NAME}/some/{whole.name}", [whole]),
        (f"hf://{NAME}@v1/some/{parts(first)[1].name}", parts(first)),
    ):
        site.asked.clear()
        assert is_absent(address)
        info = await download(address)
        assert (info.state, info.detail, info.stored) == ("ready", "", "F32")
        fetched = {path.rpartition("/")[2] for path in site.asked if "/resolve/" in path}
        assert fetched == {file.name for file in files}
        found = hub_cache.lookup(paths.source(address))
        assert found is not None
        assert found.name == files[0].name
        found.unlink()
        assert is_absent(address)


async def test_a_gguf_file_that_is_not_there(site: type[Site]) -> None:
    info = await download(f"hf://{NAME}/nothing.gguf")
    assert (info.state, info.error) == ("failed", "preset_not_found")
    assert "nothing.gguf" in info.detail


async def test_an_unknown_revision(site: type[Site]) -> None:
    info = await download(f"hf://{NAME}@v9")
    assert info.error == "preset_not_found"
    assert f"{NAME}@v9" in info.detail


async def test_weights_for_other_programs_stay_where_they_are(site: type[Site]) -> None:
    site.files |= {
        "consolidated.safetensors": b"x",
        "original/model.safetensors": b"x",
        "chat_template.jinja": b"{{ x }}",
    }
    assert (await download(f"hf://{NAME}")).state == "ready"
    assert not any("consolidated" in path or "original" in path for path in site.asked)
    assert any("chat_template.jinja" in path for path in site.asked)


async def test_an_unknown_model(site: type[Site]) -> None:
    assert (await download("hf://lab/other")).error == "preset_not_found"


async def test_no_network(site: type[Site], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert (await download(f"hf://{NAME}")).error == "preset_unreachable"
