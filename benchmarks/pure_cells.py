"""Runs the parts of a notebook's cells that are safe to run alone in CPython: literals, operators, f-strings and pure methods."""

from __future__ import annotations

import ast
import contextlib
import json
import re
import warnings
from pathlib import Path
from typing import Any

PURE_NODES = (
    ast.Expression, ast.Constant, ast.Name, ast.Load, ast.JoinedStr, ast.FormattedValue, ast.BinOp, ast.operator,
    ast.UnaryOp, ast.unaryop, ast.Compare, ast.cmpop, ast.BoolOp, ast.boolop, ast.IfExp, ast.List, ast.Tuple, ast.Dict,
    ast.Subscript, ast.Slice, ast.Attribute, ast.Call, ast.keyword,
)  # fmt: skip
PURE_METHODS = {
    "capitalize",
    "center",
    "endswith",
    "format",
    "get",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "removeprefix",
    "removesuffix",
    "replace",
    "rjust",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "upper",
    "zfill",
}
PURE_FUNCTIONS = {"len": len, "str": str, "int": int, "float": float, "repr": repr, "abs": abs}
IPYTHON_LINE = re.compile(r"\s*(?:[%!?]|[\w.*]+\?{1,2}\s*$)")
MAX_REPR = 100_000
"""Longest value that is compared."""


def cells_of(path: Path) -> list[str] | None:
    """Return the sources of a notebook's Python cells. None if it isn't a notebook, or has another language."""
    try:
        notebook = json.loads(path.read_text("utf-8"))
        language = notebook["metadata"].get("language_info", {}).get("name", "python")
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        sources = ["".join(cell["source"]) for cell in cells]
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        return None
    return sources if language == "python" else None


def parse(source: str) -> ast.Module | None:
    """Return a cell's tree, with IPython's lines blanked. None if it has a syntax error."""
    if source.lstrip().startswith("%%"):
        return None
    lines = [re.sub(r"[^\n]", " ", x) if IPYTHON_LINE.match(x) else x for x in source.splitlines(True)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # A line of a string may look like IPython's.
        for written in (source, "".join(lines)):
            with contextlib.suppress(SyntaxError, ValueError):
                return ast.parse(written)
    return None


class Runner:
    """Runs code that is certainly pure, and forgets the values that any other code may change."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}
        self.fields: dict[str, str] = {}
        self.texts: dict[tuple[int, int, int], str] = {}

    def is_pure(self, node: ast.AST) -> bool:
        """Return whether CPython may evaluate an expression, because it has no side effects."""
        for inner in ast.walk(node):
            if not isinstance(inner, PURE_NODES):
                return False
            if isinstance(inner, ast.Name) and inner.id not in self.names and inner.id not in PURE_FUNCTIONS:
                return False
            if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Pow | ast.LShift):
                return False
            if isinstance(inner, ast.Attribute) and inner.attr not in PURE_METHODS:
                return False
            callee = inner.func if isinstance(inner, ast.Call) else None
            is_method = callee is None or isinstance(callee, ast.Attribute)
            if not is_method and (not isinstance(callee, ast.Name) or callee.id in self.names):
                return False
        return True

    def evaluate(self, node: ast.expr) -> Any:
        """Evaluate a pure expression."""
        code = compile(ast.fix_missing_locations(ast.Expression(node)), "cell", "eval")
        return eval(code, {"__builtins__": PURE_FUNCTIONS}, self.names)  # pure, without other builtins

    def run(self, cell: int, source: str, tree: ast.Module) -> None:
        """Go through a cell, up to its first error."""
        for node in tree.body:
            if isinstance(node, ast.Assign | ast.Expr) and self.is_pure(node.value):
                targets = node.targets if isinstance(node, ast.Assign) else []
                if all(isinstance(target, ast.Name) for target in targets):
                    try:
                        value = self.evaluate(node.value)
                        self.see(cell, source, node.value)
                    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
                        return  # The cell ends here.
                    if len(repr(value)) < MAX_REPR:
                        self.names.update((target.id, value) for target in targets if isinstance(target, ast.Name))
                        continue
            self.see_inside(cell, source, node)
            self.forget(node)

    def see_inside(self, cell: int, source: str, node: ast.stmt) -> None:
        """Note the fields of pure f-strings among a call's arguments, which are evaluated before anything else happens."""
        call = node.value if isinstance(node, ast.Assign | ast.Expr) else None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            for argument in call.args:
                if not self.is_pure(argument):
                    return
                self.see(cell, source, argument)

    def see(self, cell: int, source: str, node: ast.AST) -> None:
        """Note the values of the fields of f-strings in an expression."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.BinOp | ast.Call):
                self.see_text(cell, source, inner)
            if isinstance(inner, ast.JoinedStr):
                written = ast.get_source_segment(source, inner) or ""
                start = source.find(written)
                fields = [part for part in inner.values if isinstance(part, ast.FormattedValue)]
                # Before Python 3.12, fields have the literal's position, so the brace locates them.
                if len(fields) == 1 and written and source.count(written) == 1 and written.count("{") == 1:
                    offset = start + written.index("{")
                    at = len(source[:offset].encode("utf-16-le")) // 2
                    self.fields[f"{cell}:{at}"] = self.evaluate(ast.JoinedStr([fields[0]]))

    def see_text(self, cell: int, source: str, node: ast.BinOp | ast.Call) -> None:
        """Note the text that an operation or a call produces."""
        value = self.evaluate(node)
        if isinstance(value, str) and len(value) < MAX_REPR:
            lines = source.splitlines(True)

            def units(line: int, column: int) -> int:
                before = "".join(lines[: line - 1]) + lines[line - 1].encode()[:column].decode()
                return len(before.encode("utf-16-le")) // 2

            start = units(node.lineno, node.col_offset)
            self.texts[cell, start, units(node.end_lineno or 0, node.end_col_offset or 0)] = value

    def forget(self, node: ast.AST) -> None:
        """Forget all names that a statement mentions."""
        wild = {"exec", "eval", "globals", "locals", "vars", "get_ipython"}
        for inner in ast.walk(node):
            names = [getattr(inner, name, None) for name in ("id", "name", "asname", "arg")]
            if isinstance(inner, ast.alias):
                names.append(inner.name.split(".")[0])
            if wild & {str(name) for name in names} or "*" in names:
                self.names.clear()
            for name in names:
                self.names.pop(str(name), None)
            if isinstance(inner, ast.Global):
                for name in inner.names:
                    self.names.pop(name, None)
        # Code that isn't run may have changed any object that it can reach.
        self.names = {name: value for name, value in self.names.items() if not isinstance(value, list | dict | tuple)}
