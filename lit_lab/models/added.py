"""The models that were added in the panel: kept in a file, so that they are there at the next start.

Servers of one user share that file. Each reads it anew when it has changed, and changes what is in it then.
"""

from __future__ import annotations

import itertools
import json
import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lit_lab import shared_files
from lit_lab.problem import Problem
from lit_lab.protocol import MAX_NAME

MAX_MODELS = 100

log = logging.getLogger(__name__)

Stamp = tuple[int, int, int] | None
"""Tells one state of a file from another; None: there is none."""


class Added:
    """Models beside the configured ones, as `name:path`.

    Args:
        configured: Those of `c.LitLab.models`; their names win.
        file: Where the others are kept.
    """

    def __init__(self, configured: Sequence[str], file: Path) -> None:
        self._configured = tuple(configured)
        self._own = frozenset(model.partition(":")[0] for model in configured)
        self._file = file
        self._lock = threading.Lock()
        self._stamp: Stamp = None
        self._known: dict[str, str] = {}

    @property
    def stamp(self) -> Stamp:
        """Tells one state of the file from another."""
        try:
            about = self._file.stat()
        except OSError:
            return None
        return (about.st_mtime_ns, about.st_size, about.st_ino)

    @property
    def models(self) -> tuple[str, ...]:
        """Those that were added, by whichever server, in order, as `name:path`."""
        return tuple(f"{name}:{path}" for name, path in self._current().items())

    @property
    def all(self) -> tuple[str, ...]:
        """All models, the configured ones first."""
        return (*self._configured, *self.models)

    @property
    def names(self) -> list[str]:
        """The names of all models."""
        return [model.partition(":")[0] for model in self.all]

    def check(self, name: str) -> None:
        """Refuse a name that can't be added. Raises `Problem`."""
        self._check(name, self._current())

    def add(self, name: str, path: str) -> None:
        """Add a model; waits for others that change the file. Raises `Problem` where it can't be kept."""

        def add(models: dict[str, Any]) -> None:
            if models.get(name) == path and name not in self._own:
                return  # another server was quicker
            self._check(name, _usable(models, self._own))
            models[name] = path

        self._change(add)

    def remove(self, name: str) -> None:
        """Forget a model; waits for others that change the file.

        Raises:
            Problem: It is configured, or there is none, or that can't be kept.
        """
        if name in self._own:
            raise Problem(
                422,
                "model_configured",
                f"{name} is configured in c.LitLab.models.",
                "Take it out there, and restart the Jupyter server. It can be unloaded here.",
            )

        def remove(models: dict[str, Any]) -> None:
            if models.pop(name, None) is None:
                raise Problem(404, "unknown_model", f"There is no model named {name}.")

        self._change(remove)

    def _check(self, name: str, added: dict[str, str]) -> None:
        if name in self._own or name in added:
            raise Problem(422, "bad_model", f"There is a model named {name} already.", "Give the new one another name.")
        if ":" in name or name != name.strip():
            raise Problem(422, "bad_model", "A model's name has no colon, and no blank at its ends.", "Change it.")
        if len(added) >= MAX_MODELS:
            raise Problem(422, "too_many_models", f"There are {MAX_MODELS} added models.", "Remove one first.")

    def _current(self) -> dict[str, str]:
        """Return what the file holds, read again where it has changed."""
        with self._lock:
            stamp = self.stamp
            if stamp != self._stamp:
                self._known = self._read()
                self._stamp = stamp
            return self._known

    def _read(self) -> dict[str, str]:
        """Return what the file holds; while that can't be read, what it held: its models may be loaded, and at work."""
        try:
            return _usable(_models(_parsed(self._file.read_bytes())), self._own)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            log.warning("LIT Lab: the models that were added can't be read from %s: %s", self._file, error)
            return self._known

    def _change(self, how: Callable[[dict[str, Any]], None]) -> None:
        def change(before: bytes | None) -> str:
            try:
                content = _parsed(before or b"{}")
                models = _models(content)
            except ValueError as error:
                aside = self._aside()
                log.warning("LIT Lab: %s is damaged (%s), and was moved to %s", self._file, error, aside)
                self._file.replace(aside)
                content, models = {}, {}
            how(models)
            # What a newer version keeps there, or a model whose name is configured here alone, is another server's.
            return json.dumps({**content, "models": models}, indent=2, ensure_ascii=False) + "\n"

        try:
            shared_files.change(self._file, change)
        except shared_files.HeldError as error:
            raise Problem(
                503,
                "models_busy",
                f"Another program is changing the list of models in {self._file}.",
                "Try again in a moment.",
            ) from error
        except OSError as error:
            raise Problem(
                507,
                "not_kept",
                f"The list of models can't be stored in {self._file}: {error.strerror or error}.",
                "Make room, or look at the folder's permissions.",
            ) from error

    def _aside(self) -> Path:
        """Return a free name for a damaged list, called under the lock for changes."""
        beside = self._file.with_name(self._file.name + ".damaged")
        names = itertools.chain([beside], (beside.with_name(f"{beside.name}-{n}") for n in itertools.count(2)))
        return next(name for name in names if not name.exists())


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(parsed, dict):
        raise ValueError("it is no JSON object")
    return parsed


def _models(content: dict[str, Any]) -> dict[str, Any]:
    models = content.get("models", {})
    if not isinstance(models, dict):
        raise ValueError("its models are no JSON object")
    return dict(models)


def _usable(models: dict[str, Any], configured: frozenset[str]) -> dict[str, str]:
    return {
        name: path
        for name, path in models.items()
        if name not in configured and isinstance(path, str) and path and 0 < len(name) <= MAX_NAME and ":" not in name
    }
