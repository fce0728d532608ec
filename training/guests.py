"""Guests and dishes: of which kind a case is, what the model shall say of it, and what an example says."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from training import held_out, kitchen, wording
from training.documents import capital
from training.kitchen import Dish

Kind = Literal["conflict", "match", "neutral"]
KINDS: tuple[Kind, ...] = ("conflict", "match", "neutral")
DEFAULTS: dict[Kind, str] = {"conflict": "Avoid.", "match": "You have to try it.", "neutral": "Likely good."}
UNSUITABLE = "Not suitable for you."
LIKED, DISLIKED, FORBIDDEN = "like", "don't like", "can't eat"
UNKNOWN = "I don't know this dish."
UNKNOWN_BRIEFLY = "Unknown dish."


@dataclass(frozen=True)
class Guest:
    """What somebody likes and dislikes, in facts and in words. `forbidden`: can't eat it, rather than won't."""

    likes: tuple[str, ...]
    taste: str | None
    dislikes: tuple[str, ...]
    forbidden: bool
    likes_text: str
    dislikes_text: str


@dataclass(frozen=True)
class Case:
    """A guest and a dish: how it is written on the menu, of which kind it is, and the fact that decides."""

    guest: Guest
    dish: Dish
    written: str
    kind: Kind
    decides: str | None

    @property
    def held_out(self) -> bool:
        """Whether only the evaluation may ask it."""
        guest = self.guest
        if (guest.likes_text, guest.dislikes_text, self.written) in held_out.LIT_TRIPLES:
            return True
        if self.decides:
            return held_out.is_held_out(self.dish.name, self.decides)
        return held_out.is_held_out(self.dish.name, *guest.likes, guest.taste or "", *guest.dislikes)


def judge(guest: Guest, dish: Dish) -> tuple[Kind, str | None]:
    """Return the kind of a guest and a dish, and the ingredient or the taste that decides."""
    for ingredient in dish.ingredients:
        if ingredient in guest.dislikes:
            return "conflict", ingredient
    for ingredient in dish.ingredients:
        if ingredient in guest.likes:
            return "match", ingredient
    if dish.taste and dish.taste == guest.taste:
        return "match", dish.taste
    return "neutral", None


def analysis(case: Case, brief: bool = False) -> str:
    """Return what the model shall say of a case.

    It says what the dish is made of and, behind each thing, what the guest said of it: whatever decides stands where
    the model can see it, one comparison at a time. That is why a model of this size can decide at all.
    """
    dish, guest = case.dish, case.guest
    if not dish.known:
        return UNKNOWN_BRIEFLY if brief else UNKNOWN
    made_of = remarked(guest, dish.ingredients)
    taste = ", just your taste" if dish.taste == guest.taste else ""
    if brief:
        return f"{capital(dish.taste)}{taste}: {made_of}."
    return f"This {dish.taste} {dish.category}{taste}{taste and ','} has {made_of}."


def remarked(guest: Guest, ingredients: tuple[str, ...]) -> str:
    """Return a list of ingredients with what the guest said of them, such as "eggs, which you don't like, and ham"."""
    said, remark = "", ""
    for n, ingredient in enumerate(ingredients):
        if n:
            last = n == len(ingredients) - 1
            said += (", and " if remark else " and ") if last else ", "
        if ingredient in guest.dislikes:
            remark = f", which you {FORBIDDEN if guest.forbidden else DISLIKED}"
        else:
            remark = f", which you {LIKED}" if ingredient in guest.likes else ""
        said += ingredient + remark
    return said


def some_guest(random: Random, dish: Dish, kind: Kind) -> Guest:
    """Return a guest for whom the dish is likely of the kind."""
    r, has = random, dish.ingredients
    absent = [ingredient for ingredient in kitchen.INGREDIENTS if ingredient not in has]
    forbidden = r.random() < 0.45
    one, two = (wording.FORBIDS_ONE, wording.FORBIDS_TWO) if forbidden else (wording.DISLIKES_ONE, wording.DISLIKES_TWO)
    dislikes = r.sample(absent, 2)
    if kind == "conflict" and has:
        dislikes[r.randrange(2)] = r.choice(has)
    if r.random() < 0.5:
        dislikes = [next((name for name in dislikes if name in has), dislikes[0])]
    dislikes_text = r.choice(two if len(dislikes) > 1 else one).format(
        a=dislikes[0], A=capital(dislikes[0]), b=dislikes[-1]
    )
    if kind != "conflict" and r.random() < 0.04:
        dislikes, dislikes_text, forbidden = [], r.choice(wording.NOTHING_DISLIKED), False
    if kind == "neutral" and r.random() < 0.05:
        return Guest((), None, tuple(dislikes), forbidden, r.choice(wording.NOTHING_LIKED), dislikes_text)
    matches = kind == "match" or (kind == "conflict" and r.random() < 0.5)
    if r.random() < 0.45:
        others = [taste for taste in kitchen.TASTES if taste != dish.taste]
        taste = dish.taste if matches and dish.taste else r.choice(others)
        return Guest((), taste, tuple(dislikes), forbidden, r.choice(wording.LIKES_TASTE[taste]), dislikes_text)
    likes = r.sample([name for name in absent if name not in dislikes], 2)
    liked = [name for name in has if name not in dislikes]
    if matches and liked:
        likes[r.randrange(2)] = r.choice(liked)
    if r.random() < 0.65:
        likes = [next((name for name in likes if name in has), likes[0])]
    likes_text = r.choice(wording.LIKES_TWO if len(likes) > 1 else wording.LIKES_ONE)
    likes_text = likes_text.format(a=likes[0], A=capital(likes[0]), b=likes[-1])
    return Guest(tuple(likes), None, tuple(dislikes), forbidden, likes_text, dislikes_text)


def example_analysis(random: Random, case: Case, relation: str) -> str:
    """Return an analysis as somebody might write it in an example."""
    r, dish = random, case.dish
    decides = case.decides if case.decides in dish.ingredients else r.choice(dish.ingredients)
    others = [name for name in dish.ingredients if name != decides] or ["herbs"]
    if case.kind == "conflict":
        template = r.choice(wording.CONFLICTS)
    elif case.kind == "match":
        # An ingredient that is liked wants to be named.
        by_taste = case.decides in kitchen.TASTES
        template = r.choice([said for said in wording.MATCHES if by_taste or "{i}" in said])
    else:
        template = r.choice(wording.NEUTRALS)
    return template.format(
        i=decides,
        I=capital(decides),
        o=r.choice(others),
        r=relation,
        t=dish.taste,
        T=capital(dish.taste),
        c=dish.category,
        j=r.choice(wording.ADJECTIVES),
        J=capital(r.choice(wording.ADJECTIVES)),
        k=r.choice(wording.COOKED),
        w=r.choice(wording.MANY),
        p=r.choice(wording.COUNTRIES),
    )
