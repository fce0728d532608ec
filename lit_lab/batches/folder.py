"""A batch's folder: its manifest, and the part files with its records.

Records are only ever added. A row that failed is tried again; its last record counts: the one in the part file with the highest
number. `merging` replaces part files, which readers may notice in the middle of reading.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from lit_lab.batches import part_files
from lit_lab.batches.part_files import Format
from lit_lab.batches.plan import Plan
from lit_lab.batches.record import Record
from lit_lab.problem import Problem
from lit_lab.shared_files import HeldError, lock, open_regular
from lit_lab.version import version

MANIFEST = "manifest.json"
MAX_MANIFEST = 16 * 2**20  # bytes
MAX_PARTS = 999_999_999  # the largest number of a part
FORMAT = 1
ASIDE = ".damaged-"
"""What the name of a part file begins with that was set aside."""
MAX_TRIES = 100
"""How often reading begins anew because part files are merged meanwhile, which takes longer than reading their names."""

T = TypeVar("T")

# Seconds: one who only looks whether a batch is held has its lock for an instant.
_PATIENCE = 0.5
_PART = re.compile(r"part-(\d{6,9})\.(parquet|jsonl)", re.ASCII)


@dataclass(frozen=True)
class Manifest:
    """What a folder's records belong to.

    Attributes:
        plan: What is computed.
        dataset: The dataset's name.
        digest: The SHA-256 of the dataset's file.
        model_path: Where the model comes from.
        revision: What identifies the model's files; empty: it isn't known.
        format: How the part files are stored.
        created: Seconds since the epoch.
        version: LIT Lab's version.
    """

    plan: Plan
    dataset: str
    digest: str
    model_path: str
    format: Format
    created: float
    version: str
    revision: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the manifest as JSON values."""
        return {
            "format": FORMAT,
            "version": self.version,
            "created": self.created,
            "dataset": {"name": self.dataset, "sha256": self.digest},
            "model": {"name": self.plan.model, "path": self.model_path, "revision": self.revision},
            "parts": self.format,
            "plan": self.plan.as_json(),
        }

    @classmethod
    def of_json(cls, values: Any) -> Manifest:
        """Return the manifest that `as_json` returned. Raises `ValueError`."""
        try:
            if values["format"] != FORMAT:
                raise ValueError(f"its format is {values['format']}, which this version of LIT Lab doesn't know")
            if values["parts"] not in ("parquet", "jsonl"):
                raise ValueError("its part files are in an unknown format")
            return cls(
                plan=Plan.of_json(values["plan"]),
                dataset=str(values["dataset"]["name"]),
                digest=str(values["dataset"]["sha256"]),
                model_path=str(values["model"]["path"]),
                revision=str(values["model"].get("revision", "")),  # of earlier versions there is none
                format=values["parts"],
                created=float(values["created"]),
                version=str(values["version"]),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"it isn't a batch's manifest: {error}") from error

    def differences(self, other: Manifest) -> list[str]:
        """Return what differs in another manifest so that its records would be others, in words."""
        mine, theirs = self.plan.as_json(), other.plan.as_json()
        found = [name.replace("_", " ") for name in mine if mine[name] != theirs[name]]
        if self.digest != other.digest:
            found.append("the dataset")
        if self.model_path != other.model_path and "model" not in found:
            found.append("model's path")
        return found


class _GoneError(Exception):
    """A part file was merged with others since its name was read."""


def _tries() -> Iterator[bool]:
    """Yield whether it is the last time that a part file that is gone makes reading begin anew."""
    yield from (attempt == MAX_TRIES for attempt in range(1, MAX_TRIES + 1))


class Folder:
    """A batch's folder.

    Args:
        path: Where it is. It needn't exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._manifest: Manifest | None = None

    @property
    def manifest(self) -> Manifest:
        """What its records belong to. Raises `Problem` where there is no batch."""
        if self._manifest is None:
            self._manifest = self._read()
            if self._manifest is None:
                raise Problem(
                    404, "no_batch", f"There is no batch in {self.path}.", "Name a folder that lit-lab batch made."
                )
        return self._manifest

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """While this lasts, no other process adds records. Raises `Problem` where another one does."""
        with contextlib.ExitStack() as stack:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                stack.enter_context(lock(self.path / ".lock", _PATIENCE))
                # What another run left in the middle of writing.
                for half in self.path.glob(".*.half"):
                    half.unlink(missing_ok=True)
            except HeldError:
                raise Problem(
                    409,
                    "batch_runs",
                    f"Another run adds to {self.path}.",
                    "Wait for its end, or choose another folder.",
                ) from None
            except OSError as error:
                raise self._unusable(error) from error
            yield

    def claim(self, manifest: Manifest) -> Manifest:
        """Return the folder's manifest, which is this one if the folder is new.

        Raises:
            Problem: The folder has another batch, or other files.
        """
        known = self._read()
        if known is not None and not self.part_paths():
            known = None  # nothing was computed: what was wrong with it may be corrected
        elif known is None:
            others = [each.name for each in self.path.iterdir() if not each.name.startswith(".")]
            if others:
                raise Problem(
                    409,
                    "not_a_batch",
                    f"{self.path} has other files, such as {min(others)}.",
                    "Choose a new folder, or an empty one.",
                )
        if known is None:
            self._write(manifest)
            return manifest
        if differences := known.differences(manifest):
            raise Problem(
                409,
                "another_batch",
                f"{self.path} has another batch: {' and '.join(differences[:4])} {'differs' if len(differences) == 1 else 'differ'}.",
                "Choose another folder, or run it again as it was.",
            )
        self._manifest = known
        return known

    def know_revision(self, revision: str) -> None:
        """Store what identifies the files of the model that the records come from. Raises `Problem`."""
        self._write(replace(self.manifest, revision=revision))

    def _write(self, manifest: Manifest) -> None:
        text = json.dumps(manifest.as_json(), ensure_ascii=False, indent=2) + "\n"
        try:
            part_files.write_whole(self.path / MANIFEST, lambda stream: stream.write(text.encode()))
        except OSError as error:
            raise self._unusable(error) from error
        self._manifest = manifest

    def add(self, records: Iterable[Record]) -> None:
        """Add records, as a part file with the highest number. Raises `OSError`."""
        # A number stands for one part file only, also after that was set aside: another server may know it.
        names = (path.name.removeprefix(ASIDE) for path in self.path.iterdir())
        number = max((int(match[1]) for name in names if (match := _PART.fullmatch(name))), default=0) + 1
        if number > MAX_PARTS:
            raise OSError("its part files have too large numbers")
        part_files.write(self.path / f"part-{number:06}.{self.manifest.format}", records, self.manifest.format)

    @property
    def newest(self) -> int:
        """The highest number of a part file; 0: there is none. It differs once there are new records."""
        return max((number for number, _ in self.part_paths()), default=0)

    def rows(self) -> dict[int, bool]:
        """Return the rows that have a record, and whether the last one failed. Raises `Problem` where a part file is damaged."""
        for is_last in _tries():
            found: dict[int, bool] = {}
            try:
                for _, path in self.part_paths():
                    found.update(self._reading(path, part_files.read_rows, is_last))
                break
            except _GoneError:
                continue
        return found

    def records(self) -> Iterator[Record]:
        """Yield each row's last record, mostly in the order in which they were stored. Raises `Problem` where a part file is damaged."""
        done = set[int]()
        for is_last in _tries():
            try:
                last: dict[int, int] = {}
                files = self.part_paths()
                for number, path in files:
                    for row, _ in self._reading(path, part_files.read_rows, is_last):
                        last[row] = number
                for number, path in files:
                    for record in self._reading(path, part_files.read, is_last):
                        if last.get(record.row) == number and record.row not in done:
                            done.add(record.row)
                            yield record
                return
            except _GoneError:
                continue

    def _unusable(self, error: OSError) -> Problem:
        return Problem(
            507,
            "no_folder",
            f"{self.path} can't be the batch's folder: {error.strerror or error}.",
            "Name a folder of yours, on a disk with free space.",
        )

    def _reading(self, path: Path, read: Callable[[Path], Iterable[T]], is_last: bool) -> Iterator[T]:
        try:
            yield from read(path)
        except FileNotFoundError as error:
            raise self._damaged(path, error) if is_last else _GoneError from error
        except (ValueError, TypeError, AttributeError, OSError) as error:
            raise self._damaged(path, error) from error

    def _damaged(self, path: Path, error: Exception) -> Problem:
        return Problem(
            500,
            "damaged_part",
            f"{path} can't be read: {error}",
            "Delete this file; its rows run again with the next run.",
        )

    def part_paths(self) -> list[tuple[int, Path]]:
        """Return its part files, the oldest first, each with its number."""
        if not self.path.is_dir():
            return []
        found = [(match, path) for path in self.path.iterdir() if (match := _PART.fullmatch(path.name))]
        return sorted((int(match[1]), path) for match, path in found)

    def _read(self) -> Manifest | None:
        path = self.path / MANIFEST
        try:
            with open_regular(path) as stream:
                content = stream.read(MAX_MANIFEST + 1)
            if len(content) > MAX_MANIFEST:
                raise ValueError("it is too large")
            return Manifest.of_json(json.loads(content))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, RecursionError, OSError) as error:
            raise Problem(
                422, "bad_manifest", f"{path} can't be read: {error}.", "Choose another folder for the batch."
            ) from error


def new_manifest(plan: Plan, dataset: str, digest: str, model_path: str, revision: str = "") -> Manifest:
    """Return the manifest of a new batch."""
    return Manifest(plan, dataset, digest, model_path, part_files.best_format(), time.time(), version(), revision)
