"""A model as the configuration and LIT write it: `name:path`. Imported at server start, so this imports little."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lit_lab.limits import MAX_NAME


class ModelSpec(NamedTuple):
    """A model's name and the path of its preset.

    Attributes:
        name: The name that users choose it by. It has no colon, and no blank at its ends.
        path: A preset's name, folder, file or address.
    """

    name: str
    path: str

    @classmethod
    def parse(cls, text: str) -> ModelSpec:
        """Return the model that `name:path` describes. Blanks around name and path don't count.

        Raises:
            ValueError: The name or the path is missing, or the name is too long.
        """
        name, _, path = (part.strip() for part in text.partition(":"))
        if not (name and path):
            raise ValueError(f"{text!r} is not of the form 'name:path'")
        if len(name) > MAX_NAME:
            raise ValueError(f"the name {name[:20]!r}… is longer than {MAX_NAME} characters")
        return cls(name, path)

    def absolute(self) -> ModelSpec:
        """Return this model with a path that means the same in all folders. Names and addresses stay as they are."""
        if not self.path.startswith((".", "~")):
            return self
        return self._replace(path=str(Path(self.path).expanduser().absolute()))

    def __str__(self) -> str:
        return f"{self.name}:{self.path}"
