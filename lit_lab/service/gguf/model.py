"""The model that a GGUF file holds, with all of its weights or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lit_lab import folder_files, local_paths
from lit_lab.protocol import Precision

from .. import hugging_face
from ..errors import ServiceError
from ..weights import named, regular
from . import vocabulary
from .configuration import FAMILIES, UnfamiliarError, config_of
from .header import GgufError, Header, is_gguf, parts, read
from .weights import Reader

BESIDE = ("mmproj",)
"""How the names of files begin that lie beside a model and are none: what sees or hears for it."""


def first(file: Path, path: str) -> Path:
    """Return the file that a model begins with: of one in several parts, the first. Raises `ServiceError`."""
    try:
        return parts(file)[0]
    except GgufError as error:
        raise _worded(file, path, error) from error


def within(folder: Path, path: str) -> Path | None:
    """Return the file of a folder that holds one model in this form and nothing else; None: it isn't such a folder.

    Args:
        folder: The folder.
        path: What the user wrote, for messages.

    Raises:
        ServiceError: `preset_not_found`: it has several.
    """
    if local_paths.is_there(folder / "config.json"):
        return None
    files = [file for file in folder_files.files(folder) if is_gguf(file) and not file.name.startswith(BESIDE)]
    models = {first(file, path) for file in files}
    if len(models) > 1:
        names = ", ".join(sorted(file.name for file in models)[:5])
        raise ServiceError(
            404,
            "preset_not_found",
            f"{path} holds several models: {names[:300]}.",
            "Write the path of one of these files.",
        )
    return next(iter(models), None)


def check(file: Path, path: str) -> Header:
    """Return what a file says of its model, once it is known to hold what it says.

    Args:
        file: The file, or any part of several.
        path: What the user wrote, for messages.

    Raises:
        ServiceError: `preset_damaged`, `preset_incomplete`, `preset_unsafe` or `unsupported_model`.
    """
    try:
        header = read(file)
        config_of(header)
        return header
    except (GgufError, UnfamiliarError, OSError) as error:
        raise _worded(file, path, error) from error


def backbone(file: Path, path: str, precision: Precision, load_weights: bool = True) -> Any:
    """Return the model below its head.

    Args:
        file: The file, or any part of several.
        path: What the user wrote, for messages.
        precision: What its weights are held and computed in.
        load_weights: Whether they are read.

    Raises:
        ServiceError: as `check`.
    """
    try:
        header = read(file)
        config = config_of(header)
        loader = hugging_face.loader_of(config, file.parent, path)
        return hugging_face.built(loader, path, precision, (lambda: Reader(header, config)) if load_weights else None)
    except (GgufError, UnfamiliarError, OSError) as error:
        raise _worded(file, path, error) from error


def causal_lm(file: Path, path: str, precision: Precision) -> Any:
    """Return the whole model, with its tokenizer. Arguments and errors as `backbone`'s."""
    try:
        header = read(file)
        config = config_of(header)
        loader = hugging_face.loader_of(config, file.parent, path)
        tokenizer = vocabulary.tokenizer(header, config, hugging_face.task_of(loader).preprocessor_cls.tokenizer_cls)
        return hugging_face.whole(loader, tokenizer, lambda: backbone(file, path, precision))
    except (GgufError, UnfamiliarError, OSError) as error:
        raise _worded(file, path, error) from error


def _worded(file: Path, path: str, error: Exception) -> ServiceError:
    if isinstance(error, UnfamiliarError):
        return ServiceError(
            422,
            "unsupported_model",
            f"{path} can't be loaded: it {error}.",
            f"GGUF files of these families can be: {'; '.join(FAMILIES.values())}.",
        )
    if isinstance(error, regular.NotRegularError):
        return named.unsafe(path, f"{error}.", "Put a copy of the file there.")
    if isinstance(error, FileNotFoundError):
        missing = Path(error.filename or file).name
        return ServiceError(
            404,
            "preset_incomplete",
            f"{path} isn't complete: there is no {missing}.",
            "Put all parts of the model into one folder.",
        )
    if isinstance(error, OSError):
        return ServiceError(
            422,
            "preset_damaged",
            f"{path} can't be read: {error.strerror or error}.",
            "Look at the file and its permissions.",
        )
    return ServiceError(422, "preset_damaged", f"{path} can't be read: it {error}.", "Copy or download the file again.")
