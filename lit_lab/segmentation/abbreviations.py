"""Abbreviations with a full stop, in lower case and without it."""

from __future__ import annotations

from typing import Literal

from .ecmascript import compile


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split(" "))


_INNER = _words(
    "mr mrs ms mx dr prof rev hon fr sen rep gov gen col maj capt cmdr lt sgt cpl st mt ft",
    "vs v cf e.g eg i.e ie viz approx ca resp incl excl esp al dept est dist univ assn",
    "mme mlle m.me z.b d.h u.a bzw vgl s.o p.s n.b",
)
"""They never end a sentence: something always follows them."""

_ENDING = _words(
    "inc ltd co corp llc bros plc gmbh jr sr esq",
    "etc ave blvd rd hwy apt bldg min max avg temp",
    "a.m p.m am pm b.c a.d c.e b.c.e ph.d m.d b.a m.a b.sc m.sc",
)
"""They may end a sentence; the next word decides."""

_NUMBERED = _words(
    "no nos fig figs eq eqs sec secs ch chap vol vols art p pp para ref refs ex",
    "jan feb mar apr jun jul aug sep sept oct nov dec tel ver",
)
"""They precede a number; before anything else they end a sentence."""

_OPENERS = _words(
    "the a an this that these those there then it its he she they we you i his her their our my your",
    "but and or so if in on at as for from with by to when while what why how who where which",
    "is are was were do does did has have had can could will would should may might must",
    "however therefore moreover although because after before since now here also not no yes please let",
)
"""Words that often begin a sentence and seldom follow an abbreviation."""

_LETTERS = compile(r"^\p{L}(?:\.\p{L})+$")
_CAPITAL = compile(r"^\p{Lu}$")
_FIRST_WORD = compile(r"""["'“‘«([*_]*(\p{L}[\p{L}'’]*)""")
_CAPITAL_FIRST = compile(r"\p{Lu}")


def is_abbreviation(word: str, where: Literal["inner", "ending"]) -> bool:
    """Whether a word is an abbreviation.

    Args:
        word: Without its last full stop.
        where: `inner`: one that never ends a sentence; `ending`: one that may.
    """
    lower = word.lower()
    if where == "inner":
        return lower in _INNER
    # Single letters with full stops between them: U.S, e.g; but not those of _INNER.
    return lower in _ENDING or (_LETTERS.search(word) is not None and lower not in _INNER)


def is_initial(word: str) -> bool:
    """Whether a word is an initial, such as the J of `J. Smith`."""
    return _CAPITAL.search(word) is not None


def takes_number(word: str) -> bool:
    """Whether a word is an abbreviation that precedes a number."""
    return word.lower() in _NUMBERED


def opens_sentence(text: str, at: int = 0) -> bool:
    """Whether a text begins as a new sentence often does, from some offset on."""
    word = _FIRST_WORD.match(text, at)
    return word is not None and _CAPITAL_FIRST.match(word[1]) is not None and word[1].lower() in _OPENERS
