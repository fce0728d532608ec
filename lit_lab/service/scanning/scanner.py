"""Looks through the programs' folders beside requests, and remembers what each model is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lit_lab import local_paths

from ..weights import cached
from .lying import Lying, lying

FRESH_SECONDS = 60.0  # how long what was found is taken for true
PATIENCE = 1.0  # seconds that somebody waits for what is found; later it is there when they ask again

if TYPE_CHECKING:
    from .facts import Facts

_Stamp = tuple[str, int, int, int]


@dataclass(frozen=True)
class Found:
    """A model that lies on this machine.

    Attributes:
        model: Where it lies, and what it is called there.
        facts: What it is.
        size: Bytes of its files.
    """

    model: Lying
    facts: Facts
    size: int


class Scanner:
    """Finds models on this machine.

    Args:
        scanners: Keys of `lit_lab.models.programs.TITLES`.
        own: `c.LitLab.model_folders`.
        clock: Seconds.
    """

    def __init__(
        self, scanners: Sequence[str], own: Sequence[str] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._scanners = tuple(scanners)
        self._own = tuple(own)
        self._clock = clock
        self._found: list[Found] = []
        self._at: float | None = None
        self._listed: frozenset[str] | None = None
        self._task: asyncio.Task[None] | None = None
        self._known: dict[_Stamp, tuple[Facts | None, int]] = {}

    async def found(self, listed: Iterable[str], patience: float | None = None) -> list[Found]:
        """Return what was found, but for what is listed already.

        Args:
            listed: Paths, folders and files of models that are.
            patience: Seconds to wait for what is being looked for; None: `PATIENCE`.
        """
        names = frozenset(listed)
        # What is taken from the list is perhaps new here: a download that has ended meanwhile.
        is_old = self._at is None or self._listed != names or self._clock() - self._at > FRESH_SECONDS
        if self._scanners and is_old and self._task is None:
            self._listed = names
            self._task = asyncio.ensure_future(self._look())
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=PATIENCE if patience is None else patience)
        there = {local_paths.resolved(local_paths.of_user(name)) for name in names}
        return [
            each
            for each in self._found
            if each.model.path not in names and local_paths.resolved(each.model.place) not in there
        ]

    async def _look(self) -> None:
        try:
            self._found = await asyncio.to_thread(self.look)
            self._at = self._clock()
        finally:
            self._task = None

    def look(self) -> list[Found]:
        """Look through the folders; of what has changed since the last time, read the headers."""
        from .facts import facts  # here, as the service listens before anything large is imported

        known, result = {}, []
        seen = set()
        for model in lying(self._scanners, self._own):
            place = local_paths.resolved(model.place)
            if place in seen:
                continue
            seen.add(place)
            stamp = _stamp(model)
            about = self._known.get(stamp)
            if about is None:
                about = facts(model), cached.size_of(model.place)
            known[stamp] = about
            if about[0] is not None:
                result.append(Found(model, about[0], about[1]))
        self._known = known
        return result


def _stamp(model: Lying) -> _Stamp:
    """Return what changes where a model does: its path, and size and times of its files, or of its configuration."""
    try:
        if local_paths.is_folder(model.place):
            about = (model.place / "config.json").stat()
            return (model.path, about.st_size, about.st_mtime_ns, model.place.stat().st_mtime_ns)
        about = model.place.stat()
        return (model.path, cached.size_of(model.place), about.st_mtime_ns, 0)
    except local_paths.FAILURES:
        return (model.path, 0, 0, 0)
