"""Loads a Keras CausalLM from files on this machine, with errors that say what to do."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lit_lab import demo, local_paths
from lit_lab.problem import Problem
from lit_lab.protocol import ModelTerms, Precision

from . import hugging_face, keras_preset
from .cancellation import Cancelled
from .gguf import model as gguf
from .gguf.header import is_gguf
from .weights import archive, download_errors, hub_cache, instruct, licences, paths, preset_validation, regular
from .weights.reading import Reading


def folder(path: str, cache: Path | None = None) -> Path:
    """Return the folder of a preset on this machine, or its GGUF file (of several parts, the first).

    Args:
        path: The path in `name:path`.
        cache: Where archives are unpacked; None: refuse archives.

    Raises:
        Problem: Something is missing or not allowed; `preset_absent`: it must be downloaded.
    """
    source = paths.source(path)
    if source.kind == "archive" and cache is not None:
        return archive.unpacked(Path(source.where), cache)
    found = hub_cache.lookup(source)
    if found is None:
        raise download_errors.absent(path, source)
    if is_gguf(found) and local_paths.is_there(found):
        return gguf.first(found, path)
    if not local_paths.is_folder(found):
        why = local_paths.fault(found)
        raise Problem(
            404,
            "preset_not_found",
            f"There is no {'file' if source.kind == 'gguf' else 'folder'} {str(found)[:200]}{f': {why}' if why and why != local_paths.ABSENT else ''}.",
            "Use a preset's folder, a .gguf file, a preset name such as gemma2_instruct_2b_en, kaggle://… or hf://… after "
            "the colon.",
        )
    return gguf.within(found, path) or found


def check(place: Path, path: str) -> dict[str, Any]:
    """Refuse an invalid preset before anything is created from it; return its configuration.

    Args:
        place: Its folder, or its GGUF file.
        path: The path as the user wrote it, for messages.

    Raises:
        Problem: As `preset_validation.check` and `gguf.check`.
    """
    if is_gguf(place):
        return gguf.check(place, path)
    return preset_validation.check(place, path)


def about(place: Path, path: str, source: paths.Source) -> About:
    """Return what is known about a checked preset. Arguments as `check`'s, and the parsed path."""
    if not is_gguf(place):
        # The embedded model has Gemma's architecture, but isn't Google's.
        by_files = None if path == demo.EMBEDDED else licences.of_config(regular.json_of(place / "config.json"))
        return About(instruct.is_instruct(source, place), source.provided_under(by_files))
    header = gguf.header_of(place, path)
    is_instruct = instruct.of_file(source, place, bool(header.text("tokenizer.chat_template")))
    return About(is_instruct, source.provided_under(licences.of_header(header)), header.quantization)


@dataclass(frozen=True)
class About:
    """What is known about a preset besides its weights.

    Attributes:
        is_instruct: Whether it is known to be instruction-tuned.
        terms: Its licence, if it is known.
        stored: The format of its weights, such as `Q4_K_M`, if it isn't the precision they are loaded in; else empty.
    """

    is_instruct: bool
    terms: ModelTerms | None
    stored: str = ""


def load(path: str, precision: Precision = "float32") -> Any:
    """Load a preset on this machine. Raises `Problem`, as `folder` and `make`."""
    place = folder(path)
    check(place, path)
    return make(place, path, precision, Reading())


def weights_of(place: Path, path: str) -> int:
    """Return how many weights Keras would create for a preset's configuration, without creating them.

    Its files may say otherwise. What is created before they are read depends on the configuration, and only Keras can
    interpret that.

    Args:
        place: Its folder, already validated.
        path: The path as the user wrote it, for messages.

    Raises:
        Problem: As `make`.
    """
    import keras
    import keras_nlp

    def made() -> list[Any]:
        if is_gguf(place):
            return [gguf.backbone(place, path, "float32", None)]
        if hugging_face.is_form(regular.json_of(place / "config.json")):
            return [hugging_face.backbone(place, path, "float32", None)]
        result = [keras_nlp.models.Backbone.from_preset(str(place), load_weights=False, dtype="float32")]
        # Keras creates the backbone in task.json, if there is one; else the one in config.json.
        for config in _backbones(place):
            result.append(keras.saving.deserialize_keras_object(config))
        return result

    def count() -> int:
        # In this scope a variable is only a shape and a type, without memory.
        with keras.StatelessScope(initialize_variables=False):
            counts = [sum(math.prod(weight.shape) for weight in backbone.weights) for backbone in made()]
        return int(max(counts))

    # Keras stores uninitialized variables for each thread; those created here must not remain.
    with ThreadPoolExecutor(1) as apart:
        try:
            return apart.submit(count).result()
        except Problem:
            raise
        except Exception as error:  # as in `make`
            raise _explain(path, error) from error


def _backbones(place: Path) -> list[dict[str, Any]]:
    """Return the configuration of a preset's backbone in its task.json, unless that is the one in its config.json."""
    config = regular.json_of(place / "config.json")
    if "registered_name" not in config or not (place / "task.json").exists():
        return []
    task = regular.json_of(place / "task.json")
    backbone = task["config"].get("backbone")
    if backbone is None or backbone == config:
        return []
    return [{**backbone, "config": {**backbone["config"], "dtype": "float32"}}]


def make(place: Path, path: str, precision: Precision, reading: Reading) -> Any:
    """Load a validated preset's files in Keras's safe mode (its default, never turned off here).

    Args:
        place: Its folder.
        path: The path as the user wrote it, for messages.
        precision: The precision of its weights and computations, whatever its files have. Salience is exact in float32.
        reading: Receives the progress, and may end it.

    Raises:
        Problem: Loading failed.
        Cancelled: `reading` was stopped.
    """
    try:
        if is_gguf(place):
            causal_lm = gguf.causal_lm(place, path, precision, reading)
        elif hugging_face.is_form(regular.json_of(place / "config.json")):
            causal_lm = hugging_face.causal_lm(place, path, precision, reading)
        else:
            causal_lm = keras_preset.causal_lm(place, precision, reading)
    except (Problem, Cancelled):
        raise
    except Exception as error:  # Keras and its libraries raise many kinds; `_explain` handles them
        reading.stopped.check()  # Keras may have wrapped a cancellation
        raise _explain(path, error) from error
    if causal_lm.preprocessor is None:
        raise Problem(422, "unsupported_model", f"The preset {path} has no tokenizer.", "Use a complete preset.")
    return causal_lm


def _explain(path: str, error: Exception) -> Problem:
    """Return a failed load's error for the user."""
    names = {kind.__name__ for kind in type(error).__mro__}
    text = str(error)
    known = text.lower()
    if isinstance(error, MemoryError) or "ResourceExhaustedError" in names:
        return Problem(
            507,
            "out_of_memory",
            f"There isn't enough memory to load {path}.",
            "Choose a smaller model, or free memory.",
        )
    if "unable to" in known and "open file" in known:
        return Problem(
            422, "preset_damaged", f"The weights of {path} can't be read: {_first_line(text)}", "Copy the preset again."
        )
    if isinstance(error, FileNotFoundError) or "has no config.json" in known:
        return Problem(
            404,
            "preset_incomplete",
            f"{path} is incomplete: {_first_line(text)}",
            preset_validation.WHAT_A_PRESET_IS,
        )
    if isinstance(error, ImportError):
        return Problem(
            424,
            "missing_libraries",
            f"Loading {path} needs a package that is missing: {_first_line(text)}",
            "Install it.",
        )
    return Problem(
        422,
        "preset_failed",
        f"{path} can't be loaded: {_first_line(text) or type(error).__name__}",
        "See the service's log for details. The preset must be a text model that keras_nlp.models.CausalLM can load.",
    )


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:300]
