"""The history's tables, and the migrations that upgrade the file of an earlier version."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import NamedTuple

from lit_lab.problem import Problem


class Migration(NamedTuple):
    """A migration from one version of the tables to the next.

    Attributes:
        name: A short description.
        sql: The SQL statements.
        read_only_sql: Statements with the same effect on a read-only file, by temporary tables and views. None to use `sql`,
            with temporary tables.
    """

    name: str
    sql: str
    read_only_sql: str | None = None


# Small columns come first, because reading a column after a large value is slow.
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

# Runs with a forced answer. This is a table of its own, since a new column would come after a large value.
_GIVEN_ANSWERS = Migration(
    "given answers",
    """
CREATE TABLE given (
    run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
""",
)

# Runs whose answer is incomplete, and why. Incomplete runs of earlier versions look complete in the list.
_PARTIAL_ANSWERS = Migration(
    "partial answers",
    """
CREATE TABLE partial (
    run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
    why TEXT NOT NULL
) STRICT, WITHOUT ROWID;
""",
)

# Use the name of requests, events and the interface. `lit_lab.upgrade` renames within `content` when a run is read, since
# rewriting a large file would take long, and need room.
_FORCED_ANSWERS = Migration(
    "given answers are forced answers",
    "ALTER TABLE given RENAME TO forced_answer;",
    # `given` is the file's table, or the temporary table of an earlier migration.
    "CREATE TEMP VIEW forced_answer AS SELECT run FROM given;",
)

# Runs whose prompt is a conversation, and the number of its turns.
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
"""The migrations, in order. Never change a released migration: add another."""

SCHEMA = len(MIGRATIONS)
"""The version of the tables, which the file stores as `user_version`."""


def migrate(connection: sqlite3.Connection, path: Path, read_only: bool) -> None:
    """Upgrade a file's tables to this version.

    Args:
        connection: The connection to the file, outside a transaction.
        path: The file's path, for the error message.
        read_only: Whether the file is read-only. If so, only this connection sees the migrations' effects.

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
        connection.execute("PRAGMA auto_vacuum = FULL")  # takes effect only before the first table, or by VACUUM
    # Another server may be upgrading the file, so check the version again under the lock.
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
            f"Update LIT Lab, or move {path} to another folder.",
        )
    return version
