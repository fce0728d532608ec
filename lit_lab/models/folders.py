"""The folders where kagglehub, huggingface_hub and LIT Lab store downloads and credentials.

The functions find the libraries' folders without importing the libraries. kagglehub uses its environment variables
unchanged. huggingface_hub expands `~` and variables in its own, so that `HF_HOME='$SCRATCH/hf'` works. Both treat an empty
variable as set. A test compares the results with the libraries.
"""

from __future__ import annotations

import os
from pathlib import Path


def kaggle_cache() -> Path:
    """Return the folder where kagglehub stores downloads."""
    found = os.environ.get("KAGGLEHUB_CACHE")
    return home() / ".cache" / "kagglehub" if found is None else Path(found)


def kaggle_credentials() -> Path:
    """Return the folder of `kaggle.json`."""
    found = os.environ.get("KAGGLE_CONFIG_DIR")
    return home() / ".kaggle" if found is None else Path(found)


def kaggle_tokens() -> tuple[Path, Path]:
    """Return the files that may contain an API token, in order of precedence."""
    return home() / ".kaggle" / "access_token", home() / ".kaggle" / "access_token.txt"


def hugging_face_cache() -> Path:
    """Return the folder where huggingface_hub stores models."""
    default = os.environ.get("HUGGINGFACE_HUB_CACHE", os.path.join(_hugging_face_home(), "hub"))  # noqa: PTH118
    return Path(_expanded(os.environ.get("HF_HUB_CACHE", default)))


def hugging_face_token() -> Path:
    """Return the file that may contain an access token."""
    return Path(_expanded(os.environ.get("HF_TOKEN_PATH", os.path.join(_hugging_face_home(), "token"))))  # noqa: PTH118


def downloads() -> Path:
    """Return the folder for LIT Lab's own downloads: `LIT_LAB_MODELS`, or a folder in the user's cache."""
    caches = os.environ.get("XDG_CACHE_HOME") or str(home() / ".cache")
    return Path(_expanded(os.environ.get("LIT_LAB_MODELS") or os.path.join(caches, "lit-lab", "models")))  # noqa: PTH118


def _hugging_face_home() -> str:
    caches = os.environ.get("XDG_CACHE_HOME", str(home() / ".cache"))
    return _expanded(os.environ.get("HF_HOME", os.path.join(caches, "huggingface")))  # noqa: PTH118


def _expanded(text: str) -> str:
    return os.path.expandvars(os.path.expanduser(text))  # noqa: PTH111 - Path.expanduser can raise


def home() -> Path:
    """Return the home folder. Never raises, even for a user without one."""
    return Path(os.path.expanduser("~"))  # noqa: PTH111
