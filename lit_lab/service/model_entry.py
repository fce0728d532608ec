"""A model on the list: its settings and its state."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lit_lab import demo
from lit_lab.problem import Problem
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

from .fair_queue import FairQueue

if TYPE_CHECKING:
    from .language_model import LanguageModel
    from .weights.download import Download
    from .weights.paths import Source
    from .weights.reading import Reading
    from .weights.window import Window


@dataclass
class ModelEntry:
    """A model.

    Attributes:
        name: Its name in the interface.
        path: The path in `name:path`.
        added: Whether it was added in the panel rather than configured.
        turn: Its queue, for one computation at a time.
        preparing: Compiles what the first answer needs, once the model is loaded.
        tracing: Traces the passes that the first map of a large model needs, after that.
        compiling: Compiles in the background what makes salience faster.
        loading: The attempt to load it; `reading` has the progress.
        may_download: Whether the user has allowed a download, for the next attempt.
        leaving: Whether it is being removed, so that nothing new begins.
        requested_precision: The precision that the user chose; None: as configured.
        max_length: The window that the user chose; None: as configured.
        chat: Name of its chat format; empty: none.
        template: The chat template in its files, or None.
        is_instruct: Whether it is known to be instruction-tuned.
        stored: The type that its weights are stored in, if they are loaded as another.
        revision: What identifies the files that were loaded last.
        precision, device, memory, peak: Of the loaded model, as in `ModelInfo`.
        window: The loaded model's window, with its reason.
        used: Time of the last use, by `time.monotonic`.
    """

    name: str
    path: str
    state: ModelState = "unloaded"
    detail: str = ""
    error: Problem | None = None
    model: LanguageModel | None = None
    turn: FairQueue = field(default_factory=FairQueue)
    loading: asyncio.Task[None] | None = None
    reading: Reading | None = None
    preparing: asyncio.Task[None] | None = None
    tracing: asyncio.Future[None] | None = None
    compiling: asyncio.Task[None] | None = None
    added: bool = False
    source: Source | None = None
    folder: Path | None = None
    size: int | None = None
    may_download: bool = False
    leaving: bool = False
    download: Download | None = None
    progress: ModelDownload | None = None
    requested_precision: Precision | None = None
    max_length: int | None = None
    chat: str = ""
    template: ChatTemplate | None = None
    is_instruct: bool = False
    stored: str = ""
    revision: str = ""
    precision: Precision | None = None
    device: str = ""
    memory: int | None = None
    peak: int | None = None
    window: Window | None = None
    fits: list[ModelFit] = field(default_factory=list)
    used: float = field(default_factory=time.monotonic)

    @property
    def is_busy(self) -> bool:
        """Whether it is being downloaded or loaded."""
        return self.loading is not None and not self.loading.done()

    @property
    def is_at_work(self) -> bool:
        """Whether it is being downloaded or loaded, computes, or compiles in the background."""
        tasks = (self.preparing, self.tracing, self.compiling)
        is_compiling = any(task is not None and not task.done() for task in tasks)
        return self.is_busy or self.turn.locked() or is_compiling

    @property
    def read(self) -> ModelReading | None:
        """The progress of reading its weights, or None."""
        return self.reading.progress if self.reading is not None and self.state == "loading" else None

    def info(self) -> ModelInfo:
        """Return what the interface shows."""
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
            revision=self.revision,
            precision=self.precision if model else None,
            stored=self.stored if model else "",
            device=self.device if model else "",
            memory=self.memory + model.half_bytes if model and self.memory is not None else None,
            peak=self.peak,
            fits=self.fits if self.state == "failed" else [],
        )

    def _window_reason(self, tokens: int) -> WindowReason | None:
        """Return the reason for a loaded model's window, which its positions may limit."""
        if self.window is None:
            return None
        return self.window.reason if tokens == self.window.tokens else "model"
