"""Converts a GGUF file's tokenizer to one of Keras's."""

from __future__ import annotations

from typing import Any

from lit_lab.service.hugging_face import vocabulary

from .contents import GgufError, Header, Items
from .options import UnfamiliarError
from .walk import MAX_ITEMS

_NORMAL, _UNKNOWN, _CONTROL, _OWN, _UNUSED, _BYTE = 1, 2, 3, 4, 5, 6
_KINDS = range(_NORMAL, _BYTE + 1)

# The tokens that Keras's tokenizers look for.
_ENDS: dict[str, tuple[str, ...]] = dict.fromkeys(("gemma", "gemma2", "gemma3_text"), ("<bos>", "<eos>", "<pad>"))
_ENDS |= {"llama": ("<s>", "</s>"), "mistral": ("<s>", "</s>"), "phi3": ("<s>", "<|endoftext|>")}

_GPT2 = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
_DIGITS = {"type": "Digits", "individual_digits": True}


def _split(pattern: str) -> list[dict[str, Any]]:
    step = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    return [step, {**_GPT2, "use_regex": False}]


# How texts are split into words, by the names in files (`tokenizer.ggml.pre`).
_WAYS: dict[str, list[dict[str, Any]]] = {
    **dict.fromkeys(("llama-bpe", "llama3", "llama-v3", "smaug-bpe"), _split(vocabulary.LLAMA3)),
    "qwen2": _split(vocabulary.QWEN),
    "tekken": _split(vocabulary.TEKKEN),
    "smollm": [_DIGITS, _GPT2],
    "gpt-2": [_GPT2],
}
_WHOLE_WORDS = ("llama-bpe", "llama3", "llama-v3", "tekken")  # a word that is a token isn't made by merging
_BEGUN = ("llama-bpe", "llama3", "llama-v3", "tekken")  # texts begin with a token unless a file says otherwise


def tokenizer(header: Header, config: dict[str, Any], cls: Any) -> Any:
    """Return a model's tokenizer.

    Args:
        header: The file's header.
        config: Its configuration, in Hugging Face's format.
        cls: Keras's class of its family's tokenizer.

    Raises:
        UnfamiliarError: LIT Lab can't read this kind.
        GgufError: It is damaged.
    """
    check(header, config)
    words = _texts(header, "tokenizer.ggml.tokens")[: config["vocab_size"]]
    if header.text("tokenizer.ggml.model") == "llama":
        made = _sentence_pieces(header, words, config)
    else:
        made = _byte_level(header, words, config, cls)
    begin = _id(header, "bos_token_id", words) if _is_begun(header) else None
    made.start_token_id, made.start_token = begin, None if begin is None else words[begin]
    # Keras knows the end tokens of its own release; the file knows its own.
    ends = [_id(header, name, words) for name in ("eos_token_id", "eot_token_id")]
    known = [id for id in ends if id is not None]
    if known:
        made.end_token_id = known[0]
    if len(known) > 1 and known[1] != known[0]:
        made.end_token2_id = known[1]
    return made


def check(header: Header, config: dict[str, Any]) -> None:
    """Refuse an unsupported tokenizer, as far as that is known without its tokens. Arguments and errors as `tokenizer`'s."""
    tokens = header.fields.get("tokenizer.ggml.tokens")
    count = tokens.count if isinstance(tokens, Items) else 0
    if not count:
        raise GgufError("has no tokenizer (tokenizer.ggml.tokens)")
    # Ollama's files of Gemma 3 have tokens for pictures after all tokens with weights.
    if count > config["vocab_size"] and header.architecture != "gemma3":
        raise GgufError(f"has {count:,} tokens, but weights for {config['vocab_size']:,}")
    kind = header.text("tokenizer.ggml.model")
    if kind not in ("llama", "gpt2"):
        raise UnfamiliarError(f"has a tokenizer of the kind {kind[:40]!r}")
    way = header.text("tokenizer.ggml.pre")
    if kind == "gpt2" and way not in _WAYS:
        raise UnfamiliarError(f"splits texts into words in an unknown way ({way[:40]!r})")
    family = config["model_type"]
    is_one = family in _ENDS if kind == "llama" else family in ("llama", "qwen2", "qwen3")
    if not is_one and not (kind == "gpt2" and family == "mistral" and way == "tekken"):
        raise UnfamiliarError("has a tokenizer that no model of its family has in Keras")


def _sentence_pieces(header: Header, words: list[str], config: dict[str, Any]) -> Any:
    from keras_nlp import models

    family = config["model_type"]
    cls = {"gemma": models.GemmaTokenizer, "gemma2": models.GemmaTokenizer, "gemma3_text": models.Gemma3Tokenizer}
    cls |= {"llama": models.LlamaTokenizer, "mistral": models.MistralTokenizer, "phi3": models.Phi3Tokenizer}
    if missing := [word for word in _ENDS[family] if word not in words]:
        raise UnfamiliarError(f"has no {missing[0]} among its tokens, which Keras's tokenizer of its family has")
    own = {"has_vision_tokens": False} if family == "gemma3_text" else {}
    return cls[family](sentence_pieces(header, words), **own)


def sentence_pieces(header: Header, words: list[str]) -> bytes:
    """Return a SentencePiece model equal to the one that a file's tokenizer came from.

    Args:
        header: The file's header.
        words: Its tokens.
    """
    from sentencepiece import sentencepiece_model_pb2 as proto

    kinds = _kinds(header, len(words))
    scores = _numbers(header, "tokenizer.ggml.scores", len(words), 0.0)
    unknown = _id(header, "unknown_token_id", words)
    if _UNKNOWN in kinds:
        unknown = kinds.index(_UNKNOWN)
    elif unknown is None:
        unknown = words.index("<unk>") if "<unk>" in words else 0
    named = {_id(header, f"{name}_token_id", words) for name in ("bos", "eos", "padding")}
    there = set(words)
    result = proto.ModelProto()
    result.trainer_spec.model_type = proto.TrainerSpec.BPE
    result.trainer_spec.vocab_size = len(words)
    result.trainer_spec.byte_fallback = _BYTE in kinds
    # llama.cpp's default is a blank. Ollama's files of Gemma 3 don't say that Gemma's tokenizer has none, which Ollama's engine
    # assumes (tokenizer/sentencepiece.go).
    default = not header.architecture.startswith("gemma")
    first = header.fields.get("tokenizer.ggml.add_space_prefix", default) is not False
    for spec in (result.normalizer_spec, result.denormalizer_spec):
        spec.add_dummy_prefix = first
        spec.remove_extra_whitespaces = header.fields.get("tokenizer.ggml.remove_extra_whitespaces") is True
        spec.escape_whitespaces = True
    result.normalizer_spec.name = "identity"
    for id, (word, kind, score) in enumerate(zip(words, kinds, scores, strict=True)):
        piece = result.pieces.add()
        # llama.cpp writes the blanks in its own tokens as blanks; SentencePiece looks for its own character.
        blanks = word.replace(" ", "▁")
        piece.piece, piece.score = word if blanks in there else blanks, float(score)
        if id == unknown:
            piece.type = _UNKNOWN
        elif kind == _UNKNOWN:
            piece.type = _CONTROL
        elif kind == _CONTROL and id not in named:
            piece.type = _OWN  # such as the start of a turn, which text may contain
        else:
            piece.type = kind
    return bytes(result.SerializeToString())


def _byte_level(header: Header, words: list[str], config: dict[str, Any], cls: Any) -> Any:
    from keras_nlp import models

    way = header.text("tokenizer.ggml.pre")
    kinds = _kinds(header, len(words))
    special = [id for id, kind in enumerate(kinds) if kind in (_CONTROL, _OWN, _UNKNOWN)]
    ids = {word: id for id, word in enumerate(words)}
    about = {
        "model": {
            "type": "BPE",
            "vocab": ids,
            "merges": _merges(header),
            "ignore_merges": way in _WHOLE_WORDS,
        },
        "added_tokens": [{"id": id, "content": words[id]} for id in special],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": _WAYS[way]},
        "normalizer": {"type": "NFC"} if _WAYS[way] == _WAYS["qwen2"] else None,
        "decoder": {"type": "ByteLevel"},
    }
    if len(ids) != len(words):
        raise GgufError("has a token twice")
    begin, end = (_id(header, f"{name}_token_id", words) for name in ("bos", "eos"))
    settings: dict[str, Any] = {"add_bos_token": _is_begun(header)}
    for name, id in (("bos", begin), ("eos", end)):
        if id is not None:
            settings[f"{name}_token"] = words[id]
    if config["model_type"] == "llama":
        return vocabulary.byte_level_llama(about, settings, config)
    vocab, merges = vocabulary.merged(about)
    if config["model_type"] == "mistral" and way == "tekken":
        return vocabulary.split(
            models.MistralTekkenTokenizer(
                vocabulary=vocab,
                merges=vocabulary.as_texts(merges),
                split_pattern=vocabulary.TEKKEN,
                unsplittable_tokens=[words[id] for id in special],
            ),
            about,
        )
    if "<|endoftext|>" not in ids:
        raise UnfamiliarError("has no <|endoftext|> among its tokens, which Keras's tokenizer of its family has")
    made = cls(vocabulary=vocab, merges=vocabulary.as_texts(merges), unsplittable_tokens=[words[id] for id in special])
    return vocabulary.split(made, about)


def _merges(header: Header) -> list[tuple[str, str]]:
    """Return the merges, each split at its first blank after its first character, as in llama.cpp."""
    texts = _texts(header, "tokenizer.ggml.merges")
    cuts = [text.find(" ", 1) for text in texts]
    if any(cut < 0 or cut + 1 == len(text) for text, cut in zip(texts, cuts, strict=True)):
        raise GgufError("has a merge that isn't two tokens (tokenizer.ggml.merges)")
    return [(text[:cut], text[cut + 1 :]) for text, cut in zip(texts, cuts, strict=True)]


def _texts(header: Header, name: str) -> list[str]:
    value = header.fields.get(name)
    return value.texts() if isinstance(value, Items) else []


def _kinds(header: Header, count: int) -> list[int]:
    kinds = [int(kind) or _NORMAL for kind in _numbers(header, "tokenizer.ggml.token_type", count, _NORMAL)]
    if any(kind not in _KINDS for kind in kinds):
        raise GgufError("has tokens of an unknown kind")
    return kinds


def _numbers(header: Header, name: str, count: int, default: float) -> list[float]:
    value = header.fields.get(name)
    if value is None:
        return [default] * min(count, MAX_ITEMS)
    tokens = header.fields.get("tokenizer.ggml.tokens")
    if not isinstance(value, Items) or not isinstance(tokens, Items) or value.count != tokens.count:
        raise GgufError(f"has another number of {name} than of tokens")
    return list(value.numbers()[:count].tolist())


def _is_begun(header: Header) -> bool:
    """Whether texts begin with a token, according to the file, or else to llama.cpp's default."""
    default = header.text("tokenizer.ggml.model") == "llama" or header.text("tokenizer.ggml.pre") in _BEGUN
    return header.fields.get("tokenizer.ggml.add_bos_token", default) is True


def _id(header: Header, name: str, words: list[str]) -> int | None:
    id = header.whole(f"tokenizer.ggml.{name}")
    return id if id is not None and id < len(words) else None
