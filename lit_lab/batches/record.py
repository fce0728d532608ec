"""What a batch knows of a row, as it is stored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lit_lab.surrogates import replaced


@dataclass(frozen=True)
class PartRecord:
    """A part of a row's prompt.

    Attributes:
        id: As in `PromptPart`.
        text: Its characters.
        start: Where it begins in the prompt, in characters.
        share: Its share of the gradient of the whole answer, from 0 to 1: the squares of its tokens' scores, of all tokens' of
            the prompt's parts. None: it wasn't computed.
        effect: By how much the log-probability of the whole answer falls without it, in nats. None: it wasn't computed.
    """

    id: str
    text: str
    start: int = 0
    share: float | None = None
    effect: float | None = None


@dataclass(frozen=True)
class CheckRecord:
    """What came out of a check of a row's answer.

    Attributes:
        name: What was checked, the same in all rows.
        passed: Whether the answer is as expected.
        message: A sentence about it.
    """

    name: str
    passed: bool
    message: str


@dataclass(frozen=True)
class Record:
    """A row.

    Attributes:
        row: The row's number in the dataset, from 0.
        line: Its first line in the file.
        prompt: The prompt; a conversation's turns, one after the other.
        target: The text that is expected; empty if the dataset has none.
        answer: The answer; empty if there is none.
        reason: Why the answer ended, such as `stop` or `length`; empty if there is none.
        num_tokens: How many tokens the answer has.
        logprob: The answer's log-probability, in nats; None if there is none.
        parts: The prompt's parts.
        checks: What came out of the checks; empty without an answer.
        error: Why there is no answer, or what failed after it; empty if nothing did.
    """

    row: int
    line: int
    prompt: str = ""
    target: str = ""
    answer: str = ""
    reason: str = ""
    num_tokens: int = 0
    logprob: float | None = None
    parts: tuple[PartRecord, ...] = ()
    checks: tuple[CheckRecord, ...] = ()
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        return asdict(self) | {
            "parts": [asdict(part) for part in self.parts],
            "checks": [asdict(check) for check in self.checks],
        }

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> Record:
        """Return the record that `as_json` returned.

        Raises:
            ValueError: The values aren't a record.
        """
        try:
            parts = tuple(
                PartRecord(
                    _text(part["id"]),
                    _text(part["text"]),
                    int(part["start"]),
                    _number(part["share"]),
                    _number(part["effect"]),
                )
                for part in values["parts"]
            )
            return cls(
                row=int(values["row"]),
                line=int(values["line"]),
                **{name: _text(values[name]) for name in ("prompt", "target", "answer", "reason", "error")},
                num_tokens=int(values["num_tokens"]),
                logprob=_number(values["logprob"]),
                parts=parts,
                checks=tuple(
                    CheckRecord(_text(check["name"]), bool(check["passed"]), _text(check["message"]))
                    for check in values["checks"]
                ),
            )
        except (AttributeError, KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"it isn't a record of a batch: {error}") from error


def _text(value: Any) -> str:
    return replaced(str(value))


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None
