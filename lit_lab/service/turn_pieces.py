"""The tokens of a conversation, each of one turn or of the chat format."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from .pieces import Pieces

OwnedText = tuple[str, int | None]
"""A text of the sequence, and the index of its turn; None: the chat format's."""


class TurnPieces:
    """Aligns the tokens of a conversation with its texts.

    All texts are tokenized together, as in training: a line break at a turn's beginning may be one token with the format's line break
    before it. Such a token belongs to the turn. A token never belongs to two turns: where one would, the second begins with a
    token of its own.

    Args:
        pieces: The tokenizer's family.
        controls: Control tokens that the tokenizer doesn't read in a text, such as SentencePiece's `</s>`, with their ids. In the
            format's texts they are these tokens; in the user's they stay text, as everywhere.
    """

    def __init__(self, pieces: Pieces, controls: Mapping[str, int]) -> None:
        self._pieces = pieces
        self._controls = dict(controls)
        spelled = sorted(filter(None, controls), key=len, reverse=True)
        self._control = re.compile("|".join(map(re.escape, spelled))) if spelled else None

    def align(self, texts: Sequence[OwnedText]) -> list[tuple[int, str, int | None]]:
        """Return id, text and turn of each token; the format's have no turn, and an empty text."""
        whole = "".join(text for text, _ in texts)
        turns: list[tuple[int, int, int]] = []
        cuts: dict[int, int] = {}  # where a part begins, and where it ends if it is a control token
        position = 0
        for text, index in texts:
            if index is not None:
                turns.append((position, position + len(text), index))
            elif self._control is not None:
                cuts |= {position + found.start(): position + found.end() for found in self._control.finditer(text)}
            position += len(text)
        while True:
            aligned, crossed = self._owned(whole, cuts, turns)
            if not crossed:
                return aligned
            cuts |= {begin: begin for begin in crossed}

    def _owned(
        self, whole: str, cuts: Mapping[int, int], turns: Sequence[tuple[int, int, int]]
    ) -> tuple[list[tuple[int, str, int | None]], list[int]]:
        """Return the tokens with their texts and turns; and where turns begin within another turn's token."""
        crossed: list[int] = []
        found: list[tuple[int, str, int | None]] = []
        empty: list[int] = []  # a character's first bytes belong to the token with its last byte
        at = 0
        for id, start, end in self._aligned(whole, cuts):
            if start == end:
                empty.append(id)
                continue
            while at < len(turns) and turns[at][1] <= start:
                at += 1
            begin, stop, index = turns[at] if at < len(turns) else (len(whole), len(whole), None)
            later = at + 1
            while later < len(turns) and turns[later][0] < end:
                crossed.append(turns[later][0])
                later += 1
            own = whole[max(start, begin) : min(end, stop)]
            turn = index if own else None
            found += ((first, "", turn) for first in empty)
            empty.clear()
            found.append((id, own, turn))
        found += ((first, "", None) for first in empty)
        return found, crossed

    def _aligned(self, whole: str, cuts: Mapping[int, int]) -> Iterator[tuple[int, int, int]]:
        """Yield id, start and end of each token, tokenizing the parts between cuts apart."""
        places = sorted({0, len(whole), *cuts, *cuts.values()})
        for begin, end in pairwise(places):
            if cuts.get(begin) == end:
                yield self._controls[whole[begin:end]], begin, end
                continue
            position, first = begin, list[int]()
            for id, covered in self._pieces.align(whole[begin:end]):
                start, position = position, position + len(covered)
                if start == begin:
                    if start == position:
                        first.append(id)
                        continue
                    # SentencePiece puts a blank before a text; there is none before a control token.
                    is_control = self._pieces.is_control(id)
                    yield from (
                        (each, begin, begin) for each in first if not (is_control and self._pieces.piece(each) == "▁")
                    )
                    first.clear()
                yield id, start, position
            yield from ((each, begin, begin) for each in first)
