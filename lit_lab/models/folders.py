"""The folders of kagglehub, huggingface_hub and LIT Lab. Finds the former as these libraries do, without importing them.

kagglehub uses its variables unchanged. huggingface_hub expands `~` and variables in each of its own, so that
`HF_HOME='$SCRATCH/hf'` works. For both, an empty variable counts as set. A test compares this with the libraries.
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
    """Return the files that may contain an API token; the first one takes precedence."""
    return home() / ".kaggle" / "access_token", home() / ".kaggle" / "access_token.txt"


def hugging_face_cache() -> Path:
    """Return the folder where huggingface_hub stores models."""
    default = os.environ.get("HUGGINGFACE_HUB_CACHE", os.path.join(_hugging_facehome(), "hub"))  # noqa: PTH118
    return Path(_expanded(os.environ.get("HF_HUB_CACHE", default)))


def hugging_face_token() -> Path:
    """Return the file that may contain an access token."""
    return Path(_expanded(os.environ.get("HF_TOKEN_PATH", os.path.join(_hugging_facehome(), "token"))))  # noqa: PTH118


def fetched() -> Path:
    """Return the folder of the models that LIT Lab downloads itself: `LIT_LAB_MODELS`, or one in the user's cache."""
    caches = os.environ.get("XDG_CACHE_HOME") or str(home() / ".cache")
    return Path(_expanded(os.environ.get("LIT_LAB_MODELS") or os.path.join(caches, "lit-lab", "models")))  # noqa: PTH118


def _hugging_facehome() -> str:
    caches = os.environ.get("XDG_CACHE_HOME", str(home() / ".cache"))
    return _expanded(os.environ.get("HF_HOME", os.path.join(caches, "huggingface")))  # noqa: PTH118


def _expanded(text: str) -> str:
    return os.path.expandvars(os.path.expanduser(text))  # noqa: PTH111 - never fails, as Path's own does


def home() -> Path:
    """Return the home folder; doesn't fail where there is none."""
    return Path(os.path.expanduser("~"))  # noqa: PTH111
