"""The chat template that came with a model, read within bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lit_lab import local_paths

from ..gguf.contents import GgufError, Header, Items
from ..weights import regular

MAX_TEMPLATE = 256 * 1024  # bytes; the longest ones of these families have 20 kB

MAX_TOKEN = 64  # characters of a token that includes the blanks after it

_TURN = re.compile(r"<\|(?!endoftext)\w+\|>")
_SPECIAL = ("bos_token", "eos_token", "unk_token", "pad_token")


class TemplateError(ValueError):
    """A template can't be used; the message says why, in words that follow "it"."""


@dataclass(frozen=True)
class Template:
    """A chat template.

    Attributes:
        text: The program.
        special: The special tokens that it may use by name, such as `bos_token`, with their spellings.
        swallowing: Tokens that include the blanks after them, as Phi-3's do.
    """

    text: str
    special: dict[str, str] = field(default_factory=dict)
    swallowing: frozenset[str] = frozenset()


def in_folder(place: Path) -> Template | None:
    """Return the chat template of a folder; None if it has none.

    Args:
        place: The folder, already validated.

    Raises:
        TemplateError: The template can't be read.
    """
    config = _object(place, "tokenizer_config.json")
    if local_paths.is_file(place / "chat_template.jinja"):
        text: Any = _text(place / "chat_template.jinja")
    else:
        text = _object(place, "chat_template.json").get("chat_template") or config.get("chat_template")
    if not text:
        return None
    special = {**_object(place, "special_tokens_map.json"), **config}
    added = config.get("added_tokens_decoder")
    tokens = added.values() if isinstance(added, dict) else ()
    swallowing = {_spelled(each) for each in tokens if isinstance(each, dict) and each.get("rstrip") is True}
    return _template(_chosen(text), {name: _spelled(special.get(name)) for name in _SPECIAL}, swallowing)


def in_gguf(header: Header) -> Template | None:
    """Return the chat template of a GGUF file; None if it has none. Raises `TemplateError`."""
    text = header.text("tokenizer.chat_template")
    if not text:
        names = [name for name in header.fields if name.startswith("tokenizer.chat_template.")]
        text = _chosen([{"name": name.split(".", 2)[2], "template": header.text(name)} for name in names])
    if not text:
        return None
    words = header.fields.get("tokenizer.ggml.tokens")
    try:
        spelled = words.texts() if isinstance(words, Items) else []
    except GgufError as error:
        raise TemplateError("has a vocabulary that can't be read") from error
    keys = {"bos_token": "bos", "eos_token": "eos", "unk_token": "unknown", "pad_token": "padding"}
    ids = {name: header.fields.get(f"tokenizer.ggml.{key}_token_id") for name, key in keys.items()}
    known = {name: spelled[id] for name, id in ids.items() if isinstance(id, int) and 0 <= id < len(spelled)}
    # The file doesn't say so; llama.cpp, too, decides by the family.
    swallowing = {each for each in spelled if _TURN.fullmatch(each)} if header.architecture == "phi3" else set()
    return _template(text, known, swallowing)


def _template(text: str, special: dict[str, str], swallowing: set[str]) -> Template:
    if len(text.encode(errors="replace")) > MAX_TEMPLATE:
        raise TemplateError(f"is longer than {MAX_TEMPLATE // 1024} KiB")
    known = {name: spelled for name, spelled in special.items() if spelled}
    return Template(text, known, frozenset(token for token in swallowing if 0 < len(token) <= MAX_TOKEN))


def _chosen(content: Any) -> str:
    """Return the template for conversations; a list may contain others, such as one for tools."""
    if isinstance(content, str):
        return content
    listed = [each for each in content if isinstance(each, dict)] if isinstance(content, list) else []
    named: dict[str, str] = {
        str(each.get("name")): each["template"] for each in listed if isinstance(each.get("template"), str)
    }
    if "default" in named:
        return named["default"]
    if len(named) > 1:
        raise TemplateError("is one of several, none of which is called default")
    return next(iter(named.values()), "")


def _spelled(token: Any) -> str:
    """Return a special token's spelling. Files write it as a text, or as an object with a `content`."""
    content = token.get("content") if isinstance(token, dict) else token
    return content if isinstance(content, str) else ""


def _text(file: Path) -> str:
    try:
        return regular.read(file, MAX_TEMPLATE).decode()
    except regular.TooMuchError as error:
        raise TemplateError(f"is longer than {MAX_TEMPLATE // 1024} KiB") from error
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError("can't be read") from error


def _object(place: Path, name: str) -> dict[str, Any]:
    if not local_paths.is_file(place / name):
        return {}
    try:
        found = regular.json_of(place / name)
    except (OSError, ValueError, RecursionError) as error:
        raise TemplateError(f"can't be read: {name} is malformed") from error
    return found if isinstance(found, dict) else {}
