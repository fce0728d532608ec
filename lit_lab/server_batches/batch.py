"""One of the server's batches: what it is, what it does now, and how far it is."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import asdict
from functools import cached_property
from typing import Any, Literal

from lit_lab.batches.index import Index
from lit_lab.batches.noise import NoiseVerdict
from lit_lab.batches.rows import Prompts
from lit_lab.batches.runner import BatchProgress
from lit_lab.problem import Problem
from lit_lab.protocol import BatchCheck, BatchInfo, BatchParts, BatchSampling, ErrorBody
from lit_lab.shared_files import HAS_LOCKS, HeldError, lock

from .copying import CopiedRows
from .folders import About, BatchFolder, not_stored

MAX_SHOWN = 20_000
"""Maximum characters of a template in the information about a batch; the protocol's limit."""


class ServerBatch:
    """A batch.

    Args:
        owner: The user whose batch it is.
        folder: Its folder.

    Attributes:
        task: Computes rows, or looks for sentences that do nothing; None: it does neither.
        doing: What the task does.
        has_turn: Whether the task does that now, rather than wait for another batch's end.
        problem: Why the last task failed; None if it didn't.
        progress: How far the rows are, while they are computed.
        noise_problem: Why the search for sentences that do nothing failed.
        noise_message: How far that is.
        parts: What its parts do, as it was found last, and for which newest part file.
    """

    def __init__(self, owner: str, folder: BatchFolder) -> None:
        self.owner = owner
        self.folder = folder
        self.id = folder.path.name
        self.task: asyncio.Task[None] | None = None
        self.doing: Literal["", "rows", "noise"] = ""
        self.has_turn = False
        self.problem: Problem | None = None
        self.progress: BatchProgress | None = None
        self.noise_problem: Problem | None = None
        self.noise_message = ""
        self.parts: tuple[int, BatchParts] | None = None
        self.parts_until = 0.0
        self._index: Index | None = None
        self._rows: CopiedRows | None = None

    def rest(self) -> None:
        """Do nothing from now on."""
        self.task, self.doing, self.has_turn, self.progress = None, "", False, None

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
        if self._index is None:
            self._index = Index(self.folder.records.path)
        try:
            self.folder.check()
            self._index.update()
        except OSError as error:
            raise self.unreadable(error) from error
        return self._index

    @property
    def rows(self) -> CopiedRows:
        """Its rows. Raises `Problem`."""
        if self._rows is None:
            try:
                self._rows = CopiedRows(self.folder, Prompts.of(self.folder.rows, self.about.plan))
            except OSError as error:
                raise self.unreadable(error) from error
        return self._rows

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
        """Return how far it is. Never raises `Problem`: a batch that is damaged says so."""
        try:
            about = self.about
            done, failed, checks, damage = self._figures(about)
        except Problem as problem:
            return self._damaged(problem)
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
            found = self.folder.read("noise.json")["verdicts"]
            return [NoiseVerdict(**{**values, "interval": tuple(values["interval"])}) for values in found]
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

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
            if not index.damaged:
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
        damaged = list(self.index.damaged)
        if damaged:
            try:
                self.folder.set_aside(damaged)
            except OSError as error:
                raise not_stored(error) from error
            self.drop_caches()

    def is_held(self) -> bool:
        """Whether another process computes its rows, such as another Jupyter server of this user."""
        path = self.folder.records.path / ".lock"
        if not HAS_LOCKS or self.doing == "rows" or not path.is_file():
            return False
        try:
            with lock(path, patience=0):
                return False
        except HeldError:
            return True
        except OSError:
            return False

    def _figures(self, about: About) -> tuple[int, int, list[BatchCheck], Problem | None]:
        if self._index is None:
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                figures: Any = self.folder.read("figures.json")
                if int(figures["parts"]) == self.folder.records.newest:
                    checks = [_check(name, passed, rows) for name, passed, rows in figures["checks"]]
                    return int(figures["done"]), int(figures["failed"]), checks, None
        index = self.index
        damage = None
        if index.damaged:
            name, why = next((path.name, why) for path, why in index.damaged.items())
            damage = Problem(
                422,
                "damaged_part",
                f"Some of its records can't be read ({name}: {why[:200].rstrip('.')}).",
                "Let the batch go on: their rows are computed again.",
            )
        checks = [_check(name, passed, rows) for name, (passed, rows) in index.checks.items()]
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


def _check(name: Any, passed: Any, rows: Any) -> BatchCheck:
    return BatchCheck(name=str(name), passed=int(passed), rows=int(rows))
