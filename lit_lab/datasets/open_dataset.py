"""One open dataset. A thread reads it, while users can already view it."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lit_lab import discreet, protocol
from lit_lab.problem import Problem
from lit_lab.protocol import BadRow, DatasetColumns, DatasetState, ErrorBody, SourceCount

from .batches import batches
from .columns import about_no_prompts, any_known, guess, inner, shorten
from .composing import Composer
from .configured import suffix_of
from .contents import Origin
from .readers import Reader, Record, Split
from .row import Row
from .saving import COMPOSED, Form, Written, from_table, into_lines, names_of
from .table import FULL, Table, composed

_DISK = 4  # bytes of the temporary file per byte that is read; most texts take three
_MIN_DISK_BYTES = 64_000_000  # minimum size limit of the temporary file: the longest row and a batch fit
_SAMPLE = 100  # rows for guessing columns
_BAD_ROWS = 200  # maximum in a state
_SOURCES = 200  # maximum in a state
_COLUMNS = 500  # maximum in a state
_COLUMN_CHARS = 10_000  # maximum of a listed name, as in the protocol
_COLUMNS_CHARS = 100_000  # maximum of all listed names together
_SHOWN = 80  # maximum characters of a name in a reason
_NONE = DatasetColumns(prompt=None, target=None, source=None, template=None)

log = logging.getLogger(__name__)


class OpenDataset:
    """An open dataset.

    Args:
        owner: The user who opened it.
        name: The dataset's name.
        path: The file's path in Jupyter's file browser; empty if it has none there.
        columns: The columns to use; None to guess them.
        limit: Maximum number of bytes to read; 0 for no limit.
        header: Whether the first line of a table contains the columns' names; None to guess.
        encoding: A text file's encoding, by its Python name; None to guess it.
    """

    def __init__(
        self,
        owner: str,
        name: str,
        path: str,
        columns: DatasetColumns | None,
        limit: int = 0,
        *,
        header: bool | None = None,
        encoding: str | None = None,
    ) -> None:
        self.id = secrets.token_hex(16)
        self.owner = owner
        self.name = name
        self.path = path
        self.used = time.monotonic()
        self.edited = False
        self.table = Table(max(_DISK * limit, _MIN_DISK_BYTES) if limit else 0)
        self.origin: Origin | None = None
        """The dataset's file, in the state in which it was last read or saved; None if it has none."""
        self.stop = threading.Event()
        self.size = 0
        self._limit = limit
        self._chosen = columns
        self._composer = Composer(_NONE, ())
        self._header = header
        self._given_encoding = encoding
        self._has_lines = True  # each row is a line of its file
        self._has_turns = False
        self._is_chosen = False
        self._about = ""  # a remark about the columns
        self._inner: list[str] = []
        self._columns: Sequence[str] = ()
        self._done = 0
        self._bad = 0
        self._bad_rows: list[BadRow] = []
        self._remark = ""
        self._is_cut = False
        self._listed: tuple[int, list[str]] = (0, [])
        self._encoding = ""
        self._split: Split | None = None
        self._problem: Problem | None = None
        self._is_reading = True

    @property
    def is_json(self) -> bool:
        """Whether the file is in JSON Lines format."""
        if self.origin is None or not self._has_lines:
            return False
        return suffix_of(str(self.origin.path or self.origin.local or "")) in (".jsonl", ".ndjson")

    @property
    def is_reading(self) -> bool:
        """Whether more rows will be read."""
        return self._is_reading

    def state(self) -> DatasetState:
        """Return the dataset's state."""
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
            columns=self._listed_columns(),
            chosen=self._chosen or _NONE,
            split=self._split,
            header=self._header,
            sources=[SourceCount(source=source, rows=rows) for source, rows in self.table.sources(_SOURCES)],
            edited=self.edited,
            revision=self.table.revision,
        )

    def fail(self, problem: Problem) -> None:
        """Report why no more rows can be read."""
        self._problem = problem
        self._is_reading = False

    # --- Reading, in a thread ---

    def read_file(self, path: Path, split: Split) -> None:
        """Read a file to its end, to the limit, or until the dataset is closed. Never raises."""
        try:
            self.size = path.stat().st_size
            reader = Reader(path, split, self.stop, self._header, self._given_encoding)
            try:
                self._has_lines = not reader.is_document
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
                    "Check the file, or save it again.",
                )
            )
        except Exception as error:  # a file that is damaged in a way that its library doesn't foresee
            log.error("LIT Lab: can't read a dataset\n%s", discreet.trace(error))
            self._stopped(
                Problem(422, "bad_dataset", f"{path.name} can't be read: {error}", "Check the file, or save it again.")
            )
        finally:
            self._is_reading = False

    def read_rows(self, columns: Sequence[str], rows: Iterable[Sequence[str]], first: int, total: int) -> None:
        """Add rows of another source than a file; `first` is the number of the first row. Raises `Problem`."""
        records = [
            Record(number, dict(zip(columns, row, strict=True))) for number, row in enumerate(rows, start=first + 1)
        ]
        self._columns = columns
        self._choose(records)
        self._take(records)
        self._done, self.size = first + len(records), total

    def finish(self) -> None:
        """Report that all rows have been read."""
        self._is_reading = False

    def _read(self, reader: Reader) -> None:
        for batch in batches(reader, _SAMPLE):
            if self.stop.is_set():
                return
            self._columns = reader.columns
            self._header = reader.has_header
            self._choose(batch)
            try:
                self._take(batch)
            except Problem as full:
                if full.code != FULL:
                    raise
                self._is_cut = True
                self._remark = (
                    f"Only the first rows were read: they take {self.table.most / 1e6:,.0f} MB of disk space, the "
                    "limit (set by c.LitLab.dataset_megabytes)."
                )
                return
            self._done = reader.position
            self._remark = " ".join(filter(None, (reader.remark, self._about_names(reader), self._about)))
            is_more = not reader.is_at_end if reader.is_packed else self._done < self.size
            if 0 < self._limit < reader.unpacked and is_more:
                self._is_cut = True
                whole = "unpacked, the file has more" if reader.is_packed else f"the file has {self.size / 1e6:,.0f} MB"
                self._remark = (
                    f"Only the first {self._limit / 1e6:,.0f} MB were read (c.LitLab.dataset_megabytes); {whole}."
                )
                return
            # Give this process's other threads time to run.
            self.stop.wait(0.001)
        if not self.stop.is_set():
            self._done = self.size

    def _about_names(self, reader: Reader) -> str:
        """Add a remark if the first line may be a row."""
        if reader.has_header is None or any_known(reader.columns):
            return ""
        if not reader.has_header:
            return "" if reader.columns == ["prompt"] else "The columns have no names: the first line is read as a row."
        return f"The first line, “{shorten(', '.join(reader.columns[:20]), _SHOWN)}”, is read as the columns' names."

    def _choose(self, sample: Sequence[Record]) -> None:
        """Choose the columns to use, once there are rows. Raises `Problem` if a template names no column."""
        rows = [record.fields for record in sample if record.fields]
        if not rows or self._is_chosen:
            return
        self._is_chosen = True
        self._inner = [name for name in inner(rows) if name not in self._columns]
        columns = [column for column in self._columns if len(column) <= _COLUMN_CHARS]
        if self._chosen is None:
            self._chosen = guess(columns, rows)
            self._about = about_no_prompts(self._chosen, columns, rows)
        self._composer = Composer(self._chosen, {*columns, *self._inner})

    def _take(self, records: Sequence[Record]) -> None:
        rows = []
        for record in records:
            row = self._composer.row(record)
            if isinstance(row, Row):
                self._has_turns = self._has_turns or bool(row.turns)
                rows.append(row)
            else:
                self._bad += 1
                if len(self._bad_rows) < _BAD_ROWS:
                    self._bad_rows.append(BadRow(line=record.line, reason=row))
        if rows:
            self.table.append(rows)

    def _listed_columns(self) -> list[str]:
        """Return the first columns, as many as fit into a state."""
        columns = [*self._columns[: _COLUMNS + 1], *self._inner]
        if self._listed[0] != len(columns) and self._listed[0] <= _COLUMNS:
            listed, chars = list[str](), 0
            for name in columns[:_COLUMNS]:
                chars += len(name)
                if len(name) <= _COLUMN_CHARS and chars <= _COLUMNS_CHARS:
                    listed.append(name)
            self._listed = (len(columns), listed)
        return self._listed[1]

    def _stopped(self, problem: Problem) -> None:
        if not self.stop.is_set():
            self._problem = problem

    # --- Changes ---

    def edit(self, request: protocol.DatasetEditing) -> int:
        """Apply a change, and return the row that was added or changed.

        Raises:
            Problem: The change isn't possible.
        """
        if self._is_reading:
            raise Problem(
                409,
                "still_reading",
                "The dataset is still being read.",
                "Change it when all of its rows have been read.",
            )
        edit = request.edit
        if isinstance(edit, protocol.AddRow):
            row = self.table.append([Row(0, edit.prompt, edit.target, edit.source)])
        elif isinstance(edit, protocol.DuplicateRow):
            row = self.table.duplicate(edit.row)
        elif isinstance(edit, protocol.ChangeRow):
            if self._composer.is_fixed:
                raise composed("It comes from several columns, or from a part of one.")
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

    def write(self, data: bytes | None, keeps: bool) -> Written:
        """Return the dataset as the content of a file.

        Args:
            data: The content of the file that it was read from, if that is unchanged and in JSON Lines format; else None.
            keeps: Whether the result replaces this file, so that its unusable lines stay.
        """
        chosen = self._chosen or _NONE
        if data is not None:
            names = names_of(chosen, self._columns, renames=False)
            form = Form(names, self._reread, self._is_composed, self._given_encoding)
            try:
                return into_lines(data, self.table.lines(), self.table.all(), form, keeps)
            except Problem as problem:
                if keeps or problem.code not in ("file_changed", COMPOSED):
                    raise
        names = names_of(chosen, self._columns, renames=self._is_composed or not self.is_json)
        return from_table(self.table.all(), names, as_messages=self._has_turns)

    @property
    def _is_composed(self) -> bool:
        """Whether prompts aren't simply the texts of a column."""
        return self._has_turns or self._composer.is_fixed

    def _reread(self, fields: dict[str, object]) -> Row | None:
        row = self._composer.row(Record(1, fields))
        return row if isinstance(row, Row) else None

    def saved(self, origin: Origin, revision: int, written: Written, keeps: bool) -> None:
        """Record that a revision was saved to a file. From now on, the state describes this file.

        Args:
            origin: The file.
            revision: The saved revision.
            written: The file's content.
            keeps: Whether the file still has the unusable lines.
        """
        self.table.renumber(written.lines)
        if keeps:
            self._bad_rows = [
                BadRow(line=written.moved.get(bad.line, bad.line), reason=bad.reason) for bad in self._bad_rows
            ]
        else:
            self._remark = self._left_behind()
            self._bad, self._bad_rows, self._split = 0, [], None
            self._has_lines = True
            if written.names:
                self._rename(written.names)
        self._encoding = written.encoding
        self.origin, self.path = origin, origin.path
        self.name = origin.path.rsplit("/", 1)[-1]
        self.edited = self.table.revision != revision

    def _left_behind(self) -> str:
        """Describe content of the original file that isn't in the saved file."""
        notes = []
        if self._bad:
            rows = (
                f"{self._bad:,} rows of {self.name} that can't be used were"
                if self._bad > 1
                else f"1 row of {self.name} that can't be used was"
            )
            notes.append(f"{rows} not written.")
        if self._is_cut:
            notes.append(f"The part of {self.name} after the rows that were read was not written.")
        if self._problem is not None:
            notes.append(f"{self.name} couldn't be read to its end, so its rest was not written.")
        self._is_cut, self._problem = False, None  # the new file is complete
        return " ".join(notes)

    def _rename(self, names: Mapping[str, str]) -> None:
        """Use the names that the columns have in the saved file."""
        old = self._chosen or _NONE
        renamed = {getattr(old, role): name for role, name in names.items() if getattr(old, role) is not None}
        taken = set(names.values())
        self._columns = [
            renamed.get(column) or (f"{column} (other)" if column in taken else column) for column in self._columns
        ]
        self._listed = (0, [])
        used = {role: name for role, name in names.items() if role == "prompt" or getattr(old, role) is not None}
        self._chosen = DatasetColumns(
            prompt=used["prompt"], target=used.get("target"), source=used.get("source"), template=None
        )
        if used["prompt"] not in self._columns:
            self._columns = [used["prompt"], *self._columns]
        self._inner, self._header = [], None
        self._composer = Composer(self._chosen, self._columns)
