"""Models that users added in the panel, stored in a file for the next start.

All servers of a user share this file. Each server reloads the file when it has changed, and applies its own changes to the
file's current content.
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
from lit_lab.model_spec import ModelSpec
from lit_lab.problem import Problem

MAX_MODELS = 100

log = logging.getLogger(__name__)

Stamp = tuple[int, int, int] | None
"""Identifies one state of a file: modification time, size and inode. None if there is no file."""


class Added:
    """The configured models and those that users added, as `name:path`.

    Args:
        configured: The models of `c.LitLab.models`. Their names take precedence.
        file: The file that stores the added models.
    """

    def __init__(self, configured: Sequence[str], file: Path) -> None:
        self._configured = tuple(configured)
        self._own = frozenset(ModelSpec.parse(model).name for model in configured)
        self._file = file
        self._lock = threading.Lock()
        self._stamp: Stamp = None
        self._known: dict[str, str] = {}

    @property
    def stamp(self) -> Stamp:
        """The file's current state."""
        try:
            about = self._file.stat()
        except OSError:
            return None
        return (about.st_mtime_ns, about.st_size, about.st_ino)

    @property
    def models(self) -> tuple[str, ...]:
        """The models that any server of this user has added, in order, as `name:path`."""
        return tuple(str(ModelSpec(name, path)) for name, path in self._current().items())

    @property
    def all(self) -> tuple[str, ...]:
        """All models, the configured ones first."""
        return (*self._configured, *self.models)

    @property
    def names(self) -> list[str]:
        """The names of all models."""
        return [ModelSpec.parse(model).name for model in self.all]

    def check(self, name: str) -> None:
        """Check that a model with this name can be added.

        Raises:
            Problem: The name is taken or invalid, or there are too many models.
        """
        self._check(name, self._current())

    def add(self, name: str, path: str) -> None:
        """Add a model. Waits while another program changes the file.

        Raises:
            Problem: The name is taken or invalid, there are too many models, or the change can't be stored.
        """

        def add(models: dict[str, Any]) -> None:
            if models.get(name) == path and name not in self._own:
                return  # another server has already added it
            self._check(name, _usable(models, self._own))
            models[name] = path

        self._change(add)

    def remove(self, name: str) -> None:
        """Remove a model. Waits while another program changes the file.

        Raises:
            Problem: The model is configured or unknown, or the change can't be stored.
        """
        if name in self._own:
            raise Problem(
                422,
                "model_configured",
                f"{name} is configured in c.LitLab.models.",
                "Remove it there and restart the Jupyter server. Here you can only unload it.",
            )

        def remove(models: dict[str, Any]) -> None:
            if models.pop(name, None) is None:
                raise Problem(404, "unknown_model", f"There is no model named {name}.")

        self._change(remove)

    def _check(self, name: str, added: dict[str, str]) -> None:
        if name in self._own or name in added:
            raise Problem(422, "bad_model", f"There is already a model named {name}.", "Choose another name.")
        if ":" in name or name != name.strip():
            raise Problem(
                422,
                "bad_model",
                "A model's name can't contain a colon, or begin or end with a space.",
                "Change the name.",
            )
        if len(added) >= MAX_MODELS:
            raise Problem(
                422,
                "too_many_models",
                f"At most {MAX_MODELS} models can be added.",
                "Remove a model that you don't need.",
            )

    def _current(self) -> dict[str, str]:
        """Return the file's models. Reload the file if it has changed."""
        with self._lock:
            stamp = self.stamp
            if stamp != self._stamp:
                self._known = self._read()
                self._stamp = stamp
            return self._known

    def _read(self) -> dict[str, str]:
        """Read the models from the file. If that fails, return the previous ones, since they may be in use."""
        try:
            return _usable(_models(_parsed(self._file.read_bytes())), self._own)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            log.warning("LIT Lab: can't read the added models from %s: %s", self._file, error)
            return self._known

    def _change(self, how: Callable[[dict[str, Any]], None]) -> None:
        def change(before: bytes | None) -> str:
            try:
                content = _parsed(before or b"{}")
                models = _models(content)
            except ValueError as error:
                aside = self._aside()
                log.warning("LIT Lab: %s is damaged (%s); moving it to %s", self._file, error, aside)
                self._file.replace(aside)
                content, models = {}, {}
            how(models)
            # Keep fields of newer versions, and models that only this server's configuration hides: other servers use them.
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
                "Free some disk space, or check the folder's permissions.",
            ) from error

    def _aside(self) -> Path:
        """Return an unused file name for a damaged list. The caller holds the lock for changes."""
        beside = self._file.with_name(self._file.name + ".damaged")
        names = itertools.chain([beside], (beside.with_name(f"{beside.name}-{n}") for n in itertools.count(2)))
        return next(name for name in names if not name.exists())


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(parsed, dict):
        raise ValueError("it isn't a JSON object")
    return parsed


def _models(content: dict[str, Any]) -> dict[str, Any]:
    models = content.get("models", {})
    if not isinstance(models, dict):
        raise ValueError("its “models” isn't a JSON object")
    return dict(models)


def _usable(models: dict[str, Any], configured: frozenset[str]) -> dict[str, str]:
    """Return the models that can be used, without those whose names are configured."""
    found = {}
    for name, path in models.items():
        try:
            spec = ModelSpec.parse(f"{name}:{path}") if isinstance(path, str) else None
        except ValueError:
            continue
        if spec is not None and spec.name == name and name not in configured:
            found[name] = spec.path
    return found
