"""Copies the rows of an open dataset, so that a batch doesn't change with the file or with what is edited in the browser."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from lit_lab.batches.rows import Prompts
from lit_lab.datasets import json_rows, template
from lit_lab.datasets.columns import Fields, value_at
from lit_lab.datasets.open_dataset import OpenDataset
from lit_lab.datasets.readers import Record
from lit_lab.datasets.row import Row
from lit_lab.datasets.saving import names_of
from lit_lab.problem import Problem
from lit_lab.protocol import BatchRowsChosen, DatasetSearch
from lit_lab.shared_files import open_regular

from .folders import MAX_ROWS, BatchFolder

MAX_ROWS_BYTES = 2 * 2**30

_ENTRY = struct.Struct("<qq")  # a row's line in the user's file, and where its line begins in the copy


@dataclass(frozen=True)
class Copied:
    """What was copied.

    Attributes:
        total: How many rows there are.
        digest: The SHA-256 of the file.
        prompt: The column of prompts.
        target: The column of targets.
        template: The template by which the dataset makes its prompts, if each row has one of its columns; else empty.
    """

    total: int
    digest: str
    prompt: str
    target: str
    template: str


def copy(dataset: OpenDataset, chosen: BatchRowsChosen, folder: BatchFolder, is_over: Callable[[], bool]) -> Copied:
    """Write rows of a dataset, as they are in the browser now, to a batch's folder.

    Args:
        dataset: The dataset.
        chosen: Which of its rows.
        folder: The batch's folder.
        is_over: Whether to give up.

    Raises:
        Problem: There are no rows, or too many.
        OSError: They can't be written.
    """
    state = dataset.state()
    names = names_of(state.chosen, state.columns, renames=False)
    source = state.chosen.template or ""
    columns = template.names(source)
    has_columns = bool(columns)
    digest = hashlib.sha256()
    total = at = 0
    search = DatasetSearch(search=chosen.search, source=chosen.source)
    with _new(folder.rows) as rows, _new(folder.lines) as index:
        for row in dataset.table.chosen(search):
            if chosen.first is not None and total >= chosen.first:
                break
            if is_over():
                raise Problem(503, "server_ended", "The server was shut down.", "Try again.")
            fields = _fields(row, names)
            if has_columns:
                has_columns = any(value_at(fields, column) not in (None, "") for column in columns)
            line = (json.dumps(fields, ensure_ascii=False, default=str) + "\n").encode("utf-8", "backslashreplace")
            if total >= MAX_ROWS or at + len(line) > MAX_ROWS_BYTES:
                limit = f"{MAX_ROWS:,} rows" if total >= MAX_ROWS else f"{MAX_ROWS_BYTES / 1e9:.0f} GB"
                raise Problem(
                    422,
                    "too_many_rows",
                    f"A batch has at most {limit}.",
                    "Choose the first rows only, or search for some.",
                )
            rows.write(line)
            index.write(_ENTRY.pack(row.line, at))
            digest.update(line)
            total, at = total + 1, at + len(line)
        for stream in (rows, index):
            stream.flush()
            os.fsync(stream.fileno())
    if not total:
        raise Problem(422, "no_rows", "There are no such rows.", "Choose others, or clear the search.")
    return Copied(total, digest.hexdigest(), names["prompt"], names["target"], source if has_columns else "")


def _fields(row: Row, names: dict[str, str]) -> Fields:
    prompt: object = row.prompt
    if row.turns:
        # A form that every column of conversations may have, whatever it was in the file.
        prompt = [{"role": _role(role), "content": row.prompt[start:end]} for role, start, end in row.turns]
    fields: Fields = {names["prompt"]: prompt, names["target"]: row.target}
    if row.source:
        fields[names["source"]] = row.source
    return {**row.others, **fields}


def _role(role: str) -> str:
    return "assistant" if role == "model" else role


def _new(path: os.PathLike[str]) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


class CopiedRows:
    """Single rows of a copy.

    Args:
        folder: The batch's folder.
        prompts: Makes prompts of rows.
    """

    def __init__(self, folder: BatchFolder, prompts: Prompts) -> None:
        self._folder = folder
        self.prompts = prompts

    def lines(self, numbers: list[int]) -> Iterator[tuple[int, int]]:
        """Yield rows' lines in the user's file, and where they begin in the copy. Raises `OSError` and `ValueError`."""
        with open_regular(self._folder.lines, may_be_link=False) as index:
            for number in numbers:
                index.seek(number * _ENTRY.size)
                content = index.read(_ENTRY.size)
                if len(content) < _ENTRY.size:
                    raise ValueError("its rows are incomplete")
                line, at = _ENTRY.unpack(content)
                yield line, at

    def records(self, numbers: list[int]) -> Iterator[Record]:
        """Yield rows as their file's reader does. Raises `OSError` and `ValueError`."""
        with open_regular(self._folder.rows, may_be_link=False) as rows:
            for number, (_, at) in zip(numbers, self.lines(numbers), strict=True):
                rows.seek(max(0, at))
                line = rows.readline(MAX_ROWS_BYTES).decode("utf-8", "replace")
                fields = json_rows.parse(line)
                yield Record(number + 1, {}, fields) if isinstance(fields, str) else Record(number + 1, fields)
