"""Write the table of model families into docs/models.md, as measured now: `python scripts/make_families_table.py`.

For each family a small model with random weights is built, and our engine's scores are held against a float64 gradient that
is taken without it (tests/service/families.py): eagerly, compiled, and from a pass shared with an answer. The table shows the largest difference.
Columns of backends that aren't asked for stay as they are.

    --backend NAME   tensorflow (default), jax or torch: whose column to measure
    --json           print what was measured, and write nothing
    --take FILE      write what --json has printed, perhaps in another environment
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "service")]

PAGE = ROOT / "docs" / "models.md"
BEGIN, END = "<!-- families: written by scripts/make_families_table.py -->", "<!-- families end -->"
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
METHODS = ("grad_l2", "grad_dot_input")
NONE = "answers only"
UNKNOWN = "not measured"

Cells = dict[str, dict[str, str]]
"""From a family's models and a backend to what the table says."""


def measure(backend: str) -> dict[str, str]:
    """Return what the table says of each family on a backend: the two methods' distance from float64, the worst way's."""
    from lit_lab.service import libraries

    libraries.set_environment(1, backend)  # type: ignore[arg-type]
    libraries.import_backend(1, backend)  # type: ignore[arg-type]
    libraries.import_keras()
    families = importlib.import_module("families")  # of the tests

    found = {}
    for family in families.FAMILIES:
        ways = families.agreements(family)
        worst = ways and [max(getattr(off, method) for off in ways.values()) for method in METHODS]
        found[family.models] = " · ".join(f"{off:.0e}" for off in worst) if worst else NONE
        print(f"{family.models}: {found[family.models]}", file=sys.stderr)
    return found


def read(page: str) -> Cells:
    """Return what the page's table says now."""
    rows = re.findall(r"(?m)^\| (.+?) +\| `\w+` +\|(.+)\|$", page)
    return {
        models: {name: cell.strip() for name, cell in zip(BACKENDS, rest.split("|"), strict=False)}
        for models, rest in rows
    }


def table(cells: Cells) -> str:
    """Return the table as Markdown, its columns as wide as prettier makes them."""
    families = importlib.import_module("families")

    rows = [["Models", "keras-hub's", *BACKENDS.values()]]
    for family in families.FAMILIES:
        of = cells.get(family.models, {})
        rows.append([family.models, f"`{family.cls}CausalLM`", *(of.get(name, UNKNOWN) for name in BACKENDS)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    )


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="tensorflow", choices=list(BACKENDS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--take", type=Path)
    options = parser.parse_args()
    if options.take:
        taken = json.loads(options.take.read_text("utf-8"))
        options.backend, measured = taken["backend"], taken["families"]
    else:
        measured = measure(options.backend)
    if options.json:
        print(json.dumps({"backend": options.backend, "families": measured}, indent=2, ensure_ascii=False))
        return
    page = PAGE.read_text("utf-8")
    cells = read(page)
    for models, cell in measured.items():
        cells.setdefault(models, {})[options.backend] = cell
    before, rest = page.split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(cells)}\n\n{END}{rest.split(END)[1]}", "utf-8")


if __name__ == "__main__":
    main()
