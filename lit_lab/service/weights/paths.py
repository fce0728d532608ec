"""Parses the path in `name:path`, as LIT and Keras write it."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lit_lab import demo, local_paths
from lit_lab.models import addresses, known
from lit_lab.problem import Problem
from lit_lab.protocol import ModelTerms

from ..gguf.header import is_gguf
from . import licences

ARCHIVES = (".tar.gz", ".tgz", ".tar")
GGUF = ".gguf"

_SITES = {"kaggle": "Kaggle", "hf": "Hugging Face", "package": "the Python package index"}
_PRESET = re.compile(r"[\w.-]+")
_HINT = (
    "Use a preset's name such as gemma2_instruct_2b_en, a folder with a slash in it such as ./preset, a .gguf or .tar.gz "
    "file, or an address: kaggle://… or hf://…"
)


@dataclass(frozen=True)
class Source:
    """Where a preset is.

    Attributes:
        kind: `folder`, `archive` or `gguf` (a file) on this machine, or the site that has it: `package` is the Python package
            index, for a known model.
        where: A path, or the site's handle such as `keras/gemma2/keras/gemma2_2b_en/1`, `org/name`, `org/name@revision` or
            `org/name/file.gguf`.
        parameters: Number of weights, if Keras's list of presets contains it.
    """

    kind: Literal["folder", "archive", "gguf", "kaggle", "hf", "package"]
    where: str
    parameters: int | None = None

    @property
    def site(self) -> str:
        """The site's name."""
        return _SITES[self.kind]

    @property
    def is_elsewhere(self) -> bool:
        """Whether it must be downloaded before use."""
        return self.kind in _SITES

    @property
    def page(self) -> str:
        """The model's page, where users accept its terms; empty for models on this machine."""
        if self.kind == "kaggle":
            return "https://www.kaggle.com/models/" + "/".join(self.where.split("/")[:2])
        return f"https://huggingface.co/{self.repository}" if self.kind == "hf" else ""

    @property
    def repository(self) -> str:
        """On Hugging Face: the owner and the model, without a revision."""
        owner, _, rest = self.where.partition("/")
        return f"{owner}/{rest.partition('/')[0].partition('@')[0]}"

    @property
    def revision(self) -> str:
        """On Hugging Face: the branch, the tag or the commit."""
        return self.where.partition("@")[2].partition("/")[0] or "main"

    @property
    def file(self) -> str:
        """On Hugging Face: the GGUF file's path in the repository; empty if none is named."""
        return "/".join(self.where.split("/")[2:])

    @property
    def terms(self) -> ModelTerms | None:
        """The terms to which a download agrees; None for models on this machine."""
        if not self.is_elsewhere:
            return None
        return self._named_terms or ModelTerms(name=f"the licence on its {self.site} page", url=self.page)

    def provided_under(self, by_files: ModelTerms | None = None) -> ModelTerms | None:
        """Return the model's licence, if it is known.

        Args:
            by_files: The licence according to its files.
        """
        return self._named_terms or by_files or self.terms

    @property
    def _named_terms(self) -> ModelTerms | None:
        """The licence according to its address or its file's name."""
        if (about := known.packaged(self.where)) is not None:
            return ModelTerms(**about.terms)
        if self.is_elsewhere:
            return licences.named(self.where)
        parts = [part for part in Path(self.where).parts if not part.isdecimal()]  # a version's number
        return licences.named(parts[-1]) if parts else None


def source(path: str) -> Source:
    """Parse a path. The names of presets come from Keras, whose libraries must have been imported for them.

    Raises:
        Problem: `bad_path` or `preset_not_found`.
    """
    if path == demo.EMBEDDED:
        return Source("folder", str(demo.preset_path()))
    if addresses.is_address(path):
        return _address(path)
    if not is_local(path):
        return _named(path)
    local = local_paths.of_user(path)
    # A missing folder may appear later, such as one on another machine's disk.
    if (why := local_paths.fault(local)) and (why != local_paths.ABSENT or path.startswith("~")):
        raise Problem(404, "preset_not_found", f"There is no {path[:200]}: {why}.", _HINT)
    if is_gguf(local):
        return Source("gguf", str(local))
    if path.lower().endswith(ARCHIVES) and not local_paths.is_folder(local):
        return Source("archive", str(local))
    return Source("folder", str(local))


def is_local(path: str) -> bool:
    """Whether a path is on this machine rather than a name or an address, judging only by its form.

    Existing files don't count: otherwise a name's meaning would depend on the working folder, and show what is in it.
    """
    if path == demo.EMBEDDED or addresses.is_address(path):
        return False
    return "/" in path or path in (".", "..") or path.startswith("~") or path.lower().endswith((*ARCHIVES, GGUF))


def _address(path: str) -> Source:
    if wrong := addresses.fault(path):
        raise Problem(422, "bad_path", *wrong)
    scheme, _, where = addresses.cleaned(path).partition("://")
    return Source("kaggle" if scheme == "kaggle" else "hf", where)


def _named(path: str) -> Source:
    if (about := known.packaged(path)) is not None:
        return Source("package", path, about.parameters)
    from keras_hub.src.utils import preset_utils

    preset = preset_utils.BUILTIN_PRESETS.get(path)
    if preset is None:
        if not _PRESET.fullmatch(path):
            raise Problem(404, "preset_not_found", f"{path[:200]} is neither a path nor a name.", _HINT)
        raise Problem(404, "preset_not_found", f"Keras knows no preset {path[:200]}.", _likely(path) or _HINT)
    parameters = preset.get("metadata", {}).get("params")
    return Source("kaggle", preset["kaggle_handle"].removeprefix("kaggle://"), parameters)


def _likely(name: str) -> str:
    """Return a question with the presets that the user may mean; empty if none is similar."""
    from keras_hub.models import CausalLM

    close = [about.path] if (about := known.named(name)) else []
    names = [*CausalLM.presets, *(each.path for each in known.known())]
    close = close or difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.75)
    return f"Did you mean {' or '.join(filter(None, [', '.join(close[:-1]), close[-1]]))}?" if close else ""
