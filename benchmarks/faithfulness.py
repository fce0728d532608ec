"""Which maps are true? How well do they predict what taking sentences away does, on real models?

    make test-real                                   # fetches both models; once
    python benchmarks/faithfulness.py                # hours; continues where it stopped
    python benchmarks/faithfulness.py --write-docs   # docs/faithfulness.md and its plot, from what is stored
    python benchmarks/faithfulness.py --peers        # Inseq's and Captum's methods on the same prompts

Each model answers prompts of four kinds (`faithfulness_items.py`), greedily, in its own chat format if it has one. For each sentence of the
answer, each method gives every sentence of the prompt a score. docs/faithfulness.md says what is measured, and how.

Results are stored by item and part (`faithfulness_store.py`) in `--results`, and their figures, in short, with the code
(benchmarks/results/faithfulness), so that the tables can be made, and continued, without what is in `--results`. A result whose settings
changed is computed anew. Models alternate, and so do kinds: a run that is stopped leaves about as many of each.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import faithfulness_figures as figures
from faithfulness_items import KINDS, Item
from faithfulness_plan import MODELS, VERSIONS, Settings, plan
from faithfulness_store import Store, key_of
from faithfulness_tables import Table, table_of

from lit_lab.service import libraries

FOLDER = Path(os.environ.get("LIT_LAB_REAL") or Path.home() / ".cache" / "lit-lab" / "real")
RESULTS = Path.home() / ".cache" / "lit-lab" / "faithfulness"
KEPT = Path(__file__).parent / "results" / "faithfulness"


class Bench:
    """A model's results.

    Args:
        name: The model's name: a key of `MODELS`, or a preset's.
        folder: Of `make test-real`.
        results: Where results are stored.
        settings: How much is computed.
        kept: Where their figures are kept.
    """

    def __init__(self, name: str, folder: Path, results: Path, settings: Settings, kept: Path = KEPT) -> None:
        self.name, self._folder, self._settings = name, folder, settings
        file_name = "".join(letter if letter.isalnum() else "-" for letter in name)
        self._stored = Store(results / f"{file_name}.jsonl")
        self._kept = Store(kept / f"{file_name}.jsonl")
        self._models: dict[bool, Any] = {}
        self._runs: dict[str, Any] = {}

    def key(self, item: Item, part: str) -> str:
        """Return what a part's result depends on."""
        version = VERSIONS.get(part, VERSIONS["added"])
        return key_of(self.name, part, version, item.prompt, item.planted, asdict(self._settings))

    def is_known(self, item: Item, part: str) -> bool:
        """Whether a part needn't be computed."""
        key = self.key(item, part)
        stored = all(self._stored.get(item.name, each, self.key(item, each)) is not None for each in ("basic", part))
        return stored or self._kept.get(item.name, part, key) is not None

    def figures(self, item: Item, part: str) -> dict[str, Any] | None:
        """Return the figures of a part, from its record or as they were kept. None: there are none."""
        basic = self._stored.get(item.name, "basic", self.key(item, "basic"))
        record = self._stored.get(item.name, part, self.key(item, part))
        if basic is None or record is None:
            found: dict[str, Any] | None = self._kept.get(item.name, part, self.key(item, part))
            return found
        return figures.figures(part, item.name, basic, record)

    def compute(self, item: Item, part: str) -> None:
        """Compute a part, and store it."""
        import faithfulness_parts as parts

        if part != "basic" and self._stored.get(item.name, "basic", self.key(item, "basic")) is None:
            self.compute(item, "basic")  # only its figures were kept

        model = self.model(part == "random_weights")
        run = self._runs.get(item.name)
        if run is None:
            run = self._runs[item.name] = parts.run_of(self.model(False), item, self._settings)
        if len(run.targets) == 0 or len(run.spans) < 2:
            record: dict[str, Any] = {"targets": []}
        else:
            record = parts.part_of(part)(model, run, self._settings)
        self._stored.put(item.name, part, self.key(item, part), record)

    def keep(self, item: Item, part: str) -> None:
        """Keep a part's figures with the code."""
        found = self.figures(item, part)
        if found is not None:
            self._kept.keep(item.name, part, self.key(item, part), found)

    def write_kept(self) -> None:
        """Write what is kept."""
        self._kept.write()

    def model(self, random_weights: bool) -> Any:
        """Return the model, or the same with random weights."""
        import faithfulness_parts as parts

        if random_weights not in self._models:
            path = self.name
            if self.name in MODELS and self.name != "embedded":
                path = str(self._folder / self.name / "model.gguf")
            self._models[random_weights] = parts.randomized(path) if random_weights else parts.load(path)
        return self._models[random_weights]


def compute(benches: Sequence[Bench], options: argparse.Namespace) -> None:
    """Compute what is missing, and say how far it is."""
    planned = list(plan(options.kinds.split(","), options.items, options.slow))
    missing = [(item, part, bench) for item, part in planned for bench in benches if not bench.is_known(item, part)]
    for number, (item, part, bench) in enumerate(missing, 1):
        started, used = time.monotonic(), time.process_time()
        bench.compute(item, part)
        print(
            f"{number}/{len(missing)} {bench.name} {item.name} {part}: {time.monotonic() - started:.1f} s, "
            f"of processors {time.process_time() - used:.1f} s",
            file=sys.stderr,
            flush=True,
        )


def table(bench: Bench, options: argparse.Namespace) -> Table:
    """Return a model's table, of what is known."""
    known = [
        (item, part, found)
        for item, part in plan(options.kinds.split(","), options.items, options.slow)
        if (found := bench.figures(item, part)) is not None
    ]
    return table_of(bench.name, known)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of `make test-real` (default: %(default)s)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: %(default)s")
    parser.add_argument(
        "--models",
        default="smollm2,gemma3",
        help="of smollm2, gemma3 and embedded, or presets' names (default: %(default)s)",
    )
    parser.add_argument("--kinds", default=",".join(KINDS), help="default: %(default)s")
    parser.add_argument("--items", type=int, default=40, help="of each kind (default: %(default)s)")
    parser.add_argument(
        "--slow", type=int, default=10, help="items of each kind that slow methods get, too (default: %(default)s)"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="default: all cores, %(default)s")
    parser.add_argument("--no-compute", action="store_true", help="only print what is known")
    parser.add_argument(
        "--keep",
        action="store_true",
        help=f"write the figures to {KEPT.relative_to(Path.cwd()) if KEPT.is_relative_to(Path.cwd()) else KEPT}",
    )
    parser.add_argument("--write-docs", action="store_true", help="write docs/faithfulness.md; computes nothing")
    parser.add_argument("--peers", action="store_true", help="run Inseq's and Captum's methods, too")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args()
    libraries.set_environment(options.threads, "tensorflow")
    benches = [Bench(name, options.folder, options.results, Settings()) for name in options.models.split(",")]
    if not (options.no_compute or options.write_docs or options.keep):
        libraries.import_backend(options.threads, "tensorflow")
        libraries.import_keras()
        compute(benches, options)
    if options.keep or options.write_docs:
        for bench in benches:
            for item, part in plan(options.kinds.split(","), options.items, options.slow):
                bench.keep(item, part)
            bench.write_kept()
    tables = [table(bench, options) for bench in benches]
    if options.write_docs:
        import faithfulness_page

        faithfulness_page.write(tables)
        return
    if options.json:
        print(json.dumps([asdict(each) for each in tables]))
        return
    for each in tables:
        print(each.text())


if __name__ == "__main__":
    main()
