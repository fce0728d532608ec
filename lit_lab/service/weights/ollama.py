"""Ollama's information about a file that it names by content: its tags' names, and their template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lit_lab import local_paths

from . import hub_cache, regular

MAX_MANIFESTS = 10_000
_MAX_BYTES = 2**20  # of a manifest, and of a template
_LEVELS = 4  # a site, an owner, a model, a tag
_KIND = "application/vnd.ollama.image."
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")
_ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)


@dataclass(frozen=True)
class Tags:
    """The tags of one file.

    Attributes:
        names: Each a model and a tag, such as `gemma3:4b-it-qat`.
        has_template: Whether one of them has a template with turns.
    """

    names: tuple[str, ...]
    has_template: bool


def tags(blob: Path) -> Tags | None:
    """Return a file's tags; None if it isn't one of Ollama's.

    Args:
        blob: The file.
    """
    manifests = blob.parent.parent / "manifests"
    match = _DIGEST.fullmatch(blob.name)
    if match is None or blob.parent.name != "blobs" or not local_paths.is_folder(manifests):
        return None
    names, has_template = [], False
    for manifest in _manifests(manifests):
        digests = layers(manifest)
        # With an adapter, the tag is another model than the file.
        if digests.get("model") == match.group(1) and "adapter" not in digests:
            names.append(f"{manifest.parent.name}:{manifest.name}")
            has_template = has_template or _is_template(blob.parent, digests.get("template", ""))
    return Tags(tuple(names), has_template) if names else None


def layers(manifest: Path) -> dict[str, str]:
    """Return the digests of a tag's parts by kind, such as `model` and `template`; empty if it isn't a manifest."""
    try:
        found = regular.parsed(regular.read(manifest, _MAX_BYTES))["layers"]
        kinds = [(str(layer["mediaType"]).removeprefix(_KIND), str(layer["digest"])) for layer in found]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}
    matches = {kind: _DIGEST.fullmatch(digest) for kind, digest in kinds}
    return {kind: match.group(1) if match else "" for kind, match in matches.items()}


def _manifests(folder: Path) -> Iterator[Path]:
    left, waiting = MAX_MANIFESTS, [(folder, 0)]
    while waiting:
        here, level = waiting.pop()
        for name in hub_cache.names(here, left):
            left -= 1
            place = here / name
            if level < _LEVELS - 1 and hub_cache.is_own_folder(place):
                waiting.append((place, level + 1))
            elif hub_cache.is_own_file(place):
                yield place


def _is_template(blobs: Path, digest: str) -> bool:
    """Whether a template has turns: base models only have `{{ .Prompt }}`."""
    try:
        text = regular.read(blobs / f"sha256-{digest}", _MAX_BYTES).decode(errors="replace") if digest else ""
    except (OSError, ValueError):
        return False
    return bool(_ACTION.sub("", text).strip())
