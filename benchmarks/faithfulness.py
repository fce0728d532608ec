"""Which maps are true? How well do they predict the effects of removing sentences, on real models?

    make test-real                                   # downloads both models; once
    python benchmarks/faithfulness.py                # hours; continues where it stopped
    python benchmarks/faithfulness.py --peers        # Inseq's and Captum's methods, too
    python benchmarks/faithfulness.py --write-docs   # docs/faithfulness.md and its plot, from stored results

Each model answers prompts of four kinds (`faithfulness_items.py`) greedily, in its own chat format if it has one. For each sentence of the
answer, each method gives every sentence of the prompt a score. docs/faithfulness.md explains the measures.

The script stores results by item and part in `--results`, and `--keep` writes their figures beside the code
(benchmarks/results/faithfulness), so that tables can be made, and continued, without the stored results. It recomputes a result whose
settings changed. Models and kinds alternate, so that an interrupted run leaves about as many results of each.
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

import faithfulness_page
import faithfulness_peers
from faithfulness_bench import Bench
from faithfulness_items import ITEMS, KINDS, items
from faithfulness_plan import Settings, everything, plan
from faithfulness_tables import Table, table_of

from lit_lab.problem import Problem
from lit_lab.service import libraries

FOLDER = Path(os.environ.get("LIT_LAB_REAL") or Path.home() / ".cache" / "lit-lab" / "real")
RESULTS = Path.home() / ".cache" / "lit-lab" / "faithfulness"
PEERS = Path.home() / ".cache" / "lit-lab" / "peers"


def compute(benches: Sequence[Bench], kinds: Sequence[str], count: int, slow: int) -> None:
    """Compute missing results, and report progress."""
    planned = list(plan(kinds, count, slow))
    missing = [(item, part, bench) for item, part in planned for bench in benches if not bench.is_known(item, part)]
    for number, (item, part, bench) in enumerate(missing, 1):
        started, used = time.monotonic(), time.process_time()
        try:
            bench.compute(item, part)
            said = f"{time.monotonic() - started:.1f} s, of processors {time.process_time() - used:.1f} s"
        except Problem as error:
            said = f"left out: {error.message}"  # one failure mustn't end hours of other work
        print(f"{number}/{len(missing)} {bench.name} {item.name} {part}: {said}", file=sys.stderr, flush=True)


def table(bench: Bench, kinds: Sequence[str], count: int, slow: int) -> Table:
    """Return a model's table from the known figures."""
    known = [(item, part, bench.figures(item, part)) for item, part in everything(kinds, count, slow)]
    return table_of(bench.name, [(item, part, found) for item, part, found in known if found is not None])


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
    parser.add_argument("--items", type=int, default=ITEMS, help="of each kind (default: %(default)s)")
    parser.add_argument(
        "--slow", type=int, default=10, help="items of each kind that slow methods get, too (default: %(default)s)"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="default: all cores, %(default)s")
    parser.add_argument("--no-compute", action="store_true", help="only print what is known")
    parser.add_argument("--keep", action="store_true", help="write the figures beside the code; computes nothing")
    parser.add_argument("--write-docs", action="store_true", help="the same, and write docs/faithfulness.md")
    parser.add_argument("--peers", action="store_true", help="run Inseq's and Captum's methods, too")
    parser.add_argument(
        "--peers-folder", type=Path, default=PEERS, help="their environment, gigabytes (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args()
    kinds = options.kinds.split(",")
    libraries.set_environment(options.threads, "tensorflow")
    benches = [Bench(name, options.folder, options.results, Settings()) for name in options.models.split(",")]
    if not (options.no_compute or options.write_docs or options.keep):
        libraries.import_backend(options.threads, "tensorflow")
        libraries.import_keras()
        if options.peers:
            try:
                python = faithfulness_peers.environment(options.peers_folder)
                for bench in benches:
                    wanted = [item for kind in kinds for item in items(kind, options.slow)]
                    bench.compute_peers(wanted, python, options.threads)
            except faithfulness_peers.MissingError as error:
                sys.exit(str(error))
        else:
            compute(benches, kinds, options.items, options.slow)
    if options.keep or options.write_docs:
        for bench in benches:
            for item, part in everything(kinds, options.items, options.slow):
                bench.keep(item, part)
            bench.write_kept()
    tables = [table(bench, kinds, options.items, options.slow) for bench in benches]
    if options.write_docs:
        faithfulness_page.write(tables)
    elif options.json:
        print(json.dumps([asdict(each) for each in tables]))
    else:
        for each in tables:
            print(each.text())


if __name__ == "__main__":
    main()
