"""The results of a notebook in CPython: the texts of its fields, and the values of its expressions."""

from __future__ import annotations

import contextlib
import random
import re
import warnings
from collections.abc import Callable
from typing import Any


def recording(cells: list[str], made: list[dict[str, Any]]) -> list[str]:
    """Return the cells with `MAKE(number, …)` around each expression of `made`, and after each `+=`."""
    recorded = []
    for index, cell in enumerate(cells):
        units = cell.encode("utf-16-le")
        inserted: list[tuple[int, int, str]] = []
        for number, item in enumerate(made):
            if item["cell"] != index:
                continue
            start, end = item["span"]
            text = units[2 * start : 2 * end].decode("utf-16-le")
            step = re.match(r"(\w+)\s*\+=", text)
            if step:
                inserted.append((end, 1, f"; MAKE({number}, {step[1]})"))
            elif not re.match(r"[\w.\[\]()]+\s*\+=", text):
                inserted += [(start, -end, f"MAKE({number}, ("), (end, -start, "))")]
        # Of expressions that end in one place the inner comes first; of those that begin there, the outer.
        at = 0
        parts: list[str] = []
        closings = {position for position, _, text in inserted if not text.startswith("MAKE")}
        order = sorted(
            inserted, key=lambda item: (item[0], item[0] not in closings or item[2].startswith("MAKE"), item[1])
        )
        for position, _, text in order:
            parts += [units[2 * at : 2 * position].decode("utf-16-le"), text]
            at = position
        recorded.append("".join(parts) + units[2 * at :].decode("utf-16-le"))
    return recorded


def observe(cells: list[str], seed: int, made: dict[int, set[Any]] | None = None) -> dict[int, set[str]]:
    """Run a notebook up to its first error. Return the value of each field, and record in `made` what `MAKE` received."""
    rng = random.Random(seed)
    seen: dict[int, set[str]] = {}
    space: dict[str, Any] = {}
    steps = 0

    def see(number: int, text: str) -> str:
        nonlocal steps
        steps += 1
        if steps > 2_000:
            raise SystemExit
        seen.setdefault(number, set()).add(text)
        return text

    def risk() -> None:
        if rng.random() < 0.4:
            raise ValueError

    def give(value: Any) -> Any:
        """Change a value, and return it."""
        if isinstance(value, list):
            value.append("given")
        elif isinstance(value, dict):
            value["k"] = "given"
        return value

    def call(function: Callable[..., Any]) -> Any:
        for args in [(), ("called",), ("called", "twice")]:
            with contextlib.suppress(TypeError):
                made = function(*args)
                if hasattr(made, "close"):
                    made.close()
                return made
        return None

    def make(number: int, value: Any) -> Any:
        if made is not None:
            made.setdefault(number, set()).add(value if isinstance(value, str) else type(value))
        return value

    space.update(MAKE=make, SEE=see, RISK=risk, GIVE=give, CALL=call, FLIP=lambda: rng.random() < 0.5)
    space.update(HIDE=lambda: rng.choice(["hid", "den"]), SUPPRESS=lambda: contextlib.suppress(ValueError))
    with warnings.catch_warnings(), contextlib.redirect_stdout(None):
        warnings.simplefilter("ignore")
        try:
            for cell in cells:
                exec(compile(cell, "cell", "exec"), space)
        except (Exception, SystemExit):
            pass
    return seen


def places(cells: list[str]) -> dict[str, int]:
    """Return the fields' numbers by `cell:offset` of their brace, in UTF-16 units."""
    found: dict[str, int] = {}
    for index, cell in enumerate(cells):
        at = cell.find("SEE(")
        while at != -1:
            number, rest = cell[at + 4 :].split(",", 1)
            if rest.startswith(' f"'):
                offset = at + 4 + len(number) + 1 + len(' f"')
                found[f"{index}:{len(cell[:offset].encode('utf-16-le')) // 2}"] = int(number)
            at = cell.find("SEE(", at + 4)
    return found
