"""A line on the terminal that says what a command waits for. Where standard error is no terminal, nothing is written."""

from __future__ import annotations

import shutil
import sys
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lit_lab.client.progress import Progress

_CLEAR = "\r\x1b[K"


class StatusLine:
    """Shows progress, and removes it at the end."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._answer = ""

    def __enter__(self) -> StatusLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write("")

    def say(self, words: str) -> None:
        """Show words."""
        self._write(words)

    def show(self, progress: Progress) -> None:
        """Show what happens."""
        if progress.is_anew:
            self._answer = ""
        if progress.text:
            self._answer += progress.text
            self._write(self._answer)
        elif progress.total:
            self._write(f"{progress.done:,} of {progress.total:,} computed")
        elif progress.message:
            self._answer = ""
            self._write(progress.message)

    def _write(self, text: str) -> None:
        if self._is_shown:
            # The end of a long text, without what a terminal would take for a command.
            line = "".join(letter if letter.isprintable() else " " for letter in text[-500:])
            sys.stderr.write(_CLEAR + line[-max(shutil.get_terminal_size().columns - 1, 1) :])
            sys.stderr.flush()
