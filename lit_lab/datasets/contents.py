"""Reads and writes files of Jupyter's file browser, as its contents manager allows."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_server.services.contents.filemanager import FileContentsManager
from jupyter_server.utils import ensure_async
from tornado import web

from lit_lab import local_paths
from lit_lab.problem import Problem

from .configured import NAMED, SUFFIXES, suffix_of
from .saving import MAX_HELD, too_large


def check_name(path: str) -> None:
    """Check that a file's name ends in a suffix of prompt files.

    Raises:
        Problem: It doesn't.
    """
    if not path.lower().endswith(SUFFIXES):
        raise Problem(
            422,
            "unknown_format",
            f"LIT Lab can't read prompts from {PurePosixPath(path).name}.",
            f"Choose a file whose name ends in {NAMED}.",
        )


async def local_file(manager: Any, path: str) -> tuple[Path, bool]:
    """Return the local path of one of the contents manager's files, and whether it is a copy that the caller must delete.

    Raises:
        Problem: The file doesn't exist, can't be read, or isn't a regular file.
    """
    check_name(path)
    name = PurePosixPath(path).name
    try:
        # Request no content: this only checks that the file exists and is visible.
        model = await ensure_async(manager.get(path, content=False))
        if model["type"] == "directory":
            raise Problem(422, "not_a_file", f"{name} is a folder.", "Choose a file in it.")
        if isinstance(manager, FileContentsManager):
            local = Path(manager._get_os_path(path))  # type: ignore[no-untyped-call]
            if not stat.S_ISREG(local.stat().st_mode):  # reading a pipe would block
                raise Problem(422, "not_a_file", f"{name} isn't a regular file.", "Choose another file.")
            if not os.access(local, os.R_OK):
                raise Problem(
                    403, "unreadable_file", f"The Jupyter server may not read {name}.", "Change the file's permissions."
                )
            return local, False
        size = model.get("size")
        if size is not None and size > MAX_HELD:
            raise _too_large(name, size)
        model = await ensure_async(manager.get(path, content=True, type="file", format="base64"))
        data = base64.b64decode(model["content"])
        if len(data) > MAX_HELD:
            raise _too_large(name, len(data))
    except web.HTTPError as error:
        raise _refused(error, f"{name} can't be opened") from error
    except local_paths.FAILURES as error:
        why = local_paths.words(error)
        raise Problem(
            422, "unreadable_file", f"{name} can't be opened: {why}.", "Check the file and its name."
        ) from error
    with tempfile.NamedTemporaryFile(suffix=suffix_of(path), delete=False) as file:
        file.write(data)
    return Path(file.name), True


@dataclass(frozen=True)
class Origin:
    """The file that a dataset was read from, and its state at that time.

    Attributes:
        path: The file's path in Jupyter's file browser; empty if it comes from the configuration.
        local: The file's path on this machine; None if the contents manager doesn't provide one.
        version: Identifies the file's state.
    """

    path: str
    local: Path | None
    version: str


def version(path: Path, is_copy: bool) -> str:
    """Return a string that identifies a file's state: its modification time, or a hash of a copy's content.

    Returns an empty string if the state can't be determined. An empty version equals no other version.
    """
    try:
        if is_copy:
            return hashlib.sha256(path.read_bytes()).hexdigest()
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"


async def unchanged(manager: Any, origin: Origin) -> bytes | None:
    """Return the content of a dataset's file; None if it has changed since it was read.

    Raises:
        Problem: The file is too large.
    """
    if not origin.version:
        return None
    local, is_copy = origin.local, False
    try:
        if local is None:
            local, is_copy = await local_file(manager, origin.path)
    except Problem:
        return None
    try:
        if version(local, is_copy) != origin.version:
            return None
        if local.stat().st_size > MAX_HELD:
            raise too_large()
        data = await asyncio.to_thread(local.read_bytes)
        # The file may have changed while it was read.
        return data if version(local, is_copy) == origin.version else None
    except OSError:
        return None
    finally:
        if is_copy:
            local.unlink(missing_ok=True)


def is_still(origin: Origin) -> bool:
    """Return whether a dataset's file is unchanged, without reading its content."""
    return origin.local is None or version(origin.local, is_copy=False) == origin.version


async def is_same(manager: Any, origin: Origin, path: str) -> bool:
    """Return whether a path in the file browser is that of a dataset's file."""
    if origin.path == path:
        return True
    if origin.local is None or not isinstance(manager, FileContentsManager):
        return False
    try:
        return origin.local.samefile(manager._get_os_path(path))  # type: ignore[no-untyped-call]
    except (OSError, ValueError, web.HTTPError):
        return False


async def is_there(manager: Any, path: str) -> bool:
    """Return whether saving to a path would replace a file.

    Raises:
        Problem: A dataset can't be saved to that path.
    """
    name = PurePosixPath(path).name
    if not path.lower().endswith(".jsonl") or name.lower() == ".jsonl":
        raise Problem(422, "bad_name", "The file's name must end with .jsonl.", "Add it to the name.")
    with _words(f"{name} can't be saved"):
        if await ensure_async(manager.dir_exists(path)):
            raise Problem(409, "not_a_file", f"{name} is a folder.", "Choose another name.")
        return bool(await ensure_async(manager.file_exists(path)))


async def save(manager: Any, path: str, content: bytes) -> Origin:
    """Write a file through the contents manager, and return its new state.

    Raises:
        Problem: The manager refuses to write the file.
    """
    model = {"type": "file", "format": "base64", "content": base64.b64encode(content).decode()}
    with contextlib.suppress(UnicodeDecodeError):  # prefer text, because some managers don't accept bytes
        model |= {"format": "text", "content": content.decode()}
    with _words(f"{PurePosixPath(path).name} can't be saved"):
        await ensure_async(manager.save(model, path))
    return await _as_saved(manager, path, content)


async def _as_saved(manager: Any, path: str, content: bytes) -> Origin:
    """Return the state of a file that was just written, without a version if its content has already changed."""
    with contextlib.suppress(OSError, Problem):
        local, is_copy = await local_file(manager, path)
        try:
            found = version(local, is_copy)
            if await asyncio.to_thread(local.read_bytes) == content:
                return Origin(path, None if is_copy else local, found)
        finally:
            if is_copy:
                local.unlink(missing_ok=True)
    return Origin(path, None, "")


@contextlib.contextmanager
def _words(what: str) -> Iterator[None]:
    """Turn errors of Jupyter's contents manager into problems with a message for the user."""
    try:
        yield
    except web.HTTPError as error:
        raise _refused(error, what) from error
    except OSError as error:
        raise Problem(500, "save_failed", f"{what}: {error.strerror or error}.", "Choose another folder.") from error
    except (ValueError, RuntimeError) as error:  # `Path` and the system raise these for invalid names
        raise Problem(422, "bad_name", f"{what}: {local_paths.words(error)}.", "Choose another name.") from error


def _too_large(name: str, size: int) -> Problem:
    return Problem(
        413,
        "file_too_large",
        f"{name} has {size / 1e6:,.0f} MB. This Jupyter server doesn't store its files on its own disk, so LIT Lab can read at "
        f"most {MAX_HELD / 1e6:,.0f} MB.",
        "Split the file.",
    )


def _refused(error: web.HTTPError, what: str) -> Problem:
    status = error.status_code
    reason = (error.log_message or error.reason or "").strip().rstrip(".")
    if status == 404:
        return Problem(404, "no_such_file", f"{what}: there is no such file.", "Check whether it was moved or renamed.")
    return Problem(
        status if status in (403, 409, 413) else 500,
        "contents_refused",
        f"{what}: {reason or 'Jupyter refused it'}.",
        "Nothing was changed. Check the file's permissions, or choose another name.",
    )
