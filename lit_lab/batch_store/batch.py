"""A stored batch: what it is, what it does now, and how far it is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from dataclasses import asdict
from functools import cached_property
from typing import Any, Literal

from lit_lab import discreet
from lit_lab.batches.index import Index, UnreadableError
from lit_lab.batches.noise import NoiseVerdict
from lit_lab.batches.rows import Prompts
from lit_lab.batches.runner import BatchProgress
from lit_lab.problem import Problem
from lit_lab.protocol import BatchCheck, BatchInfo, BatchParts, BatchSampling, ErrorBody
from lit_lab.shared_files import is_locked

from .copied_rows import CopiedRows
from .folders import About, BatchFolder, not_stored

MAX_SHOWN = 20_000
"""Maximum characters of a template in the information about a batch; the protocol's limit."""

log = logging.getLogger(__name__)


class StoredBatch:
    """A batch.

    Args:
        owner: The user whose batch it is.
        folder: Its folder.

    Attributes:
        task: Computes rows, or looks for sentences that do nothing; None: it does neither.
        doing: What the task does.
        is_stopping: Whether the task was cancelled.
        has_turn: Whether the task does that now, rather than wait for another batch's end.
        problem: Why the last task failed; None if it didn't.
        progress: How far the rows are, while they are computed.
        noise_problem: Why the search for sentences that do nothing failed.
        noise_message: How far that is.
        parts: What its parts do, as it was found last, and of what: `parts_key`.
        parts_until: Until when that is good enough while rows come.
        adding_up: Finds what its parts do; None: nobody asks.
    """

    def __init__(self, owner: str, folder: BatchFolder) -> None:
        self.owner = owner
        self.folder = folder
        self.id = folder.path.name
        self.task: asyncio.Task[None] | None = None
        self.doing: Literal["", "rows", "noise"] = ""
        self.has_turn = False
        self.is_stopping = False
        self.problem: Problem | None = None
        self.progress: BatchProgress | None = None
        self.noise_problem: Problem | None = None
        self.noise_message = ""
        self.parts: tuple[tuple[int, tuple[int, int]], BatchParts] | None = None
        self.parts_until = 0.0
        self.adding_up: asyncio.Future[BatchParts] | None = None
        self._index: Index | None = None
        self._rows: CopiedRows | None = None

    def rest(self) -> None:
        """Do nothing from now on."""
        self.task, self.doing, self.has_turn, self.progress, self.is_stopping = None, "", False, None, False

    def end_adding_up(self) -> None:
        """What its parts do is found, or can't be."""
        if self.adding_up is not None and not self.adding_up.cancelled():
            self.adding_up.exception()  # perhaps nobody waits for it any more
        self.adding_up = None

    @property
    def is_cached(self) -> bool:
        """Whether its index is in memory."""
        return self._index is not None

    # --- In a thread ---

    @cached_property
    def about(self) -> About:
        """What it is. Raises `Problem`: it is damaged."""
        try:
            self.folder.check()
        except OSError as error:
            raise self.unreadable(error) from error
        return self.folder.about()

    @property
    def index(self) -> Index:
        """The index of its records, with all that are stored now. Raises `Problem`."""
        index = self._index  # which another thread may drop
        if index is None:
            index = self._index = Index(self.folder.records.path, self.about.total)
        try:
            self.folder.check()
            index.update()
        except OSError as error:
            raise self.unreadable(error) from error
        return index

    @property
    def rows(self) -> CopiedRows:
        """Its rows. Raises `Problem`."""
        rows = self._rows  # which another thread may drop
        if rows is None:
            try:
                self.folder.check()
                rows = self._rows = CopiedRows(self.folder, Prompts.of(self.folder.rows, self.about.plan))
            except OSError as error:
                raise self.unreadable(error) from error
        return rows

    def drop_caches(self) -> None:
        """Free memory. All of it is found again in the folder."""
        self._index = self._rows = self.parts = None

    def unreadable(self, error: Exception) -> Problem:
        """Return the problem of a file that can't be read."""
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Problem(
            422, "damaged_batch", f"The batch can't be read: {why.rstrip('.')}.", "Delete it, and run the rows again."
        )

    def info(self) -> BatchInfo:
        """Return how far it is. Never raises: a batch that is damaged says so, and the others are listed."""
        try:
            return self._info()
        except Problem as problem:
            return self._damaged(problem)
        except Exception as error:
            log.error("LIT Lab: a batch can't be shown\n%s", discreet.trace(error))
            return self._damaged(self.unreadable(ValueError("see the server's log")))

    def _info(self) -> BatchInfo:
        about = self.about
        done, failed, checks, damage = self._figures()
        if self.progress is not None:
            done, failed = max(done, self.progress.done), self.progress.failed
        problem_now = self.problem or damage
        verdicts = self.verdicts()
        noise: Literal["none", "running", "done", "failed"] = "none" if verdicts is None else "done"
        message = "" if verdicts is None or verdicts else "There were too few rows with an answer."
        if self.doing == "noise":
            noise, message = "running", self.noise_message if self.has_turn else "Waits for another batch."
        elif self.noise_problem is not None:
            noise, message = "failed", str(self.noise_problem)
        return BatchInfo(
            id=self.id,
            group=about.group,
            name=about.name,
            model=about.plan.model,
            template=about.plan.template[:MAX_SHOWN],
            prompt=about.plan.prompt,
            measures=list(about.plan.measures),
            max_new_tokens=about.plan.max_new_tokens,
            sampling=BatchSampling(**about.plan.sampling),
            stop=list(about.plan.stop),
            chat=about.plan.chat,
            thinking=about.plan.thinking,
            created=about.created,
            state=self._state(done >= about.total, problem_now),
            error=ErrorBody(**problem_now.body()) if problem_now is not None and self.doing != "rows" else None,
            total=about.total,
            done=min(done, about.total),
            failed=failed,
            checks=checks,
            noise=noise,
            noise_message=message,
        )

    def verdicts(self) -> list[NoiseVerdict] | None:
        """Return which sentences do nothing, as far as that was found; None: it wasn't looked for."""
        try:
            return [_verdict(values) for values in self.folder.read("noise.json")["verdicts"]]
        except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError):
            return None

    def parts_key(self, index: Index) -> tuple[int, tuple[int, int]]:
        """Return what differs once its parts do something else: records, or verdicts, perhaps of another server."""
        try:
            found = (self.folder.path / "noise.json").lstat()
        except OSError:
            return index.version, (0, 0)
        return index.version, (found.st_mtime_ns, found.st_ino)

    def store_verdicts(self, found: list[NoiseVerdict]) -> None:
        """Store which sentences do nothing. Raises `Problem`."""
        try:
            self.folder.write("noise.json", {"verdicts": [asdict(verdict) for verdict in found]})
        except OSError as error:
            raise not_stored(error) from error

    def store_figures(self) -> None:
        """Store how far it is, so that a list needn't read its records. A batch lives without."""
        with contextlib.suppress(OSError, Problem):
            index = self.index
            if not index.damaged and not index.unread:
                checks = [[name, *counts] for name, counts in index.checks.items()]
                figures = {
                    "parts": index.newest,
                    "done": index.num_done,
                    "failed": index.num_failed,
                    "checks": checks,
                }
                self.folder.write("figures.json", figures)

    def repair(self) -> None:
        """Set part files aside that can't be read, so that their rows are computed again. Raises `Problem`."""
        index = self.index
        if index.damaged:
            try:
                # It counts the rows of these.
                (self.folder.path / "figures.json").unlink(missing_ok=True)
                self.folder.set_aside(index.still_damaged())
            except OSError as error:
                raise not_stored(error) from error
            self.drop_caches()

    def is_held(self, ignore_own: bool = False) -> bool:
        """Return whether another process computes its rows, such as another Jupyter server of this user.

        Args:
            ignore_own: Not to believe that this process does, though `doing` says that its rows are computed.
        """
        path = self.folder.records.path / ".lock"
        try:
            return (ignore_own or self.doing != "rows") and path.is_file() and is_locked(path)
        except OSError:
            return False

    def _figures(self) -> tuple[int, int, list[BatchCheck], Problem | None]:
        if self._index is None:
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                figures: Any = self.folder.read("figures.json")
                if figures["parts"] == self.folder.records.newest:
                    checks = [
                        BatchCheck(name=str(name), passed=_count(passed), rows=_count(rows))
                        for name, passed, rows in figures["checks"]
                    ]
                    return _count(figures["done"]), _count(figures["failed"]), checks, None
        index = self.index
        damage = None
        try:
            index.check()
        except UnreadableError as error:
            damage = damaged_part(error)
        checks = [BatchCheck(name=name, passed=passed, rows=rows) for name, (passed, rows) in index.checks.items()]
        return index.num_done, index.num_failed, checks, damage

    def _state(
        self, is_done: bool, problem: Problem | None
    ) -> Literal["waiting", "running", "stopped", "done", "failed"]:
        if self.doing == "rows":
            return "running" if self.has_turn else "waiting"
        if self.is_held():
            return "running"
        if problem is not None:
            return "failed"
        return "done" if is_done else "stopped"

    def _damaged(self, problem: Problem) -> BatchInfo:
        created = 0.0
        with contextlib.suppress(OSError):
            created = self.folder.path.lstat().st_mtime
        return BatchInfo(
            id=self.id,
            group="",
            name="",
            model="",
            template="",
            prompt="",
            measures=[],
            max_new_tokens=1,
            sampling=BatchSampling(),
            stop=[],
            chat="auto",
            thinking=False,
            created=created,
            state="failed",
            error=ErrorBody(**problem.body()),
            total=0,
            done=0,
            failed=0,
            checks=[],
            noise="none",
        )


def damaged_part(error: UnreadableError) -> Problem:
    """Return the problem of a part that can't be read."""
    return Problem(
        422 if error.is_damaged else 503,
        "damaged_part" if error.is_damaged else "unread_part",
        f"Some of its records can't be read ({error.path.name}: {error.why}).",
        "Let the batch go on: their rows are computed again." if error.is_damaged else "Try again.",
    )


def _count(value: Any) -> int:
    """Return a number of rows that a file names. Raises `ValueError`."""
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError("it isn't a number of rows")
    return value


def _verdict(values: Any) -> NoiseVerdict:
    """Return a verdict as it was stored. Raises `ValueError`, `TypeError`, `KeyError`, `OverflowError`."""
    low, high = values["interval"]
    numbers = [float(number) for number in (values["floor"], values["below"], low, high)]
    if not all(isinstance(values[name], str) for name in ("id", "text")) or not all(map(math.isfinite, numbers)):
        raise ValueError("it isn't a verdict")
    floor, below, low, high = numbers
    return NoiseVerdict(values["id"], values["text"], floor, below, (low, high), _count(values["num_rows"]))
