"""Copies the rows of an open dataset, so that a batch doesn't change with the file or with what is edited in the browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from lit_lab.batch_store.copied_rows import Copied, RowsWriter
from lit_lab.batch_store.folders import BatchFolder
from lit_lab.datasets import template
from lit_lab.datasets.columns import Fields, value_at
from lit_lab.datasets.open_dataset import OpenDataset
from lit_lab.datasets.row import Row
from lit_lab.datasets.saving import names_of
from lit_lab.problem import Problem
from lit_lab.protocol import BatchRowsChosen, DatasetSearch


class Sink(Protocol):
    """Takes rows."""

    def add(self, line: int, fields: Fields) -> None:
        """Take a row: its line in the user's file, and the values of its columns. Raises `Problem` and `OSError`."""


@dataclass(frozen=True)
class Used:
    """Which columns a dataset uses.

    Attributes:
        prompt: The column of prompts.
        target: The column of targets.
        template: The template by which the dataset makes its prompts, if each row has one of its columns; else empty.
    """

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
    with RowsWriter(folder) as writer:
        used = send(dataset, chosen, writer, is_over)
        return Copied(*writer.finish(), **vars(used))


def send(dataset: OpenDataset, chosen: BatchRowsChosen, sink: Sink, is_over: Callable[[], bool]) -> Used:
    """Pass rows of a dataset on, as they are in the browser now, and return which columns it uses. Raises as `copy`."""
    state = dataset.state()
    names = names_of(state.chosen, state.columns, renames=False)
    source = state.chosen.template or ""
    columns = template.names(source)
    has_columns = bool(columns)
    search = DatasetSearch(search=chosen.search, source=chosen.source)
    for number, row in enumerate(dataset.table.chosen(search)):
        if chosen.first is not None and number >= chosen.first:
            break
        if is_over():
            raise Problem(503, "server_ended", "The server was shut down.", "Try again.")
        fields = _fields(row, names)
        if has_columns:
            has_columns = any(value_at(fields, column) not in (None, "") for column in columns)
        sink.add(row.line, fields)
    return Used(names["prompt"], names["target"], source if has_columns else "")


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
