"""Prompts to measure maps on. A seed makes four kinds of them from invented sentences and words, so nothing is copied from a data set."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

KINDS = ("few_shot", "fact", "instructions", "summary")
DEPTHS = 5
ITEMS = 40
"""Prompts of each kind."""

_FOODS = ("onions", "eggs", "ham", "trout", "mushrooms", "cheese", "beans", "rice", "nuts", "spinach", "beef", "lemon")
_NAMES = ("Ada", "Bea", "Cleo", "Dora", "Eli", "Finn", "Gus", "Hana", "Ivo", "Jon", "Kim", "Lea", "Mona", "Nils")
_PLACES = ("harbour", "library", "station", "market", "museum", "bakery", "school", "garden", "theatre", "bridge")
_THINGS = ("boat", "lamp", "clock", "piano", "kite", "map", "bicycle", "camera", "ladder", "painting")
_COLOURS = ("red", "green", "blue", "yellow", "white", "black", "brown", "grey")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS = ("six", "seven", "eight", "nine", "ten", "eleven", "noon")
_PETS = ("cat", "dog", "goat", "horse", "parrot", "rabbit", "turtle", "goose")
_JOBS = ("baker", "nurse", "pilot", "farmer", "teacher", "painter", "lawyer", "plumber", "barber", "sailor")
_GOOD = ("warm", "fresh", "quick", "friendly", "clean", "quiet", "bright", "tasty")
_BAD = ("cold", "stale", "slow", "rude", "dirty", "noisy", "dark", "bland")
_ABOUT = ("The soup", "The room", "The waiter", "The bus", "The bread", "The hotel", "The train", "The shop", "The tea")
_OPPOSITES = (
    ("big", "small"), ("hot", "cold"), ("early", "late"), ("full", "empty"), ("high", "low"), ("old", "young"),
    ("hard", "soft"), ("rich", "poor"), ("long", "short"), ("open", "closed"), ("dry", "wet"), ("light", "heavy"),
)  # fmt: skip
_DESKS = (
    ("Travel", ("My train was cancelled", "I need a seat by the window", "The bus didn't come", "My ticket is lost")),
    ("Money", ("The bill is too high", "I paid twice", "My card was refused", "The refund hasn't arrived")),
    ("Repair", ("The screen is broken", "The lamp doesn't work", "The door won't close", "The heater is cold")),
)
_TOPICS = ("a walk in the rain", "a broken bicycle", "a lost key", "an early train", "a new neighbour", "an old clock")


@dataclass(frozen=True)
class Item:
    """A prompt.

    Attributes:
        name: Its kind and number.
        kind: Its kind.
        prompt: The text.
        planted: The sentence that the answer depends on. Empty: unknown.
        word: The word of that sentence that a correct answer contains, and that occurs nowhere else in the prompt.
        facts: The length, in characters, of the beginning with the sentences that the planted one has to outrank. The question comes after it.
        depth: The position of the planted sentence, from 0, at the beginning, to `DEPTHS` - 1, directly before the question.
    """

    name: str
    kind: str
    prompt: str
    planted: str = ""
    word: str = ""
    facts: int = 0
    depth: int = 0


def items(kind: str, count: int) -> list[Item]:
    """Return the first prompts of a kind, which are the same for any count."""
    found: list[Item] = []
    for number in range(count):
        # Equal prompts would count twice.
        attempts = (_make(kind, number, attempt) for attempt in range(1_000))
        known = {item.prompt for item in found}
        found.append(next(item for item in attempts if item.prompt not in known))
    return found


def _make(kind: str, number: int, attempt: int) -> Item:
    return _MAKERS[kind](f"{kind}-{number}", random.Random(f"{kind} {number} {attempt}"), number)


def _few_shot(name: str, r: random.Random, number: int) -> Item:
    examples: Callable[[random.Random], str] = (_dish, _review, _opposite, _desk)[number % 4]
    return Item(name, "few_shot", examples(r))


def _dish(r: random.Random) -> str:
    def example() -> tuple[str, str]:
        likes, dislikes = r.sample(_FOODS, 2)
        dish = r.choice((likes, dislikes))
        what = r.choice(("pie", "soup", "salad"))
        return (
            f"Likes: {likes}.\nDislikes: {dislikes}.\nDish: {what} with {dish}.\nVerdict:",
            "Try it." if dish == likes else "Avoid it.",
        )

    return _examples("Say whether the guest will like the dish.", [example() for _ in range(4)])


def _review(r: random.Random) -> str:
    def example(good: bool) -> tuple[str, str]:
        one, other = r.sample(_GOOD if good else _BAD, 2)
        return f"Review: {r.choice(_ABOUT)} was {one} and {other}.\nFeeling:", "good" if good else "bad"

    feelings = [True, False, True, False, r.random() < 0.5]
    return _examples("Say whether each review is good or bad.", [example(good) for good in feelings])


def _opposite(r: random.Random) -> str:
    pairs = [pair if r.random() < 0.5 else pair[::-1] for pair in r.sample(_OPPOSITES, 6)]
    return _examples("Each line has a word and its opposite.", [(f"Word: {a}\nOpposite:", b) for a, b in pairs])


def _desk(r: random.Random) -> str:
    desks = [*_DESKS, r.choice(_DESKS), r.choice(_DESKS)]
    r.shuffle(desks)
    return _examples(
        "Send each message to a desk.",
        [(f"From: {r.choice(_NAMES)}\nMessage: {r.choice(texts)}.\nDesk:", desk) for desk, texts in desks],
    )


def _examples(instruction: str, examples: Sequence[tuple[str, str]]) -> str:
    *shown, (last, _) = examples
    return "\n\n".join([instruction, *(f"{question} {answer}" for question, answer in shown), last])


def _fact(name: str, r: random.Random, number: int) -> Item:
    depth = number % DEPTHS
    planted, word, question, distractors = (_left, _meets, _owns, _works)[number // DEPTHS % 4](r)
    rest = distractors[: r.choice((6, 7, 8, 9))]
    rest.insert(round(depth * len(rest) / (DEPTHS - 1)), planted)
    facts = " ".join(rest)
    return Item(name, "fact", f"{facts}\n\nQuestion: {question}\nAnswer:", planted, word, len(facts), depth)


_Fact = tuple[str, str, str, list[str]]
"""The planted sentence, its word, the question, and sentences that look alike."""


def _left(r: random.Random) -> _Fact:
    who, *others = r.sample(_NAMES, 10)
    where, *places = r.sample(_PLACES, len(_PLACES))
    thing, *things = r.sample(_THINGS, len(_THINGS))
    return (
        f"{who} left the {r.choice(_COLOURS)} {thing} at the {where}.",
        where,
        f"Where did {who} leave the {thing}?",
        [
            f"{one} saw a {r.choice(_COLOURS)} {other} near the {place}."
            for one, other, place in zip(others, things, places, strict=True)
        ],
    )


def _meets(r: random.Random) -> _Fact:
    who, *others = r.sample(_NAMES, 10)
    day, *days = r.sample(_DAYS, len(_DAYS))
    place, *places = r.sample(_PLACES, len(_PLACES))
    return (
        f"{who} will go to the {place} on {day}.",
        day,
        f"On which day will {who} go to the {place}?",
        [
            f"{one} will meet a {r.choice(_JOBS)} at the {other} at {r.choice(_HOURS)} on {r.choice(days)}."
            for one, other in zip(others, places, strict=True)
        ],
    )


def _owns(r: random.Random) -> _Fact:
    who, *others = r.sample(_NAMES, 10)
    pet, *pets = r.sample(_PETS, len(_PETS))
    return (
        f"{who} lives with a {r.choice(_COLOURS)} {pet}.",
        pet,
        f"Which animal does {who} have?",
        [f"{one} has a {r.choice(_COLOURS)} {r.choice(pets)} near the {r.choice(_PLACES)}." for one in others],
    )


def _works(r: random.Random) -> _Fact:
    who, *others = r.sample(_NAMES, 10)
    job, *jobs = r.sample(_JOBS, len(_JOBS))
    return (
        f"{who} has been a {job} for years.",
        job,
        f"What is {who}'s job?",
        [f"{one} is a {other} and reads about {r.choice(_THINGS)}s." for one, other in zip(others, jobs, strict=True)],
    )


_IDLE = (
    "This text will be kept in a folder.", "The folder has a number.", "Thank you for your time.",
    "The office opens at nine.", "The last one was fine.", "Nobody has read it yet.", "We asked somebody else before.",
    "The paper is on the desk.", "It rained here this morning.", "The phone is off.",
)  # fmt: skip


def _instructions(name: str, r: random.Random, number: int) -> Item:
    who, food, day, place = r.choice(_NAMES), r.choice(_FOODS), r.choice(_DAYS), r.choice(_PLACES)
    thing, colour, hour = r.choice(_THINGS), r.choice(_COLOURS), r.choice(_HOURS)
    first, rules, end = (
        (
            "Write a story.",
            [f"The story is about {r.choice(_TOPICS)}.", f"It happens on a {day}.", f"The main person is called {who}.",
             f"Mention {food} once.", "Write two short sentences.", "Use simple words."],
            "Story:",
        ),
        (
            "Write an invitation to a party.",
            [f"It is for {who}.", f"The party is on {day} at {hour}.", f"It takes place at the {place}.",
             f"There will be {food} to eat.", "Be polite.", "Write two short sentences."],
            "Invitation:",
        ),
        (
            f"Write an advertisement for a {thing}.",
            [f"It is {colour}.", f"It can be seen at the {place}.", f"{who} sells it.", "It is nearly new.",
             f"Calls are welcome until {hour}.", "Write two short sentences."],
            "Advertisement:",
        ),
        (
            "Write a note to a neighbour.",
            [f"The neighbour is called {who}.", f"The {thing} was too loud on {day}.", "Be friendly.",
             f"Offer some {food}.", f"Ask for silence after {hour}.", "Write two short sentences."],
            "Note:",
        ),
    )[number % 4]  # fmt: skip
    chosen = [*rules, *r.sample(_IDLE, r.choice((3, 4, 5)))]
    r.shuffle(chosen)
    return Item(name, "instructions", f"{first} {' '.join(chosen)}\n\n{end}")


def _summary(name: str, r: random.Random, number: int) -> Item:
    sentences = (_found, _trip, _shop, _storm)[number % 4](r)
    request = r.choice(("Summarize the text above in one sentence.", "What is the text about? Answer in one sentence."))
    return Item(name, "summary", f"{' '.join(sentences)}\n\n{request}\nSummary:")


def _chosen(r: random.Random, sentences: Sequence[str], side: Sequence[str]) -> list[str]:
    """Return the sentences in their order, with some others in between."""
    found = list(sentences)
    for other in r.sample(side, min(len(side), r.choice((2, 3, 4)))):
        found.insert(r.randint(1, len(found)), other)
    return found


def _found(r: random.Random) -> list[str]:
    who, other = r.sample(_NAMES, 2)
    place, thing, colour = r.choice(_PLACES), r.choice(_THINGS), r.choice(_COLOURS)
    return _chosen(
        r,
        [f"On {r.choice(_DAYS)}, {who} went to the {place}.", f"There {who} found a {colour} {thing}.",
         f"{who} asked everybody who came by.", f"After an hour {other} came running.",
         f"The {thing} belonged to {other}.", f"They drank tea together and talked about {r.choice(_TOPICS)}."],
        ["The weather was cold and the streets were empty.", "It was old, but nothing was missing.",
         "Most people shook their heads.", "Then it got dark.", "A dog barked somewhere."],
    )  # fmt: skip


def _trip(r: random.Random) -> list[str]:
    who, other = r.sample(_NAMES, 2)
    start, end = r.sample(_PLACES, 2)
    return _chosen(
        r,
        [f"{who} and {other} planned a trip from the {start} to the {end}.", f"They wanted to leave at {r.choice(_HOURS)}.",
         f"{who} forgot the {r.choice(_THINGS)} at home.", "They went back and missed the bus.",
         f"{other} was angry for a while.", f"In the end they walked, and arrived on {r.choice(_DAYS)}."],
        ["The road was dusty.", f"They ate {r.choice(_FOODS)} on the way.", "Birds sang in the trees.",
         "Nobody knew the way well.", "The sun was high."],
    )  # fmt: skip


def _shop(r: random.Random) -> list[str]:
    who, other = r.sample(_NAMES, 2)
    food, more = r.sample(_FOODS, 2)
    return _chosen(
        r,
        [f"{who} opened a shop near the {r.choice(_PLACES)}.", f"The shop sold {food} and {more}.",
         "At first nobody came.", f"Then {other}, a {r.choice(_JOBS)}, wrote to some friends about it.",
         f"By {r.choice(_DAYS)} there was a long queue.", f"{who} had to hire two people."],
        [f"The door was {r.choice(_COLOURS)}.", "The rent was low.", "The floor was made of wood.",
         "A radio played all day.", "The window faced the street."],
    )  # fmt: skip


def _storm(r: random.Random) -> list[str]:
    who = r.choice(_NAMES)
    place, pet = r.choice(_PLACES), r.choice(_PETS)
    return _chosen(
        r,
        [f"A storm hit the {place} on {r.choice(_DAYS)}.", "The roof was damaged and the lights went out.",
         f"{who} had to leave through the window.", f"A {r.choice(_COLOURS)} {pet} was still inside.",
         f"{who} went back and saved the {pet}.", "The repair will take a month."],
        ["People watched from the street.", "The clouds were dark.", f"It was past {r.choice(_HOURS)}.",
         "The wind could be felt far away.", "Somebody made tea."],
    )  # fmt: skip


_MAKERS: dict[str, Callable[[str, random.Random, int], Item]] = {
    "few_shot": _few_shot,
    "fact": _fact,
    "instructions": _instructions,
    "summary": _summary,
}
