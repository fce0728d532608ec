"""What the path of a `name:path` means: as LIT and Keras write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lit_lab import demo
from lit_lab.protocol import ModelTerms

from ..errors import ServiceError

ARCHIVES = (".tar.gz", ".tgz", ".tar")

_KAGGLE = re.compile(r"[\w.-]+/[\w.-]+/[\w.-]+/[\w.-]+(/[1-9]\d{0,8})?")
_HUGGING_FACE = re.compile(r"[\w.-]+/[\w.-]+")
_PRESET = re.compile(r"[\w.-]+")
_HINT = "Write a preset name such as gemma2_instruct_2b_en, a folder, a .tar.gz, kaggle://… or hf://… after the colon."


_GEMMA = ModelTerms(name="Gemma Terms of Use", url="https://ai.google.dev/gemma/terms")


@dataclass(frozen=True)
class Source:
    """Where a preset is.

    Attributes:
        kind: `folder` or `archive` on this machine, or which site has it.
        where: A path, or the site's handle such as `keras/gemma2/keras/gemma2_2b_en/1` or `org/name`.
        parameters: Number of weights where Keras's own list of presets tells it.
    """

    kind: Literal["folder", "archive", "kaggle", "hf"]
    where: str
    parameters: int | None = None

    @property
    def site(self) -> str:
        """The site's name."""
        return "Kaggle" if self.kind == "kaggle" else "Hugging Face"

    @property
    def page(self) -> str:
        """The model's own page, where its terms are accepted; empty for what is on this machine."""
        if self.kind == "kaggle":
            return "https://www.kaggle.com/models/" + "/".join(self.where.split("/")[:2])
        return f"https://huggingface.co/{self.where}" if self.kind == "hf" else ""

    @property
    def terms(self) -> ModelTerms | None:
        """What a download means agreeing to; None for what is on this machine."""
        if not self.page:
            return None
        if "gemma" in self.where.lower():
            return _GEMMA
        return ModelTerms(name=f"the licence on its {self.site} page", url=self.page)

    @property
    def provided_under(self) -> ModelTerms | None:
        """What the model is provided under, so far as its address or its file's name tell."""
        if self.page:
            return self.terms
        named = [part for part in Path(self.where).parts if not part.isdecimal()]  # a version's number
        return _GEMMA if named and "gemma" in named[-1].lower() else None


def source(path: str) -> Source:
    """Return what a path means. Preset names are Keras's own, so its libraries must have been imported for them.

    Raises:
        ServiceError: `bad_path` or `preset_not_found`.
    """
    if path == demo.EMBEDDED:
        return Source("folder", str(demo.preset_path()))
    scheme, divided, rest = path.partition("://")
    if divided:
        return _address(scheme.lower(), rest, path)
    if not is_local(path):
        return _named(path)
    try:
        local = Path(path).expanduser()
        is_folder = local.is_dir()
    except (OSError, RuntimeError) as error:  # a name that is too long, the home of nobody
        raise ServiceError(404, "preset_not_found", f"There is no {path[:200]}: {error}.", _HINT) from error
    return Source("archive" if path.lower().endswith(ARCHIVES) and not is_folder else "folder", str(local))


def is_local(path: str) -> bool:
    """Whether a path is one of this machine rather than a name or an address."""
    if path == demo.EMBEDDED or "://" in path:
        return False
    if "/" in path or path.startswith("~") or path.lower().endswith(ARCHIVES):
        return True
    try:
        return Path(path).exists()
    except OSError:  # longer than a file's name can be
        return False


def _address(scheme: str, rest: str, path: str) -> Source:
    if scheme == "kaggle":
        if not _KAGGLE.fullmatch(rest) or ".." in rest:
            raise ServiceError(
                422,
                "bad_path",
                f"{path} isn't the address of a model on Kaggle.",
                "It has the form kaggle://owner/model/keras/variation, and perhaps /version.",
            )
        return Source("kaggle", rest)
    if scheme == "hf":
        if not _HUGGING_FACE.fullmatch(rest) or ".." in rest:
            raise ServiceError(
                422,
                "bad_path",
                f"{path} isn't the address of a model on Hugging Face.",
                "It has the form hf://owner/model.",
            )
        return Source("hf", rest)
    raise ServiceError(422, "bad_path", f"Models aren't loaded from {scheme}:// addresses.", _HINT)


def _named(path: str) -> Source:
    from keras_hub.src.utils import preset_utils

    known = preset_utils.BUILTIN_PRESETS.get(path)
    if known is None:
        about = (
            f"Keras knows no preset {path[:200]}."
            if _PRESET.fullmatch(path)
            else f"{path[:200]} is neither there nor a name."
        )
        raise ServiceError(404, "preset_not_found", about, _HINT)
    parameters = known.get("metadata", {}).get("params")
    return Source("kaggle", known["kaggle_handle"].removeprefix("kaggle://"), parameters)
