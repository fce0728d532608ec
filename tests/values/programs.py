"""Random notebooks for the evaluator of values: assignments, branches, loops, calls, f-strings.

`SEE(number, f"{expression}")` in a cell records a field's value when CPython runs it. The code that the evaluator can't know
is `FLIP()`, `RISK()`, `GIVE(…)`, `CALL(…)` and `HIDE()`, which `observing.py` defines.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

TEXTS = ["a", "b", "c", "d"]
NUMBERS = ["n", "m"]
LISTS = ["xs", "ys"]
DICTS = ["dd", "ee"]
WORDS = ["Rome", "it's", 'a "b"', "ß é", "x  y", " pad ", "🥚 egg", "two\\nlines", "T{0}", "%", ""]
METHODS = [
    "strip()",
    "upper()",
    "title()",
    "lower()",
    "capitalize()",
    'replace("a", "o")',
    "center(9)",
    'ljust(8, "*")',
]
MORE_METHODS = ["zfill(6)", 'removeprefix("R")', 'removesuffix("e")', "split()[0]", 'split("a")[-1]', "swapcase()"]
SPECS = [">9", "<7", "^8", "*^6", ".2", "s"]
NUMBER_SPECS = ["d", "5d", "05d", "x", ",", ".2f", "+d", ">6", "%", "b"]


class Writer:
    """Writes one random notebook."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.sees = 0
        self.functions: list[tuple[str, int]] = []
        self.locals: list[str] = []

    def notebook(self) -> list[str]:
        """Return the sources of its cells."""
        start = ['a = "Rome"; b = "x"; c = "cc"; d = "d d"', "n = 3; m = 12", 'xs = ["p", "q"]; ys = [1, "z"]']
        start.append('dd = {"k": "v", "j": "w"}; ee = {"k": 1}')
        cells = ["\n".join(start)]
        for _ in range(self.rng.randrange(1, 5)):
            cells.append("\n".join(self.block(self.rng.randrange(1, 6), 0)) + "\n")
        cells.append("\n".join(self.see() for _ in range(6)))
        return cells

    def pick(self, *items: Any) -> Any:
        return self.rng.choice(items)

    def see(self) -> str:
        self.sees += 1
        return f'SEE({self.sees}, f"{{{self.field()}}}")'

    def field(self) -> str:
        rng = self.rng
        kind = rng.random()
        if kind < 0.5:
            return str(self.pick(*TEXTS, *NUMBERS, *self.locals))
        if kind < 0.6:
            return f"{rng.choice(TEXTS)}{self.pick('!r', '!s', ':' + rng.choice(SPECS), '=')}"
        if kind < 0.7:
            return f"{rng.choice(NUMBERS)}:{rng.choice(NUMBER_SPECS)}"
        if kind < 0.85:
            return str(self.pick("xs[0]", "ys", "dd['k']", "ee", "len(xs)", "xs[-1]", "dd.get('k')", "xs", "ys[1]"))
        return "(" + self.text(2).replace('"', "'").replace("\\", "").replace("#", "") + ")"

    def text(self, depth: int = 0) -> str:
        """Return an expression that usually is a string."""
        rng = self.rng
        if depth > 2:
            return str(self.pick(*TEXTS, f'"{rng.choice("abc")}"', *self.locals))
        inner = lambda: self.text(depth + 1)  # noqa: E731
        word = rng.choice(WORDS).replace('"', '\\"')
        options: list[Callable[[], str]] = [
            lambda: f'"{word}"',
            lambda: rng.choice(TEXTS),
            lambda: f"{inner()} + {inner()}",
            lambda: f"({inner()}).{rng.choice(METHODS + MORE_METHODS)}",
            lambda: f"{rng.choice(TEXTS)}[{rng.randrange(-2, 2)}:{self.pick('', rng.randrange(-2, 4))}]",
            lambda: f"({inner()}) * {rng.randrange(3)}",
            lambda: f'", ".join([{inner()}, {inner()}])',
            lambda: f'"-".join({self.pick("xs", "x for x in xs", "[str(y) for y in ys]", "[c for c in a if c]")})',
            lambda: f'"{{}} {{k}}".format({inner()}, k={self.number(2)})',
            lambda: f'"%s-%d" % ({inner()}, {rng.choice(NUMBERS)})',
            lambda: f"{inner()} if {self.test(depth + 1)} else {inner()}",
            lambda: f"str({self.number(depth + 1)})",
            lambda: self.pick("xs[0]", "dd['k']", 'dd.get("z", "none")', "ys[1]", "xs[n]"),
            lambda: self.pick("HIDE()", "GIVE(a)", "CALL(lambda: b)"),
            lambda: f"{rng.choice(TEXTS)} or {inner()}",
            lambda: f"({rng.choice(TEXTS)} and {inner()})",
            lambda: f"({rng.choice(TEXTS)} := {inner()})",
            self.call,
        ]
        return rng.choice(options)()

    def number(self, depth: int = 0) -> str:
        rng = self.rng
        if depth > 2:
            return str(self.pick(*NUMBERS, rng.randrange(-3, 20)))
        left, right = self.number(depth + 1), self.number(depth + 1)
        operator = rng.choice(["+", "-", "*", "//", "%", "/", "**", "&", "|"])
        return str(
            self.pick(
                *NUMBERS,
                rng.randrange(-3, 100),
                round(rng.uniform(-9, 9), rng.randrange(1, 4)),
                f"{left} {operator} {right}" if operator != "**" else f"{rng.choice(NUMBERS)} ** 2",
                f"-{rng.choice(NUMBERS)}",
                f"len({rng.choice([*TEXTS, *LISTS])})",
                f"int({rng.choice(NUMBERS)})",
                "float(n)",
            )
        )

    def test(self, depth: int = 0) -> str:
        rng = self.rng
        simple = [
            "FLIP()",
            f"{rng.choice(TEXTS)} == {rng.choice(TEXTS)}",
            f"{rng.choice(NUMBERS)} < {rng.randrange(9)}",
            f"{rng.choice(TEXTS)} in {rng.choice([*LISTS, *DICTS, *TEXTS])}",
            rng.choice([*TEXTS, *LISTS]),
            "1 < n < 5",
            "a is None",
        ]
        test = rng.choice(simple)
        if depth < 2 and rng.random() < 0.3:
            return f"{self.pick('', 'not ')}{test} {self.pick('and', 'or')} {self.pick('', 'not ')}{rng.choice(simple)}"
        return test

    def call(self) -> str:
        if not self.functions:
            return "HIDE()"
        name, count = self.rng.choice(self.functions)
        return f"{name}({', '.join(self.text(2) for _ in range(self.pick(count, count, max(count - 1, 0))))})"

    def block(self, size: int, depth: int) -> list[str]:
        lines: list[str] = []
        for _ in range(size):
            lines += self.statement(depth)
            if self.rng.random() < 0.5:
                lines.append(self.see())
        return lines or ["pass"]

    def body(self, depth: int) -> list[str]:
        return ["    " + line for line in self.block(self.rng.randrange(1, 4), depth + 1)]

    def statement(self, depth: int) -> list[str]:
        rng = self.rng
        simple: list[Callable[[], list[str]]] = [
            lambda: [f"{rng.choice(TEXTS)} = {self.text()}"],
            lambda: [f"{rng.choice(TEXTS)} = {self.text()}"],
            lambda: [f"{rng.choice(NUMBERS)} = {self.number()}"],
            lambda: [f"{rng.choice(TEXTS)} += {self.text(1)}"],
            lambda: [f"{rng.choice(NUMBERS)} += {self.number(1)}"],
            lambda: [f"{rng.choice(TEXTS)} = {rng.choice(TEXTS)} = {self.text(1)}"],
            lambda: [f"{rng.choice(TEXTS)}, {rng.choice(TEXTS)} = {self.text(1)}, {self.text(1)}"],
            lambda: ["a, b = b, a"],
            lambda: [f"{rng.choice(TEXTS)}: str = {self.text(1)}"],
            lambda: [f"xs = [{self.text(1)}, {self.text(1)}]"],
            lambda: [f'dd = {{"k": {self.text(1)}, **ee}}'],
            lambda: [self.mutation()],
            lambda: [
                f"xs = [{self.text(2)}]",
                f"xs.append({self.text(2)})",
                self.mutation(),
                f"xs.extend([{self.text(2)}, {self.text(2)}])",
                f'{rng.choice(TEXTS)} = "\\n".join(xs) + {self.text(2)}',
            ],
            lambda: [
                f"{rng.choice(TEXTS)} = {self.text(2)} + f' {{{rng.choice(TEXTS)}}} {{{rng.choice(TEXTS)}}}'",
                f"{(name := rng.choice(TEXTS))} = {name} + {self.text(2)} + '  .'",
                f"{name} += f'{{{rng.choice(TEXTS)}}}\\n  '.{self.pick('strip', 'rstrip')}()",
            ],
            lambda: ["import textwrap, inspect", f"{rng.choice(TEXTS)} = textwrap.dedent({self.text(1)}).strip()"],
            lambda: [f"del {rng.choice(TEXTS)}"] if rng.random() < 0.2 else [self.mutation()],
            lambda: (
                [self.pick("exec('a = 1')", "globals()['b'] = HIDE()", "GIVE(xs)", "CALL(print)", "eval('n')")]
                if rng.random() < 0.3
                else [f"GIVE({rng.choice([*LISTS, *DICTS, *TEXTS])})"]
            ),
            lambda: [self.call()],
            lambda: [f"CALL({rng.choice(self.functions)[0]})"] if self.functions else ["HIDE()"],
            lambda: [f"gen = (f'{{{rng.choice(TEXTS)}}}' for _ in xs)", f"{rng.choice(TEXTS)} = 'later'", "list(gen)"],
            lambda: (
                [
                    self.pick(
                        "import math as a", "from os import sep as b", "import textwrap", "len = GIVE", "b = len(a)"
                    )
                ]
                if rng.random() < 0.2
                else ["ys = xs"]
            ),
            lambda: (
                ["import textwrap", f'{rng.choice(TEXTS)} = textwrap.dedent("""\n      one\n        two\n   """)']
                if depth == 0
                else ["pass"]
            ),
        ]
        if depth > 2 or rng.random() < 0.6:
            return rng.choice(simple)()
        return rng.choice(
            [self.if_, self.if_, self.for_, self.while_, self.try_, self.with_, self.def_, self.class_, self.match_]
        )(depth)

    def mutation(self) -> str:
        return str(
            self.pick(
                f"xs.append({self.text(2)})",
                f"xs[0] = {self.text(2)}",
                f'dd["k"] = {self.text(2)}',
                "ys = xs",
                "ee = dd",
                f"ys += [{self.text(2)}]",
                f"dd.update(k={self.text(2)})",
                "xs.reverse()",
                "del xs[0]",
                "zs = (xs, 1); zs[0].pop()",
                "xs = list(xs)",
                "xs = [ys, 1][0]",
                "(lambda q: q.append('l'))(xs)",
            )
        )

    def if_(self, depth: int) -> list[str]:
        lines = [f"if {self.test()}:", *self.body(depth)]
        if self.rng.random() < 0.3:
            lines += [f"elif {self.test()}:", *self.body(depth)]
        if self.rng.random() < 0.5:
            lines += ["else:", *self.body(depth)]
        return lines

    def for_(self, depth: int) -> list[str]:
        target, items = self.pick(
            ("a", "['1', '2']"),
            ("b", "xs"),
            ("c, d", "[('1', '2'), ('3', '4')]"),
            ("n", "range(3)"),
            ("n, a", "enumerate(['u', 'v'])"),
            ("a", "GIVE('xyz')"),
            ("a, b", "dd.items()"),
            ("a, n", "zip('uv', [1, 2])"),
        )
        lines = [f"for {target} in {items}:", *self.body(depth)]
        if self.rng.random() < 0.4:
            lines += [
                f"    if {self.test()}:",
                f"        a = {self.text(2)}",
                f"        {self.pick('break', 'continue')}",
            ]
            lines += ["    " + line for line in self.block(1, depth + 1)]
        if self.rng.random() < 0.2:
            lines += ["else:", *self.body(depth)]
        return lines

    def while_(self, depth: int) -> list[str]:
        return [
            "for _ in range(5):",
            f"    while {self.test()}:",
            *("    " + x for x in self.body(depth)),
            "        break",
        ]

    def try_(self, depth: int) -> list[str]:
        lines = ["try:", *self.body(depth), "    RISK()", *self.body(depth)]
        lines += [self.pick("except ValueError as c:", "except Exception:"), *self.body(depth)]
        if self.rng.random() < 0.3:
            lines += ["else:", *self.body(depth)]
        if self.rng.random() < 0.3:
            lines += ["finally:", *self.body(depth)]
        return lines

    def with_(self, depth: int) -> list[str]:
        return ["with SUPPRESS() as d:", *self.body(depth), "    RISK()", *self.body(depth)]

    def def_(self, depth: int) -> list[str]:
        name = self.pick("f", "g", "h")
        params = self.pick([], ["a"], ["p"], ["p", "q='dq'"], ["a", "b=c"])
        before = list(self.locals)
        self.locals += [param.split("=")[0] for param in params]
        lines = [f"{self.pick('', '', '', 'async ')}def {name}({', '.join(params)}):"]
        if self.rng.random() < 0.3:
            chosen = self.pick("c", "d", "n")
            lines.append(f"    global {chosen}")
        lines += self.body(max(depth, 1))
        if self.rng.random() < 0.3:
            lines += [f"    if {self.test()}:", f"        return {self.text(1)}"]
            lines += self.body(max(depth, 1))
        lines.append(f"    return {self.text(1)}" if self.rng.random() < 0.7 else "    " + self.see())
        self.locals = before
        if depth == 0:
            self.functions = [item for item in self.functions if item[0] != name]
            self.functions.append((name, len(params)))
        return lines

    def class_(self, depth: int) -> list[str]:
        return [
            "class A:",
            *self.body(max(depth, 1)),
            "    def run(self, a):",
            *("    " + line for line in self.body(2)),
            f"A().run({self.text(2)})",
            self.pick("CALL(A().run)", "o = A(); o.run('o')", "pass"),
        ]

    def match_(self, depth: int) -> list[str]:
        pattern = self.pick("a", "[a, *_]", '{"k": b}', "str(c)", '"Rome" | "x"')
        return [
            f"match {self.pick('GIVE(a)', 'a', 'xs', 'dd')}:",
            f"    case {pattern} if {self.test()}:",
            *("    " + line for line in self.body(depth)),
            "    case _:",
            *("    " + line for line in self.body(depth)),
        ]
