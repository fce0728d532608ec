"""The folders of the server's batches.

batches/                      mode 0700
  <digest of the owner>/      one for each user
    <id>/                     one batch
      batch.json              its name, its plan, how many rows there are
      rows.jsonl              a copy of the rows; batches that were started together share one file
      rows.index              where each row's line begins, and its line in the user's file
      records/                the folder of `lit_lab.batches`
      figures.json            how many rows are done, so that a list needn't read all records
      noise.json              which sentences do nothing
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lit_lab.batches.folder import ASIDE, Folder
from lit_lab.batches.plan import Plan
from lit_lab.problem import Problem
from lit_lab.shared_files import open_regular, replace
from lit_lab.surrogates import replaced

MAX_BYTES = 16 * 2**20
"""Maximum bytes of each of the files in JSON."""

MAX_ROWS = 1_000_000
"""Maximum number of a batch's rows."""

_FORMAT = 1
_ID = re.compile(r"[0-9a-f]{24}")
_NEW, _GONE = ".new-", ".gone-"
_LEFT_SECONDS = 86_400.0  # after which what a killed server has left is deleted


@dataclass(frozen=True)
class About:
    """What `batch.json` says.

    Attributes:
        group: The same for batches that were started together.
        name: The dataset's name.
        created: Seconds since 1970.
        total: How many rows there are.
        digest: The SHA-256 of the rows.
        plan: What is computed.
    """

    group: str
    name: str
    created: float
    total: int
    digest: str
    plan: Plan

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**vars(self), "format": _FORMAT, "plan": self.plan.as_json()}

    @classmethod
    def of_json(cls, values: Any) -> About:
        """Return what `as_json` returned. Raises `ValueError`."""
        try:
            if values["format"] != _FORMAT:
                raise ValueError("another version of LIT Lab wrote it")
            total, created = values["total"], float(values["created"])
            if type(total) is not int or not 1 <= total <= MAX_ROWS:
                raise ValueError("it can't have so many rows")
            texts = {name: values[name] for name in ("group", "name", "digest")}
            plan = Plan.of_json(values["plan"])
            all_texts = [*texts.values(), plan.template, plan.prompt, plan.target]
            are_texts = all(isinstance(text, str) for text in all_texts)
            if not are_texts or not math.isfinite(created) or not all(isinstance(each, dict) for each in plan.checks):
                raise TypeError
            plan.request("a prompt")  # the other settings' types
            return cls(created=created, total=total, plan=plan, **texts)
        except (AttributeError, KeyError, TypeError, OverflowError, Problem) as error:
            raise ValueError("it isn't a batch's") from error


def is_id(text: str) -> bool:
    """Whether a text may be a batch's id: nothing else becomes a part of a path."""
    return _ID.fullmatch(text) is not None


def new_id() -> str:
    """Return a new batch's id."""
    return secrets.token_hex(12)


class BatchFolder:
    """One batch's folder.

    Args:
        path: Where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = path / "rows.jsonl"
        self.lines = path / "rows.index"
        self.records = Folder(path / "records")

    def check(self) -> None:
        """Refuse links and pipes: what they lead to isn't the batch's. Raises `Problem` and `OSError`."""
        for folder in (self.path, self.records.path):
            with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
                if folder.is_symlink() or not all(map(_is_plain, entries)):
                    raise Problem(
                        422,
                        "damaged_batch",
                        "The batch's folder has links to other places, or what isn't a file.",
                        "Delete the batch.",
                    )

    def about(self) -> About:
        """Return what the batch is. Raises `Problem`: it is damaged."""
        try:
            return About.of_json(self.read("batch.json"))
        except (ValueError, OSError) as error:
            raise Problem(
                422,
                "damaged_batch",
                f"The batch can't be read: {why(error)}.",
                "Delete it, and run the rows again.",
            ) from error

    def read(self, name: str) -> Any:
        """Return the values of a file. Raises `ValueError` and `OSError`."""
        with open_regular(self.path / name, may_be_link=False) as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError("it is too large")
        try:
            values = json.loads(content)
            # An answer with a lone surrogate couldn't be sent.
            return (
                json.loads(replaced(json.dumps(values, ensure_ascii=False))) if b"\\ud" in content.lower() else values
            )
        except RecursionError as error:
            raise ValueError("it is nested too deep") from error

    def write(self, name: str, values: Any) -> None:
        """Write a file as a whole. Raises `OSError`."""
        path = self.path / name
        if path.is_symlink():
            path.unlink()
        replace(path, json.dumps(values, ensure_ascii=True) + "\n", 0o600)

    def set_aside(self, damaged: list[Path]) -> None:
        """Rename damaged part files, so that their rows are computed again. Raises `OSError`."""
        for path in damaged:
            path.rename(path.with_name(f"{ASIDE}{path.name}"))


class Folders:
    """The folders of all batches of this server.

    Args:
        root: Where they are. Made when the first batch is.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def of(self, owner: str) -> Path:
        """Return the folder of a user's batches."""
        return self.root / hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def ids(self, owner: str) -> list[str]:
        """Return the ids of a user's batches. Raises `Problem`."""
        place = self.of(owner)
        try:
            with os.scandir(place) as entries:
                return [entry.name for entry in entries if is_id(entry.name) and entry.is_dir(follow_symlinks=False)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise _unreadable(error) from error

    def find(self, owner: str, batch_id: str) -> BatchFolder:
        """Return a batch's folder. Raises `Problem`: the user has no such batch."""
        if is_id(batch_id):
            path = self.of(owner) / batch_id
            try:
                if stat.S_ISDIR(path.lstat().st_mode):
                    return BatchFolder(path)
            except (FileNotFoundError, NotADirectoryError):
                pass
            except OSError as error:
                raise _unreadable(error) from error
        raise unknown_batch()

    def find_in(self, place: str, batch_id: str) -> BatchFolder | None:
        """Return a batch's folder.

        Args:
            place: The name of its owner's folder.
            batch_id: Its id.
        """
        path = self.root / place / batch_id
        return BatchFolder(path) if is_id(batch_id) and path.is_dir() and not path.is_symlink() else None

    @contextlib.contextmanager
    def new(self, owner: str) -> Iterator[BatchFolder]:
        """Yield a folder for a new batch, which isn't listed before `finish`, and is deleted if it isn't finished.

        Raises:
            OSError: It can't be made.
        """
        place = self.of(owner)
        for folder in (self.root, place):
            folder.mkdir(mode=0o700, parents=folder == self.root, exist_ok=True)
        if place.is_symlink():
            raise OSError("its folder is a link to another place")
        self.clean(place)
        path = place / f"{_NEW}{new_id()}"
        path.mkdir(mode=0o700)
        try:
            yield BatchFolder(path)
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def finish(self, new: BatchFolder, about: About) -> BatchFolder:
        """Have a new batch be one that is listed. Raises `OSError`."""
        new.write("batch.json", about.as_json())
        path = new.path.with_name(new.path.name.removeprefix(_NEW))
        new.path.rename(path)
        return BatchFolder(path)

    def delete(self, folder: BatchFolder) -> None:
        """Delete a batch. Raises `Problem`."""
        gone = folder.path.with_name(f"{_GONE}{folder.path.name}")
        try:
            folder.path.rename(gone)
            shutil.rmtree(gone)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise Problem(
                507,
                "not_deleted",
                f"The batch's folder can't be deleted: {why(error)}.",
                f"Delete it yourself: it is below {self.root}.",
            ) from error

    def clean(self, place: Path) -> None:
        """Delete what a server has left that was killed while it made or deleted a batch."""
        for path in [*place.glob(f"{_NEW}*"), *place.glob(f"{_GONE}*")]:
            with contextlib.suppress(OSError):
                if time.time() - path.lstat().st_mtime > _LEFT_SECONDS:
                    shutil.rmtree(path)


def _is_plain(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)


def unknown_batch() -> Problem:
    """Return the problem of a batch that its user doesn't have, whether or not another one does."""
    return Problem(404, "unknown_batch", "There is no such batch.", "It was deleted, perhaps in another tab.")


def not_stored(error: OSError) -> Problem:
    """Return the problem of a batch's file that can't be written."""
    return Problem(
        507,
        "not_stored",
        f"The batch can't be stored: {why(error)}.",
        "Free some space on the disk, or ask who runs the server about c.LitLab.batches_path.",
    )


def _unreadable(error: OSError) -> Problem:
    return Problem(
        503,
        "batches_unreadable",
        f"The folder of your batches can't be read: {why(error)}.",
        "Check its permissions, or ask who runs the server about c.LitLab.batches_path.",
    )


def why(error: Exception) -> str:
    """Return an error's reason, as the end of a sentence."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (reason[:1].lower() + reason[1:]).rstrip(".")[:200]
