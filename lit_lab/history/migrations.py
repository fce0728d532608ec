"""The history's tables, and how a file of an earlier version gets them."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from lit_lab.problem import Problem

# Sizes come first: what stands behind a large value is slow to get at.
_TABLES = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    created REAL NOT NULL,
    size INTEGER NOT NULL,
    model TEXT NOT NULL,
    document TEXT NOT NULL,
    place TEXT NOT NULL,
    title TEXT NOT NULL,
    starred INTEGER NOT NULL,
    prompt TEXT NOT NULL,
    answer TEXT NOT NULL,
    sequence TEXT NOT NULL,
    content BLOB NOT NULL
) STRICT;
CREATE INDEX runs_by_time ON runs (owner, created);
CREATE INDEX runs_by_sequence ON runs (owner, sequence);
CREATE TABLE scores (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    size INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (run, key)
) STRICT;
"""

# Runs whose answer is a text that was given. A table of its own: a column would stand behind a large value.
_GIVEN = """
CREATE TABLE given (
    run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
"""

# Runs without the end of their answer, and why; as above. Those of earlier versions aren't told apart in the list.
_PARTIAL = """
CREATE TABLE partial (
    run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    why TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

_STEPS = (_TABLES, _GIVEN, _PARTIAL)
"""What each version added."""

SCHEMA = len(_STEPS)
"""Written into the file as `user_version`."""


def bring_up(connection: sqlite3.Connection, path: Path, read_only: bool) -> None:
    """Give a file the tables of this version.

    Args:
        connection: To the file, outside a transaction.
        path: The file, for words.
        read_only: Whether it can't be changed. What it lacks is then empty, in this connection alone.

    Raises:
        Problem: A newer version of LIT Lab wrote the file.
    """
    if _version(connection, path) == SCHEMA:
        return
    if read_only:
        for step in _STEPS[_version(connection, path) :]:
            temporary = re.sub(r"CREATE TABLE |CREATE INDEX ", lambda found: f"{found[0]}temp.", step)
            connection.executescript(temporary)
        return
    if not connection.execute("PRAGMA page_count").fetchone()[0]:
        connection.execute("PRAGMA auto_vacuum = FULL")  # only before the first table, or by VACUUM
    # Another server may be doing the same: the version that counts is the one under the lock.
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in _STEPS[_version(connection, path) :]:
            for statement in filter(str.strip, step.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA}")
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA:
        raise Problem(
            503,
            "history_newer",
            "The history was written by a newer version of LIT Lab.",
            f"Update LIT Lab, or move {path} away.",
        )
    return version
