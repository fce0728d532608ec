"""Whether a preset is instruction-tuned, as far as the files with it show.

A preset's weights and configuration don't show it: an instruction-tuned Gemma has the same ones as its base model. Its published
name does, which is part of its address and of its folder, and so does the tokenizer's chat template of a model from
Hugging Face.
"""

from __future__ import annotations

import re
from pathlib import Path

from lit_lab import local_paths

from . import ollama, regular
from .paths import ARCHIVES, Source

_TUNED = re.compile(r"(?:^|[-_.])(?:instruct|it|chat)(?:$|[-_.])", re.IGNORECASE)
_BASE = re.compile(r"(?:^|[-_.])(?:base|pt|pretrained)(?:$|[-_.])", re.IGNORECASE)
_BASE_TAG = re.compile(r"(?:^|[-_.])(?:base|pt|pretrained|text)(?:$|[-_.])", re.IGNORECASE)  # as in Ollama's tags


def is_instruct(source: Source, place: Path, has_template: bool | None = None) -> bool:
    """Return whether a preset is known to be instruction-tuned.

    Args:
        source: The parsed path; an address contains the publisher's name for it.
        place: The folder with its files.
        has_template: Whether it has a chat template; None: look at its files.
    """
    name = published_name(source)
    if _TUNED.search(name):
        return True
    if _BASE.search(name):
        return False
    return _has_template(place) if has_template is None else has_template


def of_file(source: Source, place: Path, has_template: bool) -> bool:
    """Return whether a GGUF file's model is known to be instruction-tuned.

    Ollama names files by their content, so the tags decide, or a template beside the file. They are those that the list of models
    shows, and also apply if the file is loaded by its path.

    Args:
        source: The parsed path.
        place: The file.
        has_template: Whether it has a chat template itself.
    """
    tags = ollama.tags(place)
    if tags is None:
        return is_instruct(source, place, has_template)
    names = [name.replace(":", "-") for name in tags.names]
    if any(map(_TUNED.search, names)):
        return True
    if any(map(_BASE_TAG.search, names)):
        return False
    return has_template or tags.has_template


def published_name(source: Source) -> str:
    """Return a preset's published name: a Kaggle model's variation, or a file's or folder's name, without a version."""
    where = source.repository if source.kind == "hf" else source.where
    for suffix in ARCHIVES:
        where = where.removesuffix(suffix)
    parts = [part for part in Path(where).parts if not part.isdecimal()]
    return parts[-1] if parts else ""


def _has_template(place: Path) -> bool:
    if any(local_paths.is_file(place / name) for name in ("chat_template.jinja", "chat_template.json")):
        return True
    try:
        config = regular.json_of(place / "tokenizer_config.json")
    except (OSError, ValueError, RecursionError):
        return False  # it isn't from Hugging Face; loading reports faults of its files
    return isinstance(config, dict) and bool(config.get("chat_template"))
