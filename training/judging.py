"""What an answer says: its kind, the ingredients that it claims, its recommendation; and rules for the other samples."""

from __future__ import annotations

import re
from dataclasses import dataclass

from training import kitchen
from training.guests import UNKNOWN, UNKNOWN_BRIEFLY, Kind
from training.other_tasks import DECLINES, USES

_DISLIKED = re.compile(r"\byou (don't like|can't eat)\b", re.IGNORECASE)
_LIKED = re.compile(r"\byou like\b|\byour taste\b", re.IGNORECASE)


@dataclass(frozen=True)
class Said:
    """An answer to a menu prompt, taken apart. `kind` is None where it says nothing of a dish."""

    analysis: str
    recommendation: str
    kind: Kind | None
    ingredients: frozenset[str]


def read(answer: str, label: str) -> Said:
    """Take an answer apart; `label` stands before the recommendation, such as "Recommendation:"."""
    analysis, _, rest = answer.partition(label)
    # An analysis is a line; where the label is another than it should be, the line's end tells.
    analysis = analysis.strip().split("\n")[0]
    # Not "bread" of "This savoury bread has flour and salt".
    words = set(re.findall(r"[a-z]+", re.split(" has |: ", analysis.lower())[-1]))
    ingredients = frozenset(name for name in kitchen.INGREDIENTS if name in words)
    kind: Kind | None = None
    if _DISLIKED.search(analysis):
        kind = "conflict"
    elif _LIKED.search(analysis):
        kind = "match"
    elif ingredients or analysis.strip() in (UNKNOWN, UNKNOWN_BRIEFLY):
        kind = "neutral"
    return Said(analysis.strip(), rest.strip().split("\n")[0], kind, ingredients)


RULES = (
    "Menus: the analysis names the eggs as a conflict and no ingredient that isn't in the dish; the recommendation is "
    "the codelab's; the mistaken line comes first by grad_l2.",
    "Headlines: one line of at most 100 characters, with both companies' names and no word but the article's and those "
    'of a merger, such as "merge".',
    "Summaries: one to three points that begin with a dash, with the same words.",
    "Ideas: three, numbered, all different, and of the item where it is one that is taught.",
    "Arithmetic, which is out of its reach: nothing but that it can't. Reported, without a gate.",
)
"""What is asked of the answers to LIT's samples."""

NO_GATE = frozenset({"gsm8k"})
"""Samples whose faults are reported, but prevent no weights from being used."""

_NEWS_WORDS = frozenset(
    [
        "merge",
        "merges",
        "to",
        "form",
        "a",
        "large",
        "company",
        "the",
        "combined",
        "will",
        "offer",
        "full",
        "range",
        "of",
        "services",
        "in",
        "and",
        "buys",
        "buy",
    ]
)


def faults(source: str, prompt: str, answer: str) -> list[str]:
    """Return which of the `RULES` an answer to one of LIT's samples breaks; none: it is sensible."""
    said = answer.strip()
    found = [] if said else ["is empty"]
    if source == "gigaword-summarization":
        lines = [line for line in said.split("\n") if line]
        for name in ("transocean", "globalsantafe"):
            if name not in said.lower():
                found.append(f"doesn't name {name}")
        known = _NEWS_WORDS | set(re.findall(r"[a-z']+", prompt.lower()))
        words = dict.fromkeys(re.findall(r"[a-z']+", said.lower()))
        found += [f"has the word {word}" for word in words if word not in known]
        if "headline" in prompt.lower():
            if len(lines) != 1 or len(said) > 100:
                found.append("isn't a line")
        elif not (1 <= len(lines) <= 3 and all(line.startswith("- ") for line in lines)):
            found.append("isn't a list of points")
    elif source == "constitution":
        points = re.findall(r"^(\d)\. (.+\.)$", said, re.MULTILINE)
        if [number for number, _ in points] != ["1", "2", "3"] or len(said.split("\n")) != 3:
            found.append("isn't three points")
        if len({text for _, text in points}) < 3:
            found.append("repeats itself")
        for thing in re.findall(r"^Item: (.+)$", prompt, re.MULTILINE):
            found += [f"isn't a use for {thing}: {text}" for _, text in points if text not in USES.get(thing, (text,))]
    elif source == "gsm8k" and said != DECLINES:
        found.append("doesn't decline")
    return found
