"""What a batch computes for each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from lit_lab.client.checked import checked
from lit_lab.problem import Problem
from lit_lab.protocol import GenerateRequest

Measure = Literal["shares", "effects"]
"""What is computed of a row beside its answer. `shares`: gradients, by which each part of the prompt has a share. `effects`: each
part is deleted once, which says how much less likely the answer is without it."""

MEASURES: tuple[Measure, ...] = ("shares", "effects")


@dataclass(frozen=True)
class Plan:
    """The settings of a batch. Two batches with equal plans and the same dataset have equal results.

    Attributes:
        model: The model's name.
        template: Makes each prompt from several columns; empty: the prompt is a column.
        prompt: The column of prompts; empty: it is guessed, or there is a template.
        target: The column of targets; empty: it is guessed.
        measures: What is computed beside the answer.
        max_new_tokens: Maximum number of tokens of an answer.
        sampling: How tokens are chosen, as in the protocol's `Sampling`.
        stop: Texts at which an answer ends.
        chat: Whether prompts are sent in the model's chat format.
        thinking: Whether the model thinks first, if it can.
        checks: What is expected of answers: entries as in `expect` of a file of checks.
    """

    model: str
    template: str = ""
    prompt: str = ""
    target: str = ""
    measures: tuple[Measure, ...] = MEASURES
    max_new_tokens: int = 256
    sampling: Mapping[str, Any] = field(default_factory=dict)
    stop: tuple[str, ...] = ()
    chat: Literal["auto", "on", "off"] = "auto"
    thinking: bool = False
    checks: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        unknown = [each for each in self.measures if each not in MEASURES]
        if unknown:
            raise Problem(
                422, "bad_measure", f"There is no measure {unknown[0]!r:.80}.", f"Use {' or '.join(MEASURES)}."
            )

    def request(self, prompt: str | None, turns: object = None) -> GenerateRequest:
        """Return the request for a row's answer. Raises `Problem` where it isn't valid."""
        return checked(
            GenerateRequest,
            model=self.model,
            prompt=prompt,
            turns=turns,
            max_new_tokens=self.max_new_tokens,
            sampling=dict(self.sampling),
            stop=list(self.stop),
            chat=self.chat,
            thinking=self.thinking,
            alternatives=0,
            keep=False,
        )

    def as_json(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        return asdict(self) | {
            "measures": list(self.measures),
            "stop": list(self.stop),
            "sampling": dict(self.sampling),
            "checks": [dict(check) for check in self.checks],
        }

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> Plan:
        """Return the plan that `as_json` returned."""
        known = {each.name for each in fields(cls)}
        given = {name: value for name, value in values.items() if name in known}
        lists = {name: tuple(given[name]) for name in ("measures", "stop", "checks")}
        return cls(**given | lists)
