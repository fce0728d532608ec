"""More shapes of code for `values_bounds.py`: deep, wide, long, and many cells."""

from __future__ import annotations

from collections.abc import Iterator


def more_shapes() -> Iterator[tuple[str, list[str]]]:
    """Names of shapes, and the cells of each."""
    yield "errors on a line", ["x = (" * 2000]
    yield "errors of signs", ['x = "a"\n' + "::: " * 20000]
    yield "errors unclosed", ['x = f("a", [' * 3000]
    yield "errors in a function", ["def f(a):\n" + "    b = a + + (\n" * 5000]
    yield "sum of 100000 terms", ["x = " + " + ".join(['"a"'] * 100000)]
    yield "sum of 300000 terms", ["x = " + " + ".join(['"a"'] * 300000)]
    yield "sum over lines", ["x = 1 + \\\n" * 20000 + "1"]
    yield "comprehensions deep", ["x = " + "[" * 100 + "f'{a}'" + " for a in b]" * 100]
    yield "comprehensions wide", ["x = [" + ", ".join(["[f'{a}{b}' for a in c if a]"] * 8000) + "]"]
    yield "comprehension of many fors", ["x = [a " + "for a in b if a " * 3000 + "]"]
    yield "dict comprehensions nested", ["x = " + "{1: " * 100 + "a" + " for a in b}" * 100]
    yield "decorators of calls", ["@a(b(c(f'{d}')))\n" * 6000 + "def f(): return 1\n"]
    yield "decorators of lambdas", ["@(lambda f: f(x))\ndef f(): return 1\n" * 3000]
    yield "class wide", ["class A:\n" + "".join(f"    x{i} = f'{{x{i - 1}}}'\n" for i in range(20000))]
    yield "classes in classes", [("class A:\n  x = 1\n  class B:\n    def f(self): return x\n") * 3000]
    yield (
        "methods that call each other",
        [
            "class A:\n"
            + "".join(f"  def f{i}(self, a=x): return self.f{i}(a)\n" for i in range(4000))
            + "A().f1(A)\n" * 900
        ],
    )
    yield "match of patterns", ["match a:\n" + '  case [a, {"b": [c, *d]}] | (e, f): x = f"{c}"\n' * 3000]
    yield "match of deep patterns", ["match a:\n  case " + "[" * 300 + "b" + "]" * 300 + ": x = b\n"]
    yield (
        "match in match",
        ["".join(" " * i + f"match a{i}:\n" + " " * i + " case b:\n" for i in range(0, 160, 2)) + " " * 162 + "x = 1"],
    )
    yield "match of alternatives", ["match a:\n  case " + " | ".join(['"a"'] * 20000) + ": x = b\n"]
    yield "comparisons 20000", ["x = " + " < ".join(["a"] * 20000)]
    yield "comparisons of texts", ["x = " + " == ".join(['"a"'] * 9000)]
    yield "comparisons with in", ["x = " + " in ".join(["[a, b]"] * 9000)]
    yield "f-strings as in Python 3.12", ["x = " + 'f"{' * 140 + "a" + '}"' * 140]
    yield "f-strings of specs in specs", ["x = f'" + "{a:" * 140 + "}" * 140 + "'"]
    yield "f-strings of dictionaries", ["x = f'" + '{ {"a": [b, c]}["a"] }' * 9000 + "'"]
    yield "f-strings of lambdas", ["x = f'" + "{(lambda a: a)(b)}" * 9000 + "'"]
    yield "f-strings in lists", ["x = [" + "f'{a}{b!r:>{c}}', " * 15000 + "]"]
    yield (
        "dict deep and wide",
        ["x = {" + ", ".join(f'"a{i}": {{"b": {{"c": [1, f"{{d}}"]}}}}' for i in range(15000)) + "}"],
    )
    yield "dict of dicts", ["x = {}\n" + 'x = {"a": x, "b": x}\n' * 3000 + 'y = f"{x}"\n' * 9]
    yield "conversation 10000", ["x = [" + '{"role": "user", "content": f"a {b}"}, ' * 10000 + "]"]
    yield "conversation appended", ["x = []\n" + 'x.append({"role": "user", "content": f"a {b}"})\n' * 5000]
    yield "line of calls", ["x = " + " ".join(["f(a)[b].c(d) +"] * 20000) + " 1"]
    yield "line of lambdas", ["x = [" + "lambda a, b=c: a + b, " * 15000 + "]"]
    yield "line of subscripts", ["x = a[" + "b:c, " * 50000 + "]"]
    yield "line of ternaries", ["x = [" + "a if b else c, " * 30000 + "]"]
    yield "line of walrus", ["x = [" + "(a := b), " * 30000 + "]"]
    yield "line of names", ["x = " + "a." * 200000 + "b"]
    yield "line 1 MB of blanks", ["x = 'a'" + " " * 1000000 + "+ 'b'"]
    yield "lines 1 MB blank", ["x = 'a'\n" + "\n" * 900000 + "y = x"]
    yield "lines of blanks", ["x = 'a'\n" + " \n" * 400000 + "y = x"]
    yield "lines that end in CR", ["x = 'a'\r\n" * 100000]
    yield "cells 20000 of one line", [f"x{i} = 'a'" for i in range(20000)] + ["y = f'{x1}'"]
    yield "cells of functions", [f"def f{i}(a=1):\n  global x{i}\n  x{i} = f{i - 1}(a)" for i in range(4000)]
    yield "cells that forget", ["".join(f"x{i} = [{i}]\n" for i in range(2000))] + ["exec(a)\nx1 = 'a'"] * 3000
    yield "cells of classes", [f"class A{i}(A{i - 1}):\n  def f(self): return self" for i in range(4000)]
    yield "cells of magics", ["%%time\n!ls {x}\nx = !ls\n%timeit x = f(x)"] * 4000
    yield "cells that repeat a text", ["x = x + 'ab'"] * 500
    yield "cells of templates", ["t = '{a} {b}'\ny = t.format(a=x, b=f'{y}')"] * 300
    yield "magics in brackets", ['(\n!a ")"\n' * 1000]
    yield "magics in texts", ['"""\n% a "b" (c)\n"""\n' * 20000]
    yield "magics of a line", ["%time x = f(a)\n" * 20000]
    yield "with wide", ["with " + ", ".join(f"a as b{i}" for i in range(9000)) + ": x = 1"]
    yield "except wide", ["try: x = 1\n" + "".join(f"except A{i} as b{i}: y{i} = x\n" for i in range(4000))]
    yield (
        "nonlocal deep",
        ["".join(" " * i + f"def f{i}():\n" + " " * i + f" x = {i}\n" for i in range(90)) + " " * 90 + "nonlocal x\n"],
    )
    yield "yields", ["def f():\n" + "    a = yield (yield (yield b))\n" * 9000 + "x = f()\n" * 500]
    yield "replace chain", ['x = "a"' + '.replace("a", "b")' * 3000]
    yield "strip chain", ['x = "a"' + ".strip()" * 9000]
    yield "percent chain", ['x = "%s"' + " % '%s'" * 9000]
    yield "dedent nested", ["x = " + "dedent(" * 120 + '"""' + " a\n" * 9000 + '"""' + ")" * 120]
    yield (
        "chain of templates",
        [
            "from langchain_core.prompts import PromptTemplate\np = PromptTemplate.from_template('{a}')\nx = "
            + " | ".join(["p"] * 5000)
        ],
    )
    yield (
        "templates many",
        [
            "from langchain_core.prompts import PromptTemplate\n"
            + "p = PromptTemplate.from_template('{a} {b}')\nx = p.format(a='c', b=x)\n" * 3000
        ],
    )
    yield (
        "loops of rounds nested",
        ["for i in range(9):\n for j in range(9):\n  for k in range(9):\n   x = f'{i}{j}{k}'\n" * 900],
    )
    yield "loops over long lists", ["x = [" + "'a', " * 9000 + "]\n" + "for i in x:\n  y = f'{i}'\n" * 900]
    yield "type annotations", ["".join(f"x{i}: Dict[str, List[Tuple[int, ...]]] = {i}\n" for i in range(9000))]
    yield "returns many", ["def f(a):\n" + "  if a: return f'{a}'\n" * 5000 + "x = f(1)\n" * 500]
