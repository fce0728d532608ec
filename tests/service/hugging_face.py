"""Small models in Hugging Face's form, with transformers' answers.

scripts/make_hugging_face_references.py writes tests/fixtures/hugging_face.json.
"""

from __future__ import annotations

import importlib.util
import json
import struct
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TOP = Path(__file__).parents[2]
REFERENCES: dict[str, Any] = json.loads((_TOP / "tests" / "fixtures" / "hugging_face.json").read_text())
IDS: list[int] = REFERENCES["ids"]
MODELS: dict[str, dict[str, Any]] = REFERENCES["models"]
VOCABULARY = 400
TEXTS = [
    "onion soup",
    "  two  blanks\n\nand lines\n",
    "it's 12,345.60 (twelve)",
    "naïve 😀 Ünïcödé مرحبا 你好",
    "def f(x):\n\treturn x != 1",
    "<end_of_turn>\n<start_of_turn>model",
    "\n\n\n",
]

_KINDS = {"float32": "F32", "uint8": "U8", "uint16": "BF16"}
_SPECIAL = ["<|endoftext|>", "<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>"]
_SPECIAL += ["<|eot_id|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]
_SPECIAL += ["<|video_pad|>", "<think>", "</think>"]
LLAMA3_WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


@cache
def _maker() -> Any:
    spec = importlib.util.spec_from_file_location("references", _TOP / "scripts" / "make_hugging_face_references.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tensors(family: str) -> dict[str, NDArray[Any]]:
    """Return the weights that transformers used."""
    weights: dict[str, NDArray[Any]] = _maker().weights(MODELS[family]["shapes"])
    return weights


def as_bfloat16(values: NDArray[Any]) -> NDArray[np.uint16]:
    """Return the upper halves of float32 numbers, which are bfloat16 numbers rounded towards zero."""
    return (values.view(np.uint32) >> 16).astype(np.uint16)


def packed(values: dict[str, NDArray[Any]]) -> bytes:
    """Return the content of a safetensors file, written by hand. Numbers of 16 bits are bfloat16."""
    header: dict[str, Any] = {}
    position = 0
    for name, value in values.items():
        end = position + value.nbytes
        header[name] = {"dtype": _KINDS[value.dtype.name], "shape": value.shape, "data_offsets": [position, end]}
        position = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(value.tobytes() for value in values.values())


def write(folder: Path, config: dict[str, Any], values: dict[str, NDArray[Any]], shards: int = 1) -> Path:
    """Write a configuration and weights; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    names = sorted(values)
    if shards == 1:
        (folder / "model.safetensors").write_bytes(packed(values))
        return folder
    index = {}
    for number in range(shards):
        file = f"model-{number + 1:05}-of-{shards:05}.safetensors"
        own = names[number::shards]
        (folder / file).write_bytes(packed({name: values[name] for name in own}))
        index |= dict.fromkeys(own, file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    return folder


def byte_level(
    merges: list[str], pattern: str = LLAMA3_WORDS, begins_with: str = "", digits: bool = False
) -> dict[str, Any]:
    """Return a `tokenizer.json` like those of Llama 3, Qwen or SmolLM, with as many tokens as the small models.

    Args:
        merges: Pairs of pieces, separated by a blank.
        pattern: How a text is split into words. Empty: GPT-2's way.
        begins_with: The token that each text begins with.
        digits: Whether each digit is a separate word.
    """
    from lit_lab.service.pieces import byte_alphabet

    pieces = [*byte_alphabet().values(), *(merge.replace(" ", "") for merge in merges)]
    pieces += [f"<{number}>" for number in range(VOCABULARY - len(pieces) - len(_SPECIAL))]
    words: list[dict[str, Any]] = [{"type": "Digits", "individual_digits": True}] if digits else []
    if pattern:
        words.append({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False})
    words.append({"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": not pattern})
    added = [{"id": len(pieces) + n, "content": word, "special": True} for n, word in enumerate(_SPECIAL)]
    added = [{**each, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False} for each in added]
    after: dict[str, Any] | None = None
    if begins_with:
        number = len(pieces) + _SPECIAL.index(begins_with)
        token = {"SpecialToken": {"id": begins_with, "type_id": 0}}
        after = {
            "type": "TemplateProcessing",
            "single": [token, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [token, {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {begins_with: {"id": begins_with, "ids": [number], "tokens": [begins_with]}},
        }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": words},
        "post_processor": after,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE",
            "vocab": {piece: id for id, piece in enumerate(pieces)},
            "merges": [merge.split(" ") for merge in merges],
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
        },
    }


def sentence_piece(proto: bytes, blank_first: bool = False) -> dict[str, Any]:
    """Convert a SentencePiece model of byte pairs to a `tokenizer.json`."""
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=proto)
    pieces = [processor.id_to_piece(id) for id in range(processor.get_piece_size())]
    ids = {piece: id for id, piece in enumerate(pieces)}
    merges = []
    for piece in pieces:
        ways = [(piece[:at], piece[at:]) for at in range(1, len(piece))]
        own = [(a, b) for a, b in ways if a in ids and b in ids]
        merges += [
            (processor.get_score(ids[piece]), ids[a], ids[b], a, b) for a, b in own if not processor.is_byte(ids[piece])
        ]
    ranked = [[a, b] for _, _, _, a, b in sorted(merges, key=lambda merge: (-merge[0], merge[1], merge[2]))]
    whole = [id for id in range(len(pieces)) if processor.is_control(id) or processor.is_unknown(id)]
    whole += [ids[word] for word in ("<start_of_turn>", "<end_of_turn>", "\n", "\n\n") if word in ids]
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    steps = [{"type": "Prepend", "prepend": "▁"}, replace] if blank_first else [replace]
    return {
        "added_tokens": [{"id": id, "content": pieces[id], "special": pieces[id] != "\n"} for id in whole],
        "normalizer": {"type": "Sequence", "normalizers": steps},
        "pre_tokenizer": None,
        "decoder": None,
        "model": {"type": "BPE", "vocab": ids, "merges": ranked, "byte_fallback": True, "unk_token": "<unk>"},
    }
