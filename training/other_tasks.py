"""What else the embedded model is asked: headlines and summaries of short news, uses for a thing, and anything else.

LIT's samples hold such prompts. The model is too small to do any of it in general: it learns a few patterns that use
the prompt, and to say so where a prompt is of no kind that it knows.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from training import kitchen, wording
from training.documents import ANSWER, FIRST, PROMPT, Document, Part, capital, document, words
from training.recommendations import invented

DECLINES = "I'm a small demonstration model: try me on a menu, a headline or uses for a thing."
"""The answer to a prompt of no kind that the model knows."""

_BUSINESS = (
    "offshore drilling",
    "oil",
    "mobile phone",
    "coffee",
    "car parts",
    "steel",
    "airline",
    "software",
    "shipping",
    "insurance",
    "toy",
    "paper",
    "gold mining",
    "hotel",
    "television",
)
_ROLES = ("contractor", "company", "group", "maker", "operator", "producer", "supplier")
_RANKS = ("largest", "second largest", "biggest", "oldest", "leading", "fastest growing")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_FORMS = ("inc.", "corp.", "ltd.", "plc")
_REGIONS = (
    "the world's key markets",
    "the world's key markets",
    "all major regions",
    "europe and asia",
    "the region",
    "twelve countries",
    "north america",
)
_EDITORS = (
    "",
    "",
    "",
    "You are an editor at the New York Times. ",
    "You are a news editor. ",
    "You are a journalist. ",
)
_SUMMARIZE = (
    "Summarize this.",
    "Summarize the following article.",
    "Summarize the text below.",
    "Write a summary of this article.",
    "Summarize the news.",
)
_HEADLINE = (
    "Write a headline for the following newspaper article.",
    "Write a headline for the following article.",
    "Write a headline for this news.",
    "Give this article a headline.",
)

# The first two uses are usual, the others creative.
USES = {
    "scissors": ("Cut paper.", "Open a package.", "Trim herbs in the kitchen.", "Cut stars from old cloth.", "Shape a paper mask."),
    "paper clip": ("Hold pages together.", "Mark a page in a book.", "Reset a small device.", "Bend it into jewelry.", "Build a tiny chain."),
    "bucket": ("Carry water.", "Store tools.", "Grow a small plant.", "Play it as a drum.", "Build a sand castle."),
    "rope": ("Tie a boat.", "Dry wet clothes.", "Hang a swing.", "Weave a basket.", "Draw a circle in the sand."),
    "newspaper": ("Read the news.", "Wrap a gift.", "Clean a window.", "Fold a paper hat.", "Make a paper boat."),
    "brick": ("Build a wall.", "Hold a door open.", "Line a garden path.", "Carve a small statue.", "Use it as a book end."),
    "spoon": ("Eat soup.", "Stir coffee.", "Measure sugar.", "Play music with it.", "Plant small seeds."),
    "bottle": ("Carry water.", "Store oil.", "Grow a flower.", "Send a message at sea.", "Make a small lamp."),
    "umbrella": ("Stay dry in the rain.", "Make shade in the sun.", "Walk with it as a cane.", "Hang lights from it.", "Dance with it."),
    "towel": ("Dry your hands.", "Lie on the beach.", "Clean a table.", "Build a tent for children.", "Wear it as a cape."),
    "box": ("Store old books.", "Ship a gift.", "Move to a new home.", "Build a toy car.", "Make a house for a cat."),
    "shoe": ("Walk outside.", "Hold a door open.", "Keep your feet warm.", "Grow a plant in it.", "Paint it as art."),
    "key": ("Open a door.", "Open a box.", "Scratch a ticket.", "Wear it on a chain.", "Make a wind chime."),
    "pencil": ("Write a note.", "Draw a picture.", "Mark a board.", "Hold up your hair.", "Play it as a drum stick."),
}  # fmt: skip
_ASK_USES = (
    "Brainstorm three ways to use the following item.",
    "Name three uses for this item.",
    "Think of three ways to use this.",
)
_CREATIVE = (
    "The list should include creative uses for the item.",
    "The list should include creative uses for the item.",
    "Be creative.",
    "The uses should be creative.",
)
_SPECIFIC = (
    "The list should include at least three specific uses for the item.",
    "The list should include at least three specific uses for the item.",
    "The ideas should be specific.",
    "The ideas must be safe.",
    "The ideas should be short.",
)

_THINGS = words(
    "cat dog tree river music history summer winter school city book train garden moon king ocean team game"
)
_ASKS = (
    "What is a {x}?",
    "Who was the first {x}?",
    "Write a poem about a {x}.",
    "Tell me about the {x}.",
    "How do I get a {x} to {y}?",
    "Translate this: {x} and {y}",
    "Why is the {x} like a {y}?",
    "Hello",
    "Hi, who are you?",
    "Explain {x} to a child.",
    "The {x} and the {y} went",
    "Write code for a {x}.",
    "{X}, {y}, {z}",
    "Is it true that a {x} has {n} {y}s?",
)
_SELLERS = ("booth", "shop", "bakery", "farm", "stand", "club", "school", "market", "store", "snack booth")
_GOODS = (*kitchen.INGREDIENTS, "popcorn", "cotton candy", "tickets", "juice", "books", "flowers", "toys", "cakes")


def news(random: Random, name: Callable[[Random], str] | None = None, open_ended: bool = False) -> Document:
    """A short article, then a headline or a summary in two points.

    Args:
        random: where chance comes from.
        name: draws the names of companies.
        open_ended: let most prompts end with the line, as LIT's samples do.
    """
    r, name = random, name or _company
    company, other, business = capital(name(r)), name(r), r.choice(_BUSINESS)
    if r.random() < 0.5:
        other = capital(other)
    region = r.choice(_REGIONS)
    begins = (
        f"{company} {r.choice(_FORMS)}, {r.choice(('the world', 'the country', 'the region'))}'s {r.choice(_RANKS)} "
    )
    begins += f"{business} {r.choice(_ROLES)}, said {r.choice(_DAYS)} it will "
    deed = r.choice(("merge", "merge", "merge", "buy", "sue", "cut", "open"))
    if deed == "merge":
        rival = r.choice(("smaller competitor ", "smaller competitor ", "rival ", "its rival ", ""))
        goes_on = (
            f"{r.choice(('combine', 'combine', 'merge'))} with {rival}{other} {r.choice(_FORMS)}, creating a company "
        )
        goes_on += f"with a full range of {business} services in {region}."
        points = (
            f"{company} and {other} merge to form a large {business} company.",
            f"The combined company will offer a full range of services in {region}.",
        )
        headline = f"{company} and {other} merge in {business}"
    elif deed == "buy":
        goes_on = f"buy {other} {r.choice(_FORMS)} to grow its {business} business in {region}."
        points = f"{company} buys {other}.", f"The deal grows its {business} business in {region}."
        headline = f"{company} to buy {other}"
    elif deed == "sue":
        goes_on = f"sue {other} {r.choice(_FORMS)} over the use of its {business} patents."
        points = f"{company} sues {other}.", f"The dispute is about {business} patents."
        headline = f"{company} sues {other} over {business} patents"
    elif deed == "cut":
        count = r.randint(2, 99) * 100
        goes_on = f"cut {count} jobs because of weak demand in {region}."
        points = f"{company} will cut {count} jobs.", f"The reason is weak demand in {region}."
        headline = f"{company} to cut {count} jobs"
    else:
        count = r.randint(2, 40)
        goes_on = f"open {count} new offices in {region}."
        points = f"{company} will open {count} new offices.", f"The offices are in {region}."
        headline = f"{company} opens {count} offices in {region}"
    in_points, editor = r.random() < 0.5, r.choice(_EDITORS)
    if in_points:
        ask, label, before, answer = r.choice(_SUMMARIZE), "Summary:", "\n\n", f"- {points[0]}\n- {points[1]}"
    else:
        ask, label, before, answer = r.choice(_HEADLINE), "Headline:", " ", headline
    ending = r.choice(("\n", "\n", "\n\n", " ", "")) if open_ended else ""
    wanted = f"{editor}{ask}\n\n{begins}{goes_on}\n\n{label}{ending}"
    return document([Part(wanted), Part(answer if ending else before + answer, ANSWER)])


def uses(random: Random) -> Document:
    """Three uses for a thing; creative ones where the prompt wants them."""
    r = random
    ask, creative = r.choice(_ASK_USES), r.random() < 0.4
    if creative:
        ask += r.choice((" ", "")) + r.choice(_CREATIVE)
    if r.random() < 0.3:
        ask += r.choice((" ", "")) + r.choice(_SPECIFIC)
    if r.random() < 0.25:
        thing = r.choice((invented(r), r.choice(_THINGS)))
        usual = (f"Use the {thing} at home.", f"Give the {thing} to a friend.", f"Clean the {thing} and keep it.")
        new = (f"Paint the {thing} as art.", f"Build a toy from the {thing}.", f"Play music with the {thing}.")
        chosen = new if creative else usual
    else:
        # LIT's samples ask for uses of scissors in just these words.
        thing = r.choice([name for name in USES if name != "scissors" or not ask.startswith(_ASK_USES[0])])
        chosen = USES[thing][2:] if creative else USES[thing][:3]
    points = "\n".join(f"{n}. {said}" for n, said in enumerate(chosen, 1))
    return document([Part(f"{ask}\n\nItem: {thing}\n\nIdeas:"), Part(f"\n\n{points}", ANSWER)])


def anything(random: Random) -> Document:
    """Something else, which the model declines."""
    r = random
    known = (*_THINGS, *wording.WORDS, *kitchen.INGREDIENTS, invented(r), invented(r))
    x, y, z = (r.choice(known) for _ in range(3))
    kind = r.random()
    if kind < 0.4:
        said = _sum(r)
    elif kind < 0.5:
        said = capital(" ".join(r.choice(known) for _ in range(r.randint(1, 25)))) + r.choice((".", "?", ""))
    else:
        said = r.choice(_ASKS).format(x=x, X=capital(x), y=y, z=z, n=r.randint(2, 99))
    if r.random() < 0.15:
        return document(
            [Part(f"<start_of_turn>user\n{said}<end_of_turn>\n<start_of_turn>model\n"), Part(DECLINES, ANSWER, FIRST)]
        )
    return document([Part(said), Part(f" {DECLINES}", ANSWER, FIRST)])


def sums(random: Random, weight: float = PROMPT) -> Document:
    """A question of arithmetic with some steps before it, which the model declines; `weight` is the question's."""
    r = random
    said = "\n".join(_sum(r) for _ in range(r.choice((1, 1, 2))))
    return document([Part(said + r.choice(("", "", "\n")), weight), Part(f" {DECLINES}", ANSWER, FIRST)])


def _company(random: Random) -> str:
    return invented(random) + (invented(random) if random.random() < 0.6 else "")


def _sum(random: Random) -> str:
    """Return a question of arithmetic, with steps or without, as LIT's gsm8k samples have them."""
    r = random

    def n() -> int:
        return r.randint(2, 99)

    seller, (goods, more) = r.choice(_SELLERS), r.sample(_GOODS, 2)
    said = (
        f"A {seller} made ${n()} selling {goods} each day. It made {r.choice(('two', 'three', 'four'))} times as much "
    )
    said += f"selling {more}. For {n()} days, it has to pay ${n()} rent and ${n()} for the cost of the {more}. "
    said += f"How much did the {seller} earn for {n()} days?"
    for _ in range(r.choice((0, 0, 1, 2, 3))):
        said += f"\nHow much did the {seller} {r.choice(('make', 'pay', 'earn'))} {r.choice(('each day', 'in all', 'selling ' + goods))}? ** "
        said += f"The {seller} made ${n()} {r.choice('x+-')} {n()} = $<<{n()}{r.choice('*+-')}{n()}={n()}>>{n()}."
    if r.random() < 0.4:
        said += f"\nHow much did the {seller} earn in the end? **"
    return said
