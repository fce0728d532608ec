"""Finds presets on disk that LIT Lab, Keras or other programs downloaded, without a network.

The layouts are those of kagglehub's and huggingface_hub's caches, whose own look-ups contact their site first.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from lit_lab import folder_files, local_paths
from lit_lab.folder_files import is_foreign
from lit_lab.models import folders, known

from ..gguf.header import BESIDE, is_gguf, parts
from . import regular, stored
from .paths import Source

WEIGHTS = ("model.weights.h5", "model.weights.json", "model.safetensors", "model.safetensors.index.json")
MAX_ENTRIES = 20_000  # files and folders that are read in one place
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"\w[\w.-]*", re.ASCII)
_PART = re.compile(r"-\d{5}-of-\d{5}$")


def kaggle_cache() -> Path:
    """Return the folder where kagglehub stores models."""
    return folders.kaggle_cache() / "models"


def hugging_face_cache() -> Path:
    """Return the folder where huggingface_hub stores models."""
    return folders.hugging_face_cache()


def hugging_face_repository(source: Source) -> Path:
    """Return the folder where huggingface_hub stores a model."""
    return hugging_face_cache() / f"models--{source.repository.replace('/', '--')}"


def lookup(source: Source) -> Path | None:
    """Return the place of a complete preset, in its newest version unless one is named; None if it must be downloaded.

    For a named GGUF file, return that file, or the first of its parts.
    """
    if source.kind == "kaggle":
        owner, model, framework, variation, *version = source.where.split("/")
        folder = kaggle_cache() / owner / model / framework / variation
        versions = version or sorted((v.name for v in _folders(folder) if v.name.isdecimal()), key=int, reverse=True)
        return next((folder / v for v in versions if _is_whole_on_kaggle(folder, v)), None)
    if source.kind == "hf":
        repository = hugging_face_repository(source)
        return _file(repository, source) if source.file else _snapshot(repository, source.revision)
    if source.kind == "package":
        about = known.packaged(source.where)
        package = about.package if about else None
        return package.place if package is not None and package.is_here else None
    return Path(source.where)


def kaggle_presets() -> Iterator[tuple[str, str, Path]]:
    """Yield the presets in Kaggle's cache: names, addresses and folders."""
    for owner in _folders(kaggle_cache()):
        for model in _folders(owner):
            for variation in _folders(model / "keras"):
                handle = f"{owner.name}/{model.name}/keras/{variation.name}"
                if (folder := lookup(Source("kaggle", handle))) is not None:
                    yield variation.name, f"kaggle://{handle}", folder


def hugging_face_models() -> Iterator[tuple[str, str, Path]]:
    """Yield the models in Hugging Face's cache: names, addresses, and folders or GGUF files.

    A model that was only downloaded by its commit has the commit in its address.
    """
    for repository in _folders(hugging_face_cache()):
        kind, _, name = repository.name.partition("--")
        owner, _, model = name.partition("--")
        revision = _there(repository)
        if kind != "models" or not model or revision is None:
            continue
        address = f"hf://{owner}/{model}" + (f"@{revision}" if revision != "main" else "")
        if (folder := _snapshot(repository, revision)) is not None:
            yield model, address, folder
            continue
        folder = _newest(repository, revision)
        for file in folder_files.walked(folder, MAX_ENTRIES):
            if is_gguf(file) and not BESIDE.search(file.name) and parts_of(file)[:1] == [file]:
                name = _PART.sub("", file.stem)
                yield name, f"{address}/{file.relative_to(folder).as_posix()}", file


def _there(repository: Path) -> str | None:
    """Return the revision of a repository that is on this machine: main, or else the newest commit."""
    if local_paths.is_folder(_newest(repository, "main")):
        return "main"
    commits = [folder for folder in _folders(repository / "snapshots") if _COMMIT.fullmatch(folder.name)]
    return max(commits, key=_time, default=Path()).name or None


def _time(place: Path) -> int:
    try:
        return place.stat().st_mtime_ns
    except local_paths.FAILURES:
        return 0


def size_of(folder: Path) -> int:
    """Return the bytes of a folder's own files, or of all parts of a GGUF file, as far as they can be read."""
    if is_gguf(folder):
        return sum(map(_size, parts_of(folder) or [folder]))
    return sum(map(_size, folder_files.walked(folder, MAX_ENTRIES)))


def _size(file: Path) -> int:
    try:
        about = file.stat()
    except local_paths.FAILURES:
        return 0
    return about.st_size if stat.S_ISREG(about.st_mode) else 0


def names(folder: Path, most: int = MAX_ENTRIES) -> list[str]:
    """Return the names in a folder, without other programs' leftovers; nothing if it can't be read."""
    try:
        with os.scandir(folder) as found:
            return sorted(entry.name for entry in islice(found, most) if not is_foreign(entry.name))
    except local_paths.FAILURES:
        return []


def is_own_folder(place: Path) -> bool:
    """Whether it is a folder, and not a link to one."""
    return stat.S_ISDIR(_mode(place))


def is_own_file(place: Path) -> bool:
    """Whether it is a regular file, and not a link to one."""
    return stat.S_ISREG(_mode(place))


def _mode(place: Path) -> int:
    try:
        return place.lstat().st_mode
    except local_paths.FAILURES:
        return 0


def _is_whole_on_kaggle(folder: Path, version: str) -> bool:
    place = folder / version
    # kagglehub marks its downloads: the whole model, or each file if Keras requested them one by one.
    if local_paths.is_file(folder / f"{version}.complete"):
        return local_paths.is_file(place / "config.json")
    marks = folder / ".complete" / version

    def is_there(name: str) -> bool:
        return local_paths.is_file(place / name) and local_paths.is_file(marks / f"{name}.complete")

    return (
        is_there("config.json")
        and is_there("tokenizer.json")
        and any(map(is_there, WEIGHTS))
        and not _lacks_shard(place)
    )


def parts_of(file: Path) -> list[Path]:
    """Return the files of a GGUF model; none if its name is impossible."""
    try:
        return parts(file)
    except ValueError:
        return []


def _file(repository: Path, source: Source) -> Path | None:
    files = parts_of(_newest(repository, source.revision) / source.file)  # for an odd name, loading reports the fault
    return files[0] if files and all(map(local_paths.is_file, files)) else None


def _newest(repository: Path, revision: str) -> Path:
    try:
        commit = regular.read(repository / "refs" / revision, 1_000).decode().strip()
    except (OSError, ValueError):
        commit = revision  # a commit that was requested directly has no other name
    # Anything that isn't a name leads nowhere.
    return repository / "snapshots" / (commit if _NAME.fullmatch(commit) else "-")


def _snapshot(repository: Path, revision: str = "main") -> Path | None:
    folder = _newest(repository, revision)
    # A file gets its name there once it is complete; but of several files, some may be missing.
    whole = local_paths.is_file(folder / "config.json") and any(local_paths.is_file(folder / name) for name in WEIGHTS)
    return folder if whole and not _lacks_shard(folder) else None


def _lacks_shard(folder: Path) -> bool:
    """Whether one of several files with weights is missing."""
    for index in ("model.weights.json", "model.safetensors.index.json"):
        try:
            files = stored.shards_of(folder / index)
        except (OSError, ValueError, RecursionError):
            continue
        if any(not local_paths.is_file(folder / name) for name in files):
            return True
    return False


def _folders(folder: Path) -> list[Path]:
    return [folder / name for name in names(folder) if local_paths.is_folder(folder / name)]
