"""Facts about a model, from its header or its configuration, without reading its weights."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lit_lab import local_paths

from .. import hugging_face
from ..gguf import header
from ..gguf import model as gguf
from ..gguf.contents import GgufError
from ..gguf.options import FAMILIES, UnfamiliarError
from ..weights import instruct, memory_estimate, regular, stored
from .installed_models import InstalledModel

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Facts:
    """What is known about a model before it is loaded.

    Attributes:
        family: Such as `Gemma 3`; empty if unknown.
        stored: The format of its weights, such as `Q4_K_M`; empty if unknown.
        is_instruct: Whether it is instruction-tuned; None if unknown.
        shape: What its memory depends on; None if unknown.
        fault: Why it can't be used, in words that follow "it"; empty if there is no known reason.
        may_pass: Whether the fault may disappear although no file changes.
    """

    family: str = ""
    stored: str = ""
    is_instruct: bool | None = None
    shape: memory_estimate.Shape | None = None
    fault: str = ""
    may_pass: bool = False


def facts(model: InstalledModel) -> Facts | None:
    """Return what is known about a model; None if it isn't a model that continues texts."""
    try:
        return _of_file(model) if header.is_gguf(model.place) else _of_folder(model)
    except GgufError as error:
        return Facts(fault=f"can't be read: it {error}")
    except regular.NotRegularError as error:
        return Facts(fault=f"can't be read: {error}")
    except OSError as error:
        return Facts(fault=f"can't be read: {local_paths.words(error)}", may_pass=True)
    except (regular.TooMuchError, stored.UnfitError) as error:
        return Facts(fault=f"can't be read: one of its files {error}")
    except Exception as error:  # files may contain anything; one model must not hide the others
        log.info("a model can't be described: %s", type(error).__name__)
        return Facts(fault="can't be read: its files aren't as its program writes them")


def _of_file(model: InstalledModel) -> Facts:
    about = header.skim(model.place)
    family = "Llama" if about.architecture == "llama" else _family(FAMILIES, about.architecture)
    is_instruct = instruct.of_file(model.source, model.place, bool(about.text("tokenizer.chat_template")))
    try:
        config = gguf.judged(about)
    except (UnfamiliarError, GgufError) as error:
        return Facts(family, about.quantization, is_instruct, fault=str(error))
    return Facts(family, about.quantization, is_instruct, memory_estimate.shape_of(config, about.numbers))


def _of_folder(model: InstalledModel) -> Facts | None:
    for name in ("config.json", "task.json", "tokenizer_config.json", *_files(model.place)):
        _check_link(model.place, name)
    config = regular.json_of(model.place / "config.json")
    if not isinstance(config, dict):
        return Facts(fault="can't be read: its config.json contains no configuration")
    is_instruct = instruct.is_instruct(model.source, model.place)
    if not hugging_face.is_form(config):
        return _of_preset(model, config, is_instruct)
    kind = str(config["model_type"])
    if kind not in hugging_face.CONVERTED and not any(
        "CausalLM" in str(one) for one in config.get("architectures") or []
    ):
        return None
    family = _family(hugging_face.CONVERTED, kind)
    names = _files(model.place)
    if not names or not all(local_paths.is_file(model.place / name) for name in names):
        return Facts(family, fault="has no safetensors, or not all of them")
    form = config.get("torch_dtype") or config.get("dtype")
    form = form if isinstance(form, str) and len(form) <= 20 else ""
    if config.get("quantization"):
        return Facts(family, "", is_instruct, fault="has weights quantized for MLX, which LIT Lab can't read")
    if fault := hugging_face.fault_of(config):
        return Facts(family, form, is_instruct, fault=fault)
    parameters = sum(stored.numbers_in(model.place / name) for name in names)
    return Facts(family, form, is_instruct, memory_estimate.shape_of(config, parameters))


def _of_preset(model: InstalledModel, config: dict[str, Any], is_instruct: bool) -> Facts | None:
    name = str(config.get("class_name", ""))
    task = model.place / "task.json"
    whole = str(regular.json_of(task).get("class_name", "")) if local_paths.is_file(task) else ""
    if not (whole.endswith("CausalLM") if whole else name.endswith("Backbone")):
        return None
    return Facts((whole or name)[:40].removesuffix("CausalLM").removesuffix("Backbone"), "", is_instruct)


def _files(place: Path) -> list[str]:
    """Return the names of the files that a model's weights are in."""
    index = place / "model.safetensors.index.json"
    if local_paths.is_file(index):
        return sorted(stored.shards_of(index))
    return ["model.safetensors"] if local_paths.is_file(place / "model.safetensors") else []


def _family(names: Mapping[str, str], kind: str) -> str:
    """Return a family's name: the first one with the kind."""
    return names.get(kind, kind[:40]).partition(",")[0]


def _check_link(place: Path, name: str) -> None:
    """Refuse a link that leads elsewhere. Raises `regular.NotRegularError`."""
    top = local_paths.resolved(place)
    file = place / name
    if not any(local_paths.resolved(file).is_relative_to(allowed) for allowed in regular.places_of(top)):
        raise regular.NotRegularError(f"{name} is a link that leads out of its folder")
