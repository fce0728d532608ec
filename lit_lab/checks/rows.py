"""The prompts, targets and checks of a dataset's rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lit_lab.datasets import template
from lit_lab.datasets.columns import guess, inner, text, value_at
from lit_lab.datasets.composing import Composer
from lit_lab.datasets.readers import Reader, Record
from lit_lab.problem import Problem

from .checks import Check
from .conversations import Turns
from .places import Place

MAX_CHARS = 20_000_000
"""Most characters of all rows that are used."""

_SAMPLE = 100  # rows that show the columns


@dataclass(frozen=True)
class Case:
    """A text or a conversation that is sent to a model, and what is expected of its answer.

    Attributes:
        prompt: The text; empty: it is a conversation.
        target: The text that the answer should be; None: it isn't known.
        checks: What is expected.
        row: The row's first line in its dataset; 0: it comes from none.
        fault: Why it can't be sent; empty: it can.
        turns: The conversation; empty: it is a text.
    """

    prompt: str
    target: str | None
    checks: tuple[Check, ...]
    row: int = 0
    fault: str = ""
    turns: Turns = ()

    def has(self, part: str) -> bool:
        """Whether the text, or the text of a turn, contains a part."""
        return any(part in text for text in [self.prompt, *(text for _, text in self.turns)])


def rows_of(
    path: Path, prompt: str | Turns | None, target: str | None, checks: tuple[Check, ...], place: Place, most: int
) -> tuple[Case, ...]:
    """Return the cases of a dataset's rows.

    Args:
        path: The dataset.
        prompt: A template over its columns, or a conversation whose texts are templates; None: the column of its prompts.
        target: A template for targets; None: the column of its targets, if there is one.
        checks: What is expected; texts in them may have fields.
        place: Where the dataset is named.
        most: Most rows.

    Raises:
        Problem: It can't be read, has no rows or too many, or the template names none of its columns.
    """
    try:
        records, columns = _read(path, place, most)
        sample = [record.fields for record in records if not record.reason][:_SAMPLE]
        known = [*columns, *inner(sample)]
        guessed = guess(columns, sample)
        source = prompt if isinstance(prompt, str) else _template(prompt)
        chosen = guessed if source is None else guessed.model_copy(update={"prompt": None, "template": source})
        composer = Composer(chosen, known)
    except Problem as problem:
        if problem.code == "bad_checks":
            raise
        raise place.problem(problem.message, problem.hint) from problem
    parsed = _parser(tuple(known))
    turns = prompt if isinstance(prompt, tuple) else ()
    return tuple(_case(record, composer, turns, target, checks, parsed) for record in records)


def _template(turns: Turns | None) -> str | None:
    """Return one template with the columns of all turns, by which a row is known to be usable."""
    return None if turns is None else "\n".join(text for _, text in turns)


def _read(path: Path, place: Place, most: int) -> tuple[list[Record], list[str]]:
    reader = Reader(path)
    try:
        records, size = list[Record](), 0
        for record in itertools.islice(reader, most + 1):
            records.append(record)
            size += record.size
            if size > MAX_CHARS:
                raise place.problem(f"The dataset is longer than {MAX_CHARS:,} characters.", "Use a smaller one.")
        if len(records) > most:
            raise place.problem(f"The dataset has more than {most:,} rows.", "Use a smaller one.")
        if not records:
            raise place.problem("The dataset has no rows.", "Add some.")
        return records, list(reader.columns)
    finally:
        reader.close()


_Parser = Callable[[str], "template.Template | None"]


def _parser(columns: tuple[str, ...]) -> _Parser:
    @cache
    def parse(source: str) -> template.Template | None:
        try:
            return template.parse(source, columns)
        except Problem:  # it names no column
            return None

    return parse


def _case(
    record: Record, composer: Composer, turns: Turns, target: str | None, checks: tuple[Check, ...], parse: _Parser
) -> Case:
    row = composer.row(record)
    if isinstance(row, str):
        return Case("", None, checks, record.line, f"The row can't be used. {row}")

    def fill(source: str) -> str:
        return _filled(source, record.fields, parse)

    try:
        wanted = (row.target or None) if target is None else fill(target)
        said: Turns = tuple((role, row.prompt[start:end]) for role, start, end in row.turns)
        said = tuple((role, fill(text)) for role, text in turns) or said
        prompt = "" if said else row.prompt
        return Case(prompt, wanted, tuple(check.filled(fill) for check in checks), record.line, turns=said)
    except _EmptyError as error:
        return Case(row.prompt, None, checks, record.line, str(error))


class _EmptyError(ValueError):
    """A row has no value for what a text names."""


def _filled(source: str, fields: Mapping[str, object], parse: _Parser) -> str:
    """Return a text with a row's values in place of its columns; the text itself if it names none."""
    parsed = parse(source)
    if parsed is None:
        return source
    try:
        filled = parsed.fill(lambda column: text(value_at(fields, column)))
    except OverflowError:
        raise _EmptyError("A text of its checks is too long.") from None
    if filled is None:
        raise _EmptyError(f"The row has no {' or '.join(parsed.columns[:4])}.")
    return filled
