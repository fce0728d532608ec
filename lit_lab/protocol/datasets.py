"""Datasets: lists, rows, searches, changes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from lit_lab.protocol.base import ErrorBody, Message, Name, Text

MAX_ROWS_ASKED = 200


class DatasetInfo(Message):
    """A dataset that can be opened by its name."""

    name: Name
    kind: Literal["samples", "file", "class"] = Field(
        description="`samples`: LIT's sample prompts; `file`: named in the configuration; `class`: a LIT dataset."
    )
    needs_service: bool = Field(description="Whether opening it needs the model service, which then starts.")


class DatasetsResponse(Message):
    """All datasets that have a name, LIT's sample prompts first."""

    datasets: list[DatasetInfo]


Column = Annotated[str, StringConstraints(max_length=10_000)]
Path = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
"""A file's path, as Jupyter's file browser has it."""


class DatasetColumns(Message):
    """Which columns are meant; None: there is none for it."""

    prompt: Column | None
    target: Column | None
    source: Column | None


class DatasetOpening(Message):
    """Open a dataset by its name, or a file from Jupyter's file browser by its path."""

    name: Name | None = None
    path: Path | None = None
    columns: DatasetColumns | None = Field(default=None, description="None: they are guessed from their names.")
    split: Literal["lines", "paragraphs", "whole"] = Field(
        default="lines", description="What one prompt is in a plain text file; paragraphs are apart by blank lines."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> DatasetOpening:
        if (self.name is None) == (self.path is None):
            raise ValueError("either `name` or `path` must be given")
        return self


class BadRow(Message):
    """A row that can't be used."""

    line: int = Field(description="Where it begins in the file, from 1; the row's number where there are no lines.")
    reason: str


class SourceCount(Message):
    """How many rows have a source."""

    source: str
    rows: int


class DatasetState(Message):
    """An open dataset. While `reading`, the rows read so far can be looked at."""

    id: str
    name: str = Field(description="Its name, or its file's.")
    path: str = Field(description="Of its file in Jupyter's file browser; empty: it has none there.")
    state: Literal["reading", "ready", "failed"]
    error: ErrorBody | None = Field(default=None, description="Why it failed; what was read until then stays.")
    rows: int
    bad: int = Field(description="Number of rows that can't be used.")
    bad_rows: list[BadRow] = Field(description="The first of them, 200 at most.")
    done: int = Field(description="Bytes read so far, or rows where the size in bytes isn't known.")
    size: int = Field(description="As `done`, of all; 0 when unknown.")
    remark: str = Field(default="", description="What to know of it, such as that it was cut, in words for the user.")
    encoding: str = Field(default="", description="Of a text file.")
    columns: list[str]
    chosen: DatasetColumns = Field(description="Which of them are used.")
    split: Literal["lines", "paragraphs", "whole"] | None = Field(description="None: not a plain text file.")
    sources: list[SourceCount] = Field(description="The most frequent ones, 200 at most.")
    edited: bool = Field(description="Whether there are changes that aren't saved.")
    revision: int = Field(description="Another one after each change.")


class DatasetSearch(Message):
    """Look rows up."""

    search: Annotated[str, StringConstraints(max_length=1000)] = Field(
        default="", description="Words that a row must all hold, in whichever of its columns and whatever their case."
    )
    source: Annotated[str, StringConstraints(max_length=10_000)] | None = Field(
        default=None, description="Only rows of this source."
    )
    sort: Literal["order", "prompt", "source", "length"] = Field(
        default="order", description="`order`: the dataset's own."
    )
    descending: bool = False
    offset: int = Field(default=0, ge=0, le=100_000_000)
    limit: int = Field(default=100, ge=1, le=MAX_ROWS_ASKED)
    find: int | None = Field(default=None, ge=1, le=2**53, description="A row whose place is asked for, too.")


class DatasetRow(Message):
    """A row, as a list shows it."""

    id: int = Field(description="Stays the same while the dataset is open.")
    line: int = Field(description="Where it begins in the file; 0: it was added since.")
    prompt: str = Field(description="Its beginning.")
    length: int = Field(description="Of the whole prompt, in characters.")
    source: str
    has_target: bool


class DatasetPage(Message):
    """Some of the rows that were looked up, in order."""

    rows: list[DatasetRow]
    total: int = Field(description="How many there are, listed or not.")
    at: int | None = Field(default=None, description="The place of the row to find, from 0; None: it isn't among them.")
    revision: int = Field(description="The dataset's, when this was looked up.")


class DatasetFullRow(Message):
    """A row with all that it has."""

    id: int
    line: int
    prompt: str
    target: str
    source: str
    others: dict[str, str] = Field(description="The values of the other columns.")


class AddRow(Message):
    """Add a row at the end."""

    kind: Literal["add"]
    prompt: Text
    target: Text = ""
    source: Annotated[str, StringConstraints(max_length=10_000)] = ""


class DuplicateRow(Message):
    """Add a row that is like another, behind that."""

    kind: Literal["duplicate"]
    row: int = Field(ge=1, le=2**53)


class ChangeRow(Message):
    """Change a row; what is None stays."""

    kind: Literal["change"]
    row: int = Field(ge=1, le=2**53)
    prompt: Text | None = None
    target: Text | None = None
    source: Annotated[str, StringConstraints(max_length=10_000)] | None = None


class DeleteRow(Message):
    """Delete a row; `restore` brings it back."""

    kind: Literal["delete", "restore"]
    row: int = Field(ge=1, le=2**53)


class DatasetEditing(Message):
    """Change a dataset. Its file stays as it is until the dataset is saved."""

    edit: AddRow | DuplicateRow | ChangeRow | DeleteRow = Field(discriminator="kind")


class DatasetEdited(Message):
    """What a change made."""

    row: int = Field(description="The row that was added or changed.")
    dataset: DatasetState


class DatasetSaving(Message):
    """Save a dataset as JSON Lines.

    Saved to its own file, lines that were not changed or can't be used stay as they are; in another file there are rows alone.
    """

    path: Path = Field(description="Of the file; ends with `.jsonl`.")
    overwrite: bool = Field(default=False, description="Whether a file that is there may be replaced.")
    discard: bool = Field(
        default=False,
        description="Whether the dataset's own file may be replaced though something else has changed it since it was "
        "read: what was changed there is lost, and so are the lines that can't be used.",
    )


class DatasetClosed(Message):
    """A dataset was closed, and its unsaved changes are gone."""

    id: str


class ServiceDataset(Message):
    """Rows of a LIT dataset, as the model service tells them."""

    columns: list[str]
    rows: list[list[str]] = Field(description="<str>[num_rows, num_columns], from the offset that was asked for.")
    total: int
