"""Resolves the path of a model that a user adds: an address, a preset's name, or a path in Jupyter's file browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_server.services.contents.filemanager import FileContentsManager
from jupyter_server.utils import ensure_async
from tornado import web

from lit_lab import demo, local_paths
from lit_lab.problem import Problem

from . import addresses, known, programs

_PRESET = re.compile(r"[\w.-]+")
_FILES = (".tar.gz", ".tgz", ".tar", ".gguf")


def is_file(path: str) -> bool:
    """Return whether a path is a file path, which the contents manager resolves, rather than an address or a preset's name."""
    named = path == demo.EMBEDDED or _PRESET.fullmatch(path) is not None
    return not addresses.is_address(path) and not (
        named and not path.lower().endswith(_FILES) and path not in (".", "..")
    )


async def locate(manager: Any, path: str, scanners: Sequence[str] = (), folders: Sequence[str] = ()) -> str:
    """Return the path for the model service.

    A bare name is a preset's name, unless the file browser shows a folder with this name. A model that the panel offers from
    another program's folder has its path on this machine.

    Args:
        manager: Jupyter's contents manager, which decides what the user may see; None if the user may not read files.
        path: What the user entered or chose.
        scanners: The programs whose models the panel offers: `c.LitLab.model_scanners`.
        folders: `c.LitLab.model_folders`.

    Raises:
        Problem: The path is invalid or doesn't exist, or the user may not read it.
    """
    if addresses.is_address(path):
        if wrong := addresses.fault(path):
            raise Problem(422, "bad_path", *wrong)
        return addresses.cleaned(path)
    if known.is_known(path):  # even if a folder has this name
        return path
    if not is_file(path) and (manager is None or not await _is_folder(manager, path)):
        return path
    if manager is None:
        raise Problem(
            403,
            "forbidden",
            "The Jupyter server doesn't let you read files.",
            "Ask the server's administrator for access to the resource “contents”.",
        )
    if await asyncio.to_thread(programs.is_among, path, scanners, folders):
        return path
    return str(await _local(manager, path))


async def _is_folder(manager: Any, path: str) -> bool:
    try:
        return bool((await _shown(manager, path))["type"] == "directory")
    except (web.HTTPError, *local_paths.FAILURES):
        return False


async def _shown(manager: Any, path: str) -> dict[str, Any]:
    """Return the contents manager's model of a path.

    Raises:
        HTTPError: The path doesn't exist or is hidden. Both raise the same error.
    """
    # Jupyter's handlers check for hidden paths themselves, because its manager doesn't for files.
    if not manager.allow_hidden and await ensure_async(manager.is_hidden(path)):
        raise web.HTTPError(404)
    return dict(await ensure_async(manager.get(path, content=False)))


async def _local(manager: Any, path: str) -> Path:
    if not isinstance(manager, FileContentsManager):
        raise Problem(
            422,
            "not_local",
            "This Jupyter server doesn't store its files on its own disk, so models can't be loaded from them.",
            "Use a preset's name, kaggle://… or hf://…. Or ask the administrator to add the folder to c.LitLab.models.",
        )
    root = local_paths.resolved(Path(manager.root_dir))
    inside = _inside(path, root)
    try:
        local = Path(manager._get_os_path(inside))  # type: ignore[no-untyped-call]
    except web.HTTPError as error:
        raise _absent(path, 404 if error.status_code == 404 else 403) from error
    except local_paths.FAILURES as error:
        raise _absent(path, 404, local_paths.words(error)) from error
    # Only the administrator decides where links may lead. Refuse a link out of Jupyter's root before looking anything up
    # behind it, so that the error doesn't reveal what exists there.
    if not local_paths.resolved(local).is_relative_to(root):
        raise Problem(
            422,
            "outside_root",
            f"{path} is outside the folder that Jupyter shows: a link leads out of it.",
            "Move the model into that folder, or ask the administrator to add it to c.LitLab.models.",
        )
    try:
        model = await _shown(manager, inside)
    except web.HTTPError as error:
        raise _absent(path, 404 if error.status_code == 404 else 403) from error
    except local_paths.FAILURES as error:
        raise _absent(path, 404, local_paths.words(error)) from error
    if model["type"] != "directory" and not path.lower().endswith(_FILES):
        raise Problem(
            422,
            "not_a_preset",
            f"{path} is neither a folder nor a .gguf or .tar.gz file.",
            "Enter the path of a preset's folder.",
        )
    return local


def _inside(path: str, root: Path) -> str:
    """Return a path relative to the contents manager's root.

    Raises:
        Problem: The path is outside the root.
    """
    given = Path(path)
    if path == "~" or path.startswith("~/"):
        # Expand only the user's own home folder: which other users have one is private.
        given = local_paths.of_user(path)
    if not given.is_absolute():
        return given.as_posix()
    try:
        return given.relative_to(root).as_posix()
    except ValueError as error:
        raise Problem(
            422,
            "outside_root",
            f"{path[:200]} is outside the folder that Jupyter shows.",
            "Move the model there and enter its path as the file browser shows it, or ask the administrator to add it to c.LitLab.models.",
        ) from error


def _absent(path: str, status: int, why: str = "") -> Problem:
    return Problem(
        status,
        "no_such_file",
        f"The file browser has no {path[:200]}{f': {why}' if why else ''}.",
        "Enter a preset's name, or the path of a preset's folder or of a .gguf or .tar.gz file as the file browser shows it.",
    )
