"""The rows of one dataset, in a database on disk that only this process can use.

SQLite stores the database in an unnamed file in the folder for temporary files. So it takes no memory beyond a small cache, no
other process can open it, and nothing remains after the process ends in any way.
"""

from __future__ import annotations

import array
import contextlib
import json
import sqlite3
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import nlargest
from itertools import chain, compress, filterfalse
from typing import Literal

from lit_lab.problem import Problem
from lit_lab.protocol import DatasetFullRow, DatasetPage, DatasetRow, DatasetSearch, Turn

from . import searched_text
from .columns import text
from .row import INDICES, MAX_SOURCE_CHARS, TABLES, Row, stored_facts, stored_texts

_VIEWS = 12  # maximum number of cached lists
_SOURCES = 10_000  # maximum number of different sources to count

FULL = "dataset_full"
"""The problem's code if a dataset has reached its limit of disk space."""

Sort = Literal["order", "prompt", "source", "length"]


class Table:
    """The rows of a dataset. Any thread may call its methods. They raise `Problem` if the disk is full.

    Args:
        most: Bytes of disk space for the rows while they are read, and as many again for changes. Beyond that, methods
            raise `Problem` (`FULL`). 0: no limit.
    """

    def __init__(self, most: int = 0) -> None:
        self.most = most
        self._lock = threading.RLock()
        self._is_closing = False
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.executescript(TABLES + searched_text.TABLE)
        self._allow(most)
        self._rows = 0  # including deleted ones
        self._behind: dict[int, list[int]] = {}  # duplicates, by the row that they follow
        self._deleted: set[int] = set()
        self._views: OrderedDict[tuple[object, ...], Sequence[int]] = OrderedDict()
        self._sources: Counter[str] = Counter()
        self.revision = 0

    @property
    def size(self) -> int:
        """The number of rows."""
        return self._rows - len(self._deleted)

    def sources(self, most: int) -> list[tuple[str, int]]:
        """Return the most frequent sources and their numbers of rows; empty if no row has a source."""
        # Don't take the lock, because the caller must not wait for a search.
        counts = [(source, count) for source, count in list(self._sources.items()) if count > 0]
        found = nlargest(most, counts, key=lambda counted: counted[1])
        return found if any(source for source, _ in found) else []

    def stop(self) -> None:
        """Cancel any running search, and refuse further ones. Doesn't wait."""
        self._is_closing = True
        with contextlib.suppress(sqlite3.ProgrammingError):  # it is closed
            self._database.interrupt()

    def close(self) -> None:
        """Delete the database when no thread uses it any more, which is soon after `stop`."""
        self.stop()
        with self._lock:
            self._database.close()

    def append(self, rows: Sequence[Row]) -> int:
        """Add rows at the end. Return the id of the last one."""
        with self._changing(rows=rows) as database:
            first = self._rows + 1
            ids = range(first, first + len(rows))
            database.executemany(
                "INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (stored_facts(number, row) for number, row in zip(ids, rows, strict=True)),
            )
            database.executemany(
                "INSERT INTO texts VALUES (?, ?, ?, ?, ?, ?)",
                (stored_texts(number, row) for number, row in zip(ids, rows, strict=True)),
            )
            searched_text.add(database, ((number, row.texts()) for number, row in zip(ids, rows, strict=True)))
        self._rows += len(rows)
        for row in rows:
            self._count(row.source, 1)
        return self._rows

    def finish(self) -> None:
        """Create the indices for fast sorting. Call this when most rows are stored."""
        self._allow(2 * self.most)  # for the indices, which are smaller than the rows, and for changes
        for statement in INDICES:
            with self._lock, self._full_disk():  # one by one, so that other callers wait for one only
                self._database.execute(statement)

    def duplicate(self, row_id: int) -> int:
        """Add a copy of a row after the row. Return the copy's id. Raises `Problem` if there is no such row."""
        with self._lock:
            like = self._get(row_id)
            made = self.append([replace(like, line=0)])
            self._behind.setdefault(row_id, []).insert(0, made)
            return made

    def change(self, row_id: int, prompt: str | None, target: str | None, source: str | None) -> None:
        """Change a row. None leaves a value unchanged.

        Raises:
            Problem: There is no such row, or its prompt can't be changed as one text.
        """
        with self._lock:
            old = self._get(row_id)
            if prompt not in (None, old.prompt) and old.turns:
                raise composed("It is a conversation.")
            new = replace(
                old,
                prompt=old.prompt if prompt is None else prompt,
                target=old.target if target is None else target,
                source=old.source if source is None else source,
            )
            with self._changing() as database:
                database.execute("REPLACE INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", stored_facts(row_id, new))
                database.execute("REPLACE INTO texts VALUES (?, ?, ?, ?, ?, ?)", stored_texts(row_id, new))
                searched_text.remove(database, row_id)
                searched_text.add(database, [(row_id, new.texts())])
            self._count(old.source, -1)
            self._count(new.source, 1)

    def delete(self, row_id: int) -> None:
        """Delete a row. Raises `Problem` if there is no such row."""
        with self._lock:
            self._count(self._get(row_id).source, -1)
            self._deleted.add(row_id)
            self._changed()

    def restore(self, row_id: int) -> None:
        """Restore a deleted row to its place. Raises `Problem` if there is no such row."""
        with self._lock:
            if row_id not in self._deleted:
                raise _no_row(row_id)
            self._deleted.remove(row_id)
            self._count(self._get(row_id).source, 1)
            self._changed()

    def row(self, row_id: int) -> DatasetFullRow:
        """Return a row. Raises `Problem` if there is no such row."""
        with self._lock:
            row = self._get(row_id)
        return DatasetFullRow(
            id=row_id,
            line=row.line,
            prompt=row.prompt,
            turns=[Turn(role=role, text=row.prompt[start:end]) for role, start, end in row.turns],
            target=row.target,
            source=row.source,
            others={name: text(value) for name, value in row.others.items() if value not in (None, "")},
        )

    def page(self, request: DatasetSearch) -> DatasetPage:
        """Return a page of the matching rows."""
        with self._lock, self._full_disk():
            view = self._view(request)
            ids = list(view[request.offset : request.offset + request.limit])
            marks = ",".join("?" * len(ids))
            found = {
                number: DatasetRow(
                    id=number, line=line, prompt=start, length=length, source=source, has_target=bool(targets)
                )
                for number, line, length, targets, source, start in self._database.execute(
                    f"SELECT id, line, length, targets, source, start FROM facts JOIN texts USING (id) WHERE id IN ({marks})",  # noqa: S608 - question marks
                    ids,
                )
            }
            at = None
            if request.find is not None:
                with contextlib.suppress(ValueError):
                    at = view.index(request.find)
            return DatasetPage(rows=[found[number] for number in ids], total=len(view), at=at, revision=self.revision)

    def all(self) -> Iterator[tuple[int, Row]]:
        """Yield all rows with their ids, in the dataset's own order."""
        with self._lock:
            order = self._order()
        yield from self._each(order)

    def chosen(self, request: DatasetSearch) -> Iterator[Row]:
        """Yield all matching rows, in order."""
        with self._lock, self._full_disk():
            view = self._view(request)
        yield from (row for _, row in self._each(view))

    def _each(self, ids: Sequence[int]) -> Iterator[tuple[int, Row]]:
        for row_id in ids:
            with self._lock:
                if row_id in self._deleted:
                    continue  # another thread has deleted it
                row = self._get(row_id)
            yield row_id, row  # without the lock, since the caller may take long

    def lines(self) -> Sequence[int]:
        """Return the file's lines that contain rows, including deleted rows, in order."""
        with self._lock, self._full_disk():
            found = self._database.execute("SELECT line FROM facts WHERE line > 0 ORDER BY line")
            return array.array("q", chain.from_iterable(found))

    def renumber(self, lines: Mapping[int, int]) -> None:
        """Set each row's line in a new file, by id. Rows without an entry aren't in the file."""
        with self._changing(counts=False) as database:
            database.execute("UPDATE facts SET line = 0, origin = 0")
            database.executemany(
                "UPDATE facts SET line = ?, origin = ? WHERE id = ?",
                ((line, line, row_id) for row_id, line in lines.items()),
            )

    # --- Called with the lock held ---

    def _order(self) -> Sequence[int]:
        if not self._behind and not self._deleted:
            return range(1, self._rows + 1)
        moved = {number for group in self._behind.values() for number in group}
        order = array.array("I")

        def put(number: int) -> None:
            pending = [number]
            while pending:
                number = pending.pop()
                if number not in self._deleted:
                    order.append(number)
                pending += reversed(self._behind.get(number, []))

        for number in range(1, self._rows + 1):
            if number not in moved:
                put(number)
        return order

    def _view(self, request: DatasetSearch) -> Sequence[int]:
        """Return the matching rows, in order.

        The steps are cached separately: sorting or filtering a search's result only takes the time of that step.
        """
        words = tuple(sorted(set(request.search.casefold().split()), key=len, reverse=True))
        source, sort = request.source, request.sort

        def look_up() -> Sequence[int]:
            found = self._cached(("sorted", sort), lambda: self._sorted(sort))
            if source is not None:
                found = _chosen(found, self._cached(("source", source), lambda: self._of(source)))
            if words:
                found = _chosen(found, self._cached(("words", words), lambda: self._search(words)))
            return found[::-1] if request.descending else found

        return self._cached(("view", words, source, sort, request.descending), look_up)

    def _cached(self, key: tuple[object, ...], look_up: Callable[[], Sequence[int]]) -> Sequence[int]:
        """Return a cached result; compute it if there is none."""
        if key not in self._views:
            self._views[key] = look_up()
        self._views.move_to_end(key)
        while len(self._views) > _VIEWS:
            self._views.popitem(last=False)
        return self._views[key]

    def _sorted(self, sort: Sort) -> Sequence[int]:
        """Return all rows in sorted order. Equal rows stay in their original order."""
        if sort == "order":
            return self._order()
        by = {"prompt": "key", "source": "source_key", "length": "length"}[sort]
        found = self._database.execute(f"SELECT id FROM facts ORDER BY {by}, id")  # noqa: S608 - made of constants
        return array.array("I", filterfalse(self._deleted.__contains__, chain.from_iterable(found)))

    def _of(self, source: str) -> bytearray:
        """Mark the rows of a source: 1 for them, 0 for others."""
        marks = bytearray(self._rows + 1)
        for (number,) in self._database.execute("SELECT id FROM facts WHERE source = ?", (source,)):
            marks[number] = 1
        return marks

    def _search(self, words: Sequence[str]) -> bytearray:
        """Mark the rows that contain all words: 1 for them, 0 for others."""

        def check() -> None:
            if self._is_closing:
                raise _closed()

        return searched_text.search(self._database, words, self._rows, check)

    def _get(self, row_id: int) -> Row:
        with self._full_disk():
            found = self._database.execute(
                "SELECT line, prompt, target, source, others, origin, turns FROM facts JOIN texts USING (id) WHERE id = ?",
                (row_id,),
            ).fetchone()
        if found is None or row_id in self._deleted:
            raise _no_row(row_id)
        line, prompt, target, source, others, origin, turns = found
        return Row(line, prompt, target, source, json.loads(others), origin, json.loads(turns))

    def _count(self, source: str, step: int) -> None:
        if source in self._sources or (len(self._sources) < _SOURCES and len(source) <= MAX_SOURCE_CHARS):
            self._sources[source] += step

    def _changed(self) -> None:
        self.revision += 1
        self._views.clear()

    @contextlib.contextmanager
    def _changing(self, counts: bool = True, rows: Sequence[Row] = ()) -> Iterator[sqlite3.Connection]:
        with self._lock, self._full_disk(rows):
            self._database.execute("BEGIN")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
            if counts:
                self._changed()

    def _allow(self, most: int) -> None:
        if most:
            with self._lock:
                self._database.execute(f"PRAGMA max_page_count = {max(most // self._pragma('page_size'), 64)}")

    def _would_exceed(self, rows: Sequence[Row]) -> bool:
        """Return whether it is the limit of disk space, rather than a full disk, that rows exceed."""
        chars = sum(
            len(row.prompt)
            + len(row.target)
            + len(row.source)
            + sum(len(f"{k}{text(v)}") for k, v in row.others.items())
            for row in rows
        )
        # The database stores each row twice, once for searching, with up to four bytes per character.
        return self._pragma("page_count") * self._pragma("page_size") + 8 * chars > self.most // 2

    def _pragma(self, name: str) -> int:
        return int(self._database.execute(f"PRAGMA {name}").fetchone()[0])

    @contextlib.contextmanager
    def _full_disk(self, rows: Sequence[Row] = ()) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "interrupted" in str(error):
                raise _closed() from error
            if self.most and "full" in str(error) and self._would_exceed(rows):
                raise Problem(
                    507,
                    FULL,
                    "The dataset has reached its limit of disk space.",
                    "Save the rows read so far, or ask the administrator to raise c.LitLab.dataset_megabytes.",
                ) from error
            raise Problem(
                507,
                "disk_full",
                f"The folder for temporary files has no room for this dataset: {error}.",
                "Free some space there, or set SQLITE_TMPDIR to a folder with more space before Jupyter starts.",
            ) from error
        except sqlite3.ProgrammingError as error:
            raise _closed() from error


def _chosen(order: Sequence[int], marks: Sequence[int]) -> Sequence[int]:
    """Return the marked rows."""
    return array.array("I", compress(order, map(marks.__getitem__, order)))


def composed(why: str) -> Problem:
    """Return the problem of a row whose prompt can't be changed as one text."""
    return Problem(
        409, "composed_row", f"The row's prompt can't be changed here. {why}", "Add the changed text as a new row."
    )


def _closed() -> Problem:
    return Problem(404, "unknown_dataset", "The dataset was closed.", "Open it again.")


def _no_row(row_id: int) -> Problem:
    return Problem(
        404, "unknown_row", f"There is no row {row_id} in this dataset.", "It may have been deleted. Search again."
    )
