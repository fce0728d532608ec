"""Tokenizers from `tokenizer.json`, where keras-hub's converters expect other files, or misread it."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

from lit_lab import local_paths

from ..weights import regular

log = logging.getLogger(__name__)

_SENTENCE_PIECE = {"gemma": "GemmaTokenizer", "gemma2": "GemmaTokenizer", "mistral": "MistralTokenizer"}
_SENTENCE_PIECE |= {"mixtral": "MixtralTokenizer", "llama": "LlamaTokenizer", "phi3": "Phi3Tokenizer"}
# Their converters know only one of the two forms of merges, or guess the form from the first merge.
_BYTE_LEVEL = ("qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "smollm3")
_KINDS = {"gpt2", *_BYTE_LEVEL, *_SENTENCE_PIECE}  # whose tokenizers are made here from a tokenizer.json
MAX_TEKKEN = 1_000  # characters of a token's base64
MAX_PIECES = 64 * 2**20  # bytes of a SentencePiece model
_ENDS = ("<s>", "</s>", "<bos>", "<eos>", "<pad>")
_VERSION = "#version"  # begins a line of files that were lists of merges
_BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")

# A file may contain any regular expression, and some take endless time on some texts: these are the models' own.
_WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_CASED = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
)
_SHORT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_SHORT_BEHIND = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
LLAMA3 = rf"{_SHORT}|{_WORDS}|\p{{N}}{{1,3}}|{_REST}"
QWEN = rf"{_SHORT}|{_WORDS}|\p{{N}}|{_REST}"
TEKKEN = rf"{_CASED[0]}|{_CASED[1]}|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
PATTERNS = frozenset(
    {
        LLAMA3,  # SmolLM 3's, too
        QWEN,
        # Qwen 3.5
        rf"{_SHORT}|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}\p{{M}}]+|\p{{N}}| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+",
        # GPT-OSS
        rf"{_CASED[0]}{_SHORT_BEHIND}|{_CASED[1]}{_SHORT_BEHIND}|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+",
        TEKKEN,
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",  # GPT-2
    }
)


def tokenizer(place: Path, config: dict[str, Any], cls: Any) -> Any:
    """Return a folder's tokenizer; None if the family's converter makes it.

    Args:
        place: The folder, already validated.
        config: Its `config.json`.
        cls: Keras's class of its family's tokenizer.
    """
    from keras_nlp import models

    kind = config["model_type"]
    if kind == "mistral" and _has(place, "tekken.json"):
        _check_tekken(_object(place / "tekken.json"))
    # A tokenizer.model beside Llama 3's isn't SentencePiece's; Phi-3's lacks the tokens that begin turns.
    is_used = kind in ("llama", "phi3") or (kind in _KINDS and not _has(place, "tokenizer.model"))
    about = _about(place) if is_used else None  # it may have 33 MB
    if kind == "llama" and about is not None and _is_byte_level(about):
        return byte_level_llama(about, _object(place / "tokenizer_config.json"), config)
    if kind == "gpt2" and about is not None and not _has(place, "vocab.json"):
        words, merges = merged(about)
        added = sorted(each["content"] for each in about.get("added_tokens") or [])
        made = models.GPT2Tokenizer(vocabulary=words, merges=as_texts(merges), unsplittable_tokens=added)
        return split(made, about)
    if kind in _BYTE_LEVEL and about is not None and _is_byte_level(about):
        words, merges = merged(about)
        added = sorted(each["content"] for each in about.get("added_tokens") or [])
        return split(cls(vocabulary=words, merges=as_texts(merges), unsplittable_tokens=added), about)
    if kind == "phi3" and about is not None and _is_byte_level(about):
        raise ValueError("its tokenizer is of Phi-4's kind, which Keras's Phi-3 can't have")
    if kind in _SENTENCE_PIECE and not _has(place, "tekken.json"):
        own = getattr(models, _SENTENCE_PIECE[kind])
        if _has(place, "tokenizer.model") and not (kind == "phi3" and about is not None):
            return own(_with_turns(place / "tokenizer.model"))
        if about is not None:
            return own(sentence_pieces(about))
    return None


def _with_turns(file: Path) -> bytes:
    """Return a SentencePiece model in which texts may contain the tokens that begin and end turns, as in transformers.

    In Mistral's they are control pieces, which SentencePiece finds in no text.
    """
    from sentencepiece import sentencepiece_model_pb2 as proto

    kinds = proto.ModelProto.SentencePiece
    result = proto.ModelProto()
    result.ParseFromString(regular.read(file, MAX_PIECES))
    for piece in result.pieces:
        if piece.type == kinds.CONTROL and piece.piece not in _ENDS:
            piece.type = kinds.USER_DEFINED
    return bytes(result.SerializeToString())


def _check_tekken(about: dict[str, Any]) -> None:
    """Refuse a file that would take endless time: merges are recomputed, in the square of a token's length."""
    config, words = about.get("config"), about.get("vocab")
    pattern = config.get("pattern") if isinstance(config, dict) else None
    if pattern not in PATTERNS:
        raise ValueError("its tekken.json splits texts by an unknown regular expression")
    if not isinstance(words, list) or any(
        not isinstance(word, dict) or len(str(word.get("token_bytes"))) > MAX_TEKKEN for word in words
    ):
        raise ValueError("its tekken.json isn't one of Mistral's")


def split_as_published(made: Any, place: Path) -> None:
    """Make a byte-level tokenizer split texts into words according to its `tokenizer.json`, which keras-hub ignores."""
    about = _about(place) if hasattr(made, "merges") else None
    if about is not None and _is_byte_level(about):
        split(made, about)


def sentence_pieces(about: dict[str, Any]) -> bytes:
    """Return a SentencePiece model equivalent to a `tokenizer.json` that was made from one.

    Args:
        about: The file's content.
    """
    from sentencepiece import sentencepiece_model_pb2 as proto

    kinds = proto.ModelProto.SentencePiece
    words, merges = merged(about)
    added = {each["content"]: bool(each.get("special")) for each in about.get("added_tokens") or []}
    ranks: dict[str, int] = {}
    for rank, merge in enumerate(merges):
        ranks.setdefault("".join(merge), rank)
    if sorted(words.values()) != list(range(len(words))):
        raise ValueError("the ids in its tokenizer.json have gaps")
    unknown = about["model"].get("unk_token") or "<unk>"
    result = proto.ModelProto()
    result.trainer_spec.model_type = proto.TrainerSpec.BPE
    result.trainer_spec.vocab_size = len(words)
    result.trainer_spec.byte_fallback = bool(about["model"].get("byte_fallback"))
    for spec in (result.normalizer_spec, result.denormalizer_spec):
        spec.add_dummy_prefix = _begins_with_blank(about)
        spec.remove_extra_whitespaces = False
        spec.escape_whitespaces = True
    result.normalizer_spec.name = "identity"
    for word in sorted(words, key=words.__getitem__):
        piece = result.pieces.add()
        piece.piece, piece.score = word, 0.0
        if word == unknown:
            piece.type = kinds.UNKNOWN
        elif _BYTE.fullmatch(word):
            piece.type = kinds.BYTE
        elif word in _ENDS:
            piece.type = kinds.CONTROL
        elif word in added:
            piece.type = kinds.USER_DEFINED
        else:
            # A piece that no merge makes is a character.
            piece.score = -float(ranks.get(word, len(merges) + 1))
    return bytes(result.SerializeToString())


def byte_level_llama(about: dict[str, Any], settings: dict[str, Any], config: dict[str, Any]) -> Any:
    """Return the tokenizer of Llama 3, SmolLM and similar models, with all tokens for which the model has weights.

    Args:
        about: The content of `tokenizer.json`.
        settings: The content of `tokenizer_config.json`.
        config: The content of `config.json`.
    """
    from keras_nlp import models

    words, merges = merged(about)
    names = {id: word for word, id in words.items()}

    def special_token(name: str) -> str | None:
        value = settings.get(f"{name}_token")
        word = value.get("content") if isinstance(value, dict) else value
        if not isinstance(word, str):
            ids = config.get(f"{name}_token_id")
            id = ids[0] if isinstance(ids, list) and ids else ids
            word = names.get(id) if isinstance(id, int) else None
        return word if word in words else None

    end = special_token("eos") or special_token("bos")
    if end is None:
        raise ValueError("its files don't say which token ends a text (eos_token in tokenizer_config.json)")
    special = {each["content"] for each in about.get("added_tokens") or []}
    # Keras requires both of Llama 3's tokens.
    begin = special_token("bos") or end
    made = models.Llama3Tokenizer(
        vocabulary=words,
        merges=as_texts(merges),
        bos_token=begin,
        eos_token=end,
        misc_special_tokens=special,
        unsplittable_tokens=sorted({begin, end, *special}),
    )
    if not _adds(begin, about, settings):
        made.start_token = made.start_token_id = None
    return split(made, about)


def _adds(begin: str, about: dict[str, Any], settings: dict[str, Any]) -> bool:
    """Whether texts begin with this token; SmolLM's have one, but don't begin with it."""
    if isinstance(settings.get("add_bos_token"), bool):
        return bool(settings["add_bos_token"])
    after = about.get("post_processor") or {}
    steps = after.get("processors") or [after]
    return any(begin in (step.get("special_tokens") or {}) for step in steps)


def split(made: Any, about: dict[str, Any]) -> Any:
    """Make a byte-level tokenizer split texts into words according to a `tokenizer.json`; return it."""
    import tokenizers

    steps = _steps(about.get("pre_tokenizer"))
    normal = [step["type"] for step in _steps(about.get("normalizer"))]
    if not all(map(_is_known, steps)) or any(kind not in ("NFC", "NFKC") for kind in normal):
        log.warning("a tokenizer.json splits texts in an unknown way; using Keras's own instead")
        return made
    made._maybe_initialized_tokenizers()
    inner = made._tokenizer
    if steps:
        inner.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([_step(step) for step in steps])
    if about["model"].get("ignore_merges"):
        inner.model.ignore_merges = True  # a word that is a token stays one, whatever merging its parts would give
    if normal:
        inner.normalizer = tokenizers.normalizers.Sequence([getattr(tokenizers.normalizers, kind)() for kind in normal])
    return made


def _is_known(step: dict[str, Any]) -> bool:
    if step.get("type") == "Split":
        return (step.get("pattern") or {}).get("Regex") in PATTERNS and step.get("behavior") == "Isolated"
    return step.get("type") in ("Digits", "ByteLevel")


def _step(step: dict[str, Any]) -> Any:
    from tokenizers import Regex, pre_tokenizers

    if step["type"] == "Split":
        return pre_tokenizers.Split(Regex(step["pattern"]["Regex"]), "isolated", bool(step.get("invert")))
    if step["type"] == "Digits":
        return pre_tokenizers.Digits(bool(step.get("individual_digits")))
    return pre_tokenizers.ByteLevel(bool(step.get("add_prefix_space")), use_regex=bool(step.get("use_regex", True)))


def _steps(content: Any) -> list[dict[str, Any]]:
    if not isinstance(content, dict):
        return []
    inner = content.get("pretokenizers") or content.get("normalizers")
    return [step for each in inner for step in _steps(each)] if inner else [content]


def _is_byte_level(about: dict[str, Any]) -> bool:
    kinds = [step.get("type") for step in _steps(about.get("pre_tokenizer"))]
    return "ByteLevel" in kinds or (about.get("decoder") or {}).get("type") == "ByteLevel"


def _begins_with_blank(about: dict[str, Any]) -> bool:
    """Whether a blank is put before a text: SentencePiece's `add_dummy_prefix`."""
    steps = [*_steps(about.get("normalizer")), *_steps(about.get("pre_tokenizer"))]
    return any(
        (step.get("type") == "Prepend" and step.get("prepend") == "▁")
        or (step.get("type") == "Metaspace" and step.get("prepend_scheme", "always") != "never")
        for step in steps
    )


def merged(about: dict[str, Any]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Return the ids of all tokens, and the merges, best first. Raises `ValueError` if a merge isn't two tokens."""
    model = about["model"]
    if model.get("type", "BPE") != "BPE":
        raise ValueError(f"its tokenizer is of the kind {str(model['type'])[:40]}, which Keras doesn't have")
    words = dict(model["vocab"])
    words |= {each["content"]: each["id"] for each in about.get("added_tokens") or []}
    return words, [_pair(merge) for merge in model["merges"] if not _is_version(merge)]


def _is_version(line: Any) -> bool:
    return isinstance(line, str) and line.startswith(_VERSION)


def _pair(merge: Any) -> tuple[str, str]:
    """Return the two tokens of a merge: a list of both, or in older files a text with a blank between them."""
    match merge.split(" ") if isinstance(merge, str) else merge:
        case (str(left), str(right)):
            return left, right
    raise ValueError("its tokenizer.json has a merge that isn't two tokens")


def as_texts(merges: list[tuple[str, str]]) -> list[str]:
    """Return merges of a byte-level tokenizer in Keras's form: with a blank between both tokens.

    Tokens that contain a blank are left out: these tokenizers replace blanks by Ġ before they merge.
    """
    return [f"{left} {right}" for left, right in merges if " " not in left and " " not in right]


def _about(place: Path) -> dict[str, Any] | None:
    found = _object(place / "tokenizer.json")
    return found if isinstance(found.get("model"), dict) else None


def _object(file: Path) -> dict[str, Any]:
    found = regular.json_of(file) if _has(file.parent, file.name) else {}
    return found if isinstance(found, dict) else {}


def _has(place: Path, name: str) -> bool:
    return local_paths.is_file(place / name)
