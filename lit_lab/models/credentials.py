"""Finds where credentials for Kaggle and Hugging Face come from, and checks files of credentials.

The order of precedence is that of kagglehub and huggingface_hub. No function returns a secret.
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
        source: The kind of source; `none` if there are no credentials.
        where: The name of the environment variable, or the path of the file.
        fault: What is wrong with the file, as a predicate such as "is empty"; empty if the file looks valid.
    """

    source: Literal["none", "environment", "file"]
    where: str = ""
    fault: str = ""


NONE = Credentials("none")


def of_kaggle() -> Credentials:
    """Return the source of the credentials that kagglehub will use."""
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
    """Return the source of the credentials that huggingface_hub will use."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        if os.environ.get(name, "").strip():
            return Credentials("environment", name)
    return _token(folders.hugging_face_token())


def _token(file: Path) -> Credentials:
    """Return the source for a file that contains only a token; `NONE` if the file is missing or empty."""
    content = _content(file)
    if isinstance(content, bytes):
        token = content.strip()
        if not token:
            return NONE
        fault = "" if all(0x21 <= byte <= 0x7E for byte in token) else "contains characters that a token can't have"
        return Credentials("file", str(file), fault)
    return NONE if content is None else Credentials("file", str(file), content)


def _content(file: Path) -> bytes | str | None:
    """Return a file's content as bytes, or, as text, the reason why it can't be read; None if there is no file."""
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
    """Return what is wrong with the content of `kaggle.json`; an empty text if it is valid."""
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
