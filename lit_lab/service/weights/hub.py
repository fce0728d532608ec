"""What of a Hugging Face repository is downloaded, and why it would be of no use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..gguf.header import BESIDE, is_gguf, parts
from . import hub_cache
from .hub_file import HubFile
from .paths import Source

# Those of keras-hub and of Hugging Face presets that it converts; none of them is pickled.
FILES = ("*.json", "*.h5", "*.safetensors", "assets/*", "*.model", "*.spm", "*.txt", "*.jinja")
# What somebody's system has left in a repository, and the same weights for other programs.
NOT_THESE = (".*", "*/.*", "__MACOSX/*", "*/*.safetensors", "consolidated*", "original/*", "metal/*", "onnx/*")

# The first of these that a repository has is the one to name: small, and close to the original.
QUANTIZATIONS = ("Q4_K_M", "Q5_K_M", "Q4_K_S", "Q6_K", "Q8_0", "Q4_0", "Q4_1", "IQ4_NL", "IQ4_XS", "BF16", "F16", "F32")
_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
_FOR_OTHERS = (".onnx", ".tflite", ".task", ".litertlm", ".msgpack")
_SHOWN = 4  # files that are named

_HASH = {True: re.compile(r"[0-9a-f]{64}"), False: re.compile(r"[0-9a-f]{40}")}


class UnfitError(Exception):
    """A repository has nothing that can be loaded: what there is, in words that follow "it"; and what to do."""

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(why)
        self.hint = hint


class UnknownError(Exception):
    """The site has no such file."""


def patterns(source: Source) -> tuple[list[str], list[str]]:
    """Return which files of a repository are downloaded, and which of these aren't."""
    if source.file:
        return [part.as_posix() for part in parts(Path(source.file))], []
    return list(FILES), list(NOT_THESE)


def chosen(source: Source, siblings: Iterable[Any]) -> list[HubFile]:
    """Return the files that are downloaded.

    Args:
        source: What the address means.
        siblings: The repository's files, as huggingface_hub tells them.

    Raises:
        UnknownError: The file that is named isn't there, or one of its parts.
        UnfitError: No weights that can be read are there.
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
    """Return what is said of a repository whose files are here, and don't make a model."""
    return UnfitError(
        "lacks files that its own list of weights names", "Look at the repository's page, or choose another one."
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
            f"holds {several}, and no config.json with safetensors",
            f"Name one file: {' or '.join(_address(source, name) for name in _preferred(found))}.",
        )
    last = {name.rpartition("/")[2] for name in names}
    if "adapter_config.json" in last:
        return UnfitError(
            f"holds an adapter to another model alone ({_listed(names, ('.safetensors', '.bin'))})",
            "Merge it into that model (merge_and_unload in peft), save the whole, and load that folder.",
        )
    if odd := _odd(names, ".safetensors"):
        return odd
    if _ending(names, _PICKLED):
        return UnfitError(
            f"holds pickled weights alone ({_listed(names, _PICKLED)}), and pickled files may hold code",
            "Look for the same model with .safetensors files, perhaps in another revision (hf://owner/model@revision), or "
            "save it so yourself and load that folder.",
        )
    if odd := _odd(names, ".h5"):
        return odd
    for_others = f"but for other programs ({_listed(names, _FOR_OTHERS)})" if _ending(names, _FOR_OTHERS) else ""
    return UnfitError(
        f"holds no weights {for_others or f'({_listed(names)})'}",
        "Choose a repository with .safetensors files, a Keras preset, or a GGUF file (hf://owner/model/file.gguf).",
    )


def _odd(names: list[str], ending: str) -> UnfitError | None:
    """Return what is said of weights of a kind that is read, which don't lie as those of a model do; None: there are none."""
    if not _ending(names, (ending,)):
        return None
    found = _listed(names, (ending,))
    if "config.json" not in names:
        return UnfitError(
            f"holds weights ({found}), and no config.json that says of what model", "Choose a text model's repository."
        )
    return UnfitError(
        f"holds weights under other names than a preset's ({found})",
        "Choose a repository with model.safetensors or model.weights.h5 at its top.",
    )


def _gguf_files(names: list[str]) -> list[str]:
    """Return the models' files: of several parts, the first."""
    found = []
    for name in names:
        if not is_gguf(Path(name)) or BESIDE.search(name):
            continue
        first = hub_cache.parts_of(Path(name))[:1]
        if first in ([Path(name)], []):
            found.append(name)
    return sorted(found)


def _preferred(names: list[str]) -> list[str]:
    """Return one or two of these files: one of the usual quantizations first, and the one of most bits."""
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
