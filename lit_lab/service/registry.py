"""Models by name: their configuration, loading and state."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lit_lab import demo
from lit_lab.protocol import ModelInfo, ModelState

from . import collection
from .errors import ServiceError

if TYPE_CHECKING:
    from .language_model import LanguageModel

T = TypeVar("T")

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.1  # how often a waiting request looks whether there is something new to tell
_REST_SECONDS = 3.0  # without work, after which a model has time for what isn't asked for yet


@dataclass
class Entry:
    """A configured model.

    Attributes:
        name: What the interface calls it.
        path: As written after the colon of `name:path`.
        turn: One computation at a time; asyncio's lock is fair.
        preparing: Compiles, in the background, what makes salience quicker.
    """

    name: str
    path: str
    state: ModelState = "unloaded"
    detail: str = ""
    error: ServiceError | None = None
    model: LanguageModel | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    loading: asyncio.Task[None] | None = None
    preparing: asyncio.Task[None] | None = None

    def info(self) -> ModelInfo:
        """Return what the interface shows of it."""
        return ModelInfo(
            name=self.name,
            path=self.path,
            state=self.state,
            detail=self.error.message if self.error else self.detail,
            hint=self.error.hint if self.error else "",
            note=demo.NOTE if self.path == demo.EMBEDDED else "",
            window=self.model.window if self.model else None,
            parameters=self.model.parameters if self.model else None,
        )


def parse(models: list[str]) -> dict[str, Entry]:
    """Read `name:path` entries, as LIT writes them; only the first colon divides, a path may be an address.

    Raises:
        ServiceError: `bad_model`.
    """
    entries: dict[str, Entry] = {}
    for model in models:
        name, _, path = (part.strip() for part in model.partition(":"))
        if not (name and path):
            raise ServiceError(
                422,
                "bad_model",
                f"{model!r} isn't a model: it needs a name, a colon and a path.",
                f"Write for example {demo.DEFAULT_MODEL}, or gemma:gemma2_instruct_2b_en, in c.LitLab.models.",
            )
        if name in entries:
            raise ServiceError(
                422, "bad_model", f"Two models are named {name}.", "Give each model in c.LitLab.models its own name."
            )
        entries[name] = Entry(name, path)
    return entries


class Registry:
    """Loads models on first use, one after the other, in a thread of its own.

    Args:
        entries: The configured models; the first is the default.
        max_length: Window in tokens; None: each preset's own.
        importing: Imports the libraries; called once, in the thread, with a function that takes what is being done.
    """

    def __init__(
        self,
        entries: dict[str, Entry],
        max_length: int | None,
        importing: Callable[[Callable[[str], None]], None],
    ) -> None:
        self.entries = entries
        self._max_length = max_length
        self._importing = importing
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="load")
        self.detail = ""
        self.error: ServiceError | None = None
        self._imported: asyncio.Task[None] | None = None

    @property
    def imported(self) -> bool:
        """Whether the libraries are there."""
        return self._imported is not None and self._imported.done() and self.error is None

    def get(self, name: str) -> Entry:
        """Return a configured model.

        Raises:
            ServiceError: `unknown_model`.
        """
        if name not in self.entries:
            raise ServiceError(
                404,
                "unknown_model",
                f"There is no model named {name}.",
                f"Configured in c.LitLab.models: {', '.join(self.entries)}.",
            )
        return self.entries[name]

    async def start(self, say: Callable[[str], None]) -> None:
        """Import the libraries; all models wait for it.

        Args:
            say: Takes what is being done; called in the thread.

        Raises:
            ServiceError: what is missing.
        """

        def tell(detail: str) -> None:
            self.detail = detail
            say(detail)

        self._imported = asyncio.ensure_future(self._run(lambda: self._importing(tell)))
        try:
            await self._imported
        except ServiceError as error:
            self.error = error
            raise
        finally:
            self.detail = ""

    async def libraries(self) -> None:
        """Wait until the libraries are imported, where that is under way.

        Raises:
            ServiceError: what is missing.
        """
        if self._imported is not None:
            await asyncio.shield(self._imported)

    def load(self, name: str) -> asyncio.Task[None]:
        """Begin to load a model unless that is under way or done; a failed one is tried again."""
        entry = self.get(name)
        if entry.loading is None or (entry.loading.done() and entry.state == "failed"):
            entry.state, entry.error, entry.detail = "loading", None, "Waiting for its turn to load…"
            entry.loading = asyncio.ensure_future(self._load(entry))
        return entry.loading

    async def ready(self, name: str) -> AsyncIterator[str]:
        """Wait until a model can be used, and yield in words what is being waited for.

        Raises:
            ServiceError: why it can't be used.
        """
        loading = self.load(name)
        entry = self.get(name)
        told = ""
        while not loading.done():
            detail = self.detail or entry.detail
            if detail != told:
                yield detail
                told = detail
            await asyncio.wait([loading], timeout=_LOOK_SECONDS)
        if entry.error is not None:
            raise entry.error

    async def _load(self, entry: Entry) -> None:
        try:
            await self.libraries()
            entry.model = await self._run(lambda: self._make(entry))
        except ServiceError as error:
            log.warning("loading %s failed: %s", entry.name, error.message, exc_info=error.__cause__)
            entry.error = error
        except Exception as error:
            log.exception("loading %s failed", entry.name)
            entry.error = ServiceError(
                422,
                "model_failed",
                f"{entry.name} was loaded, but can't be used: {type(error).__name__}: {error}"[:500],
                "The service's log tells more. Choose a text model such as Gemma, Llama, Mistral, GPT-2 or Qwen.",
            )
        else:
            entry.state, entry.detail = "ready", ""
            return
        entry.state, entry.detail = "failed", ""

    def _make(self, entry: Entry) -> LanguageModel:
        from . import presets
        from .language_model import LanguageModel

        there = Path(presets.resolve(entry.path)).exists()
        how = "" if there else " (it is downloaded first where it isn't on this machine yet)"
        entry.detail = f"Loading {entry.name}{how}…"
        log.info("loading %s from %s", entry.name, entry.path)
        with collection.paused():
            causal_lm = presets.load(entry.path)
            model = LanguageModel(causal_lm, self._max_length)
            entry.detail = f"Preparing {entry.name} (compiling its computation once)…"
            model.prepare_generation()
        return model

    def rested(self, entry: Entry) -> None:
        """Have compiled in the background, once the model has rested for a moment, what its work so far asked for."""
        if entry.preparing is None or entry.preparing.done():
            entry.preparing = asyncio.ensure_future(self._prepare(entry))

    async def _prepare(self, entry: Entry) -> None:
        # Who waits for an answer would wait longer.
        at_rest = 0.0
        while at_rest < _REST_SECONDS:
            await asyncio.sleep(_LOOK_SECONDS)
            at_rest = 0.0 if entry.turn.locked() else at_rest + _LOOK_SECONDS
        model = entry.model
        if model is not None and model.wants_preparing:
            await self._run(lambda: _prepare_further(model))

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _prepare_further(model: LanguageModel) -> None:
    try:
        with collection.paused():
            model.prepare()
    except Exception:
        log.exception("compiling in the background failed; what it is for stays slow")
