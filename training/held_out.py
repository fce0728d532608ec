"""What the training text never holds, so that the evaluation can ask for it.

LIT's sample prompts, the guests and dishes of their menus, one in eight pairs of a dish and what decides about it, and
the words of the recommendations and labels below.
"""

from __future__ import annotations

from zlib import crc32

SHARE = 8
"""One in so many pairs is kept."""

# Likes, dislikes and dish, as LIT's few-shot samples have them: those of the question, then those of the examples.
LIT_TRIPLES = (
    ("Cheese", "Can't eat eggs", "Quiche Lorraine"),
    ("I've a sweet-tooth", "Don't like onions or garlic", "Onion soup"),
    ("I've a sweet-tooth", "Don't like onions or garlic", "Baguette maison au levain"),
    ("I've a sweet-tooth", "Don't like onions or garlic", "Macaron in france"),
)
_LIT_PAIRS = {("Quiche Lorraine", "eggs")}

RECOMMENDATIONS = (
    "Run away quickly.",
    "Thumbs up.",
    "Absolutely delightful choice.",
    "Consider another plate.",
    "Our chef disagrees.",
    "Five stars from me.",
    "Dance on the table.",
    "Hide under your chair.",
    "Grab two of them.",
    "Forget about dinner.",
    "Send it back.",
    "Simply wonderful.",
    "Bring an umbrella.",
    "Nope, nope, nope.",
    "Gladly accepted.",
    "Marvellous evening ahead.",
    "Drink water instead.",
    "Keep walking, friend.",
    "Worthy of applause.",
    "Call your doctor.",
    "Sleep over it.",
    "Celebrate tonight.",
    "Double the order.",
    "Return tomorrow.",
)
"""Recommendations whose words hardly occur in the training text, and never as a recommendation."""

UNKNOWN_DISHES = ("Borscht", "Haggis", "Lutefisk", "Poutine", "Sukiyaki", "Pavlova", "Bobotie", "Carpaccio", "Fattoush")
"""Dishes that the model isn't taught, and that aren't among those it is taught not to know."""

LABELS = (
    ("Fond of", "Not fond of", "On offer", "Assessment", "Judgement"),
    ("Wants", "Refuses", "Today's special", "Explanation", "Result"),
    ("Plus", "Minus", "Food", "Remarks", "Proposal"),
    ("The guest adores", "The guest detests", "Offered", "Opinion", "Therefore"),
)
"""Labels for likes, dislikes, dish, analysis and recommendation that no training text has."""


def is_held_out(dish: str, *decides: str) -> bool:
    """Tell whether the pair is kept for the evaluation.

    Args:
        dish: its name, without additions.
        decides: the ingredient or taste that decides; where nothing does, what is liked and disliked.
    """
    if (dish, *decides) in _LIT_PAIRS:
        return True
    return crc32("|".join((dish, *decides)).encode()) % SHARE == 0
