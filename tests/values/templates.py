"""Random templates of libraries, with the code that fills them in and the results."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import jinja2

VALUES: list[Any] = [
    "v",
    "",
    "{{x}}",
    "{x}",
    "$x",
    " <b> & ",
    "a\nb",
    "it's",
    '"q"',
    "é🥚",
    5,
    None,
    True,
    2.5,
    [1, "z"],
]
PLAIN = ["a", " ", "  ", "\n", "\r\n", "\t", "é", "🥚", "{", "}", "$", "%", "<", "'", '"', "\\"]
JINJA = [
    "{{ x }}",
    "{{y}}",
    "{{- x }}",
    "{{ y -}}",
    "{# c #}",
    "{#- c -#}",
    "{% raw %}{{x}} {% endraw %}",
    "{{ '{{' }}",
]
JINJA += ["{%- raw -%} a {%- endraw -%}", "{{ z }}", "{{ d.k }}", '{{ d["k"] }}', "{{+ x }}"]
DOLLAR = ["$x", "${y}", "$$", "$", "${", "$xy", "$X", "$é", "${x y}"]
FORMAT = ["{x}", "{y!r}", "{x:>5}", "{{", "}}", "{d[k]}", "{z}"]
MARKERS = ["{{X}}", "{Y}", "<Z>", "[X]", "$Y"]
MUSTACHE = ["{{x}}", "{{ y }}", "{{{x}}}", "{{&y}}", "{{z}}", "{{d.k}}", "{{! c }}"]


class Case:
    """A template, the code that fills it in, and the function that does so here."""

    def __init__(self, rng: random.Random, kind: str) -> None:
        special = {"jinja": JINJA, "dollar": DOLLAR, "safe": DOLLAR, "format": FORMAT, "replace": MARKERS}.get(kind, [])
        if kind in ("langchain", "lc_jinja2", "lc_mustache"):
            special = {"langchain": FORMAT, "lc_jinja2": JINJA, "lc_mustache": MUSTACHE}[kind]
        parts = [rng.choice(special if rng.random() < 0.5 else PLAIN) for _ in range(rng.randrange(1, 9))]
        self.template = "".join(parts)
        values = {name: rng.choice(VALUES) for name in "xy"} | {"d": {"k": rng.choice(VALUES)}}
        given = ", ".join(f"{name}={value!r}" for name, value in values.items())
        head = f"T = {self.template!r}\n"
        self.run: Callable[[], str]
        if kind == "jinja":
            self.code = f"from jinja2 import Template\n{head}text = Template(T).render({given})"
        elif kind in ("dollar", "safe"):
            method = "substitute" if kind == "dollar" else "safe_substitute"
            self.code = f"from string import Template\n{head}text = Template(T).{method}({given})"
        elif kind == "format":
            self.code = f"{head}text = T.format({given})"
        elif kind == "replace":
            chosen = rng.sample(MARKERS, rng.randrange(1, 4))
            texts = [*(value for value in VALUES if isinstance(value, str)), *MARKERS]
            calls = "".join(f".replace({marker!r}, V{at})" for at, marker in enumerate(chosen))
            names = "".join(f"V{at} = {rng.choice(texts)!r}\n" for at in range(len(chosen)))
            self.code = f"{names}{head}text = T{calls}"
        else:
            form = {"langchain": "f-string", "lc_jinja2": "jinja2", "lc_mustache": "mustache"}[kind]
            make = f"PromptTemplate.from_template(T, template_format={form!r})"
            self.code = f"from langchain_core.prompts import PromptTemplate\n{head}text = {make}.format({given})"

    def expected(self) -> str | None:
        """The library's result. None if it refuses."""
        names: dict[str, Any] = {}
        try:
            exec(self.code, names)  # written above
        except (ValueError, KeyError, IndexError, AttributeError, TypeError, SyntaxError, jinja2.TemplateError):
            return None
        text: str = names["text"]
        return text


KINDS = ["jinja", "dollar", "safe", "format", "replace"]
