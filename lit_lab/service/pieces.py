"""Tokenizer families: their vocabularies, and the alignment of their tokens with a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Protocol

# Tokens that structure a chat or a sequence, in the spellings of keras-hub's families. Other pieces that a tokenizer
# never splits (Gemma's runs of newlines, its HTML tags) are ordinary text.
_CONTROL = re.compile(
    r"<(?:\|.*\||start_of_\w+|end_of_\w+|bos|eos|pad|mask|s|/s|unused\d+)>|\[/?(?:INST|PAD|MASK|multimodal|[A-Z]+_[A-Z]+)\]"
)


class Pieces(Protocol):
    """A tokenizer family: its vocabulary, and the alignment of its tokens with a text."""

    def align(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield id and text of each token; the texts join to `text`."""

    def count(self, text: str) -> int:
        """Return how many tokens `align` yields, in far less time."""

    def piece(self, id: int) -> str:
        """Return the vocabulary's own spelling."""

    def is_control(self, id: int) -> bool:
        """Whether the token structures the sequence rather than being text."""

    def decode(self, id: int) -> bytes | str:
        """Return the text that a generated token adds, or bytes that may be part of a character."""


class SentencePieces:
    """SentencePiece vocabularies (Gemma, Llama 2, Mistral, Phi-3 …), aligned by SentencePiece itself.

    Control pieces that a user types (`<bos>`) are split like any other text, as in keras-hub's own tokenizers;
    user-defined ones (`<start_of_turn>`) become the token that they name.
    """

    def __init__(self, proto: bytes) -> None:
        import sentencepiece

        # A separate processor, because keras-hub's returns no alignment. The vocabulary is the same, and a test compares the ids with
        # keras-hub's.
        self._processor = sentencepiece.SentencePieceProcessor(model_proto=proto)
        # SentencePiece 0.2.3 renamed it.
        processor: Any = self._processor
        self._encode = getattr(processor, "encode_as_proto", None) or processor.encode_as_immutable_proto
        size = self._processor.get_piece_size()
        self._pieces: list[str] = [self._processor.id_to_piece(id) for id in range(size)]
        # The unknown token doesn't count: it stands for text that isn't in the vocabulary.
        self._controls = frozenset(
            id for id in range(size) if self._processor.is_control(id) or _CONTROL.fullmatch(self._pieces[id])
        ) - {self._processor.unk_id()}
        self._bytes = {id: bytes([int(self._pieces[id][3:5], 16)]) for id in range(size) if self._processor.is_byte(id)}

    def align(self, text: str) -> Iterator[tuple[int, str]]:
        """Align the surfaces that SentencePiece reports with the text; dropped text goes to the token after it."""
        pieces = self._encode(text).pieces
        position = 0
        for index, piece in enumerate(pieces):
            if index == len(pieces) - 1:
                end = len(text)
            else:
                # The surface is a substring of the text even where the tokenizer normalizes; for all but the last
                # byte of a character it is empty.
                end = text.index(piece.surface, position) + len(piece.surface) if piece.surface else position
            yield piece.id, text[position:end]
            position = end

    def count(self, text: str) -> int:
        """Return how many tokens `align` yields."""
        return len(self._processor.encode(text))

    def piece(self, id: int) -> str:
        """Return the vocabulary's own spelling."""
        return self._pieces[id]

    def is_control(self, id: int) -> bool:
        """Whether the token structures the sequence rather than being text."""
        return id in self._controls

    def decode(self, id: int) -> bytes | str:
        """Return the byte of a byte piece, else the piece with blanks for `▁`."""
        return self._bytes[id] if id in self._bytes else self._pieces[id].replace("▁", " ")


_TOKENS_AHEAD = 256
"""How many tokens are tried to continue from, if a token's bytes aren't in the text: not all, so that the time is bounded."""


class BytePieces:
    """Byte-level BPE vocabularies (GPT-2, Llama 3, Qwen …): each character of a piece stands for one byte.

    Args:
        tokenizer: A `keras_nlp.tokenizers.BytePairTokenizer`.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._byte_of = {character: byte for byte, character in byte_alphabet().items()}
        self._whole = frozenset(tokenizer.unsplittable_tokens or ())

    def align(self, text: str) -> Iterator[tuple[int, str]]:
        """Align the tokens' bytes with the text's; a character belongs to the token with its last byte."""
        ids = [int(id) for id in self._tokenizer.tokenize(text)] if text else []
        data = text.encode()
        begin = 0  # where the token begins
        yielded = 0  # end of the characters that were yielded
        for index, id in enumerate(ids):
            piece = self._raw(id)
            if begin == 0 and piece.startswith(b" ") and not data.startswith(b" "):
                piece = piece[1:]  # a blank that the tokenizer put before the text
            if index == len(ids) - 1:
                end = len(data)
            elif data.startswith(piece, begin):
                end = begin + len(piece)
            else:
                # A tokenizer that normalizes: everything up to the next token that can be found belongs to this one.
                end = self._find(data, begin, islice(ids, index + 1, index + 1 + _TOKENS_AHEAD))
            whole = end
            while yielded < whole < len(data) and data[whole] & 0xC0 == 0x80:  # inside a character
                whole -= 1
            yield id, data[yielded:whole].decode()
            begin, yielded = end, whole

    def count(self, text: str) -> int:
        """Return how many tokens `align` yields."""
        return len(self._tokenizer.tokenize(text)) if text else 0

    def piece(self, id: int) -> str:
        """Return the vocabulary's own spelling."""
        return str(self._tokenizer.id_to_token(id))

    def is_control(self, id: int) -> bool:
        """Whether the token structures the sequence rather than being text."""
        piece = self.piece(id)
        return piece in self._whole or _CONTROL.fullmatch(piece) is not None

    def decode(self, id: int) -> bytes | str:
        """Return the token's bytes, or the spelling of a control token."""
        return self.piece(id) if self.is_control(id) else self._raw(id)

    def _raw(self, id: int) -> bytes:
        piece = self.piece(id)
        if piece in self._whole:
            return piece.encode()
        return b"".join(
            bytes([self._byte_of[character]]) if character in self._byte_of else character.encode()
            for character in piece
        )

    def _find(self, data: bytes, start: int, ids: Iterable[int]) -> int:
        for id in ids if start < len(data) else ():
            found = data.find(self._raw(id), start)
            if found >= 0:
                return found
        return len(data)


def byte_alphabet() -> dict[int, str]:
    """Return the printable character that byte-level BPE writes for each byte (GPT-2's table).

    Printable Latin-1 characters stand for themselves, other bytes for the characters from U+0100 on, in order.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in set(printable)]
    return {byte: chr(byte) for byte in printable} | {byte: chr(0x100 + n) for n, byte in enumerate(others)}
