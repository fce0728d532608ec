"""Settings for a model that is loading are applied or refused with a message, never ignored."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import PATIENCE

from lit_lab.problem import Problem
from lit_lab.protocol import DownloadModel, LoadModel, ModelChanging, RemoveModel, StopModel, UnloadModel
from lit_lab.service.model_entry import ModelEntry
from lit_lab.service.model_manager import ModelManager
from lit_lab.service.registry import Registry, parse
from lit_lab.service.weights import hub_cache, paths
from lit_lab.service.weights.download import Download
from lit_lab.service.weights.reading import Reading

_STANDS_FOR_A_MODEL = {
    "window": 1,
    "parameters": 1,
    "has_pending_compiles": False,
    "is_large": False,
    "warm_up_generation": lambda _: None,
}


class Held:
    """Models whose creation and download wait until they may continue. No model is created."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go_on = threading.Event()
        self.made: list[tuple[Any, Any]] = []
        self.downloads = 0
        self.registry = Registry(parse([f"here:{folder}/", "there:hf://lab/tiny"]), None, lambda _: None)
        self.registry.entries["there"].added = True
        self.manager = ModelManager(self.registry)

        def make(_: Registry, entry: ModelEntry, __: Reading) -> Any:
            self.go_on.wait(PATIENCE)
            self.made.append((entry.requested_precision, entry.max_length))
            return type("Model", (), _STANDS_FOR_A_MODEL)()

        async def run(download: Download) -> Path:
            self.downloads += 1
            while not (self.go_on.is_set() or download._stopped):
                await asyncio.sleep(0.005)
            if download._stopped:
                raise Problem(409, "download_stopped", "Stopped.", "Go on.")
            return folder

        monkeypatch.setattr(Registry, "_make", make)
        monkeypatch.setattr(Download, "run", run)
        monkeypatch.setattr(hub_cache, "lookup", lambda source: None if source.page else folder)

    async def change(self, change: Any) -> None:
        await self.manager.change(ModelChanging(change=change))

    async def refusal(self, change: Any) -> Problem:
        with pytest.raises(Problem) as failure:
            await self.change(change)
        assert failure.value.status == 409
        assert failure.value.hint
        return failure.value

    async def until(self, name: str, state: str) -> None:
        entry = self.registry.get(name)
        while entry.state != state:
            assert entry.error is None
            await asyncio.sleep(0.005)

    async def ended(self, name: str) -> ModelEntry:
        self.go_on.set()
        entry = self.registry.get(name)
        assert entry.loading is not None
        await entry.loading
        return entry


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    models = Held(tmp_path, monkeypatch)
    yield models
    models.go_on.set()


@pytest.mark.parametrize(
    "other", [{"max_length": 48}, {"precision": "bfloat16"}, {"precision": "float32", "max_length": 48}]
)
async def test_other_settings_for_what_is_being_loaded_are_refused(held: Held, other: dict[str, Any]) -> None:
    await held.change(LoadModel(name="here", precision="float16", max_length=32))
    refused = await held.refusal(LoadModel(name="here", **other))
    assert refused.code == "model_busy"
    assert "with other settings" in refused.message
    await held.ended("here")
    assert held.made == [("float16", 32)]


async def test_the_same_settings_are_no_other_ones(held: Held) -> None:
    await held.change(LoadModel(name="here", precision="float16", max_length=32))
    for same in ({}, {"precision": "float16"}, {"max_length": 32}):
        await held.change(LoadModel(name="here", **same))
    await held.ended("here")
    assert held.made == [("float16", 32)]


async def test_the_configured_settings_by_name_are_no_other_ones(held: Held) -> None:
    await held.change(LoadModel(name="here"))
    await held.change(LoadModel(name="here", precision="auto", max_length=0))
    await held.ended("here")
    assert held.made == [(None, None)]


async def test_settings_for_what_is_being_downloaded_are_applied(held: Held) -> None:
    await held.change(DownloadModel(name="there"))
    await held.until("there", "downloading")
    await held.change(LoadModel(name="there", precision="bfloat16", max_length=48))
    await held.ended("there")
    assert held.made == [("bfloat16", 48)]


async def test_two_who_want_it_loaded_otherwise_at_once_both_get_it_or_are_refused(held: Held) -> None:
    await held.change(LoadModel(name="here"))
    entry = await held.ended("here")
    limits = (32, 48)
    async with entry.turn:  # while a computation runs, both wait for its end
        wanted = [asyncio.ensure_future(held.change(LoadModel(name="here", max_length=limit))) for limit in limits]
        while len(entry.turn) < 2:
            await asyncio.sleep(0)
    ended = await asyncio.gather(*wanted, return_exceptions=True)
    await held.ended("here")
    got = [limit for limit, end in zip(limits, ended, strict=True) if end is None]
    assert all(isinstance(end, Problem) and end.code == "model_busy" for end in ended if end is not None)
    assert [limit for _, limit in held.made[1:]] == got
    assert entry.max_length == got[-1]


async def test_a_limit_is_taken_back(held: Held) -> None:
    held.go_on.set()
    await held.change(LoadModel(name="here", max_length=32))
    await held.ended("here")
    await held.change(LoadModel(name="here"))
    assert held.made == [(None, 32)]
    await held.change(LoadModel(name="here", max_length=0))
    await held.ended("here")
    assert held.made == [(None, 32), (None, None)]


@pytest.mark.parametrize(
    ("begin", "name", "state", "says"),
    [(LoadModel, "here", "loading", "is being loaded"), (DownloadModel, "there", "downloading", "is being downloaded")],
)
async def test_what_is_on_its_way_is_not_unloaded(held: Held, begin: Any, name: str, state: str, says: str) -> None:
    await held.change(begin(name=name))
    await held.until(name, state)
    assert says in (await held.refusal(UnloadModel(name=name))).message
    await held.ended(name)


async def test_a_download_is_stopped_before_it_has_begun(held: Held) -> None:
    await held.change(DownloadModel(name="there"))
    assert held.registry.get("there").download is None
    await held.change(StopModel(name="there"))
    entry = await held.ended("there")
    assert held.downloads == 0
    assert (entry.state, entry.error.code if entry.error else "") == ("absent", "download_stopped")
    # A stopped load can start again.
    await held.change(DownloadModel(name="there"))
    await held.ended("there")
    assert held.downloads == 1


async def test_a_model_that_is_removed_while_it_is_downloaded_is_gone_and_never_loaded(held: Held) -> None:
    await held.change(DownloadModel(name="there"))
    await held.until("there", "downloading")
    await held.change(RemoveModel(name="there"))
    assert list(held.registry.entries) == ["here"]
    assert held.made == []


async def test_a_model_that_is_removed_before_its_download_begins_is_not_downloaded(held: Held) -> None:
    await held.change(DownloadModel(name="there"))
    await held.change(RemoveModel(name="there"))
    assert list(held.registry.entries) == ["here"]
    assert held.downloads == 0


def test_a_misspelt_preset_gets_the_names_that_are_like_it(keras_libraries: None) -> None:
    def refused(path: str) -> Problem:
        with pytest.raises(Problem) as failure:
            paths.source(path)
        return failure.value

    for wrong, right in (("gema2_2b_en", "gemma2_2b_en"), ("Gemma2_Instruct_2B_en", "gemma2_instruct_2b_en")):
        error = refused(wrong)
        assert (error.code, wrong in error.message) == ("preset_not_found", True)
        assert error.hint.startswith(f"Did you mean {right}")
    assert "Did you mean" not in refused("nothing_like_it_at_all").hint
