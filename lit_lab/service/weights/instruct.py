"""Whether a preset was taught to follow instructions, told by what came with it.

A preset's weights and configuration don't tell: an instruction-tuned Gemma has those of its base model. What does is the name
under which it was published, which is part of its address and of its folder, and for a model from Hugging Face its
tokenizer's chat template.
"""

from __future__ import annotations

import re
from pathlib import Path

from lit_lab import local_paths

from . import ollama, regular
from .paths import ARCHIVES, Source

_TUNED = re.compile(r"(?:^|[-_.])(?:instruct|it|chat)(?:$|[-_.])", re.IGNORECASE)
_BASE = re.compile(r"(?:^|[-_.])(?:base|pt|pretrained)(?:$|[-_.])", re.IGNORECASE)
_BASE_TAG = re.compile(r"(?:^|[-_.])(?:base|pt|pretrained|text)(?:$|[-_.])", re.IGNORECASE)  # as Ollama's tags have it


def is_instruct(source: Source, place: Path, has_template: bool | None = None) -> bool:
    """Return whether a preset is known to be instruction-tuned.

    Args:
        source: What its path means; of an address, the name that its publisher gave it.
        place: The folder that its files are in.
        has_template: Whether it has a chat template; None: its files are to be looked at.
    """
    name = published_name(source)
    if _TUNED.search(name):
        return True
    if _BASE.search(name):
        return False
    return _has_template(place) if has_template is None else has_template


def of_file(source: Source, place: Path, has_template: bool) -> bool:
    """Return whether a GGUF file's model is known to be instruction-tuned.

    Of Ollama's, which are called by their content, the tags tell, and a template that lies beside the file: of what the list of
    models shows as tags, and of the same file when it is loaded by its path.

    Args:
        source: What its path means.
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
    """Return a preset's own name: of a Kaggle model its variation, of a file or a folder its name, without a version."""
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
        return False  # it isn't from Hugging Face; what is wrong with its files is for loading to say
    return isinstance(config, dict) and bool(config.get("chat_template"))
