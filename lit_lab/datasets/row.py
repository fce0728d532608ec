"""A row of a dataset, and how the database stores it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from lit_lab.protocol import Role

from .columns import text

MAX_SOURCE_CHARS = 1000
"""Maximum number of a source's characters for sorting and counting. Longer sources aren't counted."""

TABLES = """
PRAGMA journal_mode = MEMORY;
PRAGMA synchronous = OFF;
CREATE TABLE facts (
    id INTEGER PRIMARY KEY, line INTEGER, origin INTEGER, length INTEGER, targets INTEGER, source TEXT, key TEXT,
    source_key TEXT
) STRICT;
CREATE TABLE texts (id INTEGER PRIMARY KEY, start TEXT, prompt TEXT, target TEXT, others TEXT, turns TEXT) STRICT;
"""
INDICES = (
    "CREATE INDEX IF NOT EXISTS by_key ON facts (key)",
    "CREATE INDEX IF NOT EXISTS by_source ON facts (source_key)",
    "CREATE INDEX IF NOT EXISTS by_length ON facts (length)",
)

_BEGINNING = 240  # characters of a prompt in a list
_KEY = 80  # characters of a prompt that determine its row's place when sorted


@dataclass(frozen=True)
class Row:
    """A row to store.

    Attributes:
        line: The row's first line in its file; 0 if it has none.
        others: The values of other columns, as in JSON.
        origin: The line of the file that the row comes from, which a duplicate shares with its original; 0 if there is none.
        turns: The turns of a conversation, each with its role and its span in the prompt; empty if the prompt isn't a conversation.
    """

    line: int
    prompt: str
    target: str = ""
    source: str = ""
    others: dict[str, object] = field(default_factory=dict)
    origin: int = 0
    turns: Sequence[tuple[Role, int, int]] = ()

    def texts(self) -> list[str]:
        """Return the values of all columns as texts."""
        return [self.prompt, self.target, self.source, *(text(value) for value in self.others.values())]


def stored_facts(number: int, row: Row) -> tuple[object, ...]:
    """Return a row's values in the table `facts`."""
    # Fold case here, because SQLite's comparison ends at a NUL and folds only ASCII.
    key = " ".join(row.prompt[: 2 * _KEY].casefold().split())[:_KEY]
    source_key = row.source[:MAX_SOURCE_CHARS].casefold()
    return (number, row.line, row.origin, len(row.prompt), int(bool(row.target)), row.source, key, source_key)


def stored_texts(number: int, row: Row) -> tuple[object, ...]:
    """Return a row's values in the table `texts`."""
    others = json.dumps(row.others, ensure_ascii=False, default=str)
    return (number, row.prompt[:_BEGINNING], row.prompt, row.target, others, json.dumps(row.turns))
