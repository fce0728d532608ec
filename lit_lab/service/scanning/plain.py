"""Names of others' files, and what is in these, as text that any interface can show."""

from __future__ import annotations


def plain(text: str, most: int) -> str:
    """Return a text in one line, without what isn't a character to be seen, and no longer than so many characters."""
    shown = "".join(one if one.isprintable() else " " if one.isspace() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return " ".join(shown.split())[:most].strip()


def is_plain(text: str) -> bool:
    """Whether a text can be shown as it is, and sent back."""
    return text.isprintable() and text == text.strip()
