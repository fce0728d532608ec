"""Downloads large files from Hugging Face, and continues interrupted downloads.

huggingface_hub deletes a file's partial download when the connection breaks, and starts a new file each time. So large files
(those in Git LFS, whose SHA-256 the hub reports) are downloaded here into the library's cache, as the blob that it would make.
The library finds the blob and does the rest: links, references, small files, and what plain HTTP can't download.

An address names a commit, so that its content never changes, and a file is known by its hash. So `If-Range` isn't needed; with
it, a mirror with its own entity tags would start from the beginning each time.
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
_PART = ".lit_lab.incomplete"  # huggingface_hub's commands recognize this as an interrupted download


class DamagedError(Exception):
    """The download differs from what the hub reports; it is deleted."""


@dataclass(frozen=True)
class HubFile:
    """A file of a repository.

    Attributes:
        name: Its path there.
        size: Its size in bytes; None if the hub doesn't report it.
        blob: Its name in the cache: a SHA-256 if it is large, or else git's hash.
        is_large: Whether it is in Git LFS.
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
        commit: The commit to download.
        folder: Such as `models--owner--model`.
    """

    name: str
    commit: str
    folder: Path

    def written(self, files: Iterable[HubFile]) -> int:
        """Return how many bytes of these files are here, at most each file's size."""
        return sum(min(self._written(file), file.size or 0) for file in files)

    def fetch(self, files: Iterable[HubFile]) -> None:
        """Download the large files that aren't here yet, one after the other.

        Raises:
            DamagedError: A file has the wrong content.
            Exception: As huggingface_hub's `http_get`; the downloaded part stays, and the next download continues from it.
        """
        from huggingface_hub import constants

        for file in files:
            # The hub sends files beyond a certain size only with its own protocol.
            if file.is_large and file.size and file.size <= constants.MAX_HTTP_DOWNLOAD_SIZE:
                self._fetch(file, file.size)

    def _is_here(self, file: HubFile) -> bool:
        named = self.folder / "snapshots" / self.commit / file.name
        return named.is_file() or (self.folder / "blobs" / file.blob).is_file()

    def _written(self, file: HubFile) -> int:
        if self._is_here(file):
            return file.size or 0
        sizes = [0]
        for part in (self.folder / "blobs").glob(f"{file.blob}.*incomplete"):  # LIT Lab's, or one of the library's
            try:
                sizes.append(part.stat().st_size)
            except OSError:  # renamed meanwhile
                continue
        return max(sizes)

    def _fetch(self, file: HubFile, size: int) -> None:
        blob = self.folder / "blobs" / file.blob
        lock = self.folder.parent / ".locks" / self.folder.name / f"{file.blob}.lock"  # the library's lock
        for folder in (blob.parent, lock.parent):
            folder.mkdir(parents=True, exist_ok=True)
        if not lock.exists():
            lock.touch(mode=0o664)  # like the library: several users may share a cache
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
            part.unlink()  # the site has nothing after this part
            self._go_on(file, size, part)

    def _go_on(self, file: HubFile, size: int, part: Path) -> None:
        """Download the rest of a file, whose beginning is in `part`."""
        from huggingface_hub import hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers

        # With the login's token, which the library's HTTP doesn't send to another host. Compressed bytes couldn't be counted.
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
    """A file with a maximum size."""

    most: int

    def write(self, content: Any) -> int:
        if self.tell() + len(content) > self.most:
            raise DamagedError("the file is larger than the hub reports")
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
