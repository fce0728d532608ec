"""Checks what a preset's JSON makes Keras do: the classes that it names, and the few values that lead to files or loops.

Keras finds more by name than its classes of models: layers that contain or download code, or read files. So each name is
checked for what it is, not only for where it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lit_lab.problem import Problem

CODE = frozenset({"Lambda", "__lambda__", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer"})
"""Keras's own classes that contain, or download, other people's code."""

READERS = frozenset({"StringLookup", "IntegerLookup", "IndexLookup", "TextVectorization"})
"""Keras's own layers that read a file named in their configuration."""

MAX_LAYERS = 256  # twice as many as the largest models have
MAX_PIXELS = 4_096  # along a side of a picture

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_REGISTERED = re.compile(r"(keras_hub|keras_nlp)>([A-Za-z_][A-Za-z0-9_]{0,199})")
_OF_HUB = re.compile(r"(keras_hub|keras_nlp)(\.[A-Za-z_][A-Za-z0-9_]{0,99}){0,20}")
# keras.Model, keras.Function, keras.utils and the like aren't parts of a text model.
_OF_KERAS = re.compile(
    r"keras\.(src\.)?(initializers|regularizers|constraints|activations|dtype_policies|quantizers|layers|random)"
    r"(\.[a-z_][a-z0-9_]{0,99}){0,10}"
)
_POLICIES = frozenset({"DTypePolicy", "FloatDTypePolicy"})
_VALUES = frozenset({"__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__", "__complex__"})
_NUMBERS = re.compile(r"(bfloat|float|int|uint)(4|8|16|32|64)(_e[0-9a-z]{3,10})?|bool")
# Some older presets are from before Keras wrote modules.
_BARE = re.compile(
    r"(Random|Truncated|Glorot|He|Lecun)(Normal|Uniform)|Zeros|Ones|Constant|Orthogonal|Identity|VarianceScaling|L1|L2|L1L2"
    r"|(Float)?DTypePolicy"
)
_LAYERS = re.compile(r"(^|_)(layers?|depths?|blocks?)$")
_PIXELS = re.compile(r"(^|_)(image_size|image_shape|height|width|resolution)$")
_FILES = frozenset({"proto", "vocabulary", "merges", "vocabulary_path", "filepath"})
_CONFIG_FILE = re.compile(r"[A-Za-z0-9_-]{1,100}\.json")


def check(content: Any, file: str, path: str) -> None:
    """Refuse a file from which Keras would create anything else than a text model.

    Args:
        content: The file's content, with bounded nesting.
        file: The file's name, for messages.
        path: The path as the user wrote it, for messages.

    Raises:
        Problem: `preset_unsafe`.
    """
    for each in _objects(content):
        if "class_name" in each and not _is_model_part(each):
            module, name = each.get("module"), each.get("class_name")
            if name == "function":
                name = each.get("config")
            raise unsafe(
                path,
                f"its {file} names {str(module)[:80]}.{str(name)[:80]}, which isn't one of Keras's own model classes and may "
                "run code.",
                "Only load presets that consist of Keras's own classes.",
            )
        for key, value in each.items():
            if why := _excess(key, value):
                raise unsafe(path, f"its {file} {why}.", "Use a preset that save_to_preset has written.")


def unsafe(path: str, why: str, hint: str) -> Problem:
    """Return the error for a preset that isn't loaded.

    Args:
        path: The path as the user wrote it.
        why: The reason, a clause.
        hint: What to do.
    """
    return Problem(422, "preset_unsafe", f"{path} wasn't loaded: {why}", hint)


def _is_model_part(named: dict[str, Any]) -> bool:
    """Whether an object names a part of a text model, or a plain value."""
    name, module, registered = named.get("class_name"), named.get("module"), named.get("registered_name")
    if named.get("compile_config"):
        return False  # for training, and never in a preset
    if isinstance(name, str) and name in _VALUES:
        inner = named.get("config")
        # A type such as S1000000000 makes each letter a number.
        kind = inner.get("dtype") if isinstance(inner, dict) else None
        return kind is None or (isinstance(kind, str) and _NUMBERS.fullmatch(kind) is not None)
    if name == "function":
        # Keras looks up a function by name among its own and registered ones.
        name = named.get("config")
        if module == "builtins":
            return _is_name(name)
        return _is_name(name) and isinstance(module, str) and _OF_HUB.fullmatch(module) is not None
    # A name with dots leads from its module to another module's class.
    if not isinstance(name, str) or not _is_name(name):
        return False
    if registered is not None and registered != name:
        match = _REGISTERED.fullmatch(registered) if isinstance(registered, str) else None
        if match is None or match[2] in CODE | READERS:
            return False
        if module is None:
            return True
    if module is None:
        return _BARE.fullmatch(name) is not None
    if module == "keras":
        return name in _POLICIES
    return isinstance(module, str) and bool(_OF_HUB.fullmatch(module) or _OF_KERAS.fullmatch(module))


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and _NAME.fullmatch(name) is not None and name not in CODE | READERS


def _excess(key: str, value: Any) -> str:
    """Return what is wrong with a value other than a class, in words that follow a file's name; empty: nothing."""
    if key in _FILES and isinstance(value, str):
        return f"names a file as its {key}: what a tokenizer needs is in the folder assets"
    if key == "config_file" and isinstance(value, str) and not _CONFIG_FILE.fullmatch(value):
        return "names a config_file that isn't in its folder"
    numbers = value if isinstance(value, list) else [value]
    for bound, names in ((MAX_LAYERS, _LAYERS), (MAX_PIXELS, _PIXELS)):
        if names.search(key) and any(isinstance(number, (int, float)) and abs(number) > bound for number in numbers):
            return f"sets {key[:80]} to more than {bound:,}"
    return ""


def _objects(content: Any) -> Iterator[dict[str, Any]]:
    """Yield all objects in a file, at any depth."""
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
