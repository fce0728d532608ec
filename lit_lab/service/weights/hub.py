"""Chooses the files of a Hugging Face repository to download, and explains why a repository can't be used."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..gguf.header import BESIDE, is_gguf, parts
from . import hub_cache
from .hub_file import HubFile
from .paths import Source

# Files of keras-hub presets and of Hugging Face presets that it converts; none of them is pickled.
FILES = ("*.json", "*.h5", "*.safetensors", "assets/*", "*.model", "*.spm", "*.txt", "*.jinja")
# Files that operating systems have left in a repository, and the same weights for other programs.
NOT_THESE = (".*", "*/.*", "__MACOSX/*", "*/*.safetensors", "consolidated*", "original/*", "metal/*", "onnx/*")

# The hint names the first of these that a repository has: small, and close to the original.
QUANTIZATIONS = ("Q4_K_M", "Q5_K_M", "Q4_K_S", "Q6_K", "Q8_0", "Q4_0", "Q4_1", "IQ4_NL", "IQ4_XS", "BF16", "F16", "F32")
_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
_FOR_OTHERS = (".onnx", ".tflite", ".task", ".litertlm", ".msgpack")
_SHOWN = 4  # files named in a message

_HASH = {True: re.compile(r"[0-9a-f]{64}"), False: re.compile(r"[0-9a-f]{40}")}


class UnfitError(Exception):
    """A repository has nothing that can be loaded: its content, in words that follow "it"; and what to do."""

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(why)
        self.hint = hint


class UnknownError(Exception):
    """The site has no such file."""


def patterns(source: Source) -> tuple[list[str], list[str]]:
    """Return patterns of files to download, and of files to leave out."""
    if source.file:
        return [part.as_posix() for part in parts(Path(source.file))], []
    return list(FILES), list(NOT_THESE)


def chosen(source: Source, siblings: Iterable[Any]) -> list[HubFile]:
    """Return the files to download.

    Args:
        source: The parsed address.
        siblings: The repository's files, from huggingface_hub.

    Raises:
        UnknownError: The named file, or one of its parts, doesn't exist.
        UnfitError: There are no readable weights.
    """
    from huggingface_hub.utils import filter_repo_objects

    files = [_file(sibling) for sibling in siblings]
    names = [file.name for file in files]
    wanted, unwanted = patterns(source)
    if source.file:
        if not set(wanted) <= set(names):
            raise UnknownError
        return [file for file in files if file.name in wanted]
    if "config.json" not in names or not set(hub_cache.WEIGHTS) & set(names):
        raise _unfit(source, names)
    return list(filter_repo_objects(files, allow_patterns=wanted, ignore_patterns=unwanted, key=lambda file: file.name))


def incomplete() -> UnfitError:
    """Return the error for a repository whose downloaded files don't make a model."""
    return UnfitError(
        "lacks files that its own list of weights names", "Check the repository's page, or choose another one."
    )


def _file(sibling: Any) -> HubFile:
    lfs = sibling.lfs
    size, blob = (sibling.size, sibling.blob_id) if lfs is None else (lfs.size, lfs.sha256)
    known = blob if _HASH[lfs is not None].fullmatch(blob or "") else ""
    return HubFile(sibling.rfilename, size, known, lfs is not None and bool(known))


def _unfit(source: Source, names: list[str]) -> UnfitError:
    if found := _gguf_files(names):
        several = "one GGUF file" if len(found) == 1 else f"{len(found)} GGUF files"
        return UnfitError(
            f"contains {several}, and no config.json with safetensors",
            f"Choose one file: {' or '.join(_address(source, name) for name in _preferred(found))}.",
        )
    last = {name.rpartition("/")[2] for name in names}
    if "adapter_config.json" in last:
        return UnfitError(
            f"contains only an adapter to another model ({_listed(names, ('.safetensors', '.bin'))})",
            "Merge it into that model (merge_and_unload in peft), save the result, and load that folder.",
        )
    if odd := _odd(names, ".safetensors"):
        return odd
    if _ending(names, _PICKLED):
        return UnfitError(
            f"contains only pickled weights ({_listed(names, _PICKLED)}), and pickled files may contain code",
            "Look for the same model with .safetensors files, perhaps in another revision (hf://owner/model@revision), or "
            "save it in that format yourself and load that folder.",
        )
    if odd := _odd(names, ".h5"):
        return odd
    for_others = f"except for other programs ({_listed(names, _FOR_OTHERS)})" if _ending(names, _FOR_OTHERS) else ""
    return UnfitError(
        f"contains no weights {for_others or f'({_listed(names)})'}",
        "Choose a repository with .safetensors files, a Keras preset, or a GGUF file (hf://owner/model/file.gguf).",
    )


def _odd(names: list[str], ending: str) -> UnfitError | None:
    """Return the error for weights in a readable format but in the wrong place; None if there are none."""
    if not _ending(names, (ending,)):
        return None
    found = _listed(names, (ending,))
    if "config.json" not in names:
        return UnfitError(
            f"contains weights ({found}), but no config.json that says of which model",
            "Choose a text model's repository.",
        )
    return UnfitError(
        f"contains weights under other names than a preset's ({found})",
        "Choose a repository with model.safetensors or model.weights.h5 at its top.",
    )


def _gguf_files(names: list[str]) -> list[str]:
    """Return the models' files; of several parts, the first."""
    found = []
    for name in names:
        if not is_gguf(Path(name)) or BESIDE.search(name):
            continue
        first = hub_cache.parts_of(Path(name))[:1]
        if first in ([Path(name)], []):
            found.append(name)
    return sorted(found)


def _preferred(names: list[str]) -> list[str]:
    """Return one or two of these files: first one of the usual quantizations, then the one with the most bits."""
    by = [
        name
        for each in QUANTIZATIONS
        for name in names
        if re.search(rf"(?<![A-Z0-9]){each}(?![A-Z0-9_])", name.upper())
    ]
    best = by or names
    larger = next((name for name in best if "Q8_0" in name.upper()), None)
    return [best[0], larger] if larger and larger != best[0] else best[:1]


def _address(source: Source, name: str) -> str:
    revision = "" if source.revision == "main" else f"@{source.revision}"
    return f"hf://{source.repository}{revision}/{name}"


def _ending(names: Iterable[str], endings: tuple[str, ...]) -> list[str]:
    return sorted(name for name in names if name.endswith(endings))


def _listed(names: list[str], endings: tuple[str, ...] = ("",)) -> str:
    found = _ending((name for name in names if not name.startswith(".")), endings)
    more = len(found) - _SHOWN
    shown = ", ".join(name[:60] for name in found[:_SHOWN])
    return (shown or "no file") + (f" and {more} more" if more > 0 else "")
