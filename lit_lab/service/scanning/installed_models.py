"""Finds models in the folders of the programs that store them, with the programs' names for them.

A link that leads out of a program's folder isn't followed, and the number of files and folders is bounded.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from lit_lab import local_paths
from lit_lab.models import addresses, programs

from ..gguf.header import BESIDE, is_gguf
from ..weights import hub_cache, ollama, regular
from ..weights.paths import Source

MAX_MODELS = 500  # models of one program
MAX_ENTRIES = 20_000  # files and folders that are searched for them
MAX_LEVELS = 4  # of folders below a program's folder
ELSEWHERE = "is a link that leads out of its folder"
_PART = re.compile(r"-\d{5}-of-\d{5}$")
_OLLAMA_SITE = ("registry.ollama.ai", "library")


@dataclass(frozen=True)
class InstalledModel:
    """A model in a program's folder.

    Attributes:
        program: Key of `programs.TITLES`.
        name: The program's name for it, such as `llama3.2:1b`.
        path: As in `name:path`.
        place: Its folder or its file; of several parts, the first one.
        source: What the path means.
        fault: Why it can't be used, if that is already known, in words that follow "it".
    """

    program: str
    name: str
    path: str
    place: Path
    source: Source
    fault: str = ""


def installed_models(scanner: str, own: Sequence[str] = ()) -> Iterator[InstalledModel]:
    """Yield a program's models.

    Args:
        scanner: A key of `programs.TITLES`.
        own: `c.LitLab.model_folders`.
    """
    found = _cached(scanner) if scanner in ("kaggle", "hugging_face") else _kept(scanner, own)
    return islice(found, MAX_MODELS)


def _cached(scanner: str) -> Iterator[InstalledModel]:
    found = hub_cache.kaggle_presets() if scanner == "kaggle" else hub_cache.hugging_face_models()
    (top,) = map(local_paths.resolved, programs.roots(scanner))
    for name, path, place in found:
        scheme, _, where = path.partition("://")
        # A file's link leads to one of the blobs; a folder is the snapshot itself.
        allowed = regular.places_of(local_paths.resolved(place.parent)) if is_gguf(place) else [top]
        lies_there = any(local_paths.resolved(place).is_relative_to(each) for each in allowed)
        fault = "" if lies_there and local_paths.resolved(place).is_relative_to(top) else ELSEWHERE
        if addresses.fault(path):
            fault = "has a name that can't be written as an address"
        yield InstalledModel(scanner, name, path, place, Source("kaggle" if scheme == "kaggle" else "hf", where), fault)


def _kept(scanner: str, own: Sequence[str]) -> Iterator[InstalledModel]:
    seen: set[Path] = set()
    for root in programs.roots(scanner, own):
        top = local_paths.resolved(root)
        if top in seen or not local_paths.is_folder(top):
            continue
        seen.add(top)
        yield from _of_ollama(top) if scanner == "ollama" else _within(scanner, top)


def _walked(scanner: str, top: Path) -> Iterator[tuple[Path, int, list[str]] | InstalledModel]:
    """Yield a folder and its subfolders, with their levels and contents. Folders with too many files become models with a fault."""
    left = MAX_ENTRIES
    waiting = deque([(top, 0)])
    while waiting:
        folder, level = waiting.popleft()
        names = hub_cache.names(folder, left + 1)
        if len(names) > left:
            fault = f"contains too many files: LIT Lab searches {MAX_ENTRIES:,} in all folders together"
            yield InstalledModel(scanner, folder.name, str(folder), folder, Source("folder", str(folder)), fault)
            continue
        left -= len(names)
        yield folder, level, names
        is_model = programs.is_model(names)
        if level < MAX_LEVELS and not is_model:
            waiting.extend((folder / name, level + 1) for name in names if hub_cache.is_own_folder(folder / name))


def _within(scanner: str, top: Path) -> Iterator[InstalledModel]:
    """Yield the GGUF files and the presets in and below a folder."""
    for found in _walked(scanner, top):
        if isinstance(found, InstalledModel):
            yield found
            continue
        folder, _, names = found
        if programs.is_model(names):
            yield _found(scanner, top, folder, "folder")
        for name in names:
            place = folder / name
            if place.suffix.lower() != ".gguf" or BESIDE.search(name) or local_paths.is_folder(place):
                continue
            # The first part stands for the model. A file with an odd name is yielded, too, and gets a fault later.
            if hub_cache.parts_of(place)[:1] in ([place], []):
                yield _found(scanner, top, place, "gguf")


def _found(scanner: str, top: Path, place: Path, kind: Literal["folder", "gguf"]) -> InstalledModel:
    fault = "" if local_paths.resolved(place).is_relative_to(top) else ELSEWHERE
    name = _PART.sub("", place.stem) if kind == "gguf" else place.name
    return InstalledModel(scanner, name, str(place), place, Source(kind, str(place)), fault)


def _of_ollama(top: Path) -> Iterator[InstalledModel]:
    """Yield the models in a folder of Ollama's: each tag has a manifest, which names files by their content."""
    manifests = top / "manifests"
    for found in _walked("ollama", manifests):
        if isinstance(found, InstalledModel):
            yield found
            continue
        folder, level, names = found
        for name in names if level else ():
            manifest = folder / name
            if hub_cache.is_own_file(manifest) and (model := _tagged(top, manifests, manifest)) is not None:
                yield model


def _tagged(top: Path, manifests: Path, manifest: Path) -> InstalledModel | None:
    *owners, model, tag = manifest.relative_to(manifests).parts
    for number, usual in enumerate(_OLLAMA_SITE):
        if owners[:1] == [usual] and len(owners) <= len(_OLLAMA_SITE) - number:
            owners = owners[1:]
    name = "/".join([*owners, f"{model}:{tag}"])
    digests = ollama.layers(manifest)
    if not digests.get("model"):
        return None  # a model that runs elsewhere, or doesn't continue texts
    place = top / "blobs" / f"sha256-{digests['model']}"
    fault = "" if local_paths.resolved(place).is_relative_to(top) else ELSEWHERE
    if "adapter" in digests:
        fault = "is another model with an adapter, which LIT Lab can't read"
    return InstalledModel("ollama", name, str(place), place, Source("gguf", str(place)), fault)
