"""The Jupyter servers of this user that run on this machine, as their files in Jupyter's runtime folder say.

`jupyter_server.serverapp.list_running_servers` would import the whole server, delete files, and trust files of other users.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lit_lab.client.address import Address, address_of
from lit_lab.problem import Problem

MAX_FILES = 64
MAX_BYTES = 64 * 1024


def running_servers(folder: Path, parent: int | None) -> list[tuple[Address, bool]]:
    """Return the addresses of running servers, the likeliest to be meant first, each with whether this kernel belongs to it.

    Args:
        folder: Jupyter's runtime folder.
        parent: The id of the process that started this kernel: its server comes first. The others come newest first.
    """
    found = []
    for path in sorted(folder.glob("jpserver-*.json"))[:MAX_FILES]:
        about = _read(path)
        if about is not None and _runs(about[1].get("pid")):
            found.append(about)
    found.sort(key=lambda each: (each[1]["pid"] != parent, -each[0]))
    return list(_addresses([about for _, about in found], parent))


def _addresses(servers: list[dict[str, Any]], parent: int | None) -> Iterator[tuple[Address, bool]]:
    for about in servers:
        url, token = about.get("url"), about.get("token")
        if isinstance(url, str) and isinstance(token, str):
            try:
                yield address_of(url, token), about["pid"] == parent
            except Problem:
                continue  # a server of another kind


def _read(path: Path) -> tuple[float, dict[str, Any]] | None:
    """Return when a file was written, and its content; None if it isn't this user's, or isn't such a file."""
    try:
        # A link could lead to a file of this user's that others may write.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or not _is_mine(about):
            return None
        try:
            content = json.loads(file.read(MAX_BYTES + 1)[:MAX_BYTES])
        except (ValueError, RecursionError):
            return None  # just being written
    return (about.st_mtime, content) if isinstance(content, dict) else None


def _is_mine(about: os.stat_result) -> bool:
    """Whether only this user may write a file: its token goes to the address that is in it."""
    return not hasattr(os, "getuid") or (about.st_uid == os.getuid() and not about.st_mode & 0o022)


def _runs(pid: object) -> bool:
    if type(pid) is not int or pid <= 0:
        return False
    if os.name == "nt":
        return True  # there, this signal would be a Ctrl+C
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
