"""The models that were added in the panel: kept in a file, so that they are there at the next start."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lit_lab.problem import Problem
from lit_lab.protocol import MAX_NAME

MAX_MODELS = 100

log = logging.getLogger(__name__)


class Added:
    """Models beside the configured ones, as `name:path`.

    Args:
        configured: Those of `c.LitLab.models`; their names win.
        file: Where the others are kept.
    """

    def __init__(self, configured: Sequence[str], file: Path) -> None:
        self._configured = tuple(configured)
        self._file = file
        self._models = self._read()

    @property
    def models(self) -> tuple[str, ...]:
        """Those that were added, in order, as `name:path`."""
        return tuple(f"{name}:{path}" for name, path in self._models.items())

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
        if name in self.names:
            raise Problem(422, "bad_model", f"There is a model named {name} already.", "Give the new one another name.")
        if ":" in name or name != name.strip():
            raise Problem(422, "bad_model", "A model's name has no colon, and no blank at its ends.", "Change it.")
        if len(self._models) >= MAX_MODELS:
            raise Problem(422, "too_many_models", f"There are {MAX_MODELS} added models.", "Remove one first.")

    def add(self, name: str, path: str) -> None:
        """Add a model that `check` has let through. Raises `Problem` where it can't be kept."""
        self._write({**self._models, name: path})

    def remove(self, name: str) -> None:
        """Forget a model. Raises `Problem`: it was not added here, or that can't be kept."""
        if name not in self._models:
            known = name in self.names
            raise Problem(
                422 if known else 404,
                "model_configured" if known else "unknown_model",
                f"{name} is configured in c.LitLab.models." if known else f"There is no model named {name}.",
                "Take it out there, and restart the Jupyter server. It can be unloaded here." if known else "",
            )
        self._write({other: path for other, path in self._models.items() if other != name})

    def _read(self) -> dict[str, str]:
        configured = {model.partition(":")[0] for model in self._configured}
        try:
            content = json.loads(self._file.read_text(encoding="utf-8"))
            return {
                name: path
                for name, path in dict(content["models"]).items()
                if name not in configured
                and isinstance(path, str)
                and 0 < len(name) <= MAX_NAME
                and ":" not in name
                and path
            }
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            log.warning("LIT Lab: the models that were added can't be read from %s: %s", self._file, error)
            return {}

    def _write(self, models: dict[str, str]) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace(self._file, json.dumps({"models": models}, indent=2, ensure_ascii=False) + "\n")
        except OSError as error:
            raise Problem(
                507,
                "not_kept",
                f"The models can't be kept in {self._file}: {error.strerror or error}.",
                "Make room, or look at the folder's permissions.",
            ) from error
        self._models = models


def replace(file: Path, text: str) -> None:
    """Write a file that its owner alone may read, as a whole or not at all. Raises `OSError`."""
    handle, half = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(half).replace(file)
    except BaseException:
        Path(half).unlink(missing_ok=True)
        raise
