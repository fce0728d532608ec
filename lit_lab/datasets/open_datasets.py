"""All open datasets, from files, the configuration, LIT's sample prompts and the model service."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lit_lab import local_paths
from lit_lab.problem import Problem
from lit_lab.protocol import (
    DatasetInfo,
    DatasetOpening,
    DatasetSaving,
    DatasetsResponse,
    DatasetState,
    ServiceDataset,
)
from lit_lab.service_client import ServiceClient
from lit_lab.supervision.endpoint import Service

from . import contents
from .configured import SAMPLE_PROMPTS, Entry
from .open_dataset import OpenDataset
from .readers import Split
from .threads import DaemonThreads, Result

MAX_OPEN = 16
"""How many datasets one user may have open. Opening another one closes the least recently used one without unsaved changes."""

_READERS = 4  # files to read at the same time
_LOOKERS = 4  # searches and changes at the same time
_CLOSING = 1.0  # seconds to wait for readers when the server ends
_PAGE = 200  # rows of a LIT dataset per request
_NAMED_LINES = 5  # maximum number of lines that a warning names


class OpenDatasets:
    """Open datasets by id.

    Args:
        entries: The configured datasets.
        service: The model service, which has LIT's `Dataset` classes.
        client: The client that sends requests to the service.
        limit: Maximum number of bytes to read of each dataset; 0 for no limit.

    Attributes:
        by_id: The open datasets.
    """

    def __init__(self, entries: Mapping[str, Entry], service: Service, client: ServiceClient, limit: int = 0) -> None:
        self._entries = entries
        self._service = service
        self._client = client
        self._limit = limit
        self.by_id: dict[str, OpenDataset] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._copies: set[Path] = set()
        # Don't use the server's own threads, because reading takes long and would block them.
        self._readers = DaemonThreads(_READERS, "lit-lab-reader")
        self._lookers = DaemonThreads(_LOOKERS, "lit-lab-datasets")

    def all(self) -> DatasetsResponse:
        """Return the datasets that can be opened by name."""
        infos = [DatasetInfo(name=SAMPLE_PROMPTS, kind="samples", needs_service=sample_prompts() is None)]
        for entry in self._entries.values():
            infos.append(
                DatasetInfo(name=entry.name, kind="file" if entry.path else "class", needs_service=not entry.path)
            )
        return DatasetsResponse(datasets=infos)

    async def open(self, owner: str, request: DatasetOpening, manager: Any, may_start: bool) -> DatasetState:
        """Open a dataset, and start to read it.

        Args:
            owner: The user who opens it.
            request: The dataset to open.
            manager: Jupyter's contents manager. The caller has checked the permission to read its files.
            may_start: Whether to start the model service if only the service has the dataset.

        Raises:
            Problem: There is no such dataset or file, or too many are open.
        """
        self._make_room(owner)
        if request.path is not None:
            path = request.path.strip("/")
            local, is_copy = await contents.local_file(manager, path)
            dataset = self._put(owner, path.rsplit("/", 1)[-1], path, request)
            # Before reading, so that changes during reading are detected.
            dataset.origin = contents.Origin(path, None if is_copy else local, contents.version(local, is_copy))
            self._do(self._read_file(dataset, local, request.split, is_copy))
            return dataset.state()
        name = request.name or ""
        found = self._file_of(name)
        dataset = self._put(owner, name, "", request)
        if found is not None:
            dataset.origin = contents.Origin("", found, contents.version(found, is_copy=False))
            self._do(self._read_file(dataset, found, request.split, is_copy=False))
        else:
            self._do(self._read_service(dataset, may_start))
        return dataset.state()

    def get(self, owner: str, dataset_id: str) -> OpenDataset:
        """Return one of the owner's open datasets.

        Raises:
            Problem: The dataset isn't open, or belongs to another user.
        """
        dataset = self.by_id.get(dataset_id)
        if dataset is None or dataset.owner != owner:
            raise Problem(
                404,
                "unknown_dataset",
                "This dataset is no longer open on the Jupyter server, which may have been restarted.",
                "Open it again.",
            )
        dataset.used = asyncio.get_running_loop().time()
        return dataset

    def close(self, owner: str, dataset_id: str) -> None:
        """Close one of the owner's datasets. Unsaved changes are lost.

        Raises:
            Problem: The dataset isn't open, or belongs to another user.
        """
        self.get(owner, dataset_id)
        self._drop(dataset_id)

    def run(self, function: Callable[[], Result]) -> asyncio.Future[Result]:
        """Run a function on a dataset in a thread that doesn't delay the server's end."""
        return self._lookers.run(function)

    async def save(self, dataset: OpenDataset, request: DatasetSaving, manager: Any) -> DatasetState:
        """Save a dataset.

        Args:
            dataset: The dataset.
            request: Where to save the dataset, and which losses are allowed.
            manager: Jupyter's contents manager. The caller has checked the permission to write its files.

        Raises:
            Problem: The dataset can't be saved, or would lose something that `request` doesn't allow. Nothing has changed.
        """
        if dataset.is_reading:
            raise Problem(
                409, "still_reading", "The dataset is still being read.", "Save it when all of its rows have been read."
            )
        path = request.path.strip("/")
        name = path.rsplit("/", 1)[-1]
        origin = dataset.origin
        exists = await contents.is_there(manager, path)
        if exists and not request.overwrite:
            raise Problem(409, "file_exists", f"There is already a file {name}.", "Replace it, or choose another name.")
        is_own = exists and origin is not None and await contents.is_same(manager, origin, path)
        data = None
        if origin is not None and dataset.is_json:
            try:
                data = await contents.unchanged(manager, origin)
            except Problem:
                if is_own:
                    raise
        keeps = is_own and data is not None
        revision = dataset.table.revision
        written = await self.run(lambda: dataset.write(data, keeps))
        if is_own and not request.discard and not (keeps and origin is not None and contents.is_still(origin)):
            raise _would_lose(name, dataset.state(), has_lines=dataset.is_json)
        saved = await contents.save(manager, path, written.content)
        await self.run(lambda: dataset.saved(saved, revision, written, keeps))
        return dataset.state()

    async def close_all(self) -> None:
        """Close all datasets when the server ends. Returns soon, even while files are being read."""
        for dataset_id in list(self.by_id):
            self._drop(dataset_id)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSING)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for copy in self._copies:
            copy.unlink(missing_ok=True)
        self._readers.end()
        self._lookers.end()

    def _put(self, owner: str, name: str, path: str, request: DatasetOpening) -> OpenDataset:
        dataset = OpenDataset(
            owner, name, path, request.columns, self._limit, header=request.header, encoding=request.encoding
        )
        dataset.used = asyncio.get_running_loop().time()
        self.by_id[dataset.id] = dataset
        return dataset

    def _drop(self, dataset_id: str) -> None:
        dataset = self.by_id.pop(dataset_id)
        dataset.stop.set()
        dataset.table.stop()
        self.run(dataset.table.close)  # waits for a running search

    def _make_room(self, owner: str) -> None:
        mine = [dataset for dataset in self.by_id.values() if dataset.owner == owner]
        if len(mine) < MAX_OPEN:
            return
        free = [dataset for dataset in mine if not dataset.edited]
        if not free:
            raise Problem(
                429,
                "too_many_datasets",
                f"You have {len(mine)} open datasets, all with unsaved changes.",
                "Save or close one of them.",
            )
        self._drop(min(free, key=lambda dataset: dataset.used).id)

    def _file_of(self, name: str) -> Path | None:
        """Return the file of a named dataset; None if the model service has the dataset.

        Raises:
            Problem: There is no such dataset or file.
        """
        if name == SAMPLE_PROMPTS:
            return sample_prompts()
        entry = self._entries.get(name)
        if entry is None:
            names = ", ".join([SAMPLE_PROMPTS, *self._entries])
            raise Problem(404, "unknown_dataset", f"There is no dataset {name!r}.", f"Choose one of: {names}.")
        if not entry.path:
            return None
        path = local_paths.of_user(entry.path)
        if not local_paths.is_file(path):
            raise Problem(
                404,
                "no_such_file",
                f"The file {entry.path} of the dataset {name!r} (c.LitLab.datasets) doesn't exist.",
                "A relative path starts at the folder in which Jupyter was started.",
            )
        return path

    def _do(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read_file(self, dataset: OpenDataset, path: Path, split: Split, is_copy: bool) -> None:
        if is_copy:
            self._copies.add(path)
        try:
            await self._readers.run(lambda: dataset.read_file(path, split))
        finally:
            if is_copy:
                path.unlink(missing_ok=True)
                self._copies.discard(path)

    async def _read_service(self, dataset: OpenDataset, may_start: bool) -> None:
        # Quote dots as well, because httpx would resolve `..`.
        part = quote(dataset.name, safe="").replace(".", "%2E")
        done, total = 0, 1
        try:
            with self._service.use():
                endpoint = await (self._service.ready() if may_start else self._service.awaited())
                while done < total and not dataset.stop.is_set():
                    page = await self._client.request(
                        endpoint, "GET", f"/datasets/{part}/rows?offset={done}&limit={_PAGE}", ServiceDataset
                    )
                    total = page.total
                    await self.run(functools.partial(dataset.read_rows, page.columns, page.rows, done, total))
                    if not page.rows:
                        break
                    done += len(page.rows)
            await self.run(dataset.table.finish)
            dataset.finish()
        except Problem as problem:
            dataset.fail(problem)
        finally:
            with contextlib.suppress(Problem):
                dataset.finish()


def _would_lose(name: str, state: DatasetState, has_lines: bool) -> Problem:
    """Return the problem that saving would lose parts of a dataset's own file."""
    about = (
        f"{name} has been changed since its rows were read."
        if has_lines
        else f"{name} isn't in JSON Lines format: saving would write it anew, with a row on each line."
    )
    lost = " and ".join(filter(None, ["its changes" if has_lines else "", _unusable(state)]))
    hint = (
        f"Save under another name. Or replace the file: you lose {lost}."
        if lost
        else "Save under another name, or replace it."
    )
    return Problem(409, "file_changed", about, hint)


def _unusable(state: DatasetState) -> str:
    """Name the lines of the file that can't be used; empty if there are none."""
    if state.bad < 2:
        return "".join(f"line {bad.line}, which can't be used" for bad in state.bad_rows)
    lines = [f"{bad.line:,}" for bad in state.bad_rows[:_NAMED_LINES]]
    last = f"{state.bad - len(lines):,} more" if state.bad > len(lines) else lines.pop()
    return f"{state.bad:,} lines that can't be used ({', '.join(lines)} and {last})"


def sample_prompts() -> Path | None:
    """Return LIT's file of sample prompts if LIT is installed in the Jupyter server's environment. Doesn't import LIT."""
    try:
        spec = importlib.util.find_spec("lit_nlp")
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "examples" / "prompt_debugging" / "prompt_examples.jsonl"
    return path if path.is_file() else None
