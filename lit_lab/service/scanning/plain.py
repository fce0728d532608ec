"""Makes names and contents of files displayable."""

from __future__ import annotations


def plain(text: str, most: int) -> str:
    """Return a text in one line, without invisible characters, cut to a maximum length."""
    shown = "".join(one if one.isprintable() else " " if one.isspace() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return " ".join(shown.split())[:most].strip()


def is_plain(text: str) -> bool:
    """Whether a text can be displayed, and sent back."""
    return text.isprintable() and text == text.strip()
