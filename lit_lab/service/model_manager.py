"""Changes to the list of models: add, remove, load, unload, download, stop; idle models are unloaded."""

from __future__ import annotations

import asyncio
import logging
import time

from pydantic import ValidationError

from lit_lab import demo
from lit_lab.models import known, programs
from lit_lab.problem import Problem
from lit_lab.protocol import (
    AddModel,
    DownloadModel,
    FoundModel,
    KnownModel,
    LoadModel,
    MemoryStatus,
    ModelChanging,
    ModelsResponse,
    Precision,
    RemoveModel,
    StopModel,
    UnloadModel,
    describe_validation,
)
from lit_lab.protocol.base import MAX_NAME

from .model_entry import ModelEntry
from .registry import Registry
from .returning import Returning
from .scanning.plain import is_plain, plain
from .scanning.scanner import Found, Scanner
from .weights import device_memory, download_errors, hub_cache, memory_estimate, paths
from .weights.paths import Source

LOOK_SECONDS = 5.0  # between two searches for idle models
TOKENS = 1024  # prompt length for which memory is estimated before a model is loaded, when its window isn't known yet
MAX_PATH = 4096  # characters
FOUND_SECONDS = 60.0  # how long a search for known models on this machine stays valid

log = logging.getLogger(__name__)


class ModelManager:
    """Changes a registry's models, and lists them.

    Args:
        registry: The models.

    Attributes:
        returning: Frees the memory of unloaded models.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.returning = Returning(registry)
        self._device: str | None = None
        self._scanner = Scanner(registry.settings.scanners, registry.settings.folders)
        self._looked_at = -FOUND_SECONDS
        self._beside: set[asyncio.Task[None]] = set()
        self._sources: dict[str, Source] = {}
        self._here: set[str] = set()

    async def models(self) -> ModelsResponse:
        """Return the listed models, the models found on this machine, the known models that could be added, and the memory."""
        registry = self._registry
        if not registry.imported:
            return ModelsResponse(models=[entry.info() for entry in registry.entries.values()])
        for entry in registry.entries.values():
            _look(entry)
        if self._device is None:
            self._device = await registry.run(lambda: device_memory.device(registry.settings.backend))
        memory = await asyncio.to_thread(device_memory.memory, self._device, registry.settings.memory_limit)
        found = await self._look_around(memory)
        models = [entry.info() for entry in registry.entries.values()]
        return ModelsResponse(models=models, found=found, known=self._offered(memory), memory=memory)

    def _offered(self, memory: MemoryStatus) -> list[KnownModel]:
        """Return the known models that aren't on the list, and whether each would fit."""
        registry = self._registry
        listed = {entry.source.where if entry.source else entry.path for entry in registry.entries.values()}
        result = []
        for each in known.known():
            sources = [self._sources[path] for path in each.paths if path in self._sources]
            if each.path not in self._sources or any(source.where in listed for source in sources):
                continue
            offer = each.offer(*self._need(memory_estimate.Shape(parameters=each.parameters, **each.shape), memory))
            here = next((path for path in each.paths if path in self._here), None)
            if here is not None:
                found = {"path": here, "site": each.site(here), "download": 0, "elsewhere": []}
                offer = offer.model_copy(update=found)
            result.append(offer)
        return result

    async def _look_around(self, memory: MemoryStatus) -> list[FoundModel]:
        """Return the models on this machine that aren't on the list, and whether each would fit."""
        entries = self._registry.entries.values()
        listed = [entry.path for entry in entries] + [str(entry.folder) for entry in entries if entry.folder]
        found = await self._scanner.found(listed)
        if time.monotonic() - self._looked_at > FOUND_SECONDS:
            self._looked_at = time.monotonic()
            await asyncio.to_thread(self._look_for_known)
        # A known model that is on this machine is offered once, as a known one.
        known_here = [
            f"{source.kind}://{source.where}/" for path, source in self._sources.items() if path in self._here
        ]
        result = []
        for each in found:
            if any(address.startswith(f"{each.model.path}/") for address in known_here):
                continue
            try:
                result.append(self._found_model(each, memory))
            except (
                ValidationError
            ) as error:  # other programs' names may contain anything; one must not hide the other models
                log.warning("a model can't be listed: %s", describe_validation(error))
        return result

    def _found_model(self, found: Found, memory: MemoryStatus) -> FoundModel:
        model, facts = found.model, found.facts
        precision, needed, fits = self._need(facts.shape, memory)
        program = str(model.place.parent) if model.program == "folders" else programs.TITLES[model.program]
        path, fault = model.path, facts.fault
        if not is_plain(path) or len(path) > MAX_PATH:
            path, fault = plain(path, MAX_PATH), "has a name that LIT Lab can't show"
        return FoundModel(
            # A number may be added at its end.
            name=plain(model.name.replace(":", "-"), MAX_NAME - 10) or "model",
            title=plain(model.name, MAX_NAME) or "model",
            program=plain(program, MAX_NAME),
            path=path,
            size=found.size,
            family=plain(facts.family, 40),
            stored=plain(facts.stored, 40),
            parameters=facts.shape.parameters if facts.shape else None,
            chat=facts.is_instruct,
            precision=precision,
            memory=needed,
            fits=fits,
            fault=plain(fault, 300),
        )

    def _need(
        self, shape: memory_estimate.Shape | None, memory: MemoryStatus
    ) -> tuple[Precision | None, int | None, bool | None]:
        """Return a model's precision, the maximum bytes that it would need, and whether they are free."""
        if shape is None:
            return None, None, None
        configured, limit = self._registry.settings_of(None, None)
        precision = device_memory.chosen(configured, self._registry.settings.backend)
        needed = shape.total(precision, limit or TOKENS)
        return precision, needed, None if memory.free is None else needed <= memory.free

    def _look_for_known(self) -> None:
        """Look up the sources of the known models, and which of them are on this machine."""
        here = set()
        for path in (path for each in known.known() for path in each.paths):
            try:
                source = self._sources[path] = paths.source(path)
            except Problem:
                continue  # this version of keras-hub doesn't have it
            if hub_cache.lookup(source) is not None:
                here.add(path)
        self._here = here

    async def change(self, request: ModelChanging) -> ModelsResponse:
        """Make or begin a change, and return all models.

        Raises:
            Problem: `unknown_model`, `bad_model`, `bad_path`, `preset_not_found`, `model_configured`,
                `model_busy` or `last_model`.
        """
        change = request.change
        if isinstance(change, AddModel):
            await self._add(change)
            return await self.models()
        entry = self._registry.get(change.name)
        if isinstance(change, RemoveModel):
            await self._remove(entry)
        elif isinstance(change, LoadModel):
            await self._load(entry, change)
        elif isinstance(change, DownloadModel):
            # If it waits for its turn to be loaded, it is downloaded then.
            entry.may_download = entry.model is None
            if not entry.is_busy:
                self._registry.load(entry.name)
                await asyncio.sleep(0)
        elif isinstance(change, UnloadModel):
            await self._unload(entry)
        elif isinstance(change, StopModel):
            await self._stop(entry)
        return await self.models()

    async def tidy(self) -> None:
        """Unload models that were idle for the configured time, until cancelled."""
        timeout = self._registry.settings.idle_timeout
        while timeout > 0:
            await asyncio.sleep(min(LOOK_SECONDS, timeout / 2))
            for entry in list(self._registry.entries.values()):
                idle = entry.model is not None and not entry.turn.locked() and not entry.is_busy
                if idle and time.monotonic() - entry.used >= timeout:
                    await self._unload(entry, "Unloaded because it was idle; it is loaded again when it is needed.")

    async def _add(self, change: AddModel) -> None:
        registry = self._registry
        if change.name in registry.entries:
            if registry.entries[change.name].path == change.path:
                return  # the Jupyter server repeats its list
            raise Problem(
                422, "bad_model", f"There is a model named {change.name} already.", "Give the new one another name."
            )
        if ":" in change.name:
            raise Problem(422, "bad_model", "A model's name can't have a colon.", "Choose another name.")
        if paths.is_local(change.path) or "://" in change.path or change.path == demo.EMBEDDED:
            source = paths.source(change.path)
        else:
            await registry.libraries()  # the names of presets come from Keras
            source = await registry.run(lambda: paths.source(change.path))
        registry.entries[change.name] = ModelEntry(change.name, change.path, added=True, source=source)

    async def _remove(self, entry: ModelEntry) -> None:
        if not entry.added:
            raise Problem(
                422,
                "model_configured",
                f"{entry.name} is configured in c.LitLab.models.",
                "Remove it there and restart the Jupyter server. It can be unloaded here.",
            )
        entry.leaving = True
        while entry.is_busy:
            await self._stop(entry)
        await self._unload(entry)
        self._registry.entries.pop(entry.name, None)

    async def _load(self, entry: ModelEntry, change: LoadModel) -> None:
        """Load a model with the change's settings; refuse other settings while it is being loaded."""
        registry = self._registry
        precision = change.precision or entry.requested_precision
        limit = entry.max_length if change.max_length is None else change.max_length or None
        same = registry.settings_of(precision, limit) == registry.settings_of(
            entry.requested_precision, entry.max_length
        )
        if entry.state == "downloading":
            entry.requested_precision, entry.max_length = precision, limit  # applies once it is downloaded
            return
        if entry.is_busy:
            if not same:
                raise _busy(entry, "already, with other settings")
            return
        if entry.model is not None and not same:
            await self._unload(entry)
            if (
                entry.is_busy or entry.model is not None
            ):  # another request was first, while this one waited for its turn
                return await self._load(entry, change)
        entry.requested_precision, entry.max_length = precision, limit
        registry.load(entry.name)

    async def _stop(self, entry: ModelEntry) -> None:
        was_loading = entry.state == "loading"
        await self._registry.stop(entry)
        if was_loading:
            self._collect_later()

    async def _unload(self, entry: ModelEntry, why: str = "") -> None:
        if entry.is_busy:
            raise _busy(entry)
        is_preparing = entry.preparing is not None and not entry.preparing.done()
        async with entry.turn:  # after the running computation
            if not entry.is_busy and (entry.model is not None or entry.error is not None):
                self._registry.forget(entry, why)
        if is_preparing:
            self._collect_later()  # nothing can interrupt the compiler
        else:
            await self.returning.after_unloading()

    def _collect_later(self) -> None:
        """Free the weights in the loading thread, which must release them first."""
        collecting = asyncio.ensure_future(self.returning.after_unloading())
        self._beside.add(collecting)
        collecting.add_done_callback(self._beside.discard)


def _busy(entry: ModelEntry, how: str = "") -> Problem:
    if entry.state == "downloading":
        return Problem(
            409, "model_busy", f"{entry.name} is being downloaded.", "Stop the download, or wait until it is there."
        )
    return Problem(
        409,
        "model_busy",
        f"{entry.name} is being loaded{' ' if how else ''}{how}.",
        "Stop it, or wait until it is there; then try again.",
    )


def _look(entry: ModelEntry) -> None:
    """Update whether a model that was never loaded is on this machine."""
    if entry.state not in ("unloaded", "absent") or entry.is_busy:
        return
    try:
        source = entry.source = entry.source or paths.source(entry.path)
        here = hub_cache.lookup(source) is not None
    except Problem:
        return  # loading reports it
    if not here and entry.state == "unloaded":
        entry.state, entry.error = "absent", download_errors.absent(entry.name, source)
    elif here and entry.state == "absent":
        entry.state, entry.error, entry.progress = "unloaded", None, None
