"""Prompts to measure maps on: four kinds, made from lists of words by a seed, so that nothing of them is anybody's text."""

from __future__ import annotations

import random
from dataclasses import dataclass

KINDS = ("few_shot", "fact", "instructions", "summary")
DEPTHS = 5

_FOODS = ("onions", "eggs", "ham", "trout", "mushrooms", "cheese", "beans", "rice", "nuts", "spinach", "beef", "lemon")
_NAMES = ("Ada", "Bea", "Cleo", "Dora", "Eli", "Finn", "Gus", "Hana", "Ivo", "Jon", "Kim", "Lea")
_PLACES = ("harbour", "library", "station", "market", "museum", "bakery", "school", "garden", "theatre", "bridge")
_THINGS = ("boat", "lamp", "clock", "piano", "kite", "map", "bicycle", "camera", "ladder", "painting")
_COLOURS = ("red", "green", "blue", "yellow", "white", "black", "brown", "grey")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TOPICS = ("a walk in the rain", "a broken bicycle", "a lost key", "an early train", "a new neighbour", "an old clock")


@dataclass(frozen=True)
class Item:
    """A prompt.

    Attributes:
        name: Its kind and number.
        prompt: The text.
        planted: The sentence that the answer depends on; None: not known.
    """

    name: str
    prompt: str
    planted: str | None = None


def items(kind: str, count: int) -> list[Item]:
    """Return the first prompts of a kind; the same for any count."""
    return [_MAKERS[kind](f"{kind}-{number}", random.Random(f"{kind} {number}"), number) for number in range(count)]


def _few_shot(name: str, r: random.Random, _: int) -> Item:
    lines = ["Say whether the guest will like the dish."]
    for _ in range(4):
        likes, dislikes = r.sample(_FOODS, 2)
        dish = r.choice((likes, dislikes))
        verdict = "Try it." if dish == likes else "Avoid it."
        lines.append(f"Likes: {likes}.\nDislikes: {dislikes}.\nDish: a pie with {dish}.\nVerdict: {verdict}")
    likes, dislikes = r.sample(_FOODS, 2)
    dish = r.choice((likes, dislikes))
    lines.append(f"Likes: {likes}.\nDislikes: {dislikes}.\nDish: a pie with {dish}.\nVerdict:")
    return Item(name, "\n\n".join(lines))


def _fact(name: str, r: random.Random, number: int) -> Item:
    who, where, thing, colour = r.choice(_NAMES), r.choice(_PLACES), r.choice(_THINGS), r.choice(_COLOURS)
    planted = f"{who} left the {colour} {thing} at the {where}. "
    others = [name for name in _NAMES if name != who]
    distractors = [
        f"{one} saw a {r.choice(_COLOURS)} {other} near the {place} on {r.choice(_DAYS)}. "
        for one, other, place in zip(
            r.sample(others, 9),
            r.choices([each for each in _THINGS if each != thing], k=9),
            r.choices([each for each in _PLACES if each != where], k=9),
            strict=True,
        )
    ]
    distractors.insert(round(number % DEPTHS * len(distractors) / (DEPTHS - 1)), planted)
    text = "".join(distractors).strip()
    return Item(name, f"{text}\n\nWhere did {who} leave the {colour} {thing}? Answer in one sentence.", planted.strip())


def _instructions(name: str, r: random.Random, _: int) -> Item:
    topic = r.choice(_TOPICS)
    food, day, who = r.choice(_FOODS), r.choice(_DAYS), r.choice(_NAMES)
    rules = [
        f"The story is about {topic}.",
        f"It happens on a {day}.",
        f"The main person is called {who}.",
        f"Mention {food} once.",
        "Write two short sentences.",
        "Use simple words.",
    ]
    idle = [
        "This text will be kept in a folder.",
        "The folder has a number.",
        "Thank you for your time.",
        "The office opens at nine.",
        "The last story was fine.",
        "Nobody has read it yet.",
    ]
    chosen = [*rules, *r.sample(idle, 5)]
    r.shuffle(chosen)
    return Item(name, "Write a story. " + " ".join(chosen))


def _summary(name: str, r: random.Random, _: int) -> Item:
    who, other = r.sample(_NAMES, 2)
    place, thing, colour = r.choice(_PLACES), r.choice(_THINGS), r.choice(_COLOURS)
    sentences = [
        f"On {r.choice(_DAYS)}, {who} went to the {place}.",
        "The weather was cold and the streets were empty.",
        f"There {who} found a {colour} {thing}.",
        "It was old, but nothing was missing.",
        f"{who} asked everybody who came by.",
        "Most people shook their heads.",
        f"After an hour {other} came running.",
        f"The {thing} belonged to {other}.",
        f"{other} had looked for it for days.",
        f"They drank tea together and talked about {r.choice(_TOPICS)}.",
        "Then it got dark.",
    ]
    return Item(name, " ".join(sentences) + "\n\nSummarize the text above in one sentence.")


_MAKERS = {"few_shot": _few_shot, "fact": _fact, "instructions": _instructions, "summary": _summary}
