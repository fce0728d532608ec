"""Hold a preset to the embedded model's gates, and tell how it does beyond them.

    python -m training.evaluate                                  # the committed one, on three seeds: about ten minutes
    python -m training.evaluate --preset build/demo/preset --json > figures.json
    python -m training.evaluate --seeds 1 --cases 60 --quick

Exits with 1 if a gate isn't passed. All text it asks is drawn anew; none of its pairs of dish and deciding ingredient,
unseen words or unseen labels is in the training text (`held_out.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
PRESET = ROOT / "lit_lab/demo/preset"


def main() -> int:
    """Parse the command line, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--preset", type=Path, default=PRESET, help="default: the package's")
    parser.add_argument("--seeds", type=int, default=3, help="of evaluation data (default: 3)")
    parser.add_argument("--first", type=int, default=1, help="the first of these seeds (default: 1)")
    parser.add_argument("--cases", type=int, default=240, help="for each seed (default: 240)")
    parser.add_argument("--quick", action="store_true", help="the gates only")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    arguments = parser.parse_args()
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")

    from training import gates, judging, subject

    model = subject.load(arguments.preset)
    asked = subject.Subject(model)
    by_seed = []
    chosen = range(arguments.first, arguments.first + arguments.seeds)
    for n, seed in enumerate(chosen):
        print(f"evaluation data {n + 1} of {arguments.seeds}", file=sys.stderr)
        by_seed.append(list(gates.measures(asked, seed, arguments.cases)))
    samples = list(gates.lit_samples(asked))
    varied = [] if arguments.quick else list(gates.robustness(asked, 1))
    passed = all(measure.passed for measures in by_seed for measure in measures)
    passed = passed and all(sample.passed for sample in samples)
    if arguments.json:
        figures = {
            "gates": [
                [asdict(measure) | {"goal": gates.goal(measure), "passed": measure.passed} for measure in measures]
                for measures in by_seed
            ],
            "samples": [asdict(sample) for sample in samples],
            "robustness": [asdict(measure) for measure in varied],
            "parameters": model.parameters,
            "passed": passed,
        }
        print(json.dumps(figures, indent=1))
        return 0 if passed else 1

    seeds = "".join(f"{f'seed {n}':>8} " for n in chosen)
    print(f"\n{'gate':<48}{'goal':>8}{seeds}   cases")
    for row in zip(*by_seed, strict=True):
        goal = gates.goal(row[0])
        values = "".join(f"{measure.value:>8.3f}{' ' if measure.passed else '!'}" for measure in row)
        print(f"{row[0].name:<48}{goal:>8}{values}   {row[0].cases}")
    print("\nLIT's samples, judged by these rules")
    for rule in judging.RULES:
        print(f"  * {rule}")
    for sample in samples:
        print(f"{sample.source:<24}{'right' if not sample.faults else '! ' + '; '.join(sample.faults)}")
        print("".join(f"    | {line}\n" for line in sample.answer.strip().split("\n")), end="")
    if varied:
        print("\nwhole answer right, where the prompt is put otherwise")
        for measure in varied:
            print(f"{measure.name:<56}{measure.value:>7.3f}   {measure.cases}")
    print(f"\n{'all gates passed' if passed else 'not all gates passed'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
