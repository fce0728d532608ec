"""Strings and values of a folder's notebooks, compared with CPython.

    python benchmarks/strings_corpus.py FOLDER [--json]

- Strings: each literal in CPython's `ast`, except f-strings, compared with what **Analyze prompt** finds in its place.
- Values: CPython runs the statements at the top level of cells that contain only literals, operators, f-strings and pure methods; any
  other statement makes the names that it mentions unknown. The fields of such an f-string can be known, and so can a text that `+`, `*` or
  a call produces there; the evaluator's result is right, wrong, or left open.
- Composed texts: the texts that are offered as composed ones.
- Templates: texts that calls such as `PromptTemplate(…)`, `from_template(…)`, `Template(…)`, `.format(…)` and `.replace("{{x}}", …)` get as a
  literal or by the name of one, compared with the templates that are found; and the fields of all templates, including conversations.
- Offers: whether a list of messages made only of literals and names is the first text that is offered, as a conversation. Without a
  conversation, template or composed text: whether it is the longest literal with a blank, unless that is a key, a docstring or printed.

Times are processor times, of a notebook and of the longest task that blocks the page.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import statistics
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from pure_cells import Runner, cells_of, parse

ROOT = Path(__file__).parent.parent

NOTICES = {"print", "input", "info", "warning", "error", "warn", "title", "suptitle", "set_title", "xlabel", "ylabel"}
"""Functions that show their text to a person."""


def compare(cells: list[str], said: dict[str, Any], counts: Counter[str], wrong: list[Any]) -> None:
    """Count a notebook's strings and fields."""
    runner = Runner()
    for index, source in enumerate(cells):
        tree = parse(source)
        if tree is None:
            counts["cells that CPython can't read alone"] += 1
            if not source.lstrip().startswith("%%"):
                runner.names.clear()
            continue
        if re.search(r"^\s*[%!]|=\s*[%!]", source, re.M):
            runner.names.clear()
        compare_strings(source, tree, said["found"][index], counts, wrong)
        compare_offer(source, tree, said["offered"][index], counts)
        runner.run(index, source, tree)
    made = {(item["cell"], *item["span"]): item["values"] for item in said["made"]}
    counts["composed texts"] += sum(said["composed"])
    for place, text in runner.texts.items():
        values = made.get(place)
        counts["knowable texts"] += 1
        if values is None or len(values) != 1:
            counts["knowable texts left open"] += 1
        elif values == [text]:
            counts["knowable texts right"] += 1
        else:
            counts["wrong texts"] += 1
            wrong.append([place, text, values])
    for key, value in runner.fields.items():
        field = said["seen"].get(key)
        counts["knowable fields"] += 1
        if field is None or field["why"] is not None or len(field["values"]) != 1:
            counts["knowable fields left open"] += 1
        elif field["values"] == [value]:
            counts["knowable fields filled"] += 1
        else:
            counts["wrong values"] += 1
            wrong.append([key, value, field["values"]])


def is_message_list(node: ast.AST) -> bool:
    """Return whether a node is a list of messages made of literals and names, including one of the user's."""
    if not isinstance(node, ast.List) or not node.elts:
        return False
    roles = []
    for item in node.elts:
        if not isinstance(item, ast.Dict):
            return False
        entries = {
            key.value: value for key, value in zip(item.keys, item.values, strict=True) if isinstance(key, ast.Constant)
        }
        role, content = entries.get("role"), entries.get("content")
        if not isinstance(role, ast.Constant) or not isinstance(content, ast.Constant | ast.JoinedStr | ast.Name):
            return False
        if isinstance(content, ast.Constant) and not isinstance(content.value, str):
            return False
        roles.append(role.value)
    return "user" in roles


def asides(tree: ast.Module) -> set[int]:
    """Return the ids of literals that certainly aren't prompts."""
    found: set[int] = set()
    for node in ast.walk(tree):
        inside: list[ast.AST | None] = []
        if isinstance(node, ast.Dict):
            inside = [*node.keys]
        elif isinstance(node, ast.Subscript):
            inside = [node.slice]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inside = [node.body[0]]
        elif isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr):
            inside = [node]
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            inside = [*node.args] if name in NOTICES else []
        found |= {id(part) for node in inside if node is not None for part in ast.walk(node)}
    return found


def compare_offer(source: str, tree: ast.Module, offered: dict[str, Any] | None, counts: Counter[str]) -> None:
    """Count which of a cell's texts is offered first."""
    kind = offered["kind"] if offered else None
    if any(is_message_list(node) for node in ast.walk(tree)):
        counts["cells with a message list"] += 1
        counts["conversations offered first"] += kind == "conversation"
    if offered is None or kind in {"conversation", "template"}:
        return
    left_out = asides(tree)
    literals = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out
    ]
    texts = [(str(node.value), node) for node in literals if re.search(r"\s", str(node.value).strip())]
    if len(literals) < 2 or not texts:
        return
    _, longest = max(texts, key=lambda text: len(text[0]))
    counts["cells with a longest text"] += 1
    start, end = offered["span"]
    first = source.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")
    written = ast.get_source_segment(source, longest) or ""
    # An f-string, or a text of several literals, may be longer.
    counts["longest texts offered first"] += written in first or len(first) >= len(written)


def compare_templates(cells: list[str], said: dict[str, Any], counts: Counter[str], missed: list[Any]) -> None:
    """Count a notebook's templates."""
    literals: dict[str, str] = {}
    texts = [text for cell in said["texts"] for text in cell if text["kind"] in ("template", "conversation")]
    values = "\0".join(text["value"] for text in texts)
    for index, source in enumerate(cells):
        tree = parse(source)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                names = [target.id for target in node.targets if isinstance(target, ast.Name)]
                literals.update((name, str(node.value.value)) for name in names if isinstance(node.value.value, str))
            text = template_of(node, literals)
            if text is not None:
                counts["templates"] += 1
                is_found = " ".join(re.split(r"[{}$<>\[\]%]+", text)[0].split()) in " ".join(values.split())
                counts["templates found"] += is_found
                if not is_found:
                    missed.append([index, text[:200]])
    for text in texts:
        counts[f"texts that are a {text['kind']}"] += 1
        if text["kind"] == "template":
            seen = [said["seen"].get(key) for _, key in text["fields"]]
            counts["fields of templates"] += len(seen)
            counts["fields of templates with a value"] += sum(bool(field and field["values"]) for field in seen)


TEMPLATE_CALLS = {"PromptTemplate", "RichPromptTemplate", "PromptBuilder", "Template", "from_template", "from_string"}


def template_of(node: ast.AST, literals: dict[str, str]) -> str | None:
    """Return the text of the template that a call creates or fills in. None if it isn't a literal."""
    if not isinstance(node, ast.Call):
        return None
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    given: ast.AST | None = None
    if name in TEMPLATE_CALLS:
        keywords = [keyword.value for keyword in node.keywords if keyword.arg == "template"]
        given = next(iter([*keywords, *node.args]), None)
    elif name == "format" and isinstance(node.func, ast.Attribute):
        given = node.func.value
    text = literals.get(given.id) if isinstance(given, ast.Name) else getattr(given, "value", None)
    return text if isinstance(text, str) and re.search(r"[{$]", text) else None


def compare_strings(
    source: str, tree: ast.Module, found: list[dict[str, Any]], counts: Counter[str], wrong: list[Any]
) -> None:
    """Count a cell's literals."""
    starts = [0]
    for line in source.splitlines(True):
        starts.append(starts[-1] + len(line.encode()))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    data = source.encode()

    def units(line: int, column: int) -> int:
        return len(data[: starts[line - 1] + column].decode().encode("utf-16-le")) // 2

    by_span = {tuple(item["span"]): item["value"] for item in found}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in inside:
            continue
        span = (
            units(node.lineno, node.col_offset),
            units(node.end_lineno or node.lineno, node.end_col_offset or 0),
        )
        counts["strings"] += 1
        if span in by_span:
            is_right = by_span[span] == node.value or r"\N{" in source
            counts["strings found" if is_right else "wrong strings"] += 1
            if not is_right:
                wrong.append([span, node.value, by_span[span]])
        elif any(start <= span[0] and span[1] <= end for start, end in by_span):
            counts["strings within a larger text"] += 1
        else:
            counts["strings missed"] += 1


def share_of(counts: Counter[str], part: str, whole: str) -> float | None:
    """Return the share of one count in another. None if that is 0."""
    return counts[part] / counts[whole] if counts[whole] else None


def main() -> None:
    """Compare with CPython, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    counts: Counter[str] = Counter()
    wrong: list[Any] = []
    missed: list[Any] = []
    times: list[float] = []
    longest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["node", "tests/values/bundle.mjs", folder], cwd=ROOT, check=True)
        with subprocess.Popen(
            ["node", Path(folder) / "evaluator.js"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for path in sorted(args.folder.rglob("*.ipynb")):
                cells = cells_of(path)
                if not cells:
                    continue
                process.stdin.write(json.dumps({"cells": cells, "strings": True}) + "\n")
                process.stdin.flush()
                said = json.loads(process.stdout.readline())
                counts["notebooks"] += 1
                counts["cells"] += len(cells)
                times.append(said["ms"] / len(cells))
                longest = max(longest, said["longest"])
                compare(cells, said, counts, wrong)
                compare_templates(cells, said, counts, missed)
            process.stdin.close()
    report = {
        "counts": dict(counts),
        "share of conversations offered first": share_of(
            counts, "conversations offered first", "cells with a message list"
        ),
        "share of longest texts offered first": share_of(
            counts, "longest texts offered first", "cells with a longest text"
        ),
        "share of knowable fields filled": share_of(counts, "knowable fields filled", "knowable fields"),
        "ms for a cell, median over notebooks": statistics.median(times) if times else None,
        "ms for a cell, most": max(times, default=None),
        "ms that the page is held, most": longest,
        "wrong": wrong[:20],
        "templates missed": missed[:20],
    }
    if args.json:
        print(json.dumps(report, indent=2))
        return
    for name, value in [*sorted(counts.items()), *list(report.items())[1:]]:
        print(f"{name}: {value:.3g}" if isinstance(value, float) else f"{name}: {value}")


if __name__ == "__main__":
    main()
