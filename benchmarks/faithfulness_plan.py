"""Which parts of which prompts to compute, and in which order."""

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

VERSIONS = {"basic": 1, "expensive": 2, "random_weights": 1, "signed": 1, "peers": 1, "flow": 2, "added": 1}
"""A part whose numbers change for another reason than its settings gets another version."""


@dataclass(frozen=True)
class Settings:
    """How much to compute. `VERSIONS` covers everything else that changes results.

    Attributes:
        tokens: The maximum number of an answer's tokens.
        targets: The maximum number of an answer's sentences that are targets.
        held_out: The number of random sets whose deletion measures maps.
        neutral: How many of them are also measured with a neutral sentence in place of each segment.
        samples: The number of random sets for ContextCite.
    """

    tokens: int = 24
    targets: int = 2
    held_out: int = 64
    neutral: int = 32
    samples: int = 64


def added_methods() -> list[str]:
    """Return the methods that only some versions have, such as `flow`. Each is a separate part."""
    return [method for method in get_args(Method) if method not in (*QUICK, *SLOW)]


def plan(kinds: Sequence[str], count: int, slow: int) -> Iterator[tuple[Item, str]]:
    """Yield what to compute. Kinds alternate, and the parts that only the first items have are spread evenly.

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
    """Yield everything that may be known: the items and parts of `plan`, and the other libraries' part."""
    others = ((item, "peers") for kind in kinds for item in items(kind, min(slow, count)))
    yield from chain(plan(kinds, count, slow), others)
