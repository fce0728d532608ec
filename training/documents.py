"""A document of the training text: pieces of text, each with what it counts for in the loss."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

PROMPT = 0.1
"""Weight of text that a user would write: enough to learn the language from, too little to learn it by heart."""

ANSWER = 1.0
"""Weight of what the model shall write."""

FIRST = 4.0
"""Weight of a recommendation's first token, by which it is chosen; the rest follows."""

IGNORED = 0.0
"""Weight of what comes behind an answer that could have been the end."""


@dataclass(frozen=True)
class Part:
    """A piece of text, its weight in the loss, and the weight of its first token where that differs."""

    text: str
    weight: float = PROMPT
    first: float | None = None


@dataclass(frozen=True)
class Document:
    """Parts one behind the other; `ends` where the model shall stop at the end."""

    parts: tuple[Part, ...]
    ends: bool = True

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(part.text for part in self.parts)


def document(parts: Iterable[Part], ends: bool = True) -> Document:
    """Return the document of the parts that aren't empty."""
    return Document(tuple(part for part in parts if part.text), ends)


def words(text: str) -> tuple[str, ...]:
    """Return the words of a list that is written as text."""
    return tuple(text.split())


def capital(text: str) -> str:
    """Return the text with its first letter as a capital."""
    return text[:1].upper() + text[1:]


def listed(names: Iterable[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def mistyped(random: Random, text: str) -> str:
    """Return the text with one word of four letters or more mistyped: a letter left out, doubled, or two swapped."""
    parts = text.split(" ")
    long = [n for n, word in enumerate(parts) if len(word) > 3 and word.isalpha()]
    if not long:
        return text
    n = random.choice(long)
    word, at = parts[n], random.randrange(1, len(parts[n]) - 1)
    parts[n] = random.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        )
    )
    return " ".join(parts)
