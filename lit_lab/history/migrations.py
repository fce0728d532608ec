"""The history's tables, and the steps that bring a file of an earlier version up to date."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import NamedTuple

from lit_lab.problem import Problem


class Migration(NamedTuple):
    """One step from a version of the tables to the next.

    Attributes:
        name: What it does.
        sql: Its statements.
        read_only_sql: What has their effect on a file that can't be written to, in temporary tables and views. None: the
            statements themselves, with temporary tables.
    """

    name: str
    sql: str
    read_only_sql: str | None = None


# Sizes come first: a column behind a large value is slow to read.
_RUNS_AND_SCORES = Migration(
    "runs and scores",
    """
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
""",
)

# Runs whose answer the user gave. A separate table: a column would stand behind a large value.
_GIVEN_ANSWERS = Migration(
    "given answers",
    """
CREATE TABLE given (
    run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
""",
)

# Runs without the end of their answer, and why. Those of earlier versions look like complete ones in the list.
_PARTIAL_ANSWERS = Migration(
    "partial answers",
    """
CREATE TABLE partial (
    run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    why TEXT NOT NULL
) STRICT, WITHOUT ROWID;
""",
)

# The name that requests, events and the interface use. Names inside of `content` change when a run is read
# (`lit_lab.upgrade`), since writing a large file anew would take long, and room.
_FORCED_ANSWERS = Migration(
    "given answers are forced answers",
    "ALTER TABLE given RENAME TO forced_answer;",
    # Of the file's table, or of the temporary one of an earlier step.
    "CREATE TEMP VIEW forced_answer AS SELECT run FROM given;",
)

# Runs whose prompt is a conversation, and how many turns it has.
_CONVERSATIONS = Migration(
    "conversations",
    """
CREATE TABLE conversations (
    run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    turns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
""",
)

MIGRATIONS = (_RUNS_AND_SCORES, _GIVEN_ANSWERS, _PARTIAL_ANSWERS, _FORCED_ANSWERS, _CONVERSATIONS)
"""The steps, in order. Never change one that was released: add another."""

SCHEMA = len(MIGRATIONS)
"""Written into the file as `user_version`."""


def migrate(connection: sqlite3.Connection, path: Path, read_only: bool) -> None:
    """Bring a file's tables up to this version.

    Args:
        connection: To the file, outside a transaction.
        path: The file, for the error's message.
        read_only: Whether it can't be changed. The steps' effects are then seen in this connection only.

    Raises:
        Problem: A newer version of LIT Lab wrote the file.
    """
    if _version(connection, path) == SCHEMA:
        return
    if read_only:
        for migration in MIGRATIONS[_version(connection, path) :]:
            connection.executescript(migration.read_only_sql or _temporary(migration.sql))
        return
    if not connection.execute("PRAGMA page_count").fetchone()[0]:
        connection.execute("PRAGMA auto_vacuum = FULL")  # only before the first table, or by VACUUM
    # Another server may be migrating it too: the version under the lock counts.
    connection.execute("BEGIN IMMEDIATE")
    try:
        for migration in MIGRATIONS[_version(connection, path) :]:
            for statement in filter(str.strip, migration.sql.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA}")
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _temporary(sql: str) -> str:
    return re.sub(r"CREATE TABLE |CREATE INDEX ", lambda found: f"{found[0]}temp.", sql)


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
