"""Datasets: lists, rows, searches, changes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from lit_lab.protocol.base import ErrorBody, Message, Name, Text
from lit_lab.protocol.turns import Turn

MAX_ROWS_ASKED = 200


class DatasetInfo(Message):
    """A dataset that can be opened by its name."""

    name: Name
    kind: Literal["samples", "file", "class"] = Field(
        description="`samples`: LIT's sample prompts; `file`: a file from the configuration; `class`: a LIT dataset."
    )
    needs_service: bool = Field(description="Whether opening it needs the model service, which then starts.")


class DatasetsResponse(Message):
    """All datasets that have a name, LIT's sample prompts first."""

    datasets: list[DatasetInfo]


Column = Annotated[str, StringConstraints(max_length=10_000)]
Path = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
"""A file's path, as in Jupyter's file browser."""


Template = Annotated[str, StringConstraints(max_length=20_000)]


class DatasetColumns(Message):
    """The columns to use. None: no column. A column within another one is `outer.inner`."""

    prompt: Column | None
    target: Column | None
    source: Column | None
    template: Template | None = Field(
        description="Makes each prompt from several columns, instead of `prompt`: `{name}` stands for the column's value. "
        "A paragraph whose columns are all empty is left out."
    )

    @model_validator(mode="before")
    @classmethod
    def _without_template(cls, given: Any) -> Any:
        # Required in the API's description, so that both directions have one type; pages that were open before lack it.
        return {"template": None, **given} if isinstance(given, dict) else given


# fmt: off
TextEncoding = Literal[
    "utf-8", "utf-16-le", "utf-16-be", "cp1252", "cp1250", "cp1251", "gb18030", "big5", "cp932", "euc_jp", "cp949"
]
# fmt: on
"""Encodings that users can choose, by their Python names."""


class DatasetOpening(Message):
    """Open a dataset by its name, or a file by its path in Jupyter's file browser."""

    name: Name | None = None
    path: Path | None = None
    columns: DatasetColumns | None = Field(default=None, description="None: guessed from the columns' names.")
    split: Literal["lines", "paragraphs", "whole"] = Field(
        default="lines", description="What one prompt is in a plain text file. Blank lines separate paragraphs."
    )
    header: bool | None = Field(
        default=None, description="Whether the first line of a CSV file names the columns. None: guessed."
    )
    encoding: TextEncoding | None = Field(default=None, description="A text file's encoding. None: guessed.")

    @model_validator(mode="after")
    def _one_of_both(self) -> DatasetOpening:
        if (self.name is None) == (self.path is None):
            raise ValueError("either `name` or `path` must be given")
        return self


class BadRow(Message):
    """A row that can't be used."""

    line: int = Field(
        description="The line where the row begins in the file, from 1; the row's number if the file has no lines."
    )
    reason: str


class SourceCount(Message):
    """The number of rows that have a source."""

    source: str
    rows: int


class DatasetState(Message):
    """An open dataset. In the state `reading`, clients can already get the rows read so far."""

    id: str
    name: str = Field(description="The dataset's name, or its file's.")
    path: str = Field(description="The file's path in Jupyter's file browser. Empty: none.")
    state: Literal["reading", "ready", "failed"]
    error: ErrorBody | None = Field(default=None, description="Why reading failed. The rows read before that remain.")
    rows: int
    bad: int = Field(description="Number of rows that can't be used.")
    bad_rows: list[BadRow] = Field(description="The first rows that can't be used, at most 200.")
    done: int = Field(description="Bytes read so far, or rows if the size in bytes isn't known.")
    size: int = Field(description="The total, in the unit of `done`; 0 if unknown.")
    remark: str = Field(default="", description="A note for the user, for example that the dataset was cut.")
    encoding: str = Field(default="", description="The encoding of a text file.")
    columns: list[str]
    chosen: DatasetColumns = Field(description="The columns in use.")
    split: Literal["lines", "paragraphs", "whole"] | None = Field(description="None: not a plain text file.")
    header: bool | None = Field(
        default=None, description="Whether the first line is taken for the columns' names. None: not a CSV file."
    )
    sources: list[SourceCount] = Field(description="The most frequent sources, at most 200.")
    edited: bool = Field(description="Whether there are unsaved changes.")
    revision: int = Field(description="Changes with each edit.")


class DatasetSearch(Message):
    """Search the rows of a dataset."""

    search: Annotated[str, StringConstraints(max_length=1000)] = Field(
        default="", description="Words that must all occur in a row, in any of its columns. Case doesn't matter."
    )
    source: Annotated[str, StringConstraints(max_length=10_000)] | None = Field(
        default=None, description="Only rows with this source."
    )
    sort: Literal["order", "prompt", "source", "length"] = Field(
        default="order", description="`order`: the dataset's own order."
    )
    descending: bool = False
    offset: int = Field(default=0, ge=0, le=100_000_000)
    limit: int = Field(default=100, ge=1, le=MAX_ROWS_ASKED)
    find: int | None = Field(
        default=None, ge=1, le=2**53, description="Also return the position of the row with this id."
    )


class DatasetRow(Message):
    """A row, as a list shows it."""

    id: int = Field(description="Stays the same while the dataset is open.")
    line: int = Field(description="The line where the row begins in the file; 0: the row was added later.")
    prompt: str = Field(description="The beginning of the prompt.")
    length: int = Field(description="Length of the whole prompt, in characters.")
    source: str
    has_target: bool


class DatasetPage(Message):
    """Some of the rows that a search found, in order."""

    rows: list[DatasetRow]
    total: int = Field(description="The number of rows found, including those not in `rows`.")
    at: int | None = Field(
        default=None, description="The position of the row to find, from 0. None: the search didn't find it."
    )
    revision: int = Field(description="The dataset's revision at the time of the search.")


class DatasetFullRow(Message):
    """A row with all its columns."""

    id: int
    line: int
    prompt: str = Field(
        description="The prompt as text. Of a conversation, each turn after a line that names its role."
    )
    turns: list[Turn] = Field(
        default_factory=list,
        description="The conversation that the prompt is, up to its last user turn. Empty: the prompt isn't a conversation.",
    )
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
    """Add a copy of a row, after that row."""

    kind: Literal["duplicate"]
    row: int = Field(ge=1, le=2**53)


class ChangeRow(Message):
    """Change a row. Fields that are None don't change."""

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
    """Change a dataset. Its file doesn't change until the dataset is saved."""

    edit: AddRow | DuplicateRow | ChangeRow | DeleteRow = Field(discriminator="kind")


class DatasetEdited(Message):
    """The result of a change."""

    row: int = Field(description="The row that was added or changed.")
    dataset: DatasetState


class DatasetSaving(Message):
    """Save a dataset as JSON Lines.

    In the dataset's own file, lines that weren't changed or can't be used stay as they are. Another file contains
    only the rows.
    """

    path: Path = Field(description="The file's path; ends with `.jsonl`.")
    overwrite: bool = Field(default=False, description="Whether to replace an existing file.")
    discard: bool = Field(
        default=False,
        description="Whether to replace the dataset's own file although another program has changed it since LIT Lab read "
        "it. That program's changes are lost, and so are the lines that can't be used.",
    )


class DatasetClosed(Message):
    """The dataset is closed, and its unsaved changes are lost."""

    id: str


class ServiceDataset(Message):
    """Rows of a LIT dataset, from the model service."""

    columns: list[str]
    rows: list[list[str]] = Field(description="<str>[num_rows, num_columns], from the requested offset.")
    total: int
