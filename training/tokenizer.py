"""The vocabulary: 2,048 pieces, learnt from the training text itself, with single bytes for everything else."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from random import Random

import sentencepiece

from training.documents import Document

SIZE = 2048
PAD, EOS, BOS, UNKNOWN = 0, 1, 2, 3
_TEXTS = 14_000


def train(draw: Callable[[Random], Document], seed: int) -> bytes:
    """Learn the vocabulary from documents that are drawn, and return SentencePiece's model.

    Line ends are pieces of their own, so that no piece crosses one; digits stand alone; text comes back as it was.
    """
    random, written = Random(seed), io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=_lines(draw, random),
        model_writer=written,
        model_type="bpe",
        vocab_size=SIZE,
        byte_fallback=True,
        pad_id=PAD,
        eos_id=EOS,
        bos_id=BOS,
        unk_id=UNKNOWN,
        pad_piece="<pad>",
        eos_piece="<eos>",
        bos_piece="<bos>",
        unk_piece="<unk>",
        user_defined_symbols=["<start_of_turn>", "<end_of_turn>", "\n", "\n\n", "\n\n\n"],
        split_digits=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=False,
        allow_whitespace_only_pieces=True,
        character_coverage=1.0,
        minloglevel=2,
        num_threads=1,
    )
    return written.getvalue()


def _lines(draw: Callable[[Random], Document], random: Random) -> Iterator[str]:
    for _ in range(_TEXTS):
        yield from (line for line in draw(random).text.split("\n") if line)
    # Every printable character of ASCII gets a piece.
    for _ in range(50):
        yield "".join(map(chr, range(33, 127)))


class Tokens:
    """Turns documents into ids with weights."""

    def __init__(self, proto: bytes) -> None:
        self._processor = sentencepiece.SentencePieceProcessor(model_proto=proto)

    def ids(self, text: str) -> list[int]:
        """Return the text's ids, without a beginning or an end."""
        return list(self._processor.encode(text))

    def text(self, ids: Sequence[int]) -> str:
        """Return the text of ids."""
        return str(self._processor.decode(list(ids)))

    def weighted(self, document: Document) -> tuple[list[int], list[float]]:
        """Return a document's ids, from `<bos>` on, and for each what its prediction weighs."""
        ids, weights = [BOS], [0.0]
        for part in document.parts:
            found = self.ids(part.text)
            ids += found
            weights += [part.weight] * len(found)
            if part.first is not None:
                weights[-len(found)] = part.first
        if document.ends:
            ids.append(EOS)
            weights.append(1.0)
        return ids, weights
