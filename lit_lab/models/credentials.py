"""Where credentials for Kaggle and Hugging Face come from, and what is wrong with a file that should contain them.

The order is that of kagglehub and huggingface_hub. Nothing here returns a secret.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lit_lab import local_paths

from . import folders

MAX_BYTES = 100_000  # of a file of credentials


@dataclass(frozen=True)
class Credentials:
    """Where credentials come from.

    Attributes:
        source: `none` if there are none.
        where: The variable, or the file.
        fault: What is wrong with the file, as the end of a sentence; empty if no fault is visible.
    """

    source: Literal["none", "environment", "file"]
    where: str = ""
    fault: str = ""


NONE = Credentials("none")


def of_kaggle() -> Credentials:
    """Return what kagglehub will use from its environment and its files."""
    token = os.environ.get("KAGGLE_API_TOKEN")
    if token:
        if not local_paths.is_there(Path(token)):
            return Credentials("environment", "KAGGLE_API_TOKEN")
        if (named := _token(Path(token))) != NONE:
            return named
    else:
        for file in folders.kaggle_tokens():
            if (kept := _token(file)) != NONE:
                return kept
    if os.environ.get("KAGGLE_USERNAME") and os.environ.get("KAGGLE_KEY"):
        return Credentials("environment", "KAGGLE_USERNAME")
    file = folders.kaggle_credentials() / "kaggle.json"
    content = _content(file)
    if content is None:
        return NONE
    return Credentials("file", str(file), content if isinstance(content, str) else _of_json(content))


def of_hugging_face() -> Credentials:
    """Return what huggingface_hub will use from its environment and its files."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if os.environ.get(name, "").strip():
            return Credentials("environment", name)
    return _token(folders.hugging_face_token())


def _token(file: Path) -> Credentials:
    """Return the credentials in a file that contains only a token; an empty file counts as none."""
    content = _content(file)
    if isinstance(content, bytes):
        token = content.strip()
        if not token:
            return NONE
        fault = "" if all(0x21 <= byte <= 0x7E for byte in token) else "contains something that can't be a token"
        return Credentials("file", str(file), fault)
    return NONE if content is None else Credentials("file", str(file), content)


def _content(file: Path) -> bytes | str | None:
    """Return a file's content, or why it can't be read, as text; None if there is no file."""
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except local_paths.FAILURES as error:
        reason = error.strerror if isinstance(error, OSError) else local_paths.words(error)
        return f"can't be read: {reason}"
    return content if len(content) <= MAX_BYTES else "is too large for a file of credentials"


def _of_json(content: bytes) -> str:
    """Return what is wrong with the content of a `kaggle.json`."""
    if not content.strip():
        return "is empty"
    try:
        found = json.loads(content)
    except UnicodeDecodeError:
        return "isn't text"
    except (ValueError, RecursionError) as error:
        line = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        return f"isn't JSON{line}"
    if not isinstance(found, dict):
        return "isn't a JSON object with a “username” and a “key”"
    missing = [name for name in ("username", "key") if not (isinstance(found.get(name), str) and found[name].strip())]
    return f"lacks {' and '.join(f'“{name}”' for name in missing)}" if missing else ""
