"""Edits applied to cells: in CPython, the cell then produces exactly the edited text."""

from __future__ import annotations

import ast
import inspect
import random
import textwrap
import warnings
from collections.abc import Callable
from typing import Any

import pytest

Apply = Callable[[dict[str, Any]], dict[str, Any]]

#: Parts of a literal's source.
WRITTEN = (
    "a", "be", "word ", " ", ". ", "é", "世界", "😀", "'", '"', "\\n", "\\t", "\\\\", "\\'", '\\"', "\\x41", "\\u00e9", "\\0",
    "\\12", "\\U0001f600", "\\d", "\\\n", "\n", "\n\n", "\n    ", "    ", "%", "%%", "{{", "}}", "#", "''", '""', "1", "\t",
)  # fmt: skip

#: Parts of texts that users write.
TYPED = (
    "a", "be", "word ", " ", ". ", "é", "世", "😁", "'", '"', "'''", '"""', "\\", "\\n", "\n", "\n\n", "\n  x", "\t", "%", "%s",
    "{", "}", "{x}", "{{", "#", "1", "7", "\x07", "\u2028", "N", "\\N{DASH}",
)  # fmt: skip

PREFIXES = ("", "", "", "r", "f", "f", "F", "rf", "R", "u")
QUOTES = ("'", '"', '"""', "'''")


def literal(rng: random.Random, fields: tuple[str, ...] = ()) -> str:
    """Write a random literal, which may be invalid."""
    prefix = rng.choice(PREFIXES)
    quote = rng.choice(QUOTES)
    parts = WRITTEN + (("{x}", "{y}", "{x}") if "f" in prefix.lower() else fields)
    return prefix + quote + "".join(rng.choices(parts, k=rng.randrange(9))) + quote


def expression(rng: random.Random) -> str:
    """Write a random expression of literals."""
    kind = rng.randrange(10)
    if kind < 5:
        joint = rng.choice((" ", " ", " + ", "\n  "))
        return "(" + joint.join(literal(rng) for _ in range(rng.choice((1, 1, 2, 3)))) + ")"
    if kind == 5:
        return f"dedent({literal(rng)})"
    if kind == 6:
        return f"cleandoc({literal(rng)})"
    if kind == 7:
        return literal(rng) + rng.choice((".strip()", ".rstrip()", ".lstrip('a ')"))
    if kind == 8:
        return literal(rng, ("{x}", "{y}", "{x}")) + ".format(x=x, y=y)"
    return literal(rng, ("%(x)s", "%(y)s")) + " % {'x': x, 'y': y}"


def indented(rng: random.Random) -> str:
    """Write an indented text of several lines, and the call that removes its margin."""
    lines = ["".join(rng.choices(("a", "be ", "word ", "{x}", "  ", "'", "."), k=4)) for _ in range(4)]
    margin = rng.choice(("    ", "  ", "\t"))
    body = "".join(f"{margin}{line}\n" if rng.random() < 0.8 else "\n" for line in lines)
    start = rng.choice(("\n", "\\\n", "first\n"))
    step = rng.choice(("dedent(%s)", "dedent(%s).strip()", "cleandoc(%s)"))
    return step % f'{rng.choice(("", "f", "f"))}"""{start}{body}{margin}"""'


def edit(rng: random.Random, text: str) -> str:
    """Edit a text in a few random places."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        start = rng.randrange(len(text) + 1)
        end = min(len(text), start + rng.choice((0, 0, 1, 2, 5)))
        text = text[:start] + "".join(rng.choices(TYPED, k=rng.randrange(3))) + text[end:]
    return text


def run(source: str, values: dict[str, str]) -> str | None:
    """Return the value of `p` after a cell. None if the cell can't be run, or if that isn't a text."""
    names: dict[str, Any] = {"dedent": textwrap.dedent, "cleandoc": inspect.cleandoc, **values}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(source, "cell", "exec"), names)  # what this test wrote
        except (SyntaxError, ValueError, LookupError, TypeError, AttributeError, NameError):
            return None
    return names["p"] if isinstance(names["p"], str) else None


def shape(source: str) -> str:
    """Describe a cell's code without the content of its texts."""

    class Blank(ast.NodeTransformer):
        def visit_Constant(self, node: ast.Constant) -> ast.Constant:
            return ast.Constant("" if isinstance(node.value, str) else node.value)

        def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.JoinedStr:
            return ast.JoinedStr([part for part in node.values if isinstance(part, ast.FormattedValue)])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.dump(Blank().visit(ast.parse(source)))


def check(seed: int, apply: Apply) -> str:
    """Apply a random edit, and return its outcome."""
    rng = random.Random(seed)
    code = indented(rng) if rng.random() < 0.3 else expression(rng)
    tail = "\nq = 'a' \"b\""
    source = f"p = {code}{tail}"
    values = {"x": rng.choice(("Rome", "a", "two\nlines", "")), "y": "be "}
    before = run(source, values)
    if before is None:
        return "no text"
    filled = {**values, **{f"{name}!r": repr(value) for name, value in values.items()}}
    wanted = edit(rng, before)
    answer = apply({"source": source, "values": filled, "prompt": wanted})
    if answer.get("filled") != before or "changes the text at run time" in answer.get("problem", ""):
        return "another text"  # The cell changes the text in ways that aren't known.
    if "source" not in answer:
        return "refused"
    after = answer["source"]
    about = f"seed {seed}\n{source}\n--- {before!r} becomes {wanted!r}:\n{after}"
    assert run(after, values) == wanted, about
    assert after.endswith(tail), about
    assert shape(after) == shape(source), about
    return "applied" if wanted != before else "same"


def test_a_cell_says_what_the_user_wrote(apply: Apply) -> None:
    became = [check(seed, apply) for seed in range(1_500)]
    assert became.count("applied") > 3 * became.count("refused") / 2
    assert became.count("applied") > 400


@pytest.mark.long
def test_thousands_of_cells_say_what_the_user_wrote(apply: Apply) -> None:
    for seed in range(10_000, 40_000):
        check(seed, apply)
