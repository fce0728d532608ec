"""Searches the programs' folders in the background, and caches the facts about each model."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lit_lab import local_paths

from ..weights import hub_cache, paths
from .installed_models import InstalledModel, installed_models

if TYPE_CHECKING:
    from .facts import Facts

FRESH_SECONDS = 60.0  # how long a result stays valid
PATIENCE = 1.0  # seconds that a request waits for a search; a later request gets the result

_Stamp = tuple[str, str, tuple[tuple[int, int, int, int], ...]]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """A model on this machine.

    Attributes:
        model: Its place and its name.
        facts: What is known about it.
        size: Bytes of its files.
        place: Its place with links resolved.
    """

    model: InstalledModel
    facts: Facts
    size: int
    place: Path


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
        """Return the models that were found, without those on the list.

        Args:
            listed: Paths, folders and files of the listed models.
            patience: Seconds to wait for a running search; None: `PATIENCE`.
        """
        names = frozenset(listed)
        # A model that leaves the list may be new here, such as one that was downloaded meanwhile.
        is_old = self._at is None or self._listed != names or self._clock() - self._at > FRESH_SECONDS
        if self._scanners and is_old and self._task is None:
            self._listed = names
            self._task = asyncio.ensure_future(self._look())
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=PATIENCE if patience is None else patience)
        found = self._found
        return await asyncio.to_thread(_without, found, names) if found else []

    async def _look(self) -> None:
        try:
            self._found = await asyncio.to_thread(self.look)
        except Exception:
            log.exception("searching for models failed")
        finally:
            self._at = self._clock()
            self._task = None

    def look(self) -> list[Found]:
        """Search the folders; read the headers of files that are new or have changed."""
        known: dict[_Stamp, tuple[Facts | None, int]] = {}
        result: list[Found] = []
        seen: set[tuple[Path, str]] = set()
        for scanner in self._scanners:
            try:
                for model in installed_models(scanner, self._own):
                    self._look_at(model, known, result, seen)
            except Exception:  # one program's faulty folder must not hide the others' models
                log.exception("searching for models of %s failed", scanner)
        self._known = known
        return _with_unique_names(result)

    def _look_at(
        self,
        model: InstalledModel,
        known: dict[_Stamp, tuple[Facts | None, int]],
        result: list[Found],
        seen: set[tuple[Path, str]],
    ) -> None:
        from .facts import Facts, facts  # imported here, because the service listens before it imports anything large

        place = local_paths.resolved(model.place)
        if model.fault:
            result.append(Found(model, Facts(fault=model.fault), 0, place))
            return
        # Two of Ollama's tags may name one file.
        key = (place, model.name if model.program == "ollama" else "")
        if key in seen:
            return
        seen.add(key)
        stamp = _stamp(model)
        about = self._known.get(stamp)
        if about is None:
            found = facts(model)
            about = found, 0 if found is None else hub_cache.size_of(model.place)
        # Temporary faults, such as too many open files, aren't cached.
        if about[0] is None or not about[0].may_pass:
            known[stamp] = about
        if about[0] is not None:
            result.append(Found(model, about[0], about[1], place))


def _without(found: list[Found], names: frozenset[str]) -> list[Found]:
    """Return those that aren't listed, by their paths or by their places."""
    there = {local_paths.resolved(local_paths.of_user(name)) for name in names if paths.is_local(name)}
    return [each for each in found if each.model.path not in names and each.place not in there]


def _with_unique_names(found: list[Found]) -> list[Found]:
    """Prefix the names of models that would have the same name with their folders."""
    counts = Counter(each.model.name for each in found)
    return [
        each
        if counts[each.model.name] == 1 or each.model.program == "ollama"
        else dataclasses.replace(
            each, model=dataclasses.replace(each.model, name=f"{each.model.place.parent.name}/{each.model.name}")
        )
        for each in found
    ]


def _stamp(model: InstalledModel) -> _Stamp:
    """Return what changes when a model does: names, sizes and times of the files that are read."""
    if local_paths.is_folder(model.place):
        files = [model.place, *(model.place / name for name in hub_cache.names(model.place, 1_000))]
    else:
        files = hub_cache.parts_of(model.place) or [model.place]
    times = []
    for file in files:
        try:
            about = file.stat()
        except local_paths.FAILURES:
            continue
        times.append((about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns))
    return (model.path, model.name, tuple(times))
