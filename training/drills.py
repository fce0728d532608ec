"""Short exercises for what a menu prompt asks for: to find the like, to know dishes, to compare, to copy.

Copying the recommendation of the right example hardly emerges from whole prompts alone: a model of this size learns to
repeat the last one and stays there. Blocks in which the choice is all that matters come first.
"""

from __future__ import annotations

from random import Random

from training import kitchen, wording
from training.documents import ANSWER, FIRST, Document, Part, capital, document, listed
from training.guests import KINDS, Kind, analysis, example_analysis, remarked, some_guest
from training.menu import Menus
from training.recommendations import invented, recommendation, recommendations, strange

_WORDS = (*wording.WORDS, *kitchen.INGREDIENTS, *wording.ADJECTIVES, *wording.MANY)


def recall(random: Random) -> Document:
    """Analyses that say one of a few things, each with its recommendation: the same again has the same again."""
    r, count, length = random, random.choice((2, 3, 3, 4)), random.choice((1, 1, 1, 2, 2, 3))
    keys: dict[str, str] = {}
    while len(keys) < count:
        said = capital(" ".join(r.choice(_WORDS) for _ in range(length)))
        keys[said.split()[-1]] = said
    answers: dict[str, str] = {}
    while len(answers) < count:
        answer = recommendation(r)
        if len(answer) < 24:
            answers[answer.split()[0]] = answer
    pairs = list(zip(keys.values(), answers.values(), strict=True))
    parts = []
    order = [*range(count), *(r.randrange(count) for _ in range(6))]
    for n, chosen in enumerate(order):
        key, answer = pairs[chosen]
        parts.append(Part(f"Analysis: {key}\nRecommendation:"))
        parts.append(Part(f" {answer}", ANSWER, FIRST) if n >= count else Part(f" {answer}"))
        parts.append(Part("\n\n"))
    return document(parts, ends=False)


def pairs(random: Random) -> Document:
    """Analyses as people write them, one of each kind with its recommendation, then two more to recommend on."""
    r = random
    recommends = recommendations(r)
    kinds: list[Kind] = list(KINDS)
    r.shuffle(kinds)
    relation, menus = r.choice(wording.RELATIONS), Menus(r)
    parts = []
    for n, kind in enumerate([*kinds, r.choice(kinds), r.choice(kinds)]):
        case = menus.case(kind)
        own = r.random() < (0.25 if n < 3 else 0.6)
        said = analysis(case, r.random() < 0.25) if own else example_analysis(r, case, relation)
        parts.append(Part(f"Analysis: {said}\nRecommendation:"))
        parts.append(Part(f" {recommends[kind]}", ANSWER, FIRST) if n > 2 else Part(f" {recommends[kind]}"))
        parts.append(Part("\n\n"))
    return document(parts, ends=False)


def cases(random: Random, fair: bool = False) -> Document:
    """Guests and dishes, each with its analysis, and nothing else; `fair`: as in `Menus`."""
    menus, brief = Menus(random, fair=fair), random.random() < 0.2
    parts = [Part("* The analysis should be brief.\n\n")] if brief else []
    for _ in range(3):
        case = menus.case(random.choice(KINDS), asks=True)
        facts = f"Taste-likes: {case.guest.likes_text}\nTaste-dislikes: {case.guest.dislikes_text}\n"
        said = analysis(case, brief)
        parts += [Part(f"{facts}Suggestion: {case.written}\nAnalysis:"), Part(f" {said}", ANSWER), Part("\n\n")]
    return document(parts, ends=False)


def facts(random: Random) -> Document:
    """What a dish is made of, and whether something is in it."""
    r, parts = random, []
    for _ in range(9):
        if r.random() < 0.2:
            names = tuple(r.sample(kitchen.INGREDIENTS, r.choice((1, 2))))
            dish = kitchen.named_dish(names, r.choice(tuple(kitchen.NAMED_BY)))
        else:
            dish = r.choice(kitchen.dishes())
        parts.append(Part(f"Suggestion: {dish.name}\n"))
        if r.random() < 0.4:
            parts += [Part("Ingredients:"), Part(f" {listed(dish.ingredients)}\n", ANSWER)]
        else:
            absent = [name for name in kitchen.INGREDIENTS if name not in dish.ingredients]
            asked = r.choice(dish.ingredients if r.random() < 0.5 else absent)
            parts += [Part(f"Contains {asked}?"), Part(f" {'Yes' if asked in dish.ingredients else 'No'}.\n", ANSWER)]
    return document(parts, ends=False)


def repeats(random: Random) -> Document:
    """Words of any kind, once more."""
    r = random
    words = [invented(r) if r.random() < 0.5 else r.choice(_WORDS) for _ in range(r.randint(6, 18))]
    said = " ".join(words)
    return document([Part(said), Part("\n"), Part(said, ANSWER)])


def strange_repeats(random: Random) -> Document:
    """Strange words, once more."""
    said = " ".join(strange(random) for _ in range(random.randint(4, 14)))
    return document([Part(said), Part("\n"), Part(said, ANSWER)])


def comparisons(random: Random, counts: tuple[int, ...] = (2, 3)) -> Document:
    """Lists, and what a guest said of the things on them: what a conflict is, without any dish to know."""
    r, parts = random, []
    for _ in range(4):
        dish = kitchen.Dish("", "", "", tuple(r.sample(kitchen.INGREDIENTS, r.choice(counts))))
        guest = some_guest(r, dish, r.choice(KINDS))
        parts += [Part(f"Taste-likes: {guest.likes_text}\nTaste-dislikes: {guest.dislikes_text}\n")]
        parts += [Part(f"Ingredients: {listed(dish.ingredients)}\nAnalysis:")]
        parts += [Part(f" {capital(remarked(guest, dish.ingredients))}.", ANSWER), Part("\n\n")]
    return document(parts, ends=False)
