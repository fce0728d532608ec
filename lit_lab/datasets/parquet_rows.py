"""Decodes Parquet files in a separate process.

A few hundred bytes of Parquet may decode to gigabytes, and the file doesn't declare that. The library decodes a whole page at
once, and can't be interrupted. So it runs in a process with bounded memory and time: `parquet_child.py` writes the rows as
JSON to a pipe, and waits when the pipe is full.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lit_lab.problem import Problem

from . import json_rows, parquet_child
from .text_file import LINE_TOO_LONG, MAX_LINE

MEMORY = 1_500_000_000
"""Maximum address space for decoding in bytes, including the libraries."""

SILENCE = 60.0
"""Maximum time between two rows, in seconds."""

_ENVIRONMENT = {"MALLOC_ARENA_MAX": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
# Other allocators reserve address space that they don't use.

_LOOKS = 0.2  # seconds between two checks of the process


class ParquetRows:
    """Reads rows. Iterate once, then call `close`.

    Args:
        path: The file.
        stop: When this is set, reading ends soon.

    Raises:
        Problem: The file can't be read.
    """

    def __init__(self, path: Path, stop: threading.Event | None = None) -> None:
        if not _has_pyarrow():
            raise Problem(
                422,
                "missing_pyarrow",
                "Reading Parquet files needs the library pyarrow, which the Jupyter server doesn't have.",
                f"Install it in the server's environment ({sys.executable} -m pip install 'lit-lab[parquet]') and restart the "
                "server; or save the file as .jsonl or .csv.",
            )
        self._name = path.name
        self._size = path.stat().st_size
        self._stop = stop or threading.Event()
        self._waiting_since: float | None = None
        self._is_late = self._is_closed = False
        self._number = 0
        self._total = 1
        command = [sys.executable, parquet_child.__file__, str(path.resolve()), str(MEMORY), str(MAX_LINE)]
        self._child = subprocess.Popen(  # noqa: S603 - LIT Lab's own script
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_ENVIRONMENT},
        )
        if self._child.stdout is None:
            raise RuntimeError("the process was started without pipes")
        self._pipe = self._child.stdout
        threading.Thread(target=self._watch, name="lit-lab-parquet", daemon=True).start()
        self.columns: list[str] = []
        """The columns' names, which may contain duplicates."""
        try:
            head = self._receive()
            if head is not None:
                self.columns, self._total = head["columns"], max(1, head["rows"])
        except BaseException:
            self.close()
            raise

    @property
    def position(self) -> int:
        """Return how many bytes were read so far, estimated from the number of rows."""
        return min(self._size, int(self._size * self._number / self._total))

    def close(self) -> None:
        """Kill the process."""
        self._is_closed = True
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def __iter__(self) -> Iterator[tuple[list[Any] | str, int]]:
        """Yield for each row its values, or the reason why it is unusable, and its length in characters."""
        while (row := self._receive()) is not None:
            self._number += 1
            yield row["values"], row["size"]

    def _receive(self) -> dict[str, Any] | None:
        """Return the next message of the process; None at the end.

        Raises:
            Problem: The file can't be read, or the process has ended.
        """
        self._waiting_since = time.monotonic()
        try:
            line = self._pipe.readline(8 * MAX_LINE)
        except (OSError, ValueError):  # it has been closed
            line = b""
        finally:
            self._waiting_since = None
        if self._stop.is_set():
            return None
        message: object = None
        if line.endswith(b"\n"):
            text = line.decode(errors="replace")
            if reason := json_rows.excess(text):
                return {"values": reason, "size": 0}
            with contextlib.suppress(ValueError):  # it ended in the middle of a line
                message = json.loads(text)
        if not isinstance(message, (dict, list)):
            raise self._died()
        if isinstance(message, list):
            return {"values": message, "size": len(line)}
        if "end" in message:
            return None
        if "long" in message:
            return {"values": LINE_TOO_LONG, "size": 0}
        if "error" in message:
            raise self._problem(message["error"], message["reason"])
        return message

    def _problem(self, error: str, reason: str) -> Problem:
        if error == "memory":
            return Problem(
                422,
                "dataset_too_large",
                f"Reading {self._name} takes more than {MEMORY / 1e9:.1f} GB of memory{self._behind()}.",
                "Save it with smaller row groups and pages, or split it.",
            )
        if error == "open":
            return Problem(
                422, "bad_dataset", f"{self._name} isn't a complete Parquet file: {reason}.", "Save it again."
            )
        if error == "deep":
            return Problem(
                422, "bad_dataset", f"{self._name} can't be read: {json_rows.TOO_DEEP}", "Save its values as text."
            )
        if error == "wide":
            return Problem(422, "bad_dataset", f"{self._name} has {reason} can be read.", "Remove some of the columns.")
        return Problem(
            422,
            "bad_dataset",
            f"The file is damaged after row {self._number:,}: {reason}.",
            "You can use the rows before it. To read all rows, save the file again.",
        )

    def _died(self) -> Problem:
        if self._is_late:
            return Problem(
                422,
                "bad_dataset",
                f"Reading {self._name} took more than {SILENCE:.0f} seconds for one row{self._behind()}.",
                "Save it with smaller row groups and pages, or split it.",
            )
        # If memory runs out, the library may end the process without an error message.
        return Problem(
            422,
            "bad_dataset",
            f"Reading {self._name} failed{self._behind()}: the file is damaged, or takes more than {MEMORY / 1e9:.1f} GB of memory.",
            "Save it again, with smaller row groups and pages.",
        )

    def _behind(self) -> str:
        return f", after row {self._number:,}" if self._number else ""

    def _watch(self) -> None:
        """Kill the process when `stop` is set, or when it sends nothing for too long."""
        while not self._is_closed and self._child.poll() is None:
            since = self._waiting_since
            self._is_late = since is not None and time.monotonic() - since > SILENCE
            if self._is_late or self._stop.wait(_LOOKS):
                self._child.kill()
                return


def _has_pyarrow() -> bool:
    try:
        return importlib.util.find_spec("pyarrow") is not None
    except (ImportError, ValueError):
        return False
