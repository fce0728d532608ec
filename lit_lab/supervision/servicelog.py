"""The model service's output: the last lines in memory, and all of it in a file that only the user can read."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import IO

MAX_LINES = 500
MAX_LINE = 4_000  # characters
MAX_FILE = 5_000_000  # bytes; then a new file begins, and the previous one remains


class ServiceLog:
    """A ring of lines, and a file with mode 0600.

    Args:
        path: The file. Its folder is created. If the file can't be written, only the lines in memory remain.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._broken = False
        self._lines: deque[str] = deque(maxlen=MAX_LINES)
        self._file: IO[str] | None = None
        self._written = 0

    @property
    def lines(self) -> list[str]:
        """The last lines, oldest first."""
        return list(self._lines)

    def add(self, line: str) -> None:
        """Add a line, without its line break."""
        line = line if len(line) <= MAX_LINE else line[:MAX_LINE] + " …"
        self._lines.append(line)
        try:
            self._write(line)
        except OSError as error:
            # A full disk must not stop the model; the lines in memory remain.
            self._lines.append(f"[the log can't be written to {self.path} any more: {error.strerror or error}]")
            self._broken = True
            self._file = None

    def close(self) -> None:
        """Close the file and remove it: it is only useful while the server runs."""
        if self._file is not None:
            self._file.close()
            self._file = None
        for path in (self.path, self._older):
            path.unlink(missing_ok=True)

    @property
    def _older(self) -> Path:
        return self.path.with_suffix(self.path.suffix + ".1")

    def _write(self, line: str) -> None:
        if self._broken:
            return
        if self._file is not None and self._written > MAX_FILE:
            self._file.close()
            self.path.replace(self._older)
            self._file = None
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Always a new file: another user's file would have that user's mode, or be a link.
            self.path.unlink(missing_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._file = os.fdopen(descriptor, "w", encoding="utf-8", errors="replace")
            self._written = 0
        self._file.write(line + "\n")
        self._file.flush()
        self._written += len(line.encode("utf-8", "replace")) + 1
