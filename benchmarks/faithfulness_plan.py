"""What is computed of which prompt, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import get_args

from faithfulness_items import Item, items

from lit_lab.protocol import Method

QUICK: tuple[Method, ...] = ("grad_l2", "grad_dot_input")
SLOW: tuple[Method, ...] = ("integrated_gradients",)
SLOW_PARTS = ("expensive", "random_weights", "signed")
"""The parts that only some items have."""

MODELS = {"smollm2": "SmolLM2 135M Instruct", "gemma3": "Gemma 3 270M", "embedded": "embedded"}
"""Those that have a name here; others are presets."""

VERSIONS = {"basic": 1, "expensive": 1, "random_weights": 1, "signed": 1, "peers": 1, "flow": 2, "added": 1}
"""A part whose numbers change for another reason than its settings gets another version."""


@dataclass(frozen=True)
class Settings:
    """How much is computed. Whatever else changes numbers is in `VERSIONS`.

    Attributes:
        tokens: The most tokens of an answer.
        targets: The most sentences of an answer that are targets.
        held_out: Random sets that measure maps, deleted.
        neutral: How many of them are measured with a neutral sentence in the place of each segment, too.
        samples: Random sets for ContextCite.
    """

    tokens: int = 24
    targets: int = 2
    held_out: int = 64
    neutral: int = 32
    samples: int = 64


def added_methods() -> list[str]:
    """Return methods that only some versions offer, as `flow`: each is a part of its own."""
    return [method for method in get_args(Method) if method not in (*QUICK, *SLOW)]


def plan(kinds: Sequence[str], count: int, slow: int) -> Iterator[tuple[Item, str]]:
    """Yield what to compute: the kinds in turn, and the parts that only the first items have spread evenly.

    Args:
        kinds: The kinds.
        count: How many items of each.
        slow: How many of them have all parts.
    """
    by_kind = [items(kind, count) for kind in kinds]
    slow = min(slow, count)
    done = 0
    for number in range(count):
        for part in ("basic", *added_methods()):
            for of_kind in by_kind:
                yield of_kind[number], part
        while done < (number + 1) * slow // count:
            for part in SLOW_PARTS:
                for of_kind in by_kind:
                    yield of_kind[done], part
            done += 1


def everything(kinds: Sequence[str], count: int, slow: int) -> Iterator[tuple[Item, str]]:
    """Yield all that may be known: what `plan` yields, and the part of other libraries."""
    others = ((item, "peers") for kind in kinds for item in items(kind, min(slow, count)))
    yield from chain(plan(kinds, count, slow), others)
