"""How long can a cell block the page while its values are evaluated, and how much time does it take in total?

    python benchmarks/values_bounds.py [--json] [--only WORD]

The evaluator of notebooks' values (`src/notebook/values/`) limits a cell's steps, characters and parts and, as in the browser, its
time. This script evaluates cells of expensive shapes: long chains, products, shared and nested values, many names, functions,
branches, deep code. Times are processor times in milliseconds, including garbage collection:

- the longest time for which the evaluator blocks the page,
- the whole evaluation of the slowest cell, with all its functions and both passes, without the parser,
- the longest time for which `StringFinder` blocks the page while it finds the last cell's texts, with the parser, and the first one's values.

Each shape runs five times; the fastest counts. A shape that takes longer than a minute, or ends the process, is reported as failed.
"""

from __future__ import annotations

import argparse
import json
import select
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from values_shapes import more_shapes

ROOT = Path(__file__).parent.parent

PATIENCE = 60.0
"""Seconds that a shape may take."""

TRIES = 5

FIGURES = {"clock": ("longest", "most"), "finds": ("held",)}
"""What is asked, and the figures that it gives."""

WARM = ["x = 'a'\ny = f'{x}{x}'\ndef f(a): return a + 'b'\nz = f(y)\n" * 20]


def shapes() -> Iterator[tuple[str, list[str]]]:
    """Names of shapes, and the cells of each."""
    yield "600 chained + of literals", ["x = " + " + ".join(['"a"'] * 600)]
    yield "600 chained + of f-strings", ["b=1\nx = " + " + ".join(['f"a{b}"'] * 600)]
    yield "2000 chained + unknown", ["x = " + " + ".join(['"a"', "f()"] * 1000)]
    yield "+= 3000", ['x = ""\n' + 'x += "ab"\n' * 3000]
    yield "+= loop", ['x = ""\nfor i in range(200):\n' + '    x += "ab"\n' * 1500]
    yield "list 10000", ["x = [" + ",".join(['"a"'] * 10000) + "]"]
    yield "join of join", ["x = [" + ",".join(['"a"'] * 2000) + "]\n" + 'x = [",".join(x)] + x\n' * 800]
    yield "dict 2400 get", ["x = {" + ",".join(f'"a{i}": {i}' for i in range(1200)) + "}\n" + 'y = f"{x}"\n' * 800]
    yield "str of list", ["x = [" + ",".join(['"a"'] * 2000) + "]\n" + 'y = f"{x}"\n' * 700]
    yield "list doubling", ["x = [1]\n" + "x = x + x\n" * 40]
    yield "tuple doubling", ["x = (1,)\n" + "x = x + x\n" * 40]
    yield "nested list doubling", ["x = [1]\n" + "x = [x, x]\n" * 40 + 'y = f"{x}"\n' * 10]
    yield "nested tuple doubling lost", ["x = (1,)\n" + "x = (x, x)\n" * 60 + "f(x)\n" * 10]
    yield "text doubling", ['x = "ab"\n' + "x = x + x\n" * 40]
    yield "text repeat", ['x = "ab" * 400000\n' + "y = x * 2\n" * 4]
    yield "text replace", ['x = "ab" * 100\n' + 'x = x.replace("a", "aa")\n' * 40]
    yield "text upper", ['x = "ab" * 100000\n' + "y = x.upper()\n" * 1000]
    yield "text split", ['x = "a " * 4000\n' + "y = x.split()\n" * 1000]
    yield "text split pieces", ["x = " + "+".join(['"a "'] * 1000) + "\n" + "y = x.split()\n" * 500]
    yield "index long", ['x = "\U0001f600" * 400000\n' + "y = x[7]\n" * 2000]
    yield "len long", ['x = "\U0001f600" * 400000\n' + "y = len(x)\n" * 2000]
    yield "compare long", ['x = "a" * 900000\nz = "a" * 900000\n' + "y = x == z\n" * 2000]
    yield "dict key long", ['x = "a" * 900000\nd = {x: 1}\n' + "y = d[x]\n" * 2000]
    yield "int pow", ["x = 255**500\n" + "y = x * 3 // 7\n" * 1500 + 'z = f"{x}"\n' * 300]
    yield "format f", ["x = 1e300\n" + 'y = f"{x:.100f}"\n' * 1500]
    yield "format small", ["x = 1e-300\n" + 'y = f"{x:.100f}"\n' * 1500]
    yield "ljust", ['x = "a"\n' + "y = x.ljust(900000)\n" * 1500]
    yield "many fstrings", ['x = "a"\n' + 'y = f"{x}{x}{x}"\n' * 10000]
    yield "fstring 1500 fields", ['x = "a"\ny = f"' + "{x}" * 1500 + '"']
    yield "10000 lines", ["".join(f"x{i} = {i}\n" for i in range(10000))]
    yield "10000 lines calls", ["".join(f"x{i} = f(x{i - 1})\n" for i in range(10000))]
    yield "100000 lines", ["".join(f"x{i} = {i}\n" for i in range(100000))]
    yield "10000 cells", [f'x{i} = f"{{x{i - 1}}}"' for i in range(5000)]
    yield "function called 1000", ['def f(a):\n    b = a + "x"\n    return f"{b}"\n' + 'y = f("a")\n' * 1000]
    yield (
        "function of 1500 lines called",
        ["def f(a):\n" + '    b = a + "x"\n' * 1500 + "    return b\n" + 'y = f("a")\n' * 1000],
    )
    yield (
        "function 500 names called",
        ["def f(a):\n" + "".join(f"    b{i} = a\n" for i in range(2000)) + "    return b1\n" + 'y = f("a")\n' * 1000],
    )
    yield "nested calls", ["def f(a): return a\nx = " + "f(" * 1000 + '"a"' + ")" * 1000]
    yield "nested calls unknown", ["x = " + "g(" * 3000 + '"a"' + ")" * 3000]
    yield "nested parens", ["x = " + "(" * 5000 + '"a"' + ")" * 5000]
    yield "nested lists", ["x = " + "[" * 5000 + '"a"' + "]" * 5000]
    yield "nested dicts", ["x = " + "{1:" * 3000 + '"a"' + "}" * 3000]
    yield "nested lambda", ["x = " + "lambda: " * 3000 + '"a"']
    yield "nested ifs", ["".join("    " * 0 + " " * i + "if x:\n" for i in range(300)) + " " * 300 + "y = 1"]
    yield "elifs", ["if a: x = 1\n" + "".join(f"elif a{i}: x = {i}\n" for i in range(2000)) + "else: x = 3\n"]
    yield "nested defs", ["".join(" " * i + f"def f{i}():\n" for i in range(400)) + " " * 400 + "y = 1"]
    yield "nested for", ["".join(" " * i + "for i in x:\n" for i in range(100)) + " " * 100 + "y = 1"]
    yield "unary", ["x = " + "not " * 5000 + "a", "y = " + "-" * 5000 + "1"]
    yield "attribute chain", ["x = a" + ".b" * 5000]
    yield "call chain", ["x = a" + ".b()" * 3000]
    yield "subscript chain", ["x = a" + "[0]" * 5000]
    yield "ternaries", ["x = " + "1 if a else " * 3000 + "2"]
    yield "and or", ["x = " + " and ".join(["a()"] * 3000)]
    yield "compare chain", ["x = " + " < ".join(["a"] * 3000)]
    yield (
        "branches of 20 options",
        [
            'if a: x = "1"\n'
            + "".join(f'elif a: x = "{i}"\n' for i in range(19))
            + "y = x + x\nz = y + x\n"
            + 'w = f"{x}{x}{x}{x}{x}"\n' * 1500
        ],
    )
    yield (
        "functions anytime",
        ["".join(f"def f{i}(a=1):\n    global g{i}\n    g{i} = a\n    return g{i - 1}\n" for i in range(2000))],
    )
    yield "many names then forget", ["".join(f"x{i} = {i}\n" for i in range(2000)), "exec(a)\n" * 2000]
    yield "names and exec", ["".join(f"x{i} = {i}; exec(k)\n" for i in range(1500))]
    yield (
        "many names, unknown calls after exec",
        ["".join(f"x{i} = {i}\n" for i in range(1000)) + "exec(k)\n" + "x1 = g()\n" * 1500],
    )
    yield "magics many", ["!ls {x}\n" * 5000]
    yield "assign magic", ["x = !ls\n" * 5000]
    yield "errors", ["x = (\n" * 2000]
    yield "format 1000", ['t = "{}" * 1000\n' + 'y = t.format(*(("a",)*1000))\n' * 500]
    yield "format nested spec", ['t = "{:{}}" * 500\n' + "y = t.format(*((1,)*1000))\n" * 500]
    yield "literal 1MB escapes", ['x = "' + "\\n" * 400000 + '"\n' + "y = x\n" * 3]
    yield "literal escapes replace", ['x = "' + "\\n" * 20000 + '"\n' + 'y = x.replace("\\n", "a")\n' * 100]
    yield "literal escapes split", ['x = "' + "\\n" * 9000 + '"\n' + "y = x.splitlines()\n" * 400]
    yield "literal escapes cut", ['x = "' + "\\n" * 20000 + '"\n' + "y = x[1:]\n" * 150]
    yield "literal escapes index", ['x = "' + "\\n" * 20000 + '"\n' + "y = x[19000]\n" * 1500]
    yield (
        "literal dedent",
        ['from textwrap import dedent\nx = """' + "  a\n" * 20000 + '"""\n' + "y = dedent(x)\n" * 40],
    )
    yield "pieces slices", ["x = " + "+".join(['"ab"'] * 1000) + "\n" + "x = x[1:]\n" * 900]
    yield "comprehension", ['x = ["a"]*200\n' + 'y = [f"{i}{i}" for i in x]\n' * 100]
    yield "nested comp", ['x = ["a"]*200\ny = [[[i for i in x] for j in x] for k in x]']
    yield "generators", ['y = any(f"{a}" for a in b)\n' * 2000]
    yield "generator nested", ["y = " + "any(a for a in " * 200 + "b" + ")" * 200]
    yield "lambda touches", ["x = [1]*9000\n" + "y = map(lambda a: x.append(a), z)\n" * 1000]
    yield (
        "class many methods",
        [
            "class A:\n"
            + "".join(f"    def f{i}(self): return self.f{i - 1}()\n" for i in range(1500))
            + "a = A()\n" * 500
            + "g(a)\n" * 500
        ],
    )
    yield "targets", [", ".join(f"a{i}" for i in range(4000)) + " = b\n"]
    yield "targets chain", [" = ".join(f"a{i}" for i in range(4000)) + " = [1]*9000\n"]
    yield "del", ["del " + ", ".join(f"a{i}" for i in range(4000))]
    yield "lists lost often", ["x = [" + ",".join(["[1]"] * 1000) + "]\n" + "f(x)\nx = [*x]\n" * 700]
    yield "list + list", ['x = ["a"]*9000\n' + 'y = x + ["b"]\n' * 1500]
    yield "list slice", ['x = ["a"]*9000\n' + "y = x[1:]\n" * 1500]
    yield "list in", ['x = ["a"]*9000\n' + 'y = "b" in x\n' * 1500]
    yield "sorted", ['x = ["a"]*9000\n' + "y = sorted(x)\n" * 1500]
    yield "print list", ['x = ["a"]*9000\n' + "print(x)\n" * 1500]
    yield "star args", ['x = ["a"]*9000\n' + "print(*x)\n" * 1500]
    yield "dict star", ["x = {" + ",".join(f'"a{i}": {i}' for i in range(1200)) + "}\n" + "y = {**x}\n" * 1000]
    yield "enumerate", ['x = ["a"]*9000\n' + "for a, b in enumerate(x): pass\n" * 500]
    yield "with", ["with a as b: x = 1\n" * 2000]
    yield "try", ["try:\n    x = 1\nexcept: x = 2\n" * 2000]
    yield (
        "try 1000 names",
        ["try:\n" + "".join(f"    x{i} = 1\n" for i in range(1000)) + "except: pass\n" + "finally: pass\n"],
    )
    yield (
        "try 1000 names many excepts",
        ["try:\n" + "".join(f"    x{i} = 1\n" for i in range(1000)) + "except A: pass\n" * 1000],
    )
    yield (
        "with 1000 names nested",
        [
            "".join(" " * i + f"with a: x{i} = 1\n" if 0 else " " * i + "with a:\n" for i in range(40))
            + "".join(" " * 40 + f"x{i} = 1\n" for i in range(2000))
        ],
    )
    yield "while rounds", ["while a:\n" + "".join(f"  x{i} = x{i - 1}\n" for i in range(1200))]
    yield "match", ["match a:\n" + "".join(f'  case {{"a{i}": b{i}}}: x{i} = 1\n' for i in range(1000))]
    yield "set comprehension", ['x = ["a"]*200\n' + 'y = {f"{i}{i}" for i in x}\n' * 300]
    yield "dict comprehension", ['x = ["a"]*200\n' + 'y = {i: f"{i}{i}" for i in x if i}\n' * 300]
    yield "nested f-strings", ["a = 1\nx = " + "f\"{f'{" * 70 + "a" + "}'}\"" * 70]
    yield "f-string in f-string in turn", ["a = 1\n" + "x = f\"{f'{a}{a}'}{f'{a}'}\"\n" * 4000]
    yield "f-string 1 MB fields", ['a = 1\nx = f"' + "{a}" * 330000 + '"']
    yield "f-string 1 MB specs", ['a = 1\nx = f"' + "{a:{a}}" * 140000 + '"']
    yield "walrus", ["".join(f"f((x{i} := x{i - 1}))\n" for i in range(4000))]
    yield "walrus in comprehension", ["y = [(x := i) for i in range(200)]\n" * 1000]
    yield "star targets", ["a, *b, c = x\n" * 4000]
    yield "star expressions", ["x = [1]\n" + "x = [*x, *x]\n" * 40 + "y = (*x, *x)\n" * 500]
    yield "decorators", ["@a\n@b.c(1)\ndef f(): return 1\n" * 2000]
    yield "decorators many", ["@a\n" * 5000 + "def f(): return 1\n"]
    yield "format huge template", ["t = '" + "{a} {b:>10} " * 40000 + "'\n" + "y = t.format(a=1, b=2)\n" * 20]
    yield "format huge template computed", ["t = '{a} {b:>10} ' * 60000\n" + "y = t.format(a=1, b=2)\n" * 20]
    yield "percent huge template", ["t = '%s %d ' * 60000\n" + "y = t % (1, 2)\n" * 20]
    yield "classes deep", ["".join(" " * i + f"class A{i}:\n" for i in range(300)) + " " * 300 + "x = 1"]
    yield (
        "classes many",
        ["".join(f"class A{i}(A{i - 1}):\n  x = {i}\n  def f(self): return self\n" for i in range(3000))],
    )
    yield (
        "functions calling each other",
        ["".join(f'def f{i}(a): return f{i + 1}(a) + f{i + 1}("{i}")\n' for i in range(1500)) + 'x = f0("a")\n' * 500],
    )
    yield "function of 100000 lines", ["def f(a):\n" + "    b = a + 'x'\n" * 100000]
    yield (
        "functions 300 of 300 lines",
        ["".join(f"def f{i}(a):\n" + f"    global x{i}\n    x{i} = a\n" * 150 for i in range(300))],
    )
    yield "+ in loops", ["x = ''\nfor i in range(30):\n  for j in range(30):\n    x = x + 'ab' + x[:9]\n" * 500]
    yield "+ in loops of rounds", ["x = ''\nfor i in range(30):\n    x = x + 'ab' + x\n" * 100]
    yield "list 300000", ["x = [" + "1," * 300000 + "]"]
    yield "list 300000 of texts", ["x = [" + "'a'," * 250000 + "]"]
    yield "dict 100000", ["x = {" + ",".join(f"'a{i}': {i}" for i in range(80000)) + "}"]
    yield "arguments 200000", ["f(" + "a," * 200000 + ")"]
    yield "statements on a line", ["x = 1;" * 100000]
    yield "imports", ["from a import " + ",".join(f"x{i}" for i in range(50000))]
    yield "globals", ["def f():\n  global " + ",".join(f"x{i}" for i in range(50000)) + "\n  x1 = 1\nf()"]
    yield "parameters", ["def f(" + ",".join(f"x{i}={i}" for i in range(20000)) + "): return x1\ny = f()\n"]
    yield "literal 1 MB hex", ['x = "' + "\\x41" * 250000 + '"\ny = x + x\n']
    yield "literal 1 MB names", ['x = "' + "\\N{DIGIT ONE}" * 80000 + '"\ny = x + x\n']
    yield "literal 1 MB unicode", ['x = "' + "\U0001f600" * 500000 + '"\n' + "y = x[1:]\n" * 100]
    yield "literal 1 MB unicode escapes", ['x = "' + "\\u00e9" * 170000 + '"\ny = x + x\n']
    yield "literal 1 MB plain", ['x = "' + "ab c" * 250000 + '"\n' + "y = x.strip()\nz = x.split()\n" * 100]
    yield "literal 1 MB lines", ['x = """' + "ab c\n" * 200000 + '"""\n' + "y = x.strip()\nz = x.splitlines()\n" * 50]
    yield "literals 9000 of 100 escapes", ["".join(f'x{i} = "' + "\\n" * 50 + '"\n' for i in range(9000))]
    yield "joined literals", ["x = (" + '"a\\n"\n' * 60000 + ")"]
    yield "comments", ["# a comment\n" * 80000 + "x = 1"]
    yield "many cells left", ['x = ""\n' + 'x += "ab"\n' * 3000] * 20
    yield (
        "values of many cells, then left",
        [f"x{i} = [" + "'a'," * 3000 + "]" for i in range(100)] + ['y = ""\n' + 'y += "ab"\n' * 6000],
    )
    yield (
        "names used before",
        ["".join(f"y{i} = f'{{x{i}}}'\n" for i in range(2000)), "".join(f"x{i} = 'a'\n" for i in range(2000))],
    )
    yield "names long", ["x" * 100000 + " = 1\n" + 'y = f"{' + "x" * 100000 + '}"\n' * 20]
    yield from more_shapes()


class Evaluator:
    """A Node.js process that evaluates notebooks."""

    def __init__(self, folder: str) -> None:
        self.script = Path(folder) / "evaluator.js"
        subprocess.run(["node", "tests/values/bundle.mjs", folder], cwd=ROOT, check=True)
        self.start()

    def start(self) -> None:
        """Start the process, and let it compile its code."""
        self.process = subprocess.Popen(
            ["node", self.script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        for _ in range(30):
            self.ask(WARM)

    def ask(self, cells: list[str], how: str = "clock") -> dict[str, Any] | None:
        """Return the time to evaluate cells, or to find their texts (`finds`). None if it failed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"cells": cells, how: True}) + "\n")
        self.process.stdin.flush()
        ready = select.select([self.process.stdout], [], [], PATIENCE)[0]
        line = self.process.stdout.readline() if ready else ""
        return dict(json.loads(line)) if line else None

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()


def measure(evaluator: Evaluator, only: str) -> list[dict[str, Any]]:
    """A row for each shape."""
    rows = []
    for name, cells in shapes():
        if only not in name:
            continue
        row: dict[str, Any] = {"shape": name, "failed": False}
        for how, figures in FIGURES.items():
            answers = [evaluator.ask(cells, how)]
            while len(answers) < TRIES and answers[-1] is not None:
                answers.append(evaluator.ask(cells, how))
            known = [answer for answer in answers if answer is not None]
            if len(known) < TRIES:
                row["failed"] = True
                evaluator.stop()
                evaluator.start()
                break
            row |= {figure: round(min(answer[figure] for answer in known), 1) for figure in figures}
        rows.append(row)
    return rows


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", default="", help="shapes with this word in their name")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        evaluator = Evaluator(folder)
        try:
            rows = measure(evaluator, options.only)
        finally:
            evaluator.stop()
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'shape':40} {'longest, ms':>12} {'cell, ms':>10} {'held, ms':>10}")
    for row in rows:
        figures = "failed" if row["failed"] else f"{row['longest']:12.1f} {row['most']:10.1f} {row['held']:10.1f}"
        print(f"{row['shape']:40} {figures}")


if __name__ == "__main__":
    main()
