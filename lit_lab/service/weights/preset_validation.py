"""Checks a preset's files before anything is created from them.

A preset's JSON names Python classes, and Keras creates them. Keras's safe mode, which is always on here, refuses code; beyond that,
only Keras's own classes for text models are allowed. Each file must be a regular one in the preset's folder, and contain no
more than its size allows.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lit_lab import folder_files
from lit_lab.problem import Problem

from . import named, regular, stored

PICKLES = (".pkl", ".pickle", ".bin", ".pt", ".pth", ".ckpt", ".joblib", ".npy")
MAX_TEXT = 64 * 2**20  # bytes of a vocabulary
MAX_LINES = 2_000_000
MAX_PIECES = 1_000_000

WHAT_A_PRESET_IS = (
    "A preset is a folder with config.json, task.json, tokenizer.json, model.weights.h5 and assets/; one of Hugging Face's has "
    "config.json, model.safetensors, and tokenizer.json or tokenizer.model."
)

_INDICES = ("model.weights.json", "model.safetensors.index.json")
_TEXTS = (".txt", ".spm", ".model", ".proto", ".jinja")


def check(folder: Path, path: str) -> dict[str, Any]:
    """Refuse an invalid preset; return its `config.json`.

    Args:
        folder: The preset.
        path: The path as the user wrote it, for messages.

    Raises:
        Problem: `preset_unsafe`, `preset_incomplete`, `pickled_weights` or `preset_damaged`.
    """
    config = _read(folder / "config.json", path)
    if not isinstance(config, dict):
        raise _incomplete(path, "its config.json isn't a JSON object")
    is_of_keras = "registered_name" in config
    for file in _files(folder, path):
        if file.suffix == ".json":
            # A Hugging Face repository's files name classes of another library; nothing is created from them here.
            if file.parent == folder and (is_of_keras or file.name == "config.json"):
                named.check(_read(file, path), file.name, path)
            else:
                _read(file, path, regular.bounded)  # Keras parses it, when it needs it
        elif file.suffix in _TEXTS:
            _check_text(file, path)
    _check_weights(folder, path)
    return config


def _files(folder: Path, path: str) -> list[Path]:
    """Return all files below a preset's folder, each a regular one."""
    top = folder.resolve()
    try:
        return [folder / file.relative_to(top) for file, _ in regular.walked(folder)]
    except regular.NotRegularError as error:
        raise named.unsafe(path, f"{error}.", "Copy the files into the preset's folder.") from error
    except regular.TooMuchError as error:
        raise named.unsafe(path, f"its folder {error}.", "Move the preset to a separate folder.") from error
    except OSError as error:
        raise _unreadable(path, Path(error.filename or folder).name, error) from error


def _check_text(file: Path, path: str) -> None:
    """Refuse a vocabulary that would take a multiple of its size in memory, or endless time."""
    try:
        content = regular.read(file, MAX_TEXT)
    except regular.TooMuchError as error:
        raise _excess(path, file.name, str(error)) from error
    except OSError as error:
        raise _unreadable(path, file.name, error) from error
    if file.suffix == ".txt" and content.count(b"\n") > MAX_LINES:
        raise _excess(path, file.name, f"has more than {MAX_LINES:,} lines")
    # In SentencePiece's files each piece begins with this byte, and few other bytes have its value.
    if file.suffix in (".spm", ".model", ".proto") and content.count(b"\n") > 4 * MAX_PIECES:
        raise _excess(path, file.name, f"has more than {MAX_PIECES:,} pieces")


def _check_weights(folder: Path, path: str) -> None:
    for name in _INDICES:
        if (folder / name).exists():
            _weights(stored.shards_of, folder / name, path)
    files = weights(folder)
    for file in files:
        _weights(stored.numbers_in, file, path)
    if files:
        return
    pickled = [file.name for file in folder_files.files(folder) if file.name.endswith(PICKLES)]
    if pickled:
        raise Problem(
            422,
            "pickled_weights",
            f"The weights of {path} are pickled ({pickled[0]}), and pickled files may contain code: LIT Lab doesn't load them.",
            "Use a preset with model.weights.h5 or .safetensors files.",
        )
    raise _incomplete(path, "it has no weights (model.weights.h5)")


def weights(folder: Path) -> list[Path]:
    """Return the files with a preset's weights. Raises `OSError`."""
    return [*folder_files.files(folder, "*.h5"), *folder_files.files(folder, "*.safetensors")]


def _weights(look: Callable[[Path], Any], file: Path, path: str) -> None:
    try:
        look(file)
    except (stored.UnfitError, regular.TooMuchError) as error:
        raise named.unsafe(
            path, f"its {file.name} {error}.", "Copy the preset again, or use one that save_to_preset has written."
        ) from error
    except regular.NotRegularError as error:
        raise named.unsafe(path, f"{error}.", "Copy the files into the preset's folder.") from error
    except (OSError, ValueError, RuntimeError, LookupError, TypeError) as error:  # h5py raises all of these
        raise Problem(
            422, "preset_damaged", f"The weights of {path} can't be read: {str(error)[:200]}", "Copy the preset again."
        ) from error


def _read(file: Path, path: str, how: Callable[[Path], Any] = regular.json_of) -> Any:
    try:
        return how(file)
    except FileNotFoundError as error:
        raise _incomplete(path, f"there is no {file.name}") from error
    except regular.NotRegularError as error:
        raise named.unsafe(path, f"{error}.", "Copy the files into the preset's folder.") from error
    except OSError as error:
        raise _unreadable(path, file.name, error) from error
    except regular.TooMuchError as error:
        raise _excess(path, file.name, str(error)) from error
    except (ValueError, RecursionError) as error:
        raise Problem(
            422, "preset_damaged", f"{path} can't be read: {file.name} isn't JSON.", "Copy the preset again."
        ) from error


def _unreadable(path: str, name: str, error: OSError) -> Problem:
    return Problem(
        422,
        "preset_damaged",
        f"{path} can't be read: {name}: {error.strerror or error}.",
        "Check the file and its permissions.",
    )


def _excess(path: str, name: str, why: str) -> Problem:
    return named.unsafe(path, f"its {name} {why}.", "Use a preset that save_to_preset has written.")


def _incomplete(path: str, why: str) -> Problem:
    return Problem(
        404,
        "preset_incomplete",
        f"{path} isn't a complete preset: {why}.",
        WHAT_A_PRESET_IS,
    )
