"""Stores results by item and part, one line of JSON each. A stored result is computed again only if a setting changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def key_of(*settings: Any) -> str:
    """Return a short name of settings. Different settings have different names."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]


class Store:
    """The lines of a file.

    Args:
        path: The file, which needn't exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[tuple[str, str], dict[str, Any]] = {}
        if path.exists():
            for line in path.read_text("utf-8").splitlines():
                try:
                    found = json.loads(line)
                except ValueError:
                    continue  # a run was stopped while it wrote this line
                self._lines[found["item"], found["part"]] = found

    def get(self, item: str, part: str, key: str) -> Any | None:
        """Return the stored result for a part of an item with these settings. None if there is none."""
        line = self._lines.get((item, part))
        return line["found"] if line is not None and line["key"] == key else None

    def put(self, item: str, part: str, key: str, found: Mapping[str, Any]) -> None:
        """Append a result."""
        line = {"item": item, "part": part, "key": key, "found": found}
        self._lines[item, part] = line
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # A stopped run may have left a line without an end, which must not swallow this one.
        begin = "\n" if self.path.exists() and not self.path.read_bytes().endswith(b"\n") else ""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{begin}{_json(line)}\n")

    def write(self) -> None:
        """Rewrite the file in order, with one line for each item and part."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = [_json(self._lines[name]) for name in sorted(self._lines, key=_order)]
        self.path.write_text("".join(f"{line}\n" for line in lines), "utf-8")

    def keep(self, item: str, part: str, key: str, found: Mapping[str, Any]) -> None:
        """Keep a result for `write`."""
        self._lines[item, part] = {"item": item, "part": part, "key": key, "found": found}


def _order(name: tuple[str, str]) -> tuple[str, int, str]:
    kind, _, number = name[0].rpartition("-")
    return kind, int(number), name[1]


def _json(line: Mapping[str, Any]) -> str:
    return json.dumps(line, separators=(",", ":"), ensure_ascii=False)
