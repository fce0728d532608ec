"""Finished runs, in SQLite: what was asked and answered, and every map that was computed of it.

Kept by the Jupyter server as jobs end, so a closed tab loses nothing. Each write is one transaction with SQLite's
rollback journal, not its write-ahead log, which doesn't work on network file systems; killed between any two
statements, the file is as before the transaction. What fails is told by `status()`; a run never fails for it.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import hashlib
import json
import logging
import os
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from lit_lab import protocol
from lit_lab.problem import Problem

SCHEMA = 2
"""Written into the file as `user_version`."""

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

# Version 2: runs whose answer is a text that was given. A table of its own: a column would stand behind a large value.
_GIVEN = """
CREATE TABLE given (
    run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
"""

_BUSY_SECONDS = 5.0  # another server of this user's may be writing

R = TypeVar("R")
_SCORES: TypeAdapter[protocol.KeptScores] = TypeAdapter(protocol.KeptScores)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What the configuration says of the history.

    Attributes:
        path: The database; None: nothing is kept.
        days: Age at which a run that isn't starred is deleted; 0: never.
        megabytes: Size of all runs beyond which the oldest that aren't starred are deleted; 0: never.
    """

    path: Path | None
    days: float = 0.0
    megabytes: float = 500.0


class History:
    """The runs of all users of this server. Its methods are coroutines; SQLite works in a thread of its own.

    Args:
        settings: The configuration.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._thread = ThreadPoolExecutor(1, "lit-lab-history")
        self._connection: sqlite3.Connection | None = None
        self._problem: Problem | None = None
        self._remark = ""

    @property
    def enabled(self) -> bool:
        """Whether runs are kept."""
        return self._settings.path is not None

    def status(self) -> protocol.HistoryStatus:
        """Return whether runs are kept, and what is wrong."""
        problem = self._problem
        return protocol.HistoryStatus(
            enabled=self.enabled,
            message=problem.message if problem else self._remark,
            hint=problem.hint if problem else "",
        )

    async def close(self) -> None:
        """Finish what is being written, and close the file."""
        await self._do(self._close)
        self._thread.shutdown()

    async def keep(self, owner: str, run: protocol.RunRecord) -> None:
        """Keep a run. A failure is logged and told by `status`."""
        await self._quietly(lambda: self._keep(owner, run))

    async def keep_scores(
        self, owner: str, model: str, ids: Sequence[int], scores: Sequence[protocol.KeptScores]
    ) -> None:
        """Keep scores with the owner's runs of this sequence, if there are any."""
        await self._quietly(lambda: self._keep_scores(owner, sequence_of(model, ids), scores))

    async def runs(self, owner: str, request: protocol.RunsRequest) -> protocol.RunsResponse:
        """Return the owner's runs, newest first. Raises `Problem`."""
        return await self._do(lambda: self._runs(owner, request))

    async def run(self, owner: str, run_id: str) -> protocol.RunRecord:
        """Return one of the owner's runs with all its scores. Raises `Problem`."""
        return await self._do(lambda: self._run(owner, run_id))

    async def change(self, owner: str, run_id: str, change: protocol.RunChange) -> protocol.RunInfo:
        """Rename or star one of the owner's runs. Raises `Problem`."""
        return await self._do(lambda: self._change(owner, run_id, change))

    async def delete(self, owner: str, run_id: str) -> protocol.RunsDeleted:
        """Delete one of the owner's runs. Raises `Problem`."""
        return await self._do(lambda: self._delete(owner, run_id))

    async def clear(self, owner: str) -> protocol.RunsDeleted:
        """Delete all of the owner's runs, starred ones too. Raises `Problem`."""
        return await self._do(lambda: self._clear(owner))

    async def _do(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _quietly(self, work: Callable[[], None]) -> None:
        if self._settings.path is None:
            return
        try:
            await self._do(work)
            self._problem = None
        except Problem as problem:
            if self._problem is None:
                log.warning("LIT Lab: %s %s", problem.message, problem.hint)
            self._problem = problem
        except Exception:
            log.exception("LIT Lab: a run could not be kept")
            self._problem = Problem(
                500, "history_failed", "The last run could not be kept.", "The server's log says why."
            )

    # What follows runs in the thread.

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Give a connection in a transaction of its own, and say in words what fails."""
        path = self._settings.path
        if path is None:
            raise Problem(
                404,
                "history_off",
                "No history is kept here.",
                "Switch it on with c.LitLab.history in the configuration.",
            )
        try:
            connection = self._connect(path)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()
        except sqlite3.OperationalError as error:
            self._close()
            full = "full" in str(error)
            raise Problem(
                507 if full else 503,
                "disk_full" if full else "history_unavailable",
                "The disk is full: runs are no longer kept." if full else f"The history can't be used: {error}.",
                "Make room; the next run is kept again." if full else f"Look at {path}.",
            ) from error
        except sqlite3.DatabaseError as error:
            self._set_aside(path)
            raise Problem(503, "history_corrupt", self._remark, "") from error
        except OSError as error:
            raise Problem(
                503, "history_unavailable", f"The history can't be used: {error}.", f"Look at {path}."
            ) from error

    def _connect(self, path: Path) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Prompts are nobody else's business.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        try:
            connection = self._opened(path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            self._set_aside(path)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            connection = self._opened(path)
        self._connection = connection
        return connection

    def _opened(self, path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > SCHEMA:
                raise Problem(
                    503,
                    "history_newer",
                    "The history was written by a newer version of LIT Lab.",
                    f"Update LIT Lab, or move {path} away.",
                )
            if version < SCHEMA:
                tables = _GIVEN if version else _TABLES + _GIVEN
                connection.executescript(f"BEGIN IMMEDIATE; {tables} PRAGMA user_version = {SCHEMA}; COMMIT;")
            connection.execute("SELECT count(*) FROM runs").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_aside(self, path: Path) -> None:
        """Move a file that isn't a sound database away; never delete it."""
        self._close()
        aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        path.rename(aside)
        for suffix in ("-journal", "-wal", "-shm"):
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                beside.rename(aside.with_name(aside.name + suffix))
        self._remark = f"The history was damaged. It lies in {aside}, and a new one was started."
        log.warning("LIT Lab: %s", self._remark)

    def _keep(self, owner: str, run: protocol.RunRecord) -> None:
        content = _packed(run.model_dump_json(include=_CONTENT))
        ids = [token.id for token in [*run.prompt_tokens, *run.answer_tokens]]
        origin = run.origin or protocol.RunOrigin(document="", place=[])
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    run.id,
                    owner,
                    run.created,
                    len(content) + len(run.prompt.encode()) + len(run.answer.encode()),
                    run.model,
                    origin.document,
                    json.dumps(origin.place),
                    run.title,
                    run.starred,
                    run.prompt,
                    run.answer,
                    sequence_of(run.model, ids),
                    content,
                ),
            )
            if run.reason == "given":
                connection.execute("INSERT OR REPLACE INTO given VALUES (?)", (run.id,))
            self._tidy(connection, owner)

    def _keep_scores(self, owner: str, sequence: str, scores: Sequence[protocol.KeptScores]) -> None:
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT id FROM runs WHERE owner = ? AND sequence = ?", (owner, sequence)
            ).fetchall()
            for kept in scores:
                content = _packed(kept.model_dump_json())
                for (run_id,) in rows:
                    connection.execute(
                        "INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?)", (run_id, _key(kept), len(content), content)
                    )
            if rows:
                self._tidy(connection, owner)

    def _tidy(self, connection: sqlite3.Connection, owner: str) -> None:
        """Delete what is too old, then the oldest of what is too much."""
        if self._settings.days:
            oldest = time.time() - self._settings.days * 86_400
            connection.execute("DELETE FROM runs WHERE owner = ? AND NOT starred AND created < ?", (owner, oldest))
        if not self._settings.megabytes:
            return
        (total,) = connection.execute(
            "SELECT (SELECT coalesce(sum(size), 0) FROM runs) + (SELECT coalesce(sum(size), 0) FROM scores)"
        ).fetchone()
        excess = total - self._settings.megabytes * 1_000_000
        if excess <= 0:
            return
        rows = connection.execute(
            "SELECT id, size + (SELECT coalesce(sum(size), 0) FROM scores WHERE run = runs.id) FROM runs "
            "WHERE owner = ? AND NOT starred ORDER BY created",
            (owner,),
        ).fetchall()
        for run_id, size in rows[:-1]:  # never the one that was just made
            if excess <= 0:
                break
            connection.execute("DELETE FROM runs WHERE id = ?", (run_id,))
            excess -= size

    def _runs(self, owner: str, request: protocol.RunsRequest) -> protocol.RunsResponse:
        where, values = ["owner = ?"], [owner]
        for word in request.search.split():
            where.append(
                "(prompt || ' ' || answer || ' ' || title || ' ' || document || ' ' || model) LIKE ? ESCAPE '\\'"
            )
            values.append(f"%{_literally(word)}%")
        if request.document is not None:
            where.append("document = ?")
            values.append(request.document)
        if request.starred:
            where.append("starred")
        condition = " AND ".join(where)
        with self._transaction() as connection:
            (total,) = connection.execute(f"SELECT count(*) FROM runs WHERE {condition}", values).fetchone()  # noqa: S608 - no text of the user's is in it
            rows = connection.execute(
                f"SELECT {_INFO} FROM runs WHERE {condition} ORDER BY created DESC, id LIMIT ? OFFSET ?",  # noqa: S608 - as above
                (*values, request.limit, request.offset),
            ).fetchall()
            documents = connection.execute(
                "SELECT DISTINCT document FROM runs WHERE owner = ? AND document != '' ORDER BY document LIMIT 200",
                (owner,),
            ).fetchall()
        return protocol.RunsResponse(
            runs=[_info(row) for row in rows], total=total, documents=[document for (document,) in documents]
        )

    def _run(self, owner: str, run_id: str) -> protocol.RunRecord:
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT id, created, model, document, place, title, starred, prompt, answer, content FROM runs "
                "WHERE owner = ? AND id = ?",
                (owner, run_id),
            ).fetchone()
            if row is None:
                raise _unknown()
            scores = connection.execute("SELECT content FROM scores WHERE run = ? ORDER BY rowid", (run_id,)).fetchall()
        run_id, created, model, document, place, title, starred, prompt, answer, content = row
        return protocol.RunRecord.model_validate(
            {
                **json.loads(_unpacked(content)),
                "id": run_id,
                "created": created,
                "model": model,
                "origin": {"document": document, "place": json.loads(place)} if document else None,
                "title": title,
                "starred": bool(starred),
                "prompt": prompt,
                "answer": answer,
                "scores": [_SCORES.validate_json(_unpacked(kept)) for (kept,) in scores],
            }
        )

    def _change(self, owner: str, run_id: str, change: protocol.RunChange) -> protocol.RunInfo:
        with self._transaction() as connection:
            for column in ("title", "starred"):
                if (value := getattr(change, column)) is not None:
                    connection.execute(
                        f"UPDATE runs SET {column} = ? WHERE owner = ? AND id = ?",  # noqa: S608 - one of two columns
                        (value, owner, run_id),
                    )
            row = connection.execute(
                f"SELECT {_INFO} FROM runs WHERE owner = ? AND id = ?",  # noqa: S608 - a constant
                (owner, run_id),
            ).fetchone()
        if row is None:
            raise _unknown()
        return _info(row)

    def _delete(self, owner: str, run_id: str) -> protocol.RunsDeleted:
        with self._transaction() as connection:
            found = connection.execute("DELETE FROM runs WHERE owner = ? AND id = ?", (owner, run_id)).rowcount
        if not found:
            raise _unknown()
        return protocol.RunsDeleted(deleted=found)

    def _clear(self, owner: str) -> protocol.RunsDeleted:
        with self._transaction() as connection:
            found = connection.execute("DELETE FROM runs WHERE owner = ?", (owner,)).rowcount
        return protocol.RunsDeleted(deleted=found)


_CONTENT = {"sampling", "chat", "terms", "prompt_tokens", "answer_tokens", "reason", "seconds", "first_seconds"}
_INFO = (
    "id, created, model, document, place, title, starred, substr(prompt, 1, 300), substr(answer, 1, 300), "
    "(SELECT count(*) FROM scores WHERE run = runs.id), EXISTS (SELECT 1 FROM given WHERE run = runs.id)"
)


def _info(row: tuple[str, float, str, str, str, str, int, str, str, int, int]) -> protocol.RunInfo:
    run_id, created, model, document, place, title, starred, prompt, answer, scores, given = row
    return protocol.RunInfo(
        id=run_id,
        created=created,
        model=model,
        origin=protocol.RunOrigin(document=document, place=json.loads(place)) if document else None,
        title=title,
        starred=bool(starred),
        prompt=prompt,
        answer=answer,
        scores=scores,
        given=bool(given),
    )


def _unknown() -> Problem:
    return Problem(
        404, "unknown_run", "This run is no longer in the history.", "It was deleted, perhaps in another tab."
    )


def _key(kept: protocol.KeptScores) -> str:
    """Return what tells scores of a run apart: target, method, and what was taken away."""
    event = kept.event
    segments = event.segments if isinstance(event, protocol.SegmentScoresEvent) else []
    said: list[object] = [
        event.target.start,
        event.target.end,
        event.method,
        kept.mode,
        [(span.start, span.end) for span in segments],
    ]
    if event.instead is not None:
        said.append(event.instead)
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def sequence_of(model: str, ids: Sequence[int]) -> str:
    """Return what stands for a model and a sequence of ids."""
    return hashlib.sha256(model.encode() + b"\0" + array.array("q", ids).tobytes()).hexdigest()


def _literally(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _packed(text: str) -> bytes:
    return zlib.compress(text.encode(), 6)


def _unpacked(content: bytes) -> bytes:
    return zlib.decompress(content)
