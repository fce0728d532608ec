"""A batch as any replica sees it: what it is asked to do, and what came of it, is in its folder rather than in memory."""

from __future__ import annotations

import contextlib
from typing import Any

from lit_lab.batch_store.batch import StoredBatch
from lit_lab.problem import Problem

from .asked import Asked, AskedFiles, Key

STATUS = "status.json"
"""Why a batch failed, and how far the search for sentences that do nothing is."""

STARTS = "starts.json"
"""How often it was begun without a new row. Not in the file of what it is asked: who stops it removes that at any moment."""


class SharedBatch:
    """Reads and writes the state of a stored batch. Its methods are for threads.

    Args:
        batch: The batch.
        asked: What batches are asked to do.
    """

    def __init__(self, batch: StoredBatch, asked: AskedFiles) -> None:
        self._batch = batch
        self._asked = asked

    @property
    def key(self) -> Key:
        """Its owner's folder, and its id."""
        return key_of(self._batch)

    def refresh(self) -> None:
        """Have the batch say what it does now."""
        batch, asked = self._batch, self._asked.get(self.key)
        status = self._read()
        batch.problem = _problem(status.get("problem"))
        batch.noise_problem = _problem(status.get("noise_problem"))
        batch.doing = "" if asked is None else asked.doing
        message = status.get("noise_message")
        batch.noise_message = message if isinstance(message, str) else ""
        if batch.doing == "rows":
            batch.problem = None
            batch.has_turn = batch.is_held(ignore_own=True)  # else the lock would be taken for its own
        else:
            batch.has_turn = bool(batch.noise_message)

    def failed(self, what: str, problem: Problem | None) -> None:
        """Store why it failed; None: it didn't. A batch lives without.

        Args:
            what: `rows` or `noise`.
            problem: Why.
        """
        name = "problem" if what == "rows" else "noise_problem"
        values = None if problem is None else {"status": problem.status, **problem.body()}
        self._write({**self._read(), name: values, "noise_message": ""})

    def begins(self, asked: Asked) -> int:
        """Count a start, and return how many there were for this without a new row. Those that `breaks_off` ended count no more."""
        return self._count(asked, 1)

    def breaks_off(self, asked: Asked) -> None:
        """What was begun ended in order, to go on later: it killed no process."""
        self._count(asked, -1)

    def says(self, noise_message: str) -> None:
        """Store how far the search for sentences that do nothing is."""
        self._write({**self._read(), "noise_message": noise_message})

    def _count(self, asked: Asked, more: int) -> int:
        try:
            here = {"mark": asked.mark, "newest": self._batch.folder.records.newest}
        except OSError:  # it was deleted meanwhile
            return 0
        found = self._read(STARTS)
        is_same = here == {name: found.get(name) for name in here} and type(found.get("starts")) is int
        starts: int = max(0, (found["starts"] if is_same else 0) + more)
        self._write({**here, "starts": starts}, STARTS)
        return starts

    def _read(self, name: str = STATUS) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            found = self._batch.folder.read(name)
            if isinstance(found, dict):
                return found
        return {}

    def _write(self, values: dict[str, Any], name: str = STATUS) -> None:
        with contextlib.suppress(OSError):  # a full disk, or it was deleted meanwhile
            self._batch.folder.write(name, values)


def key_of(batch: StoredBatch) -> Key:
    """Return the key of a batch."""
    return batch.folder.path.parent.name, batch.folder.path.name


def _problem(values: Any) -> Problem | None:
    try:
        texts = [values[name] for name in ("error", "message", "hint")]
        if type(values["status"]) is not int or not all(isinstance(text, str) for text in texts):
            return None
        return Problem(values["status"], *texts)
    except (TypeError, KeyError):
        return None
