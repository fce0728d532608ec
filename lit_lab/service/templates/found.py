"""What a model's own chat template comes to: a format, or why there is none of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from lit_lab.protocol import ChatTemplate

from ..gguf.header import GgufError, is_gguf, read
from ..weights import ollama
from . import stored
from .rendering import Rendering, rendered
from .stored import TemplateError

_CHANNEL = "<|channel|>"  # of GPT-OSS: what ends one of them doesn't end the answer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """A model's own template.

    Attributes:
        rendering: What it does; None: it can't be used.
        fault: Why not, in words that follow “it”.
    """

    rendering: Rendering | None
    fault: str = ""

    @property
    def told(self) -> ChatTemplate:
        """What the interface says of it."""
        if self.rendering is None:
            return ChatTemplate(fault=self.fault)
        known = self.rendering
        return ChatTemplate(date=known.date, system=known.system, thinking=known.thinking is not None)


def found(place: Path) -> Found | None:
    """Return what a model's own template comes to; None: it has none.

    Args:
        place: Its folder, or its GGUF file, which have been looked through.
    """
    try:
        template = stored.in_gguf(read(place)) if is_gguf(place) else stored.in_folder(place)
        if template is None and (tags := ollama.tags(place)) is not None and tags.has_template:
            raise TemplateError("is in Ollama's own language, which isn't read here")
        if template is not None and _CHANNEL in template.text:
            raise TemplateError("has channels, which aren't told apart here")
        return Found(rendered(template)) if template is not None else None
    except TemplateError as error:
        fault = str(error)
    except (GgufError, OSError):
        fault = "can't be read"
    log.warning("the chat template of %s isn't used: it %s", place.name, fault)
    return Found(None, fault)
