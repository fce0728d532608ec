"""Lengths and offsets in UTF-16 units, which JavaScript counts in. Python counts characters."""

from __future__ import annotations


def has_pairs(text: str) -> bool:
    """Whether a character of the text takes two units."""
    return not text.isascii() and max(text) > "\uffff"


def units(text: str) -> int:
    """Return how many units a text has."""
    return len(text) if text.isascii() else len(text) + sum(letter > "\uffff" for letter in text)


def split(text: str) -> str:
    """Return a text as JavaScript sees it, unit for unit: two halves instead of a character beyond U+FFFF."""
    if not has_pairs(text):
        return text
    data = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(data[i] | data[i + 1] << 8) for i in range(0, len(data), 2))


def _whole(text: str) -> str:
    """Return a split text with whole characters; a half that stands alone stays one."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def first(text: str, most: int) -> str:
    """Return at most so many units of a text's beginning, perhaps with half of a character at the end."""
    head = text[:most]
    return _whole(split(head)[:most]) if has_pairs(head) else head


def last(text: str, most: int) -> str:
    """Return at most so many units of a text's end, perhaps with half of a character at the beginning."""
    tail = text[-most:]
    return _whole(split(tail)[-most:]) if has_pairs(tail) else tail
