"""A model that can be chosen: how it is asked for, and how far it is."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lit_lab import demo
from lit_lab.protocol import (
    ChatTemplate,
    ModelDownload,
    ModelFit,
    ModelInfo,
    ModelReading,
    ModelState,
    Precision,
    WindowReason,
)

from .errors import ServiceError
from .fair_queue import FairQueue

if TYPE_CHECKING:
    from .language_model import LanguageModel
    from .weights.download import Download
    from .weights.paths import Source
    from .weights.reading import Reading
    from .weights.window import Window


@dataclass
class Entry:
    """A model.

    Attributes:
        name: What the interface calls it.
        path: As written after the colon of `name:path`.
        added: In the panel, rather than configured.
        turn: One computation at a time, whose turn it is.
        preparing: Compiles, in the background, what makes salience quicker.
        loading: The attempt to load it; `reading` tells how far that is.
        may_download: The user has said so, for the next attempt.
        leaving: It is being removed: nothing of it is begun any more.
        asked: What the user wants it loaded in; None: as configured.
        max_length: The window that the user wants; None: as configured.
        chat: Name of its chat format; empty: none.
        template: The chat template that came with it, or None.
        is_instruct: Whether it is known to be instruction-tuned.
        stored: What its weights are stored in, where that isn't what they are read as.
        precision, device, memory, peak: Of the loaded model, as in `ModelInfo`.
        window: How many tokens the loaded model takes, and why.
        used: When it was last used, by `time.monotonic`.
    """

    name: str
    path: str
    state: ModelState = "unloaded"
    detail: str = ""
    error: ServiceError | None = None
    model: LanguageModel | None = None
    turn: FairQueue = field(default_factory=FairQueue)
    loading: asyncio.Task[None] | None = None
    reading: Reading | None = None
    preparing: asyncio.Task[None] | None = None
    added: bool = False
    source: Source | None = None
    folder: Path | None = None
    size: int | None = None
    may_download: bool = False
    leaving: bool = False
    download: Download | None = None
    progress: ModelDownload | None = None
    asked: Precision | None = None
    max_length: int | None = None
    chat: str = ""
    template: ChatTemplate | None = None
    is_instruct: bool = False
    stored: str = ""
    precision: Precision | None = None
    device: str = ""
    memory: int | None = None
    peak: int | None = None
    window: Window | None = None
    fits: list[ModelFit] = field(default_factory=list)
    used: float = field(default_factory=time.monotonic)

    @property
    def is_busy(self) -> bool:
        """Whether it is on its way."""
        return self.loading is not None and not self.loading.done()

    @property
    def is_at_work(self) -> bool:
        """Whether anything is done for it: it is on its way, computes, or compiles in the background."""
        is_preparing = self.preparing is not None and not self.preparing.done()
        return self.is_busy or self.turn.locked() or is_preparing

    @property
    def read(self) -> ModelReading | None:
        """How far its weights are read, while they are."""
        return self.reading.progress if self.reading is not None and self.state == "loading" else None

    def info(self) -> ModelInfo:
        """Return what the interface shows of it."""
        source, model = self.source, self.model
        elsewhere = source is not None and self.folder is None and self.state in ("absent", "downloading", "failed")
        return ModelInfo(
            name=self.name,
            path=self.path,
            state=self.state,
            detail=self.error.message if self.error else self.detail,
            hint=self.error.hint if self.error else "",
            error=self.error.code if self.error else "",
            note=demo.NOTE if self.path == demo.EMBEDDED else "",
            window=model.window if model else None,
            window_reason=self._window_reason(model.window) if model else None,
            trained=self.window.trained if model and self.window else None,
            chat=self.chat if model else "",
            template=self.template if model else None,
            instruct=self.is_instruct if model else False,
            parameters=model.parameters if model else source.parameters if source else None,
            added=self.added,
            terms=source.terms if source and elsewhere else None,
            download=(self.download.progress if self.download else None) or self.progress,
            reading=self.read,
            size=self.size,
            precision=self.precision if model else None,
            stored=self.stored if model else "",
            device=self.device if model else "",
            memory=self.memory if model else None,
            peak=self.peak,
            fits=self.fits if self.state == "failed" else [],
        )

    def _window_reason(self, tokens: int) -> WindowReason | None:
        """Return why a loaded model takes so many tokens; its positions may go less far than was asked for."""
        if self.window is None:
            return None
        return self.window.reason if tokens == self.window.tokens else "model"
