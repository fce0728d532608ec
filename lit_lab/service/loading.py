"""From a model's files to a model in memory."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lit_lab.protocol import Backend, Precision

from . import garbage_collection
from .cache_limits import CacheLimits
from .model_entry import ModelEntry
from .weights import device_memory, hub_cache, memory_estimate, paths, revision, window
from .weights.reading import Reading

if TYPE_CHECKING:
    from .language_model import LanguageModel

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loading:
    """How models are loaded.

    Attributes:
        backend: Keras's backend.
        precision: The default precision of weights and computations.
        memory_limit: `c.LitLab.memory_limit`, in bytes.
        cache: Where archives are unpacked; None: a temporary folder.
        idle_timeout: Seconds after which an unused model is unloaded; 0: never.
        scanners: Programs whose models are searched for: keys of `lit_lab.models.programs.TITLES`.
        folders: `c.LitLab.model_folders`.
        caches: How much memory each model's caches may take.
    """

    backend: Backend = "tensorflow"
    precision: Precision = "auto"
    memory_limit: int | None = None
    cache: Path | None = None
    idle_timeout: float = 0.0
    scanners: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    caches: CacheLimits = field(default_factory=CacheLimits)


def make(entry: ModelEntry, attempt: Reading, settings: Loading, max_length: int | None, cache: Path) -> LanguageModel:
    """Read a model whose files are on this machine, and note in its entry what became known of it.

    What fits in memory is known before any weights are read.

    Args:
        entry: The model.
        attempt: Counts what is read, and stops it.
        settings: How models are loaded.
        max_length: The administrator's window in tokens; None: as many as the model was trained for and memory allows.
        cache: The folder for unpacked archives.

    Returns:
        The model, whose code isn't compiled yet.

    Raises:
        Problem: The files can't be used, or don't fit in memory.
        Cancelled: The attempt was stopped.
    """
    from . import presets
    from .language_model import LanguageModel
    from .templates.found import found

    attempt.stopped.check()  # while another model was loaded
    entry.detail = f"Loading {entry.name}…"
    log.info("loading %s from %s", entry.name, entry.path)
    folder = entry.folder = presets.folder(entry.path, cache)
    entry.size = hub_cache.size_of(folder)
    entry.revision = revision.revision_of(folder)
    config = presets.check(folder, entry.path)
    precision = device_memory.chosen(entry.requested_precision or settings.precision, settings.backend)
    device = device_memory.device(settings.backend)
    made = presets.weights_of(folder, entry.path)
    memory_estimate.check_held(folder, entry.path, made)
    shape = memory_estimate.shape(folder, config, made)
    free = device_memory.memory(device, settings.memory_limit).free
    if free is not None:
        free = max(0, free - settings.caches.reserved)
    trained = window.trained(folder, config, memory_estimate.numbers(folder, made))
    limit = _window(entry, max_length, trained, shape, precision, free)
    if shape is not None:
        entry.peak = shape.total(precision, limit.tokens)
        if free is not None:
            memory_estimate.check(entry.name, shape, precision, limit.tokens, free, device)
    elif free is not None:
        memory_estimate.check_weights(entry.name, memory_estimate.numbers(folder, made), precision, free, device)
    with garbage_collection.paused():
        attempt.stopped.check()
        causal_lm = presets.make(folder, entry.path, precision, attempt)
        attempt.end()
        source = entry.source or paths.source(entry.path)
        about = presets.about(folder, entry.path, source)
        entry.is_instruct, entry.stored = about.is_instruct, about.stored
        template = found(folder)
        model = LanguageModel(causal_lm, limit.tokens, about.is_instruct, about.terms, template, settings.caches)
        attempt.stopped.check()
        entry.window = limit
        entry.chat = model.tokenizer.chat.name if model.tokenizer.chat else ""
        entry.template = template.info if template is not None else None
        entry.precision, entry.device = precision, device
        entry.memory = model.parameters * memory_estimate.BYTES[precision]
        model.decoder.cached_pass.room = _room(
            device, settings.memory_limit, (entry.peak or entry.memory) - entry.memory + settings.caches.reserved
        )
    return model


def _room(device: str, limit: int | None, needed: int) -> Callable[[], int | None]:
    """Return a function that returns the free bytes beside those that the map of the longest prompt needs."""

    def room() -> int | None:
        free = device_memory.memory(device, limit).free
        return None if free is None else max(0, free - needed)

    return room


def _window(
    entry: ModelEntry,
    max_length: int | None,
    trained: int,
    shape: memory_estimate.Shape | None,
    precision: Precision,
    free: int | None,
) -> window.Window:
    """Return a model's window: the user's, or else the administrator's, or else what fits in memory."""
    from . import half_copy

    if entry.max_length:
        return window.Window(entry.max_length, trained, "user")
    if max_length:
        return window.Window(max_length, trained, "administrator")
    found = window.chosen(shape, precision, trained, free)
    if shape is None or free is None:
        return found
    # Where memory limits the window, it leaves room for the half-precision copy, unless it would get too short.
    smaller = window.chosen(shape, precision, trained, max(0, free - half_copy.bytes_for(shape, precision)))
    return smaller if smaller.tokens >= window.USUAL else found
