"""The expression that reads names from a kernel is exact in CPython and IPython, and runs none of the user's code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from tests.waiting import PATIENCE

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(evaluator: Callable[[dict[str, Any]], dict[str, Any]]) -> Ask:
    """The browser's code: the expression for names, and the meaning of a reply."""

    def answer(names: list[str], raised: str | None = None) -> dict[str, Any]:
        return evaluator({"names": names, "raised": raised})

    return answer


def taken(code: str, names: list[str], ask: Ask) -> dict[str, Any]:
    """Return the result for names that code binds: a value, or a reason in brackets."""
    space: dict[str, Any] = {}
    exec(code, space)
    with pytest.raises(KeyError) as caught:
        eval(ask(names)["expression"], space, space)
    return read(str(caught.value), names, ask)


def read(raised: str, names: list[str], ask: Ask) -> dict[str, Any]:
    values = ask(names, raised)["values"]
    assert values is not None, raised[:200]
    return {
        name: value["value"] if value["type"] != "refused" else (value["why"],)
        for name, value in zip(names, values, strict=True)
    }


# A name, its value in Python, and the result: a reason is in a tuple.
CASES: list[tuple[str, str, str | tuple[str]]] = [
    ("plain", "'Rome'", "Rome"),
    ("empty", "''", ""),
    ("odd", r"""'a\'"\\\0\r\n\t\ufeff\u2028é日😀'""", "a'\"\\\0\r\n\t\ufeff\u2028é日😀"),
    ("half", r"'a\ud83d!\udc00'", "a\ud83d!\udc00"),
    ("beside", r"'\ud83d\U0001f600\udc00'", "\ud83d\U0001f600\udc00"),
    # JavaScript has no such text: there it would be one character.
    ("halves", r"'\ud83d\ude00'", ("pair",)),
    ("zero", "0", "0"),
    ("negative", "-255", "-255"),
    ("large", "7**1500", str(7**1500)),
    ("huge", "7**9000", ("long",)),
    ("third", "1 / 3", "0.3333333333333333"),
    ("tiny", "5e-324", "5e-324"),
    ("round", "1e22", "1e+22"),
    ("minus", "-0.0", "-0.0"),
    ("endless", "-1e999", "-inf"),
    ("nan", "1e999 - 1e999", "nan"),
    ("true", "True", ("bool",)),
    ("none", "None", ("none",)),
    ("some", "[1]", ("list",)),
    ("pair", "(1,)", ("tuple",)),
    ("table", "{1: 2}", ("dict",)),
    ("crowd", "{1}", ("set",)),
    ("raw", "b'a'", ("bytes",)),
    ("thing", "object()", ("other",)),
    ("straße", "'ß'", "ß"),
]

DEFINED = "\n".join(f"{name} = {code}" for name, code, _ in CASES)
EXPECTED = {**{name: expected for name, _, expected in CASES}, "nowhere": ("missing",)}

# Everything with which code can interfere when its values are read.
HOSTILE = """
ran = []

def trap(*args, **kwargs):
    ran.append(args)
    raise SystemExit

class Meta(type):
    __instancecheck__ = __subclasscheck__ = __eq__ = __getattribute__ = trap
    __hash__ = type.__hash__

class Text(str):
    __repr__ = __str__ = __len__ = __eq__ = __format__ = encode = __getattribute__ = trap
    __hash__ = str.__hash__

class Number(int):
    __repr__ = __index__ = __int__ = bit_length = __getattribute__ = trap

class Fraction(float):
    __repr__ = __float__ = hex = __getattribute__ = trap

class Pretender(metaclass=Meta):
    __class__ = property(lambda self: trap() or str)
    __eq__ = __hash__ = __repr__ = __getattr__ = trap

text, number, fraction = Text("a"), Number(1), Fraction(1)
pretender = Pretender()
wanted = "Rome"
class Builtins(dict):
    __getitem__ = __missing__ = get = trap

globals()[Text("missing")] = "a key of the user's own class"

import builtins, codecs, sys
codecs.register_error("surrogatepass", trap)
codecs.register(lambda name: None)
own = {"strict": "x", "half": "\\ud83d"}
half = "\\ud83d"
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(640)
large = 10 ** 700
type = str = int = float = bool = len = repr = isinstance = dict = list = tuple = trap
__import__ = eval = globals = locals = vars = trap
found = kind = kind_of = value = name = space = left = data = names = trap
__builtins__ = Builtins()
"""

HOSTILE_NAMES = ["text", "number", "fraction", "pretender", "wanted", "missing", "half", "large", "type", "id"]
HOSTILE_EXPECTED = {
    **dict.fromkeys(["text", "number", "fraction", "pretender", "type"], ("other",)),
    "wanted": "Rome",
    # The key isn't a plain `str`; `id` isn't a name of the notebook.
    **dict.fromkeys(["missing", "id"], ("missing",)),
    "half": "\ud83d",
    "large": str(10**600) + "0" * 100,
}


def test_values_are_exact(ask: Ask) -> None:
    assert taken(DEFINED, list(EXPECTED), ask) == EXPECTED


def test_nothing_of_the_users_runs(ask: Ask) -> None:
    space: dict[str, Any] = {}
    before = sys.get_int_max_str_digits()
    try:
        exec(HOSTILE, space)
        with pytest.raises(KeyError) as caught:
            eval(ask(HOSTILE_NAMES)["expression"], space, space)
    finally:
        sys.set_int_max_str_digits(before)
    assert space["ran"] == []
    assert read(str(caught.value), HOSTILE_NAMES, ask) == HOSTILE_EXPECTED


def test_all_texts_together_are_bounded(ask: Ask) -> None:
    code = "a = 'x' * 600_000; b = 'é' * 300_000; c = 'x' * 400_000; d = 'é' * 600_000; e = 'x' * 10**8"
    sizes = {
        name: value if isinstance(value, tuple) else len(value)
        for name, value in taken(code, list("abcde"), ask).items()
    }
    assert sizes == {"a": 600_000, "b": ("long",), "c": 400_000, "d": ("long",), "e": ("long",)}


@pytest.mark.parametrize(
    "raised",
    [
        "",
        "'",
        "''",
        "'s61'",
        "s61,-",
        "'s6,-'",
        "'sZZ,-'",
        "'i,-'",
        "'s61,-,-'",
        "'sff,-'",
        "'f1e999x,-'",
        "'sed,-'",
        "x" * 10**7,
    ],
)
def test_an_answer_that_isnt_the_expressions_is_refused(raised: str, ask: Ask) -> None:
    assert ask(["a", "b"], raised).get("values") is None


HOOKS = """
from IPython import get_ipython
ran = []
for formatter in get_ipython().display_formatter.formatters.values():
    for of in (object, str, int, KeyError):
        formatter.for_type(of, lambda *args: ran.append("formatter"))
for event in ("pre_execute", "post_execute", "pre_run_cell", "post_run_cell"):
    get_ipython().events.register(event, lambda *args, event=event: ran.append(event))
"""


def test_in_a_kernel(ask: Ask) -> None:
    """IPython truncates nothing, calls no formatter of the user's, and doesn't count the execution."""
    names = [*EXPECTED, "much"]
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=PATIENCE)

    def execute(code: str, **options: Any) -> dict[str, Any]:
        return dict(client.execute_interactive(code, timeout=PATIENCE, **options)["content"])

    try:
        execute(f"{DEFINED}\nmuch = 'é' * 300_000\n{HOOKS}")
        said = [
            execute("", silent=True, store_history=False, user_expressions={"values": ask(names)["expression"]})
            for _ in range(2)
        ]
        # The hooks of the cell that registers them; `post_execute` after any request; and that of this request.
        ran = ["post_execute", "post_run_cell", "post_execute", "post_execute", "pre_execute"]
        check = execute(f"assert ran == {ran}, ran", silent=True)
        assert check["status"] == "ok", check
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    answer = said[1]["user_expressions"]["values"]
    assert answer["ename"] == "KeyError"
    assert read(answer["evalue"], names, ask) == {**EXPECTED, "much": "é" * 300_000}
    assert [content["execution_count"] for content in said] == [1, 1]
