"""The formats of Mistral's and Phi-3's models, for models without a template, such as Keras's presets."""

from __future__ import annotations

from collections.abc import Callable

from .own import OwnTemplate, own
from .rendering import Around, Rendering

_TURNS = ("<|user|>", "<|assistant|>", "<|end|>", "<|system|>")

# The line breaks of Phi-3's templates belong to the tokens before them.
_PHI3 = Rendering(
    Around("<|user|>", "<|end|><|assistant|>"),
    system="possible",
    system_opening="<|system|>",
    closing="<|end|>",
    swallowing=frozenset(_TURNS),
)


def known(tokenizer: str, is_whole: Callable[[str], bool], start: str, has_blank: bool) -> OwnTemplate | None:
    """Return a family's format; None if it is unknown.

    Args:
        tokenizer: Name of Keras's class of its tokenizer.
        is_whole: Whether the tokenizer encodes a marker in a text as one control token.
        start: The token with which the tokenizer begins each text.
        has_blank: Whether it puts a blank before a text.
    """
    if tokenizer == "Phi3Tokenizer" and all(map(is_whole, _TURNS[:3])):
        return own(_PHI3, start, has_blank, "Phi-3")
    if tokenizer in ("MistralTokenizer", "MixtralTokenizer", "MistralTekkenTokenizer"):
        return own(_mistral(is_whole("[INST]"), tokenizer == "MistralTekkenTokenizer"), start, has_blank, "Mistral")
    return None


def _mistral(has_tokens: bool, is_tekken: bool) -> Rendering:
    """Return Mistral's format by version, from https://docs.mistral.ai: of texts (1), of tokens (3), by tekken."""
    if not has_tokens:
        return Rendering(Around("[INST] ", " [/INST]"))
    return Rendering(Around("[INST]", "[/INST]") if is_tekken else Around("[INST] ", "[/INST]"))
