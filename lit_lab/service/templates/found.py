"""A model's own chat template as a format, or the reason why it can't be used."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from lit_lab.protocol import ChatTemplate

from ..gguf.contents import GgufError
from ..gguf.header import is_gguf, read
from ..weights import ollama
from . import stored
from .rendering import Rendering, rendered
from .stored import TemplateError

_CHANNEL = "<|channel|>"  # of GPT-OSS, whose answers have several channels

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """A model's own template.

    Attributes:
        rendering: What it does; None if it can't be used.
        fault: Why not, in words that follow "it".
    """

    rendering: Rendering | None
    fault: str = ""

    @property
    def info(self) -> ChatTemplate:
        """The template for the interface."""
        if self.rendering is None:
            return ChatTemplate(fault=self.fault)
        known = self.rendering
        return ChatTemplate(date=known.date, system=known.system, thinking=known.thinking is not None)


def found(place: Path) -> Found | None:
    """Return a model's own template, rendered; None if it has none.

    Args:
        place: Its folder or its GGUF file, already validated.
    """
    try:
        template = stored.in_gguf(read(place)) if is_gguf(place) else stored.in_folder(place)
        if template is None and (tags := ollama.tags(place)) is not None and tags.has_template:
            raise TemplateError("is in Ollama's template language, which LIT Lab can't read")
        if template is not None and _CHANNEL in template.text:
            raise TemplateError("has channels, which LIT Lab can't separate")
        return Found(rendered(template)) if template is not None else None
    except TemplateError as error:
        fault = str(error)
    except (GgufError, OSError):
        fault = "can't be read"
    log.warning("the chat template of %s isn't used: it %s", place.name, fault)
    return Found(None, fault)
