"""The folders where other programs store models on this machine, according to each program's own rules and settings."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from lit_lab import local_paths

from . import folders

TITLES = {
    "ollama": "Ollama",
    "lm_studio": "LM Studio",
    "llama_cpp": "llama.cpp",
    "hugging_face": "Hugging Face",
    "kaggle": "Kaggle",
    "folders": "c.LitLab.model_folders",
}
"""The titles of the programs, by their names in `c.LitLab.model_scanners`."""

_ADDRESSED = ("hugging_face", "kaggle")  # their models have addresses
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "model.weights.h5", "model.weights.json")
_BLOB = re.compile(r"sha256-[0-9a-f]{64}")
_MAX_SETTINGS = 2**20  # bytes of a program's settings file


def roots(scanner: str, own: Iterable[str] = ()) -> list[Path]:
    """Return the folders where a program may store models, in order of precedence.

    Args:
        scanner: A key of `TITLES`.
        own: `c.LitLab.model_folders`.
    """
    if scanner == "folders":
        return [local_paths.of_user(folder) for folder in own]
    if scanner == "hugging_face":
        return [folders.hugging_face_cache()]
    if scanner == "kaggle":
        return [folders.kaggle_cache() / "models"]
    home = folders.home()
    if scanner == "ollama":
        named = os.environ.get("OLLAMA_MODELS")
        # The second folder is for Ollama as a system service, which runs as a user of its own.
        return [Path(named)] if named else [home / ".ollama" / "models", Path("/usr/share/ollama/.ollama/models")]
    if scanner == "lm_studio":
        return [*_of_lm_studio(home), home / ".cache" / "lm-studio" / "models"]
    if scanner == "llama_cpp":
        named = os.environ.get("LLAMA_CACHE")
        return [Path(named) if named else _caches(home) / "llama.cpp"]
    return []


def is_model(names: Collection[str]) -> bool:
    """Return whether a folder with these files is a model: a preset, or a model in Hugging Face's format."""
    return "config.json" in names and any(name in names for name in _WEIGHTS)


def is_among(path: str, scanners: Sequence[str], own: Sequence[str]) -> bool:
    """Return whether a path is a model in one of the programs' folders. Reads the disk, and follows links.

    Models in the caches of Hugging Face and Kaggle don't count, because they have addresses.
    """
    given = Path(path)
    if not given.is_absolute():
        return False
    try:
        place = given.resolve()
        return any(
            place.is_relative_to(root) and _is_named_as_one(scanner, place, root)
            for scanner in scanners
            if scanner not in _ADDRESSED
            for root in map(local_paths.resolved, roots(scanner, own))
        )
    except local_paths.FAILURES:
        return False


def _is_named_as_one(scanner: str, place: Path, root: Path) -> bool:
    if scanner == "ollama":
        return place.parent == root / "blobs" and bool(_BLOB.fullmatch(place.name)) and local_paths.is_file(place)
    if any(part.startswith(".") for part in place.relative_to(root).parts):
        return False
    if place.suffix.lower() == ".gguf" and local_paths.is_file(place):
        return True
    return local_paths.is_folder(place) and is_model(
        [name for name in ("config.json", *_WEIGHTS) if local_paths.is_file(place / name)]
    )


def _caches(home: Path) -> Path:
    if sys.platform == "darwin":
        return home / "Library" / "Caches"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")


def _of_lm_studio(home: Path) -> list[Path]:
    """Return the folders where LM Studio stores models, according to its settings. Users can move LM Studio's own folder."""
    pointed = Path(_text_of(home / ".lmstudio-home-pointer").strip())
    top = pointed if pointed.is_absolute() else home / ".lmstudio"
    try:
        settings: Any = json.loads(_text_of(top / "settings.json") or "{}")
        named = settings.get("downloadsFolder")
    except (ValueError, AttributeError, RecursionError):
        named = None
    moved = [Path(named)] if isinstance(named, str) and named and Path(named).is_absolute() else []
    return [*moved, top / "models"]


def _text_of(file: Path) -> str:
    """Return a small file's text; an empty text if the file can't be read."""
    try:
        # Without O_NONBLOCK, opening a named pipe would block until another process opens it for writing.
        number = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except local_paths.FAILURES:
        return ""
    with os.fdopen(number, "rb") as stream:
        try:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                return ""
            return stream.read(_MAX_SETTINGS).decode()
        except (OSError, UnicodeDecodeError):
            return ""
