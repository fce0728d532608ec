"""The model that a GGUF file holds, with all of its weights or none."""

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
from .header import BESIDE, GgufError, Header, UnreadError, is_gguf, read
from .options import FAMILIES, UnfamiliarError
from .weights import Reader, check_names


def first(file: Path, path: str) -> Path:
    """Return the file that a model begins with: of one in several parts, the first. Raises `Problem`."""
    try:
        return header.first(file)
    except GgufError as error:
        raise _worded(file, path, error) from error


def within(folder: Path, path: str) -> Path | None:
    """Return the file of a folder that holds one model in this form and none in another; None: it isn't such a folder.

    Args:
        folder: The folder.
        path: What the user wrote, for messages.

    Raises:
        Problem: `preset_not_found`: it has several; `preset_unsafe`: it has a link that leads elsewhere.
    """
    try:
        files = folder_files.files(folder)
    except OSError:
        return None  # what comes next says what is wrong
    if len(files) > regular.MAX_FILES or any(file.suffix in (".h5", ".safetensors") for file in files):
        return None
    models = {first(file, path) for file in files if is_gguf(file) and not BESIDE.search(file.name)}
    if len(models) > 1:
        names = ", ".join(sorted(file.name for file in models)[:5])
        raise Problem(
            404,
            "preset_not_found",
            f"{path} holds several models: {names[:300]}.",
            "Write the path of one of these files.",
        )
    if not models:
        return None
    (found,) = models
    top = local_paths.resolved(folder)
    if not any(local_paths.resolved(found).is_relative_to(place) for place in regular.places_of(top)):
        raise _linked(path, f"{found.name} is a link that leads out of its folder")
    return found


def said(file: Path, path: str) -> Header:
    """Return what a file says.

    Args:
        file: The file, or any part of several.
        path: What the user wrote, for messages.

    Raises:
        Problem: as `check`.
    """
    try:
        return read(file)
    except (GgufError, OSError) as error:
        raise _worded(file, path, error) from error


def check(file: Path, path: str) -> dict[str, Any]:
    """Return a model's configuration in Hugging Face's words, once its file is known to hold what it says.

    Args:
        file: The file, or any part of several.
        path: What the user wrote, for messages.

    Raises:
        Problem: `preset_damaged`, `preset_incomplete`, `preset_unsafe` or `unsupported_model`.
    """
    try:
        return judged(read(file))
    except (GgufError, UnfamiliarError, OSError) as error:
        raise _worded(file, path, error) from error


def judged(about: Header) -> dict[str, Any]:
    """Return a model's configuration in Hugging Face's words, if what its header says is read: for lists and for loading.

    Args:
        about: What its file says; the contents of its long lists may be left out.

    Raises:
        UnfamiliarError: It isn't read.
        GgufError: It isn't whole.
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
        path: What the user wrote, for messages.
        precision: What its weights are held and computed in.
        reading: Is told how far it is, and may end it; None: its weights aren't read.

    Raises:
        Problem: as `check`.
        Cancelled: as `reading` says.
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
            f"GGUF files of these families can be: {'; '.join(FAMILIES.values())}.",
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
            f"{path} isn't complete: there is no {missing}.",
            "Put all parts of the model into one folder.",
        )
    if isinstance(error, OSError):
        return Problem(
            422,
            "preset_damaged",
            f"{path} can't be read: {error.strerror or error}.",
            "Look at the file and its permissions.",
        )
    return Problem(422, "preset_damaged", f"{path} can't be read: it {error}.", "Copy or download the file again.")


def _linked(path: str, why: str) -> Problem:
    return named.unsafe(path, f"{why}.", "Put a copy of the file there.")
