"""Files of Jupyter's file browser, read and written as Jupyter's own contents manager allows."""

from __future__ import annotations

import base64
import json
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_server.services.contents.filemanager import FileContentsManager
from jupyter_server.utils import ensure_async
from tornado import web

from lit_lab.problem import Problem

from .configured import SUFFIXES
from .table import Row

MAX_HELD = 64_000_000
"""Most bytes of a file that has to be held in memory: one that is saved, or one of a manager that isn't of files."""


def check_name(path: str) -> None:
    """Refuse what isn't a file of prompts. Raises `Problem`."""
    if not path.lower().endswith(SUFFIXES):
        raise Problem(
            422,
            "unknown_format",
            f"{PurePosixPath(path).name} isn't a kind of file that can be read as prompts.",
            f"Such files end in {', '.join(SUFFIXES)}.",
        )


async def local_file(manager: Any, path: str) -> tuple[Path, bool]:
    """Return where a file of the contents manager's is on this machine, and whether it is a copy for us to delete.

    Raises:
        Problem: There is none, it may not be read, or it is no file.
    """
    check_name(path)
    name = PurePosixPath(path).name
    try:
        # Without content: this asks whether it is there and may be seen, and reads nothing.
        model = await ensure_async(manager.get(path, content=False))
        if model["type"] == "directory":
            raise Problem(422, "not_a_file", f"{name} is a folder.", "Choose a file in it.")
        if isinstance(manager, FileContentsManager):
            local = Path(manager._get_os_path(path))  # type: ignore[no-untyped-call]
            if not stat.S_ISREG(local.stat().st_mode):  # a pipe would be waited for
                raise Problem(422, "not_a_file", f"{name} isn't a regular file.", "Choose another one.")
            if not os.access(local, os.R_OK):
                raise Problem(
                    403, "unreadable_file", f"{name} may not be read by the Jupyter server.", "Change its permissions."
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
    except OSError as error:
        raise Problem(422, "unreadable_file", f"{name} can't be opened: {error.strerror}.", "Look at it.") from error
    with tempfile.NamedTemporaryFile(suffix=PurePosixPath(path).suffix.lower(), delete=False) as file:
        file.write(data)
    return Path(file.name), True


def json_lines(rows: Iterable[Row]) -> str:
    """Return rows as JSON Lines: `prompt`, `target` and `source`, and what other columns there were.

    Raises:
        Problem: 413: They are too many to be saved.
    """
    lines, size = [], 0
    for row in rows:
        fields: dict[str, object] = {"prompt": row.prompt}
        if row.target:
            fields["target"] = row.target
        if row.source:
            fields["source"] = row.source
        # A column that has one of the three names, but was not chosen for it, keeps its values under another.
        taken = {"prompt", "target", "source"}
        fields |= {f"{name} (other)" if name in taken else name: value for name, value in row.others.items()}
        line = json.dumps(fields, ensure_ascii=False, default=str)
        size += len(line.encode()) + 1
        if size > MAX_HELD:
            raise Problem(
                413,
                "dataset_too_large",
                f"Only datasets of up to {MAX_HELD / 1e6:,.0f} MB can be saved from here.",
                "Your changes are still here. Change the file itself, with a program.",
            )
        lines.append(line)
    return "".join(f"{line}\n" for line in lines)


async def save(manager: Any, path: str, text: str, overwrite: bool) -> None:
    """Write a file through the contents manager.

    Raises:
        Problem: 409: it is there, and may not be replaced; or whatever the manager says.
    """
    name = PurePosixPath(path).name
    if not path.lower().endswith(".jsonl") or name.lower() == ".jsonl":
        raise Problem(422, "bad_name", "The file's name must end with .jsonl.", "Add it to the name.")
    try:
        if await ensure_async(manager.dir_exists(path)):
            raise Problem(409, "not_a_file", f"{name} is a folder.", "Choose another name.")
        if not overwrite and await ensure_async(manager.file_exists(path)):
            raise Problem(409, "file_exists", f"There is a file {name} already.", "Replace it, or choose another name.")
        await ensure_async(manager.save({"type": "file", "format": "text", "content": text}, path))
    except web.HTTPError as error:
        raise _refused(error, f"{name} can't be saved") from error
    except OSError as error:
        raise Problem(
            500, "save_failed", f"{name} can't be saved: {error.strerror or error}.", "Choose another folder."
        ) from error


def _too_large(name: str, size: int) -> Problem:
    return Problem(
        413,
        "file_too_large",
        f"{name} has {size / 1e6:,.0f} MB; here, where Jupyter's files aren't on its server's disk, "
        f"{MAX_HELD / 1e6:,.0f} MB can be read.",
        "Take a part of it.",
    )


def _refused(error: web.HTTPError, what: str) -> Problem:
    status = error.status_code
    reason = (error.log_message or error.reason or "").strip().rstrip(".")
    if status == 404:
        return Problem(404, "no_such_file", f"{what}: there is no such file.", "It may have been moved or renamed.")
    return Problem(
        status if status in (403, 409, 413) else 500,
        "contents_refused",
        f"{what}: {reason or 'Jupyter refused it'}.",
        "Nothing was changed. Look at the file's permissions, or choose another name.",
    )
