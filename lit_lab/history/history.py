"""The history: stores, finds, changes and deletes runs."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from lit_lab import protocol
from lit_lab.history import rows
from lit_lab.history.database import Database, Work
from lit_lab.problem import Problem

NO_ROOM_FOR_OWNER = "history_full"
"""The problem's code if an owner's runs fill the owner's space, and none of them may be deleted to make room."""

STARRED_SHARE = 0.8
"""The share of an owner's space that starred runs may fill. The rest is for new runs."""

R = TypeVar("R")


@dataclass(frozen=True)
class Settings:
    """The history's configuration.

    Attributes:
        path: The database file; None to store nothing.
        days: The age in days after which runs without a star are deleted; 0 for never.
        megabytes: The space of each owner. If all runs, including starred ones, exceed it, the oldest without a star are
            deleted; 0 for no limit.
    """

    path: Path | None
    days: float = 0.0
    megabytes: float = 500.0


class History:
    """The runs of all users of this server.

    All methods are coroutines, and raise `Problem` if the history is off or its file can't be used. SQLite runs in two threads,
    each with its own connection, so that a read never waits for a change that waits for a lock.

    Args:
        settings: The configuration.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._writing = _Worker("lit-lab-history-write", settings.path)
        self._reading = _Worker("lit-lab-history-read", settings.path, self._writing.database)
        self._has_shrunk = False

    @property
    def enabled(self) -> bool:
        """Whether runs are stored."""
        return self._settings.path is not None

    def status(self) -> protocol.HistoryStatus:
        """Return whether runs are stored, and any remark about the file."""
        databases = [worker.database for worker in (self._writing, self._reading) if worker.database]
        opened = next((database for database in databases if database.read_only is not None), None)
        read_only = opened.refusal() if opened and opened.read_only else None
        remark = next((database.remark for database in databases if database.remark), "")
        return protocol.HistoryStatus(
            enabled=self.enabled,
            message=read_only.message if read_only else remark,
            hint=read_only.hint if read_only else "",
        )

    async def close(self) -> None:
        """Finish pending changes, and close the file."""
        await self._reading.close()
        await self._writing.close()

    async def store(self, owner: str, run: protocol.RunRecord) -> None:
        """Store a run."""

        def work(connection: sqlite3.Connection) -> None:
            row = rows.row_of(owner, run)
            connection.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            if run.reason == "forced_answer":
                connection.execute("INSERT OR REPLACE INTO forced_answer VALUES (?)", (run.id,))
            if run.turns:
                connection.execute("INSERT OR REPLACE INTO conversations VALUES (?, ?)", (run.id, len(run.turns)))
            if run.partial:
                connection.execute("INSERT OR REPLACE INTO partial VALUES (?, ?)", (run.id, run.partial))
            self._delete_excess(connection, owner, {run.id})

        await self._write(work)

    async def store_scores(
        self, owner: str, model: str, ids: Sequence[int], scores: Iterable[protocol.KeptScores | protocol.KeptEffects]
    ) -> None:
        """Store scores with the owner's runs of a sequence of tokens, if there are any.

        Args:
            owner: The owner of the runs.
            model: The model's name.
            ids: The ids of the sequence's tokens.
            scores: The scores. Each attempt to store them iterates over them once.

        Raises:
            Problem: Among others `NO_ROOM_FOR_OWNER`: these runs and starred ones alone exceed the owner's space.
        """

        def work(connection: sqlite3.Connection) -> None:
            found = connection.execute(
                "SELECT id FROM runs WHERE owner = ? AND sequence = ?", (owner, rows.sequence_of(model, ids))
            ).fetchall()
            for stored in scores if found else ():
                row = rows.scores_row(stored)
                for (run_id,) in found:
                    connection.execute("INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?)", (run_id, *row))
            if found and self._delete_excess(connection, owner, {run_id for (run_id,) in found}) > 0:
                raise _full(
                    f"Your runs fill the {self._settings.megabytes:g} MB of your history, so these scores aren't stored."
                )

        await self._write(work)

    async def runs(self, owner: str, request: protocol.RunsRequest) -> protocol.RunsResponse:
        """Return the owner's runs, newest first."""
        where: list[str] = ["owner = ?"]
        values: list[str] = [owner]
        if request.search.strip():
            where.append(f"holds(?, {rows.SEARCHED})")
            values.append(rows.searched(request.search))
        if request.document is not None:
            where.append("document = ?")
            values.append(request.document)
        if request.starred:
            where.append("starred")
        condition = " AND ".join(where)

        def work(connection: sqlite3.Connection) -> protocol.RunsResponse:
            (total,) = connection.execute(f"SELECT count(*) FROM runs WHERE {condition}", values).fetchone()  # noqa: S608 - no text of the user's is in it
            found = connection.execute(
                f"SELECT {rows.INFO} FROM runs WHERE {condition} ORDER BY created DESC, id LIMIT ? OFFSET ?",  # noqa: S608 - as above
                (*values, request.limit, request.offset),
            ).fetchall()
            documents = connection.execute(
                "SELECT DISTINCT document FROM runs WHERE owner = ? AND document != '' ORDER BY document LIMIT 200",
                (owner,),
            ).fetchall()
            return protocol.RunsResponse(
                runs=[rows.info(row) for row in found], total=total, documents=[document for (document,) in documents]
            )

        return await self._reading.do(lambda database: database.read(work))

    async def run(self, owner: str, run_id: str) -> protocol.RunRecord:
        """Return one of the owner's runs with all its scores."""

        def work(connection: sqlite3.Connection) -> protocol.RunRecord:
            row = connection.execute(
                f"SELECT {rows.RECORD} FROM runs WHERE owner = ? AND id = ?",  # noqa: S608 - a constant
                (owner, run_id),
            ).fetchone()
            if row is None:
                raise _unknown()
            scores = connection.execute("SELECT content FROM scores WHERE run = ? ORDER BY rowid", (run_id,)).fetchall()
            try:
                return rows.record(row, [content for (content,) in scores])
            except rows.DAMAGE as error:
                raise _damaged() from error

        return await self._reading.do(lambda database: database.read(work))

    async def change(self, owner: str, run_id: str, change: protocol.RunChange) -> protocol.RunInfo:
        """Rename or star one of the owner's runs.

        Raises:
            Problem: Among others `NO_ROOM_FOR_OWNER`: starred runs would exceed `STARRED_SHARE`.
        """

        def work(connection: sqlite3.Connection) -> protocol.RunInfo:
            if change.starred:
                self._check_star(connection, owner, run_id)
            for column in ("title", "starred"):
                if (value := getattr(change, column)) is not None:
                    connection.execute(
                        f"UPDATE runs SET {column} = ? WHERE owner = ? AND id = ?",  # noqa: S608 - one of two columns
                        (value, owner, run_id),
                    )
            row = connection.execute(
                f"SELECT {rows.INFO} FROM runs WHERE owner = ? AND id = ?",  # noqa: S608 - a constant
                (owner, run_id),
            ).fetchone()
            if row is None:
                raise _unknown()
            return rows.info(row)

        return await self._writing.do(lambda database: database.write(work))

    async def delete(self, owner: str, run_id: str) -> protocol.RunsDeleted:
        """Delete one of the owner's runs."""

        def work(connection: sqlite3.Connection) -> protocol.RunsDeleted:
            found = connection.execute("DELETE FROM runs WHERE owner = ? AND id = ?", (owner, run_id)).rowcount
            if not found:
                raise _unknown()
            return protocol.RunsDeleted(deleted=found)

        return await self._writing.do(lambda database: database.remove(work))

    async def clear(self, owner: str, starred: bool = False) -> protocol.RunsDeleted:
        """Delete the owner's runs.

        Args:
            owner: The owner of the runs.
            starred: Whether to delete starred runs as well.
        """

        def work(connection: sqlite3.Connection) -> protocol.RunsDeleted:
            return protocol.RunsDeleted(
                deleted=connection.execute(
                    "DELETE FROM runs WHERE owner = ? AND (? OR NOT starred)", (owner, starred)
                ).rowcount
            )

        return await self._writing.do(lambda database: database.remove(work))

    async def _write(self, work: Work[None]) -> None:
        await self._writing.do(lambda database: database.write(work))
        if not self._has_shrunk:
            self._has_shrunk = True
            self._writing.begin(Database.shrink)  # runs in the background

    def _check_star(self, connection: sqlite3.Connection, owner: str, run_id: str) -> None:
        """Refuse a star if starred runs would leave too little room for new runs."""
        limit = self._settings.megabytes * 1_000_000 * STARRED_SHARE
        starred = sum(size for _, size in _sizes(connection, owner, "starred AND id != ?", run_id))
        (own,) = [size for _, size in _sizes(connection, owner, "NOT starred AND id = ?", run_id)] or [0]
        if limit and own and starred + own > limit:
            raise _full(
                f"Starred runs may take {STARRED_SHARE:.0%} of the {self._settings.megabytes:g} MB of your history. With this "
                f"run, they would take {(starred + own) / 1e6:,.3g} MB."
            )

    def _delete_excess(self, connection: sqlite3.Connection, owner: str, protected: set[str]) -> float:
        """Delete the owner's runs that are too old, then the oldest runs until the rest fits into the owner's space.

        Args:
            connection: The connection to the file.
            owner: The owner of the runs.
            protected: Ids of runs that were just stored, and aren't deleted whatever their dates.

        Returns:
            By how many bytes the remaining runs exceed the space; 0 or less if they fit.
        """
        if self._settings.days:
            oldest = time.time() - self._settings.days * 86_400
            found = connection.execute(
                "SELECT id FROM runs WHERE owner = ? AND NOT starred AND created < ?", (owner, oldest)
            ).fetchall()
            connection.executemany("DELETE FROM runs WHERE id = ?", [one for one in found if one[0] not in protected])
        if not self._settings.megabytes:
            return 0
        total = sum(size for _, size in _sizes(connection, owner, "TRUE"))
        excess = total - self._settings.megabytes * 1_000_000
        if excess <= 0:
            return excess
        for run_id, size in _sizes(connection, owner, "NOT starred"):
            if excess <= 0:
                break
            if run_id not in protected:
                connection.execute("DELETE FROM runs WHERE id = ?", (run_id,))
                excess -= size
        return excess


def _sizes(connection: sqlite3.Connection, owner: str, condition: str, *values: str) -> list[tuple[str, int]]:
    """Return id and size in bytes, including scores, of an owner's runs that satisfy a condition; oldest first."""
    return connection.execute(
        "SELECT id, size + (SELECT coalesce(sum(size), 0) FROM scores WHERE run = runs.id) FROM runs "  # noqa: S608 - conditions are constants
        f"WHERE owner = ? AND {condition} ORDER BY created",
        (owner, *values),
    ).fetchall()


class _Worker:
    """A thread with its own `Database`."""

    def __init__(self, name: str, path: Path | None, beside: Database | None = None) -> None:
        self.database = Database(path, beside) if path else None
        self._thread = ThreadPoolExecutor(1, name)

    async def do(self, work: Callable[[Database], R]) -> R:
        """Run a function on the database in the thread, and return its result."""
        if self.database is None:
            raise Problem(
                404,
                "history_off",
                "The history is switched off.",
                "Switch it on with c.LitLab.history in the configuration.",
            )
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, self.database)

    def begin(self, work: Callable[[Database], object]) -> None:
        """Run a function on the database in the thread, without waiting for it."""
        if self.database is not None:
            self._thread.submit(work, self.database)

    async def close(self) -> None:
        """Finish pending work, and close the database."""
        if self.database is not None:
            await self.do(Database.close)
        self._thread.shutdown()


def _full(message: str) -> Problem:
    return Problem(
        507,
        NO_ROOM_FOR_OWNER,
        message,
        "Remove stars from runs that you no longer need, delete some runs, or ask for a higher c.LitLab.history_megabytes.",
    )


def _damaged() -> Problem:
    return Problem(
        500,
        "damaged_run",
        "This run can't be shown, because its stored data is damaged.",
        "Run its prompt again, then delete this run.",
    )


def _unknown() -> Problem:
    return Problem(
        404, "unknown_run", "This run is no longer in the history.", "It was deleted, perhaps in another tab."
    )
