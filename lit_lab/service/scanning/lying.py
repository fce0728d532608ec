"""What lies in the folders of the programs that keep models: which files are one, and what it is called there.

A link that leads out of a program's folder isn't followed; and no more is looked at than somebody may have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lit_lab import local_paths
from lit_lab.models import programs

from ..gguf import header
from ..gguf.header import BESIDE
from ..weights import cached, regular
from ..weights.paths import Source

MOST = 500  # models of one program
MAX_ENTRIES = 20_000  # files and folders that are looked at for them
MAX_LEVELS = 4  # of folders below a program's own
_MANIFEST_BYTES = 2**20
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")
_OLLAMA = "application/vnd.ollama.image."
_OLLAMA_SITE = ("registry.ollama.ai", "library")


@dataclass(frozen=True)
class Lying:
    """A model that lies somewhere.

    Attributes:
        program: Key of `programs.TITLES`.
        name: What it is called there, such as `llama3.2:1b`.
        path: As in `name:path`.
        place: Its folder or its file: the first one, of several parts.
        source: What the path means.
        fault: Why it can't be used, if that is known already, in words that follow "it".
    """

    program: str
    name: str
    path: str
    place: Path
    source: Source
    fault: str = ""


def lying(scanners: Sequence[str], own: Sequence[str] = ()) -> Iterator[Lying]:
    """Yield the models that the programs keep.

    Args:
        scanners: Keys of `programs.TITLES`.
        own: `c.LitLab.model_folders`.
    """
    for scanner in scanners:
        found = _cached(scanner) if scanner in ("kaggle", "hugging_face") else _kept(scanner, own)
        for number, each in enumerate(found):
            if number >= MOST:
                break
            yield each


def _cached(scanner: str) -> Iterator[Lying]:
    for name, path, place in cached.kaggle_presets() if scanner == "kaggle" else cached.hugging_face_models():
        scheme, _, where = path.partition("://")
        yield Lying(scanner, name, path, place, Source("kaggle" if scheme == "kaggle" else "hf", where))


def _kept(scanner: str, own: Sequence[str]) -> Iterator[Lying]:
    seen: set[Path] = set()
    for root in programs.roots(scanner, own):
        top = local_paths.resolved(root)
        if top in seen or not local_paths.is_folder(top):
            continue
        seen.add(top)
        yield from _of_ollama(top) if scanner == "ollama" else _within(scanner, top)


def _within(scanner: str, top: Path) -> Iterator[Lying]:
    """Yield the GGUF files and the presets below a folder."""
    left = MAX_ENTRIES
    waiting = [(top, 0)]
    while waiting:
        folder, level = waiting.pop(0)
        entries = cached.entries(folder)
        left -= len(entries)
        if left < 0:
            return
        if level and any(entry.name == "config.json" for entry in entries):
            yield _found(scanner, top, folder, "folder")
            continue
        for entry in entries:
            place = folder / entry.name
            if entry.is_dir(follow_symlinks=False) and level < MAX_LEVELS:
                waiting.append((place, level + 1))
            elif place.suffix.lower() == ".gguf" and not BESIDE.search(entry.name) and not local_paths.is_folder(place):
                try:
                    is_first = header.first(place) == place
                except header.GgufError:
                    is_first = True  # what is wrong with it is told
                if is_first:
                    yield _found(scanner, top, place, "gguf")


def _found(scanner: str, top: Path, place: Path, kind: Any) -> Lying:
    fault = ""
    if not local_paths.resolved(place).is_relative_to(top):
        fault = "is a link that leads out of its folder"
    name = re.sub(r"-\d{5}-of-\d{5}$", "", place.stem) if kind == "gguf" else place.name
    return Lying(scanner, name, str(place), place, Source(kind, str(place)), fault)


def _of_ollama(top: Path) -> Iterator[Lying]:
    """Yield the models of a folder of Ollama's: a manifest for each tag, which names the files by their content."""
    manifests = top / "manifests"
    left = MAX_ENTRIES
    waiting = [(manifests, 0)]
    while waiting:
        folder, level = waiting.pop(0)
        entries = cached.entries(folder)
        left -= len(entries)
        if left < 0:
            return
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and level < MAX_LEVELS:
                waiting.append((folder / entry.name, level + 1))
                continue
            is_manifest = level >= 1 and entry.is_file(follow_symlinks=False)
            if is_manifest and (found := _tagged(top, manifests, folder / entry.name)) is not None:
                yield found


def _tagged(top: Path, manifests: Path, manifest: Path) -> Lying | None:
    *owners, model, tag = manifest.relative_to(manifests).parts
    for number, usual in enumerate(_OLLAMA_SITE):
        if owners[:1] == [usual] and len(owners) <= len(_OLLAMA_SITE) - number:
            owners = owners[1:]
    name = "/".join([*owners, f"{model}:{tag}"])
    try:
        layers = regular.parsed(regular.read(manifest, _MANIFEST_BYTES))["layers"]
        digests = {str(layer["mediaType"]).removeprefix(_OLLAMA): str(layer["digest"]) for layer in layers}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    match = _DIGEST.fullmatch(digests.get("model", ""))
    if match is None:
        return None  # it is computed elsewhere, or isn't one that continues a text
    place = top / "blobs" / f"sha256-{match.group(1)}"
    fault = ""
    if "adapter" in digests:
        fault = "is another model with an adapter, which isn't read here"
    elif not local_paths.resolved(place).is_relative_to(top):
        fault = "is a link that leads out of its folder"
    return Lying("ollama", name, str(place), place, Source("gguf", str(place)), fault)
