"""Large files of Hugging Face's, fetched so that a download which was cut off goes on where it was.

huggingface_hub deletes what it has of a file when its download breaks, and gives each attempt a file of its own. So what is
large (kept in Git LFS there, of a SHA-256 that the hub tells) is fetched here into the library's cache, as the blob that it
would make; it finds that, and does the rest: links, references, small files, and what plain HTTP doesn't give.

An address names a commit, so that its content never changes, and a file is known by its hash: no `If-Range` is needed, which
would have a mirror with entity tags of its own begin anew each time.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lit_lab import shared_files

_AT_ONCE = 2**20
_PART = ".lit_lab.incomplete"  # what huggingface_hub's own commands know as a download that was cut off


class DamagedError(Exception):
    """What came isn't what the hub says that it is; it is deleted."""


@dataclass(frozen=True)
class HubFile:
    """A file of a repository.

    Attributes:
        name: Its path there.
        size: Its bytes; None: the hub doesn't tell.
        blob: What the cache calls its content: a SHA-256 where it is large, or else what git calls it.
        is_large: Whether it is kept in Git LFS.
    """

    name: str
    size: int | None
    blob: str
    is_large: bool


@dataclass(frozen=True)
class Repository:
    """A repository at one commit, and its folder in huggingface_hub's cache.

    Attributes:
        name: The owner and the model.
        commit: Of what is fetched.
        folder: Such as `models--owner--model`.
    """

    name: str
    commit: str
    folder: Path

    def written(self, files: Iterable[HubFile]) -> int:
        """Return how many bytes of these files are here, of each no more than it has."""
        return sum(min(self._written(file), file.size or 0) for file in files)

    def fetch(self, files: Iterable[HubFile]) -> None:
        """Fetch those files that are large and not here yet, one after the other.

        Raises:
            DamagedError: One isn't what it has to be.
            Exception: As huggingface_hub's `http_get`; what came stays, and the next time goes on from it.
        """
        from huggingface_hub import constants

        for file in files:
            # Beyond a size the hub gives no file over plain HTTP.
            if file.is_large and file.size and file.size <= constants.MAX_HTTP_DOWNLOAD_SIZE:
                self._fetch(file, file.size)

    def _is_here(self, file: HubFile) -> bool:
        named = self.folder / "snapshots" / self.commit / file.name
        return named.is_file() or (self.folder / "blobs" / file.blob).is_file()

    def _written(self, file: HubFile) -> int:
        if self._is_here(file):
            return file.size or 0
        sizes = [0]
        for part in (self.folder / "blobs").glob(f"{file.blob}.*incomplete"):  # ours, or one of the library's
            try:
                sizes.append(part.stat().st_size)
            except OSError:  # renamed meanwhile
                continue
        return max(sizes)

    def _fetch(self, file: HubFile, size: int) -> None:
        blob = self.folder / "blobs" / file.blob
        lock = self.folder.parent / ".locks" / self.folder.name / f"{file.blob}.lock"  # the library's own
        for folder in (blob.parent, lock.parent):
            folder.mkdir(parents=True, exist_ok=True)
        if not lock.exists():
            lock.touch(mode=0o664)  # as the library makes it: several users may share a cache
        with shared_files.lock(lock, patience=None):
            if self._is_here(file):
                return
            part = blob.with_name(blob.name + _PART)
            if _size(part) > size:
                part.unlink()
            try:
                self._go_on_or_begin_anew(file, size, part)
                if _sha256(part) != file.blob:
                    raise DamagedError(file.name)
            except DamagedError:
                part.unlink()
                raise
            part.replace(blob)

    def _go_on_or_begin_anew(self, file: HubFile, size: int, part: Path) -> None:
        from huggingface_hub.errors import HfHubHTTPError

        try:
            self._go_on(file, size, part)
        except HfHubHTTPError as error:
            if error.response.status_code != 416 or not _size(part):
                raise
            part.unlink()  # where it should go on there is nothing, says the site
            self._go_on(file, size, part)

    def _go_on(self, file: HubFile, size: int, part: Path) -> None:
        """Fetch what is missing of a file: its beginning is in `part`."""
        from huggingface_hub import hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers

        # With the login's token, which the library's HTTP doesn't send on to another host. Packed, bytes can't be counted.
        headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
        with _bounded(part, size) as stream:
            http_get(
                hf_hub_url(self.name, file.name, revision=self.commit),
                stream,
                resume_size=stream.tell(),
                headers=headers,
                expected_size=size,
                displayed_filename=file.name,
            )


class _Bounded(io.BufferedWriter):
    """A file that takes so many bytes and no more."""

    most: int

    def write(self, content: Any) -> int:
        if self.tell() + len(content) > self.most:
            raise DamagedError("more came than the hub says")
        return super().write(content)


@contextmanager
def _bounded(file: Path, most: int) -> Iterator[_Bounded]:
    with _Bounded(io.FileIO(file, "a")) as stream:
        stream.most = most
        yield stream


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while content := stream.read(_AT_ONCE):
            digest.update(content)
    return digest.hexdigest()
