"""Composes rows of prompts from a file's rows: chooses which values become prompt, target and source."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from lit_lab.conversation import joined
from lit_lab.protocol import MAX_TEXT, DatasetColumns, Role

from . import template, turns
from .columns import shorten, text, value_at
from .readers import NOT_TEXT, Record
from .row import Row
from .text_file import is_text

_SHOWN = 80  # maximum characters of a name in a reason
_TOO_LONG = f"It is longer than {MAX_TEXT:,} characters."


class Composer:
    """Composes rows.

    Args:
        chosen: The columns to use.
        columns: All known columns, including those within columns of objects.

    Raises:
        Problem: The template names no column.
    """

    def __init__(self, chosen: DatasetColumns, columns: Collection[str]) -> None:
        self._chosen = chosen
        self._template = template.parse(chosen.template, columns) if chosen.template else None

    @property
    def is_fixed(self) -> bool:
        """Whether prompts or targets come from several columns or from within one, so that they can't be edited in place."""
        inside = (self._chosen.prompt, self._chosen.target)
        return self._template is not None or any(column is not None and "." in column for column in inside)

    def row(self, record: Record) -> Row | str:
        """Return the row of a record, or the reason why the record is unusable."""
        if record.reason:
            return record.reason
        chosen, fields = self._chosen, record.fields
        try:
            found = self._prompt(fields)
        except turns.Unreadable as odd:
            return str(odd)
        except OverflowError:
            return _TOO_LONG
        prompt, answer, spans, used = found
        if not prompt.strip():
            return f"It has no {self._wanted()}."
        target = "" if chosen.target is None else target_of(value_at(fields, chosen.target))
        source = "" if chosen.source is None else text(value_at(fields, chosen.source))
        used |= {column for column in (chosen.target, chosen.source) if column is not None}
        # Include empty values, so that saving leaves them unchanged.
        others = _without(fields, used)
        row = Row(record.line, prompt, target or answer, source, others, origin=record.line, turns=spans)
        rest = "".join(f"{name}{text(value)}" for name, value in others.items())
        if len(prompt) + len(row.target) + len(source) + len(rest) > MAX_TEXT:
            return _TOO_LONG
        return row if is_text(prompt + row.target + source + rest) else NOT_TEXT

    def _prompt(self, fields: Mapping[str, object]) -> tuple[str, str, list[tuple[Role, int, int]], set[str]]:
        """Return the prompt, a target that belongs to it, its turns, and the names of the columns that it uses completely."""
        if self._template is not None:
            return self._template.fill(lambda column: text(value_at(fields, column))) or "", "", [], set()
        column = self._chosen.prompt
        if column is None:
            return "", "", [], set()
        value = value_at(fields, column)
        if turns.looks_like(value, column):
            system, name = _system(fields, column)
            found = turns.conversation(value, column, system)
            prompt, spans = joined(found.turns)
            used = {name, column} if found.is_whole else {name}
            return prompt, found.target, spans, used - {""}
        if isinstance(value, (list, dict)):
            raise turns.Unreadable(f"Its {shorten(column, _SHOWN)} isn't a text.")
        return text(value), "", [], {column}

    def _wanted(self) -> str:
        if self._template is not None:
            return " or ".join(shorten(column, _SHOWN) for column in self._template.columns[:4])
        return shorten(self._chosen.prompt or "prompt", _SHOWN)


def target_of(value: object) -> str:
    """Return a value as a target. Of messages, it is the last answer; of several answers, the first or the best scored."""
    if isinstance(value, dict):
        texts = value.get("text")
        if isinstance(texts, list) and texts and all(isinstance(each, str) for each in texts):  # as in SQuAD
            return str(texts[0])
        if isinstance(value.get("completion"), dict):  # Gemini's preferences
            value = value["completion"]
        answer = turns.answer([value])
        return answer or text(value)
    if isinstance(value, list) and value:
        if isinstance(value[0], str):
            return value[0]
        best = max(value, key=_score) if all(isinstance(each, dict) and "score" in each for each in value) else None
        return target_of(best) if best is not None else turns.answer(value) or text(value)
    return text(value)


def _score(answer: Mapping[str, object]) -> float:
    score = answer.get("score")
    return float(score) if isinstance(score, (int, float)) else 0.0


def _system(fields: Mapping[str, object], column: str) -> tuple[object, str]:
    """Return a conversation's system instructions from a neighbouring column, and the column's name; empty if there are none."""
    outer, dot, _ = column.rpartition(".")
    beside = value_at(fields, outer) if dot and column not in fields else fields
    if isinstance(beside, Mapping):
        for name in beside:
            if turns.plain_name(name) in turns.SYSTEM_NAMES:
                return beside[name], f"{outer}{dot}{name}"
    return None, ""


def _without(fields: Mapping[str, object], used: Collection[str]) -> dict[str, object]:
    """Return the values of unused columns. Of a partly used column of objects, return the unused values by their full names."""
    outer = {name for column in used if column not in fields for name in _outer(column, fields)}
    others: dict[str, object] = {}
    for name, value in fields.items():
        if name in outer and isinstance(value, dict):
            inside = {f"{name}.{key}": each for key, each in value.items()}
            others.update(_without(inside, used))
        elif name not in used:
            others[name] = value
    return others


def _outer(column: str, fields: Mapping[str, object]) -> list[str]:
    parts = column.split(".")
    names = (".".join(parts[:end]) for end in range(1, len(parts)))
    return [name for name in names if name in fields]
