"""The formats of Mistral's and Phi-3's models, for models without a template, such as Keras's presets."""

from __future__ import annotations

from collections.abc import Callable

from .own import OwnTemplate, own
from .rendering import Around, Rendering
from .stored import Template

_TURNS = ("<|user|>", "<|assistant|>", "<|end|>", "<|system|>")

# The line breaks of Phi-3's templates belong to the tokens before them.
_PHI3 = Rendering(
    Around("<|user|>", "<|end|><|assistant|>"),
    system="possible",
    system_opening="<|system|>",
    closing="<|end|>",
    swallowing=frozenset(_TURNS),
    template=Template(
        "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}",
        swallowing=frozenset(_TURNS),
    ),
)

_MISTRAL = (
    "{{% set first = '' %}}{{% if messages[0].role == 'system' %}}{{% set first = messages[0].content + '\n\n' %}}"
    "{{% set messages = messages[1:] %}}{{% endif %}}{{% set place = {place} %}}{{% for m in messages %}}"
    "{{% if m.role != ('assistant' if loop.index0 % 2 else 'user') %}}"
    "{{{{ raise_exception('a user\\'s and the model\\'s turns must alternate, and a user\\'s must be the first') }}}}{{% endif %}}"
    "{{% if m.role == 'user' %}}{{{{ '{before}' + (first if loop.index0 == place else '') + m.content + '{behind}' }}}}"
    "{{% else %}}{{{{ '{gap}' + m.content + eos_token }}}}{{% endif %}}{{% endfor %}}"
)
"""The format of Mistral's models, with places for what differs between its versions."""


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
    before, behind = ("[INST]", "[/INST]") if is_tekken else ("[INST] ", "[/INST]" if has_tokens else " [/INST]")
    # The first version has the system's text in the first user turn, later ones in the last.
    place = "(messages|length - 1) // 2 * 2" if has_tokens else "0"
    text = _MISTRAL.format(before=before, behind=behind, gap="" if is_tekken else " ", place=place)
    return Rendering(Around(before, behind), system="possible", template=Template(text, {"eos_token": "</s>"}))
