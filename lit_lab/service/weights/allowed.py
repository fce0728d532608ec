"""A preset's files, looked through before anything of them is made.

A preset's JSON names the Python classes to be made, and Keras makes them. Keras' safe mode, which is never off here,
refuses code; what remains is kept to Keras's own classes, without the one that holds code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lit_lab import folder_files

from ..errors import ServiceError

PACKAGES = frozenset({"keras", "keras_hub", "keras_nlp"})
"""Whose classes a preset may name."""

CODE = frozenset({"Lambda", "__lambda__", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer"})
"""Keras's own classes that hold, or fetch, code of others."""

PICKLES = (".pkl", ".pickle", ".bin", ".pt", ".pth", ".ckpt", ".joblib", ".npy")
MAX_JSON = 64 * 2**20  # bytes: a large vocabulary
MAX_DEPTH = 64
CONFIGS = ("config.json", "task.json", "preprocessor.json", "tokenizer.json")
"""What keras-hub makes objects of, in a text model's preset. Its image and audio parts are never made here, and are
looked through all the same."""


def check(folder: Path, path: str) -> dict[str, Any]:
    """Refuse a preset that names what isn't Keras's, or whose weights are pickled; return its `config.json`.

    Args:
        folder: The preset.
        path: What the user wrote, for messages.

    Raises:
        ServiceError: `preset_unsafe`, `preset_incomplete`, `pickled_weights` or `preset_damaged`.
    """
    config = _read(folder / "config.json", path)
    if not isinstance(config, dict):
        raise _incomplete(path, "its config.json is no object")
    for file in folder_files.files(folder, "*.json"):
        # A Hugging Face repository's own files name classes of another library, by which nothing is made here.
        if "registered_name" in config or file.name == "config.json":
            for named in _named(_read(file, path), 0, path):
                _check_class(named, file.name, path)
    if not folder_files.files(folder, "*.h5") and not folder_files.files(folder, "*.safetensors"):
        pickled = [file.name for file in folder_files.files(folder) if file.name.endswith(PICKLES)]
        if pickled:
            raise ServiceError(
                422,
                "pickled_weights",
                f"The weights of {path} are pickled ({pickled[0]}), and pickled files may hold code: they aren't loaded.",
                "Use a preset with model.weights.h5 or .safetensors files.",
            )
        raise _incomplete(path, "it has no weights (model.weights.h5)")
    return config


def _check_class(named: dict[str, Any], file: str, path: str) -> None:
    name, module, registered = named.get("class_name"), named.get("module"), named.get("registered_name")
    if name in ("__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__", "__typespec__", "__complex__"):
        return  # plain values
    function = module == "builtins" and name == "function"
    if function:
        # By its name Keras looks a function up among its own and registered ones.
        name, registered = named.get("config"), None
    fits = (
        isinstance(name, str)
        and name not in CODE
        and (function or module is None or (isinstance(module, str) and module.partition(".")[0] in PACKAGES))
        and (
            registered is None
            or registered == name
            or (isinstance(registered, str) and registered.partition(">")[0].partition(".")[0] in PACKAGES)
        )
    )
    if not fits:
        raise ServiceError(
            422,
            "preset_unsafe",
            f"{path} wasn't loaded: its {file} names {str(module)[:80]}.{str(name)[:80]}, which isn't one of Keras's own "
            "model classes and may run code.",
            "Load only presets that consist of Keras's own classes.",
        )


def _named(value: Any, depth: int, path: str) -> Iterator[dict[str, Any]]:
    """Yield everything in a preset's JSON that names a class."""
    if depth > MAX_DEPTH:
        raise _incomplete(path, "its JSON is nested too deeply")
    if isinstance(value, dict):
        if "class_name" in value:
            yield value
        for inner in value.values():
            yield from _named(inner, depth + 1, path)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner, depth + 1, path)


def _read(file: Path, path: str) -> Any:
    try:
        if file.stat().st_size > MAX_JSON:
            raise _incomplete(path, f"its {file.name} is too large")
        return json.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise _incomplete(path, f"there is no {file.name}") from error
    except OSError as error:
        raise ServiceError(
            422,
            "preset_damaged",
            f"{path} can't be read: {file.name}: {error.strerror or error}.",
            "Look at the file and its permissions.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise ServiceError(
            422, "preset_damaged", f"{path} can't be read: {file.name} isn't JSON.", "Copy the preset again."
        ) from error


def _incomplete(path: str, why: str) -> ServiceError:
    return ServiceError(
        404,
        "preset_incomplete",
        f"{path} isn't a complete Keras preset: {why}.",
        "A preset is a folder with config.json, task.json, tokenizer.json, model.weights.h5 and assets/.",
    )
