"""The real kagglehub in the download process, with a fake Kaggle."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_kaggle import HANDLE, KEY, TOKEN, USER, VERSION, FakeKaggle
from waiting import PATIENCE, until_async

from lit_lab.protocol import DownloadModel, KaggleLogin, ModelChanging, ModelInfo, StopModel, UnloadModel
from lit_lab.service.model_manager import ModelManager
from lit_lab.service.registry import Registry, parse
from lit_lab.service.scanning.scanner import Scanner
from lit_lab.service.weights import hub_cache
from lit_lab.service.weights.paths import Source

LOGIN = KaggleLogin(token=TOKEN)


@pytest.fixture(scope="session")
def preset(shallow_preset: Path) -> Path:
    """A preset of one layer: no result here depends on what a model computes."""
    return shallow_preset


@pytest.fixture
def kaggle(
    keras_libraries: None, preset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeKaggle]:
    fake = FakeKaggle(preset)
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN", "KAGGLE_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in fake.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    yield fake
    fake.close()


pytestmark = pytest.mark.usefixtures("without_warm_up")


class Models:
    """A service's models, without its process."""

    def __init__(self, path: str, login: KaggleLogin | None = None) -> None:
        self.registry = Registry(parse([f"gemma:{path}"]), None, lambda _: None)
        self.registry.kaggle = login
        self.manager = ModelManager(self.registry)

    async def change(self, kind: Callable[..., Any]) -> ModelInfo:
        await self.manager.change(ModelChanging(change=kind(name="gemma")))
        return self.info

    @property
    def info(self) -> ModelInfo:
        return self.registry.get("gemma").info()

    async def ended(self) -> ModelInfo:
        loading = self.registry.get("gemma").loading
        assert loading is not None
        await asyncio.wait_for(asyncio.shield(loading), PATIENCE)
        return self.info

    async def download(self) -> ModelInfo:
        await self.registry.start(lambda _: None)
        await self.change(DownloadModel)
        return await self.ended()


async def test_nothing_is_downloaded_before_the_user_has_seen_its_terms(kaggle: FakeKaggle) -> None:
    models = Models(f"kaggle://{HANDLE}", LOGIN)
    await models.registry.start(lambda _: None)
    (listed,) = (await models.manager.models()).models
    assert listed.state == "absent"
    assert listed.terms is not None
    assert listed.terms.url == "https://ai.google.dev/gemma/terms"
    await models.registry.load("gemma")
    assert (models.info.state, models.info.error) == ("absent", "preset_absent")
    assert listed.terms.url in models.info.hint
    assert kaggle.asked == []


@pytest.mark.parametrize("login", [LOGIN, KaggleLogin(username=USER, key=KEY)], ids=["token", "key"])
async def test_a_login_of_the_panel_downloads_and_loads(kaggle: FakeKaggle, login: KaggleLogin) -> None:
    info = await Models(f"kaggle://{HANDLE}", login).download()
    assert (info.state, info.detail, info.terms, info.download) == ("ready", "", None, None)
    assert info.size == kaggle.size
    assert info.memory == 4 * (info.parameters or 0)
    assert info.precision == "float32"


@pytest.mark.parametrize("where", ["variables", "token variable", "kaggle.json"])
async def test_credentials_where_kaggle_looks_for_them(
    kaggle: FakeKaggle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    if where == "variables":
        monkeypatch.setenv("KAGGLE_USERNAME", USER)
        monkeypatch.setenv("KAGGLE_KEY", KEY)
    elif where == "token variable":
        monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    else:
        (tmp_path / ".kaggle").mkdir()
        (tmp_path / ".kaggle" / "kaggle.json").write_text(json.dumps({"username": USER, "key": KEY}))
    assert (await Models(f"kaggle://{HANDLE}").download()).state == "ready"


async def test_a_preset_in_kaggles_cache_needs_no_network(kaggle: FakeKaggle) -> None:
    await Models(f"kaggle://{HANDLE}", LOGIN).download()
    kaggle.close()
    models = Models(f"kaggle://{HANDLE}")
    await models.registry.load("gemma")
    assert models.info.state == "ready"


async def test_what_keras_has_fetched_file_by_file_counts_too(kaggle: FakeKaggle, preset: Path) -> None:
    place = hub_cache.kaggle_cache() / HANDLE
    marks = place / ".complete" / "7"
    for name, content in kaggle.files.items():
        for file, text in ((place / "7" / name, content), (marks / f"{name}.complete", b"")):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text)
    assert hub_cache.lookup(Source("kaggle", HANDLE)) == place / "7"
    assert hub_cache.lookup(Source("kaggle", f"{HANDLE}/6")) is None
    (marks / "model.weights.h5.complete").unlink()
    assert hub_cache.lookup(Source("kaggle", HANDLE)) is None


async def test_what_was_downloaded_is_found_by_others(kaggle: FakeKaggle) -> None:
    await Models(f"kaggle://{HANDLE}", LOGIN).download()
    scanner = Scanner(["kaggle"])
    found = await scanner.found([], PATIENCE)
    assert [(one.model.name, one.model.path, one.size) for one in found] == [
        ("tiny", f"kaggle://{HANDLE}", kaggle.size)
    ]
    assert await scanner.found([f"kaggle://{HANDLE}"]) == []
    assert await scanner.found([str(hub_cache.kaggle_cache() / HANDLE / str(VERSION))]) == []


async def failure(path: str, login: KaggleLogin | None) -> ModelInfo:
    info = await Models(path, login).download()
    assert info.state == "failed"
    assert info.terms is not None
    assert info.hint
    return info


async def test_who_is_not_logged_in(kaggle: FakeKaggle) -> None:
    info = await failure(f"kaggle://{HANDLE}", None)
    assert info.error == "preset_login"
    assert "https://www.kaggle.com/settings" in info.hint


async def test_credentials_that_are_not_accepted(kaggle: FakeKaggle) -> None:
    info = await failure(f"kaggle://{HANDLE}", KaggleLogin(token="withdrawn"))
    assert info.error == "preset_credentials"
    assert "withdrawn" not in info.detail + info.hint.replace("have been withdrawn", "")


async def test_terms_that_are_not_accepted(kaggle: FakeKaggle) -> None:
    kaggle.agreed = False
    info = await failure(f"kaggle://{HANDLE}", LOGIN)
    assert info.error == "preset_forbidden"
    assert "https://www.kaggle.com/models/lab/gemma-tiny" in info.hint


async def test_a_model_that_kaggle_does_not_have(kaggle: FakeKaggle) -> None:
    info = await failure("kaggle://lab/other/keras/tiny", LOGIN)
    assert (info.error, info.detail) == ("preset_not_found", "Kaggle has no lab/other/keras/tiny.")


async def test_no_network(kaggle: FakeKaggle) -> None:
    kaggle.close()
    assert (await failure(f"kaggle://{HANDLE}", LOGIN)).error == "preset_unreachable"


async def test_damaged_weights_are_reported_and_downloaded_again(kaggle: FakeKaggle) -> None:
    kaggle.corrupt = True
    models = Models(f"kaggle://{HANDLE}", LOGIN)
    assert (await models.download()).error == "preset_checksum"
    kaggle.corrupt = False
    await models.change(DownloadModel)
    assert (await models.ended()).state == "ready"


async def test_a_full_disk_is_reported_with_numbers_before_any_download(
    kaggle: FakeKaggle, monkeypatch: pytest.MonkeyPatch
) -> None:
    kaggle.files["model.weights.h5"] += b"\0"
    listed = kaggle.files["huge.h5"] = Huge(b"")
    assert len(listed) > 10**17
    info = await failure(f"kaggle://{HANDLE}", LOGIN)
    assert info.error == "disk_full"
    assert "GB are missing" in info.detail
    assert "DownloadModelInstanceVersion" not in kaggle.asked


class Huge(bytes):
    """Content whose reported size is larger than any disk."""

    def __len__(self) -> int:
        return 10**18


async def test_a_download_continues_after_a_broken_connection(kaggle: FakeKaggle) -> None:
    # Larger than kagglehub's chunks of a megabyte.
    kaggle.files["model.weights.h5"] += b"\0" * 2_500_000
    kaggle.cut = 2_000_000
    models = Models(f"kaggle://{HANDLE}", LOGIN)
    assert (await models.download()).error == "preset_unreachable"
    kaggle.cut = None
    await models.change(DownloadModel)
    assert (await models.ended()).state == "ready"
    assert [int(asked.removeprefix("bytes=").rstrip("-")) > 0 for asked in kaggle.ranges] == [True]


async def test_a_stopped_download_reports_its_progress_and_continues(kaggle: FakeKaggle) -> None:
    kaggle.files["model.weights.h5"] += b"\0" * 2_500_000
    kaggle.hold = 2_000_000
    models = Models(f"kaggle://{HANDLE}", LOGIN)
    await models.registry.start(lambda _: None)
    await models.change(DownloadModel)
    await until_async(lambda: models.info.download and models.info.download.done > 1_000_000)
    assert models.info.state == "downloading"
    assert models.info.download is not None
    assert models.info.download.total == kaggle.size
    stopped = await models.change(StopModel)
    assert (stopped.state, stopped.error) == ("absent", "download_stopped")
    assert stopped.download is not None
    assert stopped.download.done >= 1_000_000
    kaggle.hold = None
    await models.change(DownloadModel)
    ended = await models.ended()
    assert len(kaggle.ranges) == 1
    assert int(kaggle.ranges[0].removeprefix("bytes=").rstrip("-")) >= 1_000_000
    assert ended.state == "ready"
    assert (await models.change(UnloadModel)).state == "unloaded"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_process_that_downloads_shows_no_credentials_and_ends_with_the_service(kaggle: FakeKaggle) -> None:
    kaggle.hold = 0
    process = subprocess.Popen(
        [sys.executable, "-m", "lit_lab.service.weights.fetch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    order = {"kind": "kaggle", "where": HANDLE, "kaggle": {"token": "", "username": USER, "key": KEY}}
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    assert json.loads(line)["total"] == kaggle.size
    for name in ("cmdline", "environ"):
        assert KEY.encode() not in Path(f"/proc/{process.pid}/{name}").read_bytes()
    process.stdin.close()
    assert process.wait(PATIENCE) == 0
    assert KEY not in line + process.stdout.read() + process.stderr.read()
