"""Results by item and part, one line of JSON each: what is there already isn't computed again, unless a setting changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def key_of(*settings: Any) -> str:
    """Return a short name of settings: other settings have another one."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]


class Store:
    """The lines of a file.

    Args:
        path: The file; it needn't be there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[tuple[str, str], dict[str, Any]] = {}
        if path.exists():
            for line in path.read_text("utf-8").splitlines():
                try:
                    found = json.loads(line)
                except ValueError:
                    continue  # the end of a run that was stopped while it wrote
                self._lines[found["item"], found["part"]] = found

    def get(self, item: str, part: str, key: str) -> Any | None:
        """Return what was stored for a part of an item with these settings. None: nothing."""
        line = self._lines.get((item, part))
        return line["found"] if line is not None and line["key"] == key else None

    def put(self, item: str, part: str, key: str, found: Mapping[str, Any]) -> None:
        """Store it, as the last line."""
        line = {"item": item, "part": part, "key": key, "found": found}
        self._lines[item, part] = line
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # A line without an end, of a run that was stopped, must not swallow this one.
        begin = "\n" if self.path.exists() and not self.path.read_bytes().endswith(b"\n") else ""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{begin}{_json(line)}\n")

    def write(self) -> None:
        """Write the file anew: a line for each item and part, in order."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = [_json(self._lines[name]) for name in sorted(self._lines, key=_order)]
        self.path.write_text("".join(f"{line}\n" for line in lines), "utf-8")

    def keep(self, item: str, part: str, key: str, found: Mapping[str, Any]) -> None:
        """Keep it for `write`."""
        self._lines[item, part] = {"item": item, "part": part, "key": key, "found": found}


def _order(name: tuple[str, str]) -> tuple[str, int, str]:
    kind, _, number = name[0].rpartition("-")
    return kind, int(number), name[1]


def _json(line: Mapping[str, Any]) -> str:
    return json.dumps(line, separators=(",", ":"), ensure_ascii=False)
