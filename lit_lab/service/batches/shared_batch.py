"""A batch as any replica sees it: what it is asked to do, and what came of it, is in its folder rather than in memory."""

from __future__ import annotations

import contextlib
from typing import Any

from lit_lab.batch_store.batch import StoredBatch
from lit_lab.problem import Problem

from .asked import AskedFiles, Key

STATUS = "status.json"
"""Why a batch failed, and how far the search for sentences that do nothing is."""


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
            batch.doing = ""  # else the lock would be taken for its own
            batch.has_turn = batch.is_held()
            batch.doing = "rows"
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

    def says(self, noise_message: str) -> None:
        """Store how far the search for sentences that do nothing is."""
        self._write({**self._read(), "noise_message": noise_message})

    def _read(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            found = self._batch.folder.read(STATUS)
            if isinstance(found, dict):
                return found
        return {}

    def _write(self, values: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # a full disk, or it was deleted meanwhile
            self._batch.folder.write(STATUS, values)


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
