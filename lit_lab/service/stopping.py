"""Stop sequences: where an answer's text first contains one, and which tokens may be sent meanwhile."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Found:
    """A stop sequence in a text.

    Attributes:
        sequence: The sequence.
        start: The index of its first character.
    """

    sequence: str
    start: int


@dataclass
class _Progress:
    """How far the text's end is into one sequence (Knuth, Morris and Pratt 1977).

    Attributes:
        sequence: The sequence.
        shorter: For each number of its first characters: how many of its first ones these end in, except for all of them.
        matched: How many of its first characters the text ends in.
    """

    sequence: str
    shorter: list[int]
    matched: int = 0

    def add(self, character: str) -> bool:
        """Add a character of the text; return whether the text now ends in the sequence."""
        while self.matched and self.sequence[self.matched] != character:
            self.matched = self.shorter[self.matched]
        self.matched += self.sequence[self.matched] == character
        return self.matched == len(self.sequence)


class Matcher:
    """Finds the first of several sequences in a text that arrives in pieces.

    The first is the one that is complete first; of those that are complete at the same character, the longest. How the
    text is cut into pieces makes no difference. Each character costs a constant time on average, however long the text.

    Args:
        sequences: The sequences, none of them empty.
    """

    def __init__(self, sequences: Sequence[str]) -> None:
        # Longest first, so that a sequence is found before its own suffixes.
        self._progress = [_Progress(one, _shorter(one)) for one in sorted(set(sequences), key=lambda one: -len(one))]
        self.length = 0
        """Characters of the text so far."""

    @property
    def open(self) -> int:
        """The earliest position where the text so far may have begun a sequence; its length if there is none."""
        return self.length - max((one.matched for one in self._progress), default=0)

    def add(self, text: str) -> Found | None:
        """Add the next piece of the text; return the first sequence once it is complete.

        Nothing may be added after one was found.
        """
        for character in text:
            self.length += 1
            found = None
            for one in self._progress:
                if one.add(character) and found is None:
                    found = Found(one.sequence, self.length - len(one.sequence))
            if found is not None:
                return found
        return None


@dataclass
class Holding(Generic[T]):
    """Holds back tokens of an answer while they may belong to a stop sequence.

    A token that begins at or after the beginning of the sequence isn't part of the answer. One that begins before it is, as a
    whole, because maps score whole tokens. If a character's bytes are spread over tokens, each of these begins where the character
    does.

    Args:
        sequences: The sequences that end the answer.

    Attributes:
        found: The sequence that ended the answer; None if none did.
        kept: Number of released tokens, which are those of the answer once it has ended.
    """

    sequences: Sequence[str]
    found: Found | None = None
    kept: int = 0
    _held: deque[tuple[int, T]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._matcher = Matcher(self.sequences)

    def add(self, token: T, text: str, earlier: int = 0) -> Iterator[T]:
        """Add the next token; yield those that now certainly belong to the answer.

        Args:
            token: The token.
            text: Its text.
            earlier: How many characters at its beginning come from bytes of tokens before it.
        """
        start = self._matcher.length + earlier
        self._held.append((start, token))
        self.found = self._matcher.add(text)
        if not self.sequences:
            return self._let_go(start + 1)
        return self._let_go(self.found.start if self.found else self._matcher.open)

    def finish(self, rest: str = "") -> Iterator[T]:
        """Yield what is still held of an answer that has ended otherwise.

        Args:
            rest: What the last token's text gets, now that nothing comes behind it.
        """
        if self.found is None:
            end = self._matcher.length + len(rest) + 1
            self.found = self._matcher.add(rest)
            return self._let_go(self.found.start if self.found else end)
        return iter(())

    def _let_go(self, end: int) -> Iterator[T]:
        while self._held and self._held[0][0] < end:
            self.kept += 1
            yield self._held.popleft()[1]


def _shorter(sequence: str) -> list[int]:
    shorter = [0, 0]
    matched = 0
    for character in sequence[1:]:
        while matched and sequence[matched] != character:
            matched = shorter[matched]
        matched += sequence[matched] == character
        shorter.append(matched)
    return shorter
