"""Helpers for tests of chat formats: turns, their ids as Keras computes them, and byte-level vocabularies."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from lit_lab.protocol import Token
from lit_lab.service.tokens import SequenceTokenizer, sequence_tokenizer

USER, MODEL, END = "<start_of_turn>user\n", "<start_of_turn>model\n", "<end_of_turn>"


def ids_of(tokens: list[Token]) -> list[int]:
    return [token.id for token in tokens]


def joined(tokens: list[Token]) -> str:
    return "".join(token.text for token in tokens if token.kind != "template")


def by_keras(model: Any, conversation: str) -> list[int]:
    tokenizer = model.causal_lm.preprocessor.tokenizer
    return [tokenizer.start_token_id, *(int(id) for id in tokenizer.tokenize(conversation))]


BYTE_LEVEL: dict[str, tuple[str, list[str], str, str]] = {
    "Llama3": (
        "Llama 3",
        ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
        "<|start_header_id|>user<|end_header_id|>\n\n",
        "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    "Qwen3": (
        "ChatML",
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        "<|im_start|>user\n",
        "<|im_end|>\n<|im_start|>assistant\n",
    ),
}


def byte_level(family: str, special: list[str], *ends: str) -> tuple[Any, SequenceTokenizer]:
    """Return a family's own tokenizer with a small vocabulary, and LIT Lab's for an instruction-tuned model that uses it.

    Args:
        family: Its name in keras-hub.
        special: Its control tokens.
        ends: Start and end token, if they aren't the family's own.
    """
    from keras_nlp import models

    from lit_lab.service.pieces import byte_alphabet

    merges = ["o n", "i on", "Ċ Ċ"]
    spellings = [*byte_alphabet().values(), "on", "ion", "ĊĊ", *special]
    vocabulary = {spelling: id for id, spelling in enumerate(dict.fromkeys(spellings))}
    named = dict(zip(("bos_token", "eos_token"), ends, strict=False)) if family == "Llama3" else {}
    if named:
        named |= {"misc_special_tokens": set(special)}
    else:
        named = {"unsplittable_tokens": special}
    made = getattr(models, f"{family}Tokenizer")(vocabulary=vocabulary, merges=merges, **named)
    causal_lm = SimpleNamespace(preprocessor=SimpleNamespace(tokenizer=made))
    return made, sequence_tokenizer(causal_lm, is_instruct=True)
