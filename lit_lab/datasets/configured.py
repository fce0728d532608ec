"""Parses the entries of `c.LitLab.datasets`. The server imports this module when it starts, so it imports little."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lit_lab.limits import MAX_NAME

SAMPLE_PROMPTS = "sample_prompts"
"""LIT's own name for its sample prompts."""

_TEXTS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt", ".yaml", ".yml")
SUFFIXES = (*_TEXTS, ".parquet", *(f"{suffix}.gz" for suffix in _TEXTS))
"""Suffixes of readable files, in lower case."""

NAMED = f"{', '.join([*_TEXTS, '.parquet'])}; of text files also followed by .gz"
"""The suffixes, as text for the user."""


def suffix_of(name: str) -> str:
    """Return a file's suffix in lower case; for a compressed file both suffixes, such as `.csv.gz`."""
    lower = name.lower()
    return max((suffix for suffix in SUFFIXES if lower.endswith(suffix)), key=len, default="")


_CLASS = re.compile(r"(?:(?P<name>[^:]+):)?(?P<module>[^\W\d]\w*(?:\.[^\W\d]\w*)*):(?P<cls>[^\W\d]\w*)")


@dataclass(frozen=True)
class Entry:
    """A configured dataset: a file, or a class that the model service instantiates.

    Attributes:
        name: The dataset's name.
        path: A file's path; empty for a class.
        cls: `module:Class`; empty for a file.
    """

    name: str
    path: str = ""
    cls: str = ""


def parse(entry: str) -> Entry:
    """Return the dataset that an entry of the configuration describes.

    As in LIT, `name:path` with a known suffix is a file. `module:Class` and `name:module:Class` are classes.

    Raises:
        ValueError: The entry is neither.
    """
    text = entry.strip()
    name, _, path = (part.strip() for part in text.partition(":"))
    if name and path.lower().endswith(SUFFIXES):
        return Entry(name, path=path)
    match = _CLASS.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{entry!r} is neither 'name:path' (a file that ends in {NAMED}) nor 'module:Class' nor 'name:module:Class'"
        )
    return Entry((match["name"] or match["cls"]).strip(), cls=f"{match['module']}:{match['cls']}")


def parse_all(entries: Iterable[str]) -> dict[str, Entry]:
    """Return the entries by name.

    Raises:
        ValueError: An entry is neither a file nor a class, or a name is too long or used twice.
    """
    result: dict[str, Entry] = {}
    for text in entries:
        if text.strip() == SAMPLE_PROMPTS:
            continue  # always available; LIT's own list of datasets uses this name
        entry = parse(text)
        if len(entry.name) > MAX_NAME:
            raise ValueError(f"the name {entry.name[:20]!r}… is longer than {MAX_NAME} characters")
        if entry.name in result or entry.name == SAMPLE_PROMPTS:
            raise ValueError(f"the name {entry.name!r} is used twice")
        result[entry.name] = entry
    return result
