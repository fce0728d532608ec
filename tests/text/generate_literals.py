r"""Random Python literals with the values that Python gives them.

Writes `tests/fixtures/text/literals.json`, which the front end's finder of strings must reproduce:

    python tests/text/generate_literals.py

The seed is fixed, so the file only changes with this script.
"""

from __future__ import annotations

import ast
import json
import random
import unicodedata
import warnings
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "fixtures" / "text" / "literals.json"
SEED = 20_000
NUM_CASES = 600

NAMES = ["BULLET", "LATIN SMALL LETTER E WITH ACUTE", "PILE OF POO", "greek small letter alpha", "LF", "HYPHEN-MINUS"]
VALUES = {"x": "Cheese", "long_name": "Can't {eat}\n\teggs 🥚", "d": {"k": "déjà"}, "n": 7}
"""What the fields of generated f-strings may use."""

PLAIN = [
    "a",
    "Taste-likes: ",
    " ",
    "é",
    "漢字",
    "🥚",
    "👩‍🍳",
    "\t",
    "#",
    "%s",
    "%",
    "!",
    "?",
    "\ufeff",
    "\u2028",
    "\x0b",
]
ESCAPES = [
    *(rf"\{c}" for c in "\\'\"abfnrtv"),
    r"\x41",
    r"\xe9",
    r"\u00e9",
    r"\U0001F95A",
    r"\0",
    r"\101",
    r"\7",
    r"\3778",
]
"""Escapes that all non-raw literals may hold."""

PLAIN_ONLY = [r"\d", r"\ ", r"\.", r"\é", r"\ud83e", r"\ud83e\udd5a", *(rf"\N{{{name}}}" for name in NAMES)]
FIELDS = [
    "{x}",
    "{ x }",
    "{long_name}",
    "{x!r}",
    "{x!s:>10}",
    "{n:03d}",
    "{x=}",
    "{d['k']}",
    '{d["k"]}',
    "{n:>{n}}",
    "{x:{'>'}9}",
]


def make_literal(rng: random.Random) -> tuple[str, bool]:
    """Return a literal's source, and whether it may be next to others."""
    is_format = rng.random() < 0.4
    is_raw = rng.random() < 0.3
    letters = [*(["f"] if is_format else []), *(["r"] if is_raw else [])] or rng.choice([[], [], ["u"]])
    rng.shuffle(letters)
    prefix = "".join(rng.choice([letter, letter.upper()]) for letter in letters)
    quote = rng.choice(['"', "'", '"""', "'''"])
    long = len(quote) == 3
    other = "'" if quote[0] == '"' else '"'
    pieces: list[str] = []
    for _ in range(rng.randrange(9)):
        kind = rng.random()
        if kind < 0.4:
            pieces.append(rng.choice([*PLAIN, other]))
        elif kind < 0.6:
            pieces.append(rng.choice([r"\n", rf"\{quote[0]}", r"\\", r"\u00e9"] if is_raw else ESCAPES))
        elif kind < 0.7 and not is_raw:
            pieces.append(rng.choice(PLAIN_ONLY))
        elif kind < 0.8 and long:
            pieces.append(rng.choice(["\n", "\r\n", "\r", quote[0] + " ", quote[0] * 2 + " "]))
        elif kind < 0.87:
            pieces.append(rng.choice(["\\\n", "\\\r\n"]) if long or not is_raw else "z")
        elif is_format:
            # Before Python 3.12 a field may contain neither the literal's own quote nor a backslash.
            pieces.append(rng.choice([*(f for f in FIELDS if quote[0] not in f), "{{", "}}", "{{x}}"]))
        else:
            pieces.append(rng.choice(["{", "}", "{x}", "{{"]))
    return f"{prefix}{quote}{''.join(pieces)}{quote}", is_format


def make_source(rng: random.Random) -> str:
    """Return an expression: a literal, or a few that Python joins."""
    parts = [make_literal(rng)[0] for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    if len(parts) == 1:
        return parts[0]
    if rng.random() < 0.5:
        return "".join(part + rng.choice([" ", "  ", " \\\n"]) for part in parts[:-1]) + parts[-1]
    return "(" + "".join(part + rng.choice(["\n", "  # not ' text\n    ", " "]) for part in parts) + ")"


def evaluate(source: str) -> Any:
    """Return Python's own value: a literal's by `ast.literal_eval`, an f-string's by running it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about unknown escapes
        tree = ast.parse(source, mode="eval")
        if isinstance(tree.body, ast.Constant):
            return ast.literal_eval(source)
        return eval(compile(tree, "<literal>", "eval"), {}, dict(VALUES))


def fields(source: str) -> dict[str, str]:
    """Return the values of the source's fields, by the finder's names."""
    table = {}
    for field in FIELDS:
        if field in source:
            expression = field[1:-1].strip()
            table[expression] = evaluate(f'f"""{field}"""')
    return table


def generate() -> dict[str, Any]:
    """Return the content of the file."""
    rng = random.Random(SEED)
    cases = []
    while len(cases) < NUM_CASES:
        source = make_source(rng)
        try:
            value = evaluate(source)
        except (SyntaxError, ValueError):
            continue
        cases.append({"source": source, "value": value, "values": fields(source)})
    names = {name: unicodedata.lookup(name) for name in NAMES}
    return {"seed": SEED, "names": names, "cases": cases}


def dump() -> str:
    """Return the file's text: ASCII, with one case per line."""
    content = generate()
    lines = ",\n".join("    " + json.dumps(case) for case in content["cases"])
    return f'{{\n  "seed": {content["seed"]},\n  "names": {json.dumps(content["names"])},\n  "cases": [\n{lines}\n  ]\n}}\n'


if __name__ == "__main__":
    FILE.write_text(dump(), encoding="ascii")
