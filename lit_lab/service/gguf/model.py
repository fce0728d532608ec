"""The model in a GGUF file, with or without its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lit_lab import folder_files, local_paths
from lit_lab.problem import Problem
from lit_lab.protocol import Precision

from .. import hugging_face
from ..weights import named, regular
from ..weights.reading import Reading
from . import header, vocabulary
from .configuration import config_of
from .contents import GgufError, Header, UnreadError
from .header import BESIDE, is_gguf, read
from .options import FAMILIES, UnfamiliarError
from .weights import Reader, check_names


def first(file: Path, path: str) -> Path:
    """Return the file that a model begins with: of several parts, the first. Raises `Problem`."""
    try:
        return header.first(file)
    except GgufError as error:
        raise _worded(file, path, error) from error


def within(folder: Path, path: str) -> Path | None:
    """Return the only GGUF model in a folder without a model in another format; None if it isn't such a folder.

    Args:
        folder: The folder.
        path: The path as the user wrote it, for messages.

    Raises:
        Problem: `preset_not_found`: it has several; `preset_unsafe`: it has a link that leads elsewhere.
    """
    try:
        files = folder_files.files(folder)
    except OSError:
        return None  # the next step reports what is wrong
    if len(files) > regular.MAX_FILES or any(file.suffix in (".h5", ".safetensors") for file in files):
        return None
    models = {first(file, path) for file in files if is_gguf(file) and not BESIDE.search(file.name)}
    if len(models) > 1:
        names = ", ".join(sorted(file.name for file in models)[:5])
        raise Problem(
            404,
            "preset_not_found",
            f"{path} contains several models: {names[:300]}.",
            "Use the path of one of these files.",
        )
    if not models:
        return None
    (found,) = models
    top = local_paths.resolved(folder)
    if not any(local_paths.resolved(found).is_relative_to(place) for place in regular.places_of(top)):
        raise _linked(path, f"{found.name} is a link that leads out of its folder")
    return found


def header_of(file: Path, path: str) -> Header:
    """Return a file's header.

    Args:
        file: The file, or any part of several.
        path: The path as the user wrote it, for messages.

    Raises:
        Problem: As `check`.
    """
    try:
        return read(file)
    except (GgufError, OSError) as error:
        raise _worded(file, path, error) from error


def check(file: Path, path: str) -> dict[str, Any]:
    """Return a model's configuration in Hugging Face's format, after checking its file.

    Args:
        file: The file, or any part of several.
        path: The path as the user wrote it, for messages.

    Raises:
        Problem: `preset_damaged`, `preset_incomplete`, `preset_unsafe` or `unsupported_model`.
    """
    try:
        return judged(read(file))
    except (GgufError, UnfamiliarError, OSError) as error:
        raise _worded(file, path, error) from error


def judged(about: Header) -> dict[str, Any]:
    """Return a model's configuration in Hugging Face's format, if LIT Lab can load it: for lists and for loading.

    Args:
        about: The file's header; the contents of its long lists may be missing.

    Raises:
        UnfamiliarError: LIT Lab can't load it.
        GgufError: It is damaged.
    """
    config = config_of(about)
    vocabulary.check(about, config)
    check_names(about)
    fault = hugging_face.fault_of(config)
    if fault:
        raise UnfamiliarError(fault)
    return config


def backbone(file: Path, path: str, precision: Precision, reading: Reading | None) -> Any:
    """Return the model below its head.

    Args:
        file: The file, or any part of several.
        path: The path as the user wrote it, for messages.
        precision: The precision of its weights and computations.
        reading: Receives the progress, and may end it; None: its weights aren't read.

    Raises:
        Problem: As `check`.
        Cancelled: `reading` was stopped.
    """
    try:
        about = read(file)
        config = judged(about)
        loader = hugging_face.loader_of(config, file.parent, path)
        weights = None if reading is None else lambda: Reader(about, config, reading)
        return hugging_face.built(loader, path, precision, weights)
    except (GgufError, UnfamiliarError, OSError) as error:
        raise _worded(file, path, error) from error


def causal_lm(file: Path, path: str, precision: Precision, reading: Reading) -> Any:
    """Return the whole model, with its tokenizer. Arguments and errors as `backbone`'s."""
    try:
        about = read(file)
        config = judged(about)
        loader = hugging_face.loader_of(config, file.parent, path)
        tokenizer = vocabulary.tokenizer(about, config, hugging_face.task_of(loader).preprocessor_cls.tokenizer_cls)
        return hugging_face.whole(loader, tokenizer, lambda: backbone(file, path, precision, reading))
    except (GgufError, UnfamiliarError, OSError) as error:
        raise _worded(file, path, error) from error


def _worded(file: Path, path: str, error: Exception) -> Problem:
    if isinstance(error, UnfamiliarError):
        return Problem(
            422,
            "unsupported_model",
            f"{path} can't be loaded: it {error}.",
            f"Choose a GGUF file of one of these families: {'; '.join(FAMILIES.values())}.",
        )
    if isinstance(error, UnreadError):
        return Problem(422, "unsupported_model", f"{path} can't be loaded: it {error}.", error.hint)
    if isinstance(error, regular.NotRegularError):
        return _linked(path, str(error))
    if isinstance(error, FileNotFoundError):
        missing = Path(error.filename or file).name
        return Problem(
            404,
            "preset_incomplete",
            f"{path} is incomplete: there is no {missing}.",
            "Put all parts of the model into one folder.",
        )
    if isinstance(error, OSError):
        return Problem(
            422,
            "preset_damaged",
            f"{path} can't be read: {error.strerror or error}.",
            "Check the file and its permissions.",
        )
    return Problem(422, "preset_damaged", f"{path} can't be read: it {error}.", "Copy or download the file again.")


def _linked(path: str, why: str) -> Problem:
    return named.unsafe(path, f"{why}.", "Copy the file there.")
