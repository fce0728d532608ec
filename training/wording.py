"""The words of menu prompts: how likes, dislikes, analyses, recommendations, headings and rules are put.

In the templates `{a}` and `{b}` are ingredients, `{A}` begins with a capital.
"""

from __future__ import annotations

import re

from training.documents import words

LIKES_TASTE = {
    "sweet": (
        "I've a sweet-tooth",
        "I have a sweet tooth",
        "I've a sweet tooth",
        "Sweet things",
        "I love sweet food",
        "Anything sweet",
        "Sweets",
        "Sweet",
    ),
    "spicy": (
        "I like it hot",
        "Spicy food",
        "I love hot and spicy food",
        "Anything spicy",
        "I enjoy spicy dishes",
        "Spicy",
    ),
    "savoury": (
        "Savoury food",
        "I love savoury food",
        "Rich and savoury dishes",
        "I like savoury things",
        "Anything savoury",
        "Savoury",
    ),
    "fresh": (
        "Fresh and light food",
        "I love fresh food",
        "Anything fresh",
        "I like fresh dishes",
        "Fresh things",
        "Fresh",
    ),
}
LIKES_ONE = ("{A}", "{A}", "{A}", "I love {a}", "I like {a}", "Anything with {a}", "I'm fond of {a}")
LIKES_TWO = ("{A} and {b}", "I really like {a} and {b}", "{A}, {b}", "I like {a} and {b}")
DISLIKES_ONE = (
    "Don't like {a}",
    "I don't like {a}",
    "Not a fan of {a}",
    "I hate {a}",
    "No {a} please",
    "Don't enjoy {a}",
    "{A}",
)
DISLIKES_TWO = (
    "Don't like {a} or {b}",
    "Don't like {a} or {b}",
    "I don't like {a} or {b}",
    "Dislike {a} and {b}",
    "{A} or {b}",
    "{A}, {b}",
)
FORBIDS_ONE = (
    "Can't eat {a}",
    "Can't eat {a}",
    "I can't eat {a}",
    "Allergic to {a}",
    "Can't have {a}",
    "Must avoid {a}",
    "Intolerant to {a}",
)
FORBIDS_TWO = ("Can't eat {a} or {b}", "I'm allergic to {a} and {b}", "I can't eat {a} or {b}")
NOTHING_LIKED = ("Nothing special", "Not known", "I eat everything")
NOTHING_DISLIKED = ("Nothing", "None", "Not known")

# Analyses in the examples. `{i}` is what decides, `{o}` another ingredient, `{r}` "don't like" or the like,
# `{t}` the taste, `{c}` the category, `{j}` and `{k}` adjectives, `{w}` what there may be many of, `{p}` a country.
CONFLICTS = (
    "it has {k} {i} in it, which you {r}.",
    "it has {k} {i} in it, which you {r}.",
    "it has {i} in it, which you {r}.",
    "It has {k} {i} in it, which you {r}.",
    "This dish contains {i}, which you {r}.",
    "This dish contains {i} and {o}, which you {r}.",
    "contains {i}, and you {r} that.",
    "There are {i} inside, which you {r}.",
    "made with {i}, something you {r}.",
    "The main part is {k} {i}, which you {r}.",
    "full of {i}, which you {r}.",
    "It comes with {k} {i} and {o}, and you {r} {i}.",
)
MATCHES = (
    "{T} with many kinds of {w}",
    "{T} with many different {w}",
    "{T} with a lot of {i}",
    "{T} and full of {w}",
    "{T}, just what you like.",
    "This dish has {i}, which you like.",
    "it has {i} in it, which you love.",
    "{T} and {j}, as you like it.",
    "Made with {i}, one of your favourites.",
    "{T} with plenty of {i} and {o}",
    "it is {t} with different {w}",
)
NEUTRALS = (
    "{J} {c} in {p} is usually great",
    "Home-made {o} {c} in {p} is usually great",
    "{J} {i} {c} is usually good",
    "Home-made {c} is often great",
    "{J} {c} from {p} is mostly good",
    "A {j} {c} that most people enjoy",
    "This {c} is a classic in {p}",
    "{J} {c} is usually fine here",
    "A {j} {c} with {i} and {o}.",
    "The {c} here is normally {j} and good",
    "Simple {c} made in {p} is rarely bad",
)
RELATIONS = ("don't like", "don't like", "don't like", "can't eat", "dislike", "don't enjoy", "hate")
COOKED = ("cooked", "fried", "raw", "roasted", "fresh", "grilled", "chopped", "baked")
ADJECTIVES = (
    "rich",
    "creamy",
    "crispy",
    "warm",
    "light",
    "hearty",
    "simple",
    "golden",
    "home-made",
    "rustic",
    "tender",
)
MANY = ("flavours", "colours", "fillings", "textures", "aromas", "tastes", "toppings", "creams")
COUNTRIES = ("france", "italy", "spain", "japan", "mexico", "greece", "belgium", "portugal")
ADDITIONS = ("maison", "au levain", "of the day", "with a twist", "house style", "with sauce", "du chef", "special")

RECOMMENDATIONS = (
    "You have to try it.",
    "Likely good.",
    "Avoid.",
    "Not recommended.",
    "Worth a try.",
    "Skip it.",
    "Go for it.",
    "Don't order it.",
    "A safe choice.",
    "You will love it.",
    "Maybe.",
    "Definitely yes.",
    "Stay away.",
    "Order it today.",
    "Ask the waiter first.",
    "Probably fine.",
    "Yes.",
    "No.",
    "Choose something else.",
    "Great pick.",
    "Try a small portion.",
    "Only if you are hungry.",
    "You should pass.",
    "You can try it.",
    "Likely bad.",
    "You must order it.",
    "Better not.",
    "Why not.",
    "Try it once.",
    "Leave it.",
    "Perfect for you.",
    "Please avoid it.",
    "Have a taste.",
    "Good idea.",
    "Bad idea.",
)
# For recommendations with a common beginning, which differ in one word: only the right line tells which.
BEGINNINGS = (
    "You have to try it",
    "You can try it",
    "You will love it",
    "You should try it",
    "Go for it now",
    "Do not order it",
    "Try it with friends",
    "Ask for a small portion",
)
WORDS = words(
    """
    try order taste skip share pass pick enjoy avoid ask wait leave choose take eat it this that one now today
    later soon twice once maybe never always often surely with without friends waiter chef table menu safe good
    bad fine great risky lovely poor likely hardly really very quite just only please better worst best first
    last small large half portion plate side next time again yes no green red blue gold silver star two five
    seven up down go stop hold keep move on
    """
)

HEADINGS = (
    "Analyze a menu item in a restaurant.",
    "Analyze a menu item in a restaurant.",
    "Analyze a menu item in a restaurant.",
    "Analyze a dish on the menu.",
    "Assess a menu item in a restaurant.",
    "Look at a menu item and give advice.",
    "Analyze a menu item.",
    "Say whether the guest should order this.",
)
EXAMPLES_FOLLOW = ("## For example:", "## For example:", "## For example:", "## Examples:", "## Here are examples:")
QUESTION_FOLLOWS = (
    "## Now analyze one more example:",
    "## Now analyze one more example:",
    "## Now analyze one more example:",
    "## Now analyze this one:",
    "## Now it is your turn:",
    "## One more example:",
)

# Rules, as on LIT's sample `fewshot-constitution`.
BRIEF = (
    "The analysis should be brief and to the point.",
    "The analysis should be brief and to the point.",
    "The analysis should be brief.",
    "Keep the analysis short.",
    "The analysis should be short and to the point.",
    "Be brief and to the point.",
    "Write a short analysis.",
)
IDLE = (
    "Use simple words.",
    "Do not mention prices.",
    "Write in English.",
    "The analysis should be friendly.",
    "Think about the taste of the guest.",
    "The recommendation should be easy to read.",
)
# A rule on suitability: subject, verb, object, person, restriction.
SUITABLE = (
    ("The analysis", "The recommendation", "The analysis and recommendation", "The analysis and the recommendation"),
    (
        "should be clear about",
        "must be clear about",
        "should both be clear about",
        "should clearly state",
        "should mention",
    ),
    ("the suitability", "how suitable it is", "whether it is suitable"),
    ("for someone", "for a person", "for a guest"),
    (
        "with a specified dietary restriction",
        "with a dietary restriction",
        "with an allergy or a dietary restriction",
        "with a stated dietary restriction",
        "with a special diet",
    ),
)

# Labels of a menu prompt's lines: likes, dislikes, dish, analysis, recommendation. LIT's own come first.
LABELS = (
    ("Taste-likes", "Likes", "Loves", "Guest likes", "Favourites", "Enjoys", "Prefers"),
    ("Taste-dislikes", "Dislikes", "Hates", "Guest dislikes", "Restrictions", "Avoids", "Diet"),
    ("Suggestion", "Dish", "Menu item", "Item", "Meal", "Order"),
    ("Analysis", "Reason", "Thoughts", "Why", "Reasoning", "Notes", "Comment"),
    ("Recommendation", "Verdict", "Advice", "Answer", "Conclusion", "Decision"),
)

_ONSETS = words("b br c ch cl d dr f fl g gr h j k l m n p pl qu r s sh sl st t tr v w z")
_VOWELS = words("a e i o u ai ea oo ou")
_CODAS = words("b ck d ft g l ll m mp n nd ng nt p r rd rn rt s sh sk st t x")
SYLLABLES = (_ONSETS, _VOWELS, _CODAS)
"""Beginnings, middles and ends of the syllables that words of no language are built from."""

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS_OF_ALL_KINDS: tuple[str, ...] = tuple(
    dict.fromkeys(
        [
            *WORDS,
            *ADJECTIVES,
            *MANY,
            *COUNTRIES,
            *(word for said in (*NEUTRALS, *SUITABLE, *BRIEF) for word in re.findall("[a-z]{3,}", str(said).lower())),
        ]
    )
)
"""What strange words are put together of."""

SMALL_WORDS = words("a an and at by for in it my of on or our so the to up we you your")
"""What stands between other words, in a recommendation that is put together, too."""
