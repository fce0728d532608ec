"""How large are the errors of the embedded model's maps in half precision?

    python benchmarks/precision.py [--json]

Prints the largest difference from the same target's scores in float32, relative to the largest score, for both gradient
methods, the tutorial's prompt, and an answer of the embedded model.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lit_lab.protocol import Precision

PROMPT = (
    "Taste-likes: I've a sweet-tooth\nTaste-dislikes: Don't like onions or garlic\nSuggestion: Onion soup\nAnalysis:"
)
ANSWER = " it has cooked onions in it, which you don't like."
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16", "float16")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    from lit_lab.service import libraries

    libraries.set_environment(1)
    libraries.import_backend(1)
    libraries.import_keras()
    from lit_lab.service import presets
    from lit_lab.service.language_model import LanguageModel
    from lit_lab.service.salience import METHODS

    found = {}
    for precision in PRECISIONS:
        model = LanguageModel(presets.load("embedded", precision))
        prompt = [token.id for token in model.tokenizer.prompt(PROMPT)]
        ids = [*prompt, *(token.id for token in model.tokenizer.answer(ANSWER))]
        gradient = model.gradients.of(ids, len(prompt), len(ids))
        found[precision] = {method: np.asarray(METHODS[method](gradient)) for method in ("grad_l2", "grad_dot_input")}
    exact = found["float32"]
    off = {
        precision: {
            method: float(np.max(np.abs(scores - exact[method])) / np.max(np.abs(exact[method])))
            for method, scores in of.items()
        }
        for precision, of in found.items()
    }
    if options.json:
        print(json.dumps(off, indent=2))
        return
    print("| Precision | gradient L2 | gradient times input |\n| --- | --- | --- |")
    for precision, of in off.items():
        print(f"| {precision} | {of['grad_l2']:.1%} | {of['grad_dot_input']:.1%} |")


if __name__ == "__main__":
    main()
