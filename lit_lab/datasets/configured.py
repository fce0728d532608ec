"""`c.LitLab.datasets`: what an entry means. Imported at server start, so this imports little."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lit_lab.limits import MAX_NAME

SAMPLE_PROMPTS = "sample_prompts"
"""LIT's own name for its sample prompts."""

SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv", ".txt", ".parquet")
"""Names of files that can be read, by their ends, in lower case."""

_CLASS = re.compile(r"(?:(?P<name>[^:]+):)?(?P<module>[^\W\d]\w*(?:\.[^\W\d]\w*)*):(?P<cls>[^\W\d]\w*)")


@dataclass(frozen=True)
class Entry:
    """A configured dataset: a file, or a class that the model service makes.

    Attributes:
        name: What it is called.
        path: Of a file; empty for a class.
        cls: `module:Class`; empty for a file.
    """

    name: str
    path: str = ""
    cls: str = ""


def parse(entry: str) -> Entry:
    """Return what an entry of the configuration means.

    `name:path` names a file, as LIT writes it, and ends as such a file's name does; `module:Class` and
    `name:module:Class` a class.

    Raises:
        ValueError: It is neither.
    """
    text = entry.strip()
    name, _, path = (part.strip() for part in text.partition(":"))
    if name and path.lower().endswith(SUFFIXES):
        return Entry(name, path=path)
    match = _CLASS.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{entry!r} is neither 'name:path' (a file that ends in {', '.join(SUFFIXES)}) nor 'module:Class' nor "
            "'name:module:Class'"
        )
    return Entry((match["name"] or match["cls"]).strip(), cls=f"{match['module']}:{match['cls']}")


def parse_all(entries: Iterable[str]) -> dict[str, Entry]:
    """Return entries by name.

    Raises:
        ValueError: One is neither file nor class, or a name is there twice or too long.
    """
    result: dict[str, Entry] = {}
    for text in entries:
        if text.strip() == SAMPLE_PROMPTS:
            continue  # they are there anyway; LIT's own list names them so
        entry = parse(text)
        if len(entry.name) > MAX_NAME:
            raise ValueError(f"the name {entry.name[:20]!r}… is longer than {MAX_NAME} characters")
        if entry.name in result or entry.name == SAMPLE_PROMPTS:
            raise ValueError(f"the name {entry.name!r} is there twice")
        result[entry.name] = entry
    return result
