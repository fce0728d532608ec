"""The rows of a dataset's file, as prompts with their parts."""

from __future__ import annotations

import difflib
import hashlib
import itertools
import re
from collections.abc import Collection, Generator
from dataclasses import dataclass, field
from pathlib import Path

from lit_lab.batches import prompt_parts
from lit_lab.batches.plan import Plan
from lit_lab.batches.prompt_parts import PromptPart
from lit_lab.datasets import template
from lit_lab.datasets.columns import Fields, guess, inner, text, value_at
from lit_lab.datasets.composing import Composer
from lit_lab.datasets.readers import Reader, Record
from lit_lab.problem import Problem
from lit_lab.protocol import DatasetColumns, Turn

_SAMPLE = 100  # rows by which columns are guessed, as in the dataset browser
_CHUNK = 1 << 20
_NAME = re.compile(r"[^\W\d][\w .-]{0,99}")


@dataclass(frozen=True)
class BatchRow:
    """A row of a dataset.

    Attributes:
        number: Its number in the file, from 0.
        line: Its first line in the file.
        reason: Why it can't be used; empty if it can.
        prompt: The prompt; None if there are turns.
        turns: The turns of a conversation.
        target: The text that is expected; empty if the dataset has none.
        parts: The parts of the prompt.
        fields: The values of all columns.
    """

    number: int
    line: int
    reason: str = ""
    prompt: str | None = None
    turns: tuple[Turn, ...] | None = None
    target: str = ""
    parts: tuple[PromptPart, ...] = ()
    fields: Fields = field(default_factory=dict)

    @property
    def num_characters(self) -> int:
        """How many characters it has, about: those of its prompt, and of all its columns."""
        turns = sum(len(turn.text) for turn in self.turns or ())
        return len(self.prompt or "") + turns + len(str(self.fields))


class Prompts:
    """Makes the rows of a batch from those of a file.

    Args:
        path: The file.
        plan: The batch's plan.
        sample: The file's first rows.
        columns: The columns that are known from them.

    Raises:
        Problem: The plan's columns can't be used.
    """

    def __init__(self, path: Path, plan: Plan, sample: list[Record], columns: list[str]) -> None:
        fields = [record.fields for record in sample if not record.reason]
        known = [*columns, *inner(fields)]
        if _unknown(plan.template, known) or any(name and name not in known for name in (plan.prompt, plan.target)):
            # A column may occur late in the file.
            known = _all_columns(path, fields)
            _check_fields(_unknown(plan.template, known), known)
        chosen = _chosen(plan, known, fields)
        self._composer = Composer(chosen, known)
        self._parsed = template.parse(chosen.template, known) if chosen.template else None

    @classmethod
    def of(cls, path: Path, plan: Plan) -> Prompts:
        """Return those of a file. Raises `Problem`."""
        reader = Reader(path)
        try:
            return cls(path, plan, list(itertools.islice(reader, _SAMPLE)), reader.columns)
        finally:
            reader.close()

    def row(self, number: int, record: Record) -> BatchRow:
        """Return a row with its prompt, or the reason why there is none."""
        return _row(number, record, self._composer, self._parsed)


def read(path: Path, plan: Plan) -> Generator[BatchRow, None, None]:
    """Yield a file's rows, one at a time. Raises `Problem` where the file or the plan's columns can't be used."""
    reader = Reader(path)
    try:
        first = list(itertools.islice(reader, _SAMPLE))
        if not first:
            return
        prompts = Prompts(path, plan, first, reader.columns)
        for number, record in enumerate(itertools.chain(first, reader)):
            yield prompts.row(number, record)
    finally:
        reader.close()


def digest(path: Path) -> str:
    """Return the SHA-256 of a file's content. Raises `OSError`."""
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def _unknown(source: str, columns: Collection[str]) -> list[str]:
    """Return what stands in braces in a template like a column's name, but is none."""
    return [name for name in template.names(source) if name not in columns and _NAME.fullmatch(name)]


def _all_columns(path: Path, sample: list[Fields]) -> list[str]:
    reader = Reader(path)
    try:
        for _ in reader:
            pass
        return [*reader.columns, *inner(sample)]
    finally:
        reader.close()


def _check_fields(unknown: list[str], columns: list[str]) -> None:
    """Refuse names that look like a column's with a typing error. Others are text, such as those of JSON in a template."""
    for name in unknown:
        if close := difflib.get_close_matches(name, columns, 1, 0.75):
            raise Problem(
                422, "no_column", f"The dataset has no column {name!r:.100}.", f"Did you mean {{{close[0]:.100}}}?"
            )


def _chosen(plan: Plan, known: list[str], sample: list[Fields]) -> DatasetColumns:
    columns = known
    for column in filter(None, (plan.prompt, plan.target)):
        if column not in known:
            names = ", ".join(known[:20]) or "none"
            raise Problem(422, "no_column", f"The dataset has no column {column!r:.100}.", f"Its columns: {names}.")
    guessed = guess(columns, sample)
    target = plan.target or guessed.target
    if plan.template:
        return DatasetColumns(prompt=None, target=target, source=None, template=plan.template)
    if plan.prompt:
        target = None if target == plan.prompt else target
        return DatasetColumns(prompt=plan.prompt, target=target, source=None, template=None)
    if guessed.prompt is None and guessed.template is None:
        raise Problem(422, "no_column", "The dataset has no column with prompts.", "Name one, or give a template.")
    return guessed.model_copy(update={"target": target})


def _row(number: int, record: Record, composer: Composer, parsed: template.Template | None) -> BatchRow:
    found = composer.row(record)
    if isinstance(found, str):
        return BatchRow(number, record.line, found, fields=record.fields)
    if found.turns:
        turns = tuple(Turn(role=role, text=found.prompt[start:end]) for role, start, end in found.turns)
        parts: list[PromptPart] = []
        for index, turn in enumerate(turns):
            parts += prompt_parts.of_text(turn.text, index, len(parts))
        prompt = None
    else:
        turns, prompt = None, found.prompt
        if parsed is not None:
            parts = prompt_parts.of_template(parsed, lambda column: text(value_at(record.fields, column)))
        else:
            parts = prompt_parts.of_text(found.prompt)
    return BatchRow(number, record.line, "", prompt, turns, found.target, tuple(parts), record.fields)
