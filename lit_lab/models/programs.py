"""Programs that keep models on this machine, and the folders that they keep them in, found as they find them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

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
"""What is looked through, by the names of `c.LitLab.model_scanners`."""

_LM_STUDIO_POINTER = ".lmstudio-home-pointer"  # holds the path of LM Studio's own folder, where that was moved


def roots(scanner: str, own: Iterable[str] = ()) -> list[Path]:
    """Return the folders that a program may keep models in, the first one that counts first.

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
        # Where it runs as the system's service, its models are that user's.
        return [Path(named)] if named else [home / ".ollama" / "models", Path("/usr/share/ollama/.ollama/models")]
    if scanner == "lm_studio":
        return [_lm_studio(home) / "models", home / ".cache" / "lm-studio" / "models"]
    if scanner == "llama_cpp":
        named = os.environ.get("LLAMA_CACHE")
        caches = os.environ.get("XDG_CACHE_HOME")
        return [Path(named) if named else (Path(caches) if caches else home / ".cache") / "llama.cpp"]
    return []


def is_among(path: str, scanners: Sequence[str], own: Sequence[str]) -> bool:
    """Whether a path lies in one of the programs' folders, and is named as models are there; links are followed first.

    The models of Hugging Face's and Kaggle's caches have addresses, and aren't meant.
    """
    given = Path(path)
    if not given.is_absolute():
        return False
    try:
        place = local_paths.resolved(given)
        return any(
            place.is_relative_to(local_paths.resolved(root)) and place != local_paths.resolved(root)
            for scanner in scanners
            if scanner not in ("hugging_face", "kaggle")
            for root in roots(scanner, own)
        )
    except local_paths.FAILURES:
        return False


def _lm_studio(home: Path) -> Path:
    try:
        with (home / _LM_STUDIO_POINTER).open(encoding="utf-8") as file:
            named = file.read(4096).strip()
    except (OSError, ValueError):
        named = ""
    return Path(named) if named and Path(named).is_absolute() else home / ".lmstudio"
