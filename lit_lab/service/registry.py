"""Models by name: their configuration, loading and state."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lit_lab import demo
from lit_lab.model_spec import ModelSpec
from lit_lab.problem import Problem
from lit_lab.protocol import Arithmetic, KaggleLogin, Precision

from . import garbage_collection
from .loading import Loading, make
from .model_entry import ModelEntry
from .weights import download_errors, hub_cache, paths, reading
from .weights.download import Download
from .weights.memory_estimate import NoRoomError
from .weights.paths import Source
from .weights.reading import Reading

if TYPE_CHECKING:
    from .language_model import LanguageModel

T = TypeVar("T")

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.1  # between two checks of a waiting request for a new message
_FIGURES_SECONDS = 1.0  # between two messages that differ only in their figures
_REST_SECONDS = 3.0  # of idle time before a model compiles in the background


def parse(models: list[str]) -> dict[str, ModelEntry]:
    """Return the models of `name:path` entries, by name. Only the first colon separates: a path may be an address.

    Raises:
        Problem: `bad_model`.
    """
    entries: dict[str, ModelEntry] = {}
    for model in models:
        try:
            spec = ModelSpec.parse(model)
        except ValueError as error:
            raise Problem(
                422,
                "bad_model",
                f"A model of c.LitLab.models can't be used: {error}.",
                f"Write for example {demo.DEFAULT_MODEL}, or gemma:gemma2_instruct_2b_en, in c.LitLab.models.",
            ) from error
        if spec.name in entries:
            raise Problem(
                422,
                "bad_model",
                f"Two models are named {spec.name}.",
                "Give each model in c.LitLab.models its own name.",
            )
        entries[spec.name] = ModelEntry(spec.name, spec.path)
    return entries


class Registry:
    """Loads models on first use, one after the other, in a separate thread.

    Args:
        entries: The configured models; the first is the default.
        max_length: Window in tokens; None: as many as each model was trained for, as far as memory allows.
        importing: Imports the libraries; called once, in the thread, with a function that takes progress messages.
        settings: How the models are loaded.

    Attributes:
        kaggle: Credentials from the panel.
        gone: Called when a model is unloaded, to drop references to it.
    """

    def __init__(
        self,
        entries: dict[str, ModelEntry],
        max_length: int | None,
        importing: Callable[[Callable[[str], None]], None],
        settings: Loading | None = None,
    ) -> None:
        self.settings = settings or Loading()
        self.kaggle: KaggleLogin | None = None
        self.gone: list[Callable[[], None]] = []
        self.entries = entries
        self._max_length = max_length
        self._importing = importing
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="load")
        self.detail = ""
        self.error: Problem | None = None
        self.arithmetic: Arithmetic | None = None  # known once the libraries are imported
        self._imported: asyncio.Task[None] | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    @property
    def imported(self) -> bool:
        """Whether the libraries are imported."""
        return self._imported is not None and self._imported.done() and self.error is None

    def get(self, name: str) -> ModelEntry:
        """Return a configured model.

        Raises:
            Problem: `unknown_model`.
        """
        if name not in self.entries:
            raise Problem(
                404,
                "unknown_model",
                f"There is no model named {name}.",
                f"There are: {', '.join(self.entries)}. Add others in the panel, or in c.LitLab.models.",
            )
        return self.entries[name]

    async def start(self, say: Callable[[str], None]) -> None:
        """Import the libraries; all models wait for it.

        Args:
            say: Takes progress messages; called in the thread.

        Raises:
            Problem: A library is missing.
        """

        def tell(detail: str) -> None:
            self.detail = detail
            say(detail)

        self._imported = asyncio.ensure_future(self.run(lambda: self._importing(tell)))
        try:
            await self._imported
        except Problem as error:
            self.error = error
            raise
        finally:
            self.detail = ""

    async def libraries(self) -> None:
        """Wait until the libraries are imported, if that has begun.

        Raises:
            Problem: A library is missing.
        """
        if self._imported is not None:
            await asyncio.shield(self._imported)

    def load(self, name: str) -> asyncio.Task[None]:
        """Begin to load a model unless it is loading or loaded; a failed one is tried again."""
        entry = self.get(name)
        if entry.loading is None or (entry.loading.done() and entry.model is None):
            entry.state, entry.error, entry.detail = "loading", None, "Waiting for its turn to load…"
            entry.reading = Reading()
            entry.loading = asyncio.ensure_future(self._load(entry, entry.reading))
        return entry.loading

    async def stop(self, entry: ModelEntry) -> None:
        """Stop downloading or loading a model; requests that wait for it fail with that reason.

        The thread ends after its current tensor. Nothing can interrupt a compiler, but its result is dropped.
        """
        if entry.loading is None or entry.reading is None or not entry.is_busy:
            return
        if entry.download is not None:
            entry.reading.stopped.set()  # the download may be complete by now
            entry.download.stop()
        else:
            # Before the cancellation, so that waiting requests see the reason.
            if entry.may_download:
                entry.state, entry.error = "absent", download_errors.stopped(entry.path, entry.source)
            else:
                entry.state, entry.error = "unloaded", download_errors.loading_stopped(entry.name)
            entry.detail, entry.may_download = "", False
            entry.reading.stopped.set()
            entry.loading.cancel()
            log.info("loading %s was stopped", entry.name)
        await asyncio.wait([entry.loading])

    def settings_of(self, precision: Precision | None, max_length: int | None) -> tuple[Precision, int | None]:
        """Return the precision and the window to load a model with: the user's choice, or else the configured ones."""
        return precision or self.settings.precision, max_length or self._max_length

    async def ready(self, name: str) -> AsyncIterator[str]:
        """Wait until a model can compute, and yield messages about what it waits for.

        Raises:
            Problem: The model can't be used.
        """
        async for message in self.loaded(name):
            yield message
        entry = self.get(name)
        if entry.preparing is not None and not entry.preparing.done():
            yield f"Preparing {name} (compiling its computation once)…"
            await asyncio.wait([entry.preparing])
            if entry.error is not None:
                raise entry.error

    async def loaded(self, name: str) -> AsyncIterator[str]:
        """Wait until a model is in memory, so that it can tokenize, and yield messages about what it waits for.

        Raises:
            Problem: The model can't be used.
        """
        loading = self.load(name)
        entry = self.get(name)
        shown_figures, shown_detail, at = "", "", 0.0
        while not loading.done():
            detail = self.detail or entry.detail
            figures = "" if self.detail or entry.read is None else reading.figures(entry.read)
            now = time.monotonic()
            # Figures change all the time, and jobs store every message to replay it.
            if detail and (detail != shown_detail or (figures != shown_figures and now - at >= _FIGURES_SECONDS)):
                yield f"{detail.removesuffix('…')}: {figures}…" if figures else detail
                shown_detail, shown_figures, at = detail, figures, now
            await asyncio.wait([loading], timeout=_LOOK_SECONDS)
        if entry.error is not None:
            raise entry.error

    async def _load(self, entry: ModelEntry, attempt: Reading) -> None:
        try:
            await self.libraries()
            source = await self._fetch(entry)
            entry.may_download = False
            if entry.leaving or attempt.stopped.is_set:
                raise download_errors.stopped(entry.path, source)
            entry.state = "loading"
            entry.model = await self.run(lambda: self._make(entry, attempt))
        except asyncio.CancelledError:
            if not attempt.stopped.is_set:
                raise
            return  # `stop` has set the state
        except Problem as error:
            log.warning("loading %s failed: %s", entry.name, error.message, exc_info=error.__cause__)
            # Its traceback would keep the loaded part of the model in memory.
            error.__cause__ = error.__context__ = None
            entry.error = error.with_traceback(None)
        except Exception as error:
            log.exception("loading %s failed", entry.name)
            entry.error = _unusable(entry.name, error)
        else:
            entry.state, entry.detail, entry.used = "ready", "", time.monotonic()
            entry.preparing = asyncio.ensure_future(self._prepare(entry, entry.model))
            return
        entry.may_download = False
        entry.fits = entry.error.fits if isinstance(entry.error, NoRoomError) else []
        waits = entry.error.code in ("preset_absent", "download_stopped")
        entry.state, entry.detail = "absent" if waits else "failed", ""

    async def _fetch(self, entry: ModelEntry) -> Source:
        """Download a model that isn't on this machine, if the user has allowed it, and return its source.

        Raises:
            Problem: It may not or can't be downloaded.
        """
        source = entry.source = await self.run(lambda: paths.source(entry.path))
        if not source.is_elsewhere or await self.run(lambda: hub_cache.lookup(source)) is not None:
            return source
        if not entry.may_download:
            raise download_errors.absent(entry.name, source)
        if entry.leaving:
            raise download_errors.stopped(entry.path, source)
        download = entry.download = Download(entry.path, source, self.kaggle)
        entry.state, entry.detail = "downloading", f"Downloading {entry.name} from {source.site}…"
        log.info("downloading %s from %s", entry.name, entry.path)
        try:
            await download.run()
        finally:
            entry.progress, entry.download = download.progress, None
        entry.progress = None
        return source

    def _make(self, entry: ModelEntry, attempt: Reading) -> LanguageModel:
        return make(entry, attempt, self.settings, self._max_length, self.cache())

    async def _prepare(self, entry: ModelEntry, model: LanguageModel) -> None:
        """Compile what the first answer needs, while the user looks at the model and writes a prompt."""
        try:
            await self.run(lambda: _warm_up(model))
        except Exception as error:
            log.exception("preparing %s failed", entry.name)
            if entry.model is model:
                entry.preparing = None
                self.forget(entry)
                entry.state, entry.error = "failed", _unusable(entry.name, error)
            return
        if entry.model is model and model.is_large:
            # Not part of `preparing`: the first answer doesn't wait for it.
            entry.tracing = asyncio.ensure_future(self.run(lambda: _warm_up_maps(model)))

    def cache(self) -> Path:
        """Return the folder for unpacked archives."""
        if self.settings.cache is None:
            self._temporary = self._temporary or tempfile.TemporaryDirectory(prefix="lit_lab-")
            return Path(self._temporary.name)
        return self.settings.cache

    def forget(self, entry: ModelEntry, why: str = "") -> None:
        """Unload a model that isn't computing, and show why."""
        entry.model = entry.loading = None
        for task in (entry.preparing, entry.tracing, entry.compiling):
            if task is not None:
                task.cancel()
        entry.preparing = entry.tracing = entry.compiling = None
        entry.state, entry.detail, entry.error = "unloaded", why, None
        for tell in self.gone:
            tell()

    def rested(self, entry: ModelEntry) -> None:
        """Compile in the background what the model's requests so far could use, once it has been idle for a moment."""
        entry.used = time.monotonic()
        if entry.model is None:
            return
        if entry.compiling is None or entry.compiling.done():
            entry.compiling = asyncio.ensure_future(self._compile_pending(entry))

    async def _compile_pending(self, entry: ModelEntry) -> None:
        # Compiling while the model computes would slow its answers down.
        at_rest = 0.0
        while at_rest < _REST_SECONDS:
            await asyncio.sleep(_LOOK_SECONDS)
            at_rest = 0.0 if entry.turn.locked() else at_rest + _LOOK_SECONDS
        model = entry.model
        if model is not None and model.has_pending_compiles:
            await self.run(lambda: _compile_logged(model))

    async def run(self, work: Callable[[], T]) -> T:
        """Run a function in the thread that loads models."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _unusable(name: str, error: Exception) -> Problem:
    return Problem(
        422,
        "model_failed",
        f"{name} was loaded, but can't be used: {type(error).__name__}: {error}"[:500],
        "See the service's log for details. Choose a text model such as Gemma, Llama, Mistral, GPT-2 or Qwen.",
    )


def _warm_up(model: LanguageModel) -> None:
    with garbage_collection.paused():
        model.warm_up_generation()


def _warm_up_maps(model: LanguageModel) -> None:
    try:
        with garbage_collection.paused():
            model.warm_up_maps()
    except Exception:
        log.exception("preparing maps failed; the first one takes longer")


def _compile_logged(model: LanguageModel) -> None:
    try:
        with garbage_collection.paused():
            model.compile_pending()
    except Exception:
        log.exception("compiling in the background failed; the model stays slower")
