"""One open dataset: read in a thread of its own, looked at meanwhile, changed and saved."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from lit_lab import protocol
from lit_lab.problem import Problem
from lit_lab.protocol import MAX_TEXT, BadRow, DatasetColumns, DatasetState, ErrorBody, SourceCount

from .columns import guess, text
from .readers import NOT_TEXT, Reader, Record, Split
from .table import Row, Table
from .text_file import is_text

_SAMPLE = 100  # rows that columns are guessed from
_BATCH = 500  # rows that are written at once
_BATCH_CHARS = 1_000_000
_BAD_ROWS = 200  # that are kept to be shown
_SOURCES = 200  # that are offered
_COLUMNS = 500  # that are told
_NONE = DatasetColumns(prompt=None, target=None, source=None)

log = logging.getLogger(__name__)


class OpenDataset:
    """A dataset that is open.

    Args:
        owner: Whose it is.
        name: What it is called.
        path: Of its file in Jupyter's file browser; empty: it has none there.
        columns: Those to use; None: they are guessed.
        limit: Most bytes to read; 0: no limit.
    """

    def __init__(self, owner: str, name: str, path: str, columns: DatasetColumns | None, limit: int = 0) -> None:
        self.id = secrets.token_hex(16)
        self.owner = owner
        self.name = name
        self.path = path
        self.used = time.monotonic()
        self.edited = False
        self.table = Table()
        self.stop = threading.Event()
        self.size = 0
        self._limit = limit
        self._chosen = columns
        self._columns: Sequence[str] = ()
        self._done = 0
        self._bad = 0
        self._bad_rows: list[BadRow] = []
        self._remark = ""
        self._encoding = ""
        self._split: Split | None = None
        self._problem: Problem | None = None
        self._is_reading = True

    @property
    def is_reading(self) -> bool:
        """Whether more rows are to come."""
        return self._is_reading

    def state(self) -> DatasetState:
        """Return what there is to know of it."""
        problem = self._problem
        return DatasetState(
            id=self.id,
            name=self.name,
            path=self.path,
            state="reading" if self._is_reading else "failed" if problem else "ready",
            error=ErrorBody(**problem.body()) if problem else None,
            rows=self.table.size,
            bad=self._bad,
            bad_rows=list(self._bad_rows),
            done=self._done,
            size=self.size,
            remark=self._remark,
            encoding=self._encoding,
            columns=list(self._columns[:_COLUMNS]),
            chosen=self._chosen or _NONE,
            split=self._split,
            sources=[SourceCount(source=source, rows=rows) for source, rows in self.table.sources(_SOURCES)],
            edited=self.edited,
            revision=self.table.revision,
        )

    def fail(self, problem: Problem) -> None:
        """Say why no more rows will come."""
        self._problem = problem
        self._is_reading = False

    # --- Reading, in a thread ---

    def read_file(self, path: Path, split: Split) -> None:
        """Read a file to its end, its limit, or until it is closed. Never raises."""
        try:
            self.size = path.stat().st_size
            reader = Reader(path, split)
            try:
                self._encoding = reader.encoding
                self._split = split if reader.is_plain else None
                self._read(reader)
                if not self.stop.is_set():
                    self.table.finish()
            finally:
                reader.close()
        except Problem as problem:
            self._stopped(problem)
        except OSError as error:
            self._stopped(
                Problem(
                    422,
                    "unreadable_file",
                    f"{path.name} can't be read: {error.strerror or str(error).rstrip('.')}.",
                    "Look at the file.",
                )
            )
        except Exception as error:  # a file that is broken in a way that its library has no word for
            log.exception("LIT Lab: a dataset could not be read")
            self._stopped(Problem(422, "bad_dataset", f"{path.name} can't be read: {error}", "Look at the file."))
        finally:
            self._is_reading = False

    def read_rows(self, columns: Sequence[str], rows: Iterable[Sequence[str]], first: int, total: int) -> None:
        """Add rows that came from elsewhere; `first` is the number of the first of them. Raises `Problem`."""
        records = [
            Record(number, dict(zip(columns, row, strict=True))) for number, row in enumerate(rows, start=first + 1)
        ]
        self._columns = columns
        self._choose(records)
        self._take(records)
        self._done, self.size = first + len(records), total

    def finish(self) -> None:
        """Say that all rows are there."""
        self._is_reading = False

    def _read(self, reader: Reader) -> None:
        records = iter(reader)
        sample = list(islice(records, _SAMPLE))
        self._columns = reader.columns
        self._choose(sample)
        for batch in _batches(chain(sample, records)):
            if self.stop.is_set():
                return
            self._take(batch)
            self._done = reader.position
            if 0 < self._limit < self._done < self.size:
                self._remark = (
                    f"Only the first {self._limit / 1e6:,.0f} MB were read (c.LitLab.dataset_megabytes); the file has "
                    f"{self.size / 1e6:,.0f} MB."
                )
                return
            # A breath for whoever else is served by this process.
            self.stop.wait(0.001)
        self._done = self.size

    def _choose(self, sample: Sequence[Record]) -> None:
        """Settle which columns are used."""
        if self._chosen is None and any(record.fields for record in sample):
            self._chosen = guess(self._columns, [record.fields for record in sample if record.fields])

    def _take(self, records: Sequence[Record]) -> None:
        rows = []
        for record in records:
            row = self._row(record)
            if isinstance(row, Row):
                rows.append(row)
            else:
                self._bad += 1
                if len(self._bad_rows) < _BAD_ROWS:
                    self._bad_rows.append(BadRow(line=record.line, reason=row))
        if rows:
            self.table.append(rows)

    def _row(self, record: Record) -> Row | str:
        """Return a record's row, or what is wrong with it."""
        if record.reason:
            return record.reason
        chosen = self._chosen or _NONE
        used = {column for column in (chosen.prompt, chosen.target, chosen.source) if column is not None}
        prompt = record.fields.get(chosen.prompt) if chosen.prompt is not None else None
        if isinstance(prompt, (list, dict)):
            return f"Its {chosen.prompt} isn't a text."
        row = Row(
            record.line,
            text(prompt),
            text(record.fields.get(chosen.target)) if chosen.target is not None else "",
            text(record.fields.get(chosen.source)) if chosen.source is not None else "",
            {name: value for name, value in record.fields.items() if name not in used and value not in (None, "")},
        )
        if not row.prompt.strip():
            return f"It has no {chosen.prompt or 'prompt'}."
        others = "".join(f"{name}{text(value)}" for name, value in row.others.items())
        if len(row.prompt) + len(row.target) + len(row.source) + len(others) > MAX_TEXT:
            return f"It is longer than {MAX_TEXT:,} characters."
        return row if is_text(row.prompt + row.target + row.source + others) else NOT_TEXT

    def _stopped(self, problem: Problem) -> None:
        if not self.stop.is_set():
            self._problem = problem

    # --- Changes ---

    def edit(self, asked: protocol.DatasetEditing) -> int:
        """Change it; returns the row that was added or changed. Raises `Problem`."""
        if self._is_reading:
            raise Problem(
                409, "still_reading", "The dataset is still being read.", "Change it when all of its rows are there."
            )
        edit = asked.edit
        if isinstance(edit, protocol.AddRow):
            row = self.table.append([Row(0, edit.prompt, edit.target, edit.source)])
        elif isinstance(edit, protocol.DuplicateRow):
            row = self.table.duplicate(edit.row)
        elif isinstance(edit, protocol.ChangeRow):
            self.table.change(edit.row, edit.prompt, edit.target, edit.source)
            row = edit.row
        elif edit.kind == "delete":
            self.table.delete(edit.row)
            row = edit.row
        else:
            self.table.restore(edit.row)
            row = edit.row
        self.edited = True
        return row

    def saved(self, path: str, revision: int) -> None:
        """Say that what it was at that revision is in a file now."""
        self.path = path
        self.name = path.rsplit("/", 1)[-1]
        self.edited = self.table.revision != revision


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Yield records some at a time: not too many, and not too much text. Those before a failure come before that."""
    batch, size = list[Record](), 0
    failure: Problem | None = None
    try:
        for record in records:
            batch.append(record)
            size += sum(len(value) for value in record.fields.values() if isinstance(value, str))
            if len(batch) >= _BATCH or size >= _BATCH_CHARS:
                yield batch
                batch, size = [], 0
    except Problem as problem:
        failure = problem
    if batch:
        yield batch
    if failure is not None:
        raise failure
