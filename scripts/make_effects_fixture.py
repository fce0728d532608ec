"""Write tests/fixtures/effects.json: scored sets of deleted segments, which src/salience/effects.ts is held against.

ContextCite's weights are by scikit-learn's Lasso, and rank correlations by SciPy.

    python scripts/make_effects_fixture.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.linear_model import Lasso
from sklearn.preprocessing import StandardScaler

FILE = Path(__file__).parents[1] / "tests" / "fixtures" / "effects.json"
SEED = 21
CASES = [(4, 3, 16), (9, 12, 32), (25, 5, 32), (12, 6, 64)]  # segments, tokens of the answer, random sets
HELD_OUT = 16
ALPHA = 0.01

Floats = NDArray[np.float64]


def logits(logprobs: Floats) -> Floats:
    """Return the logit of the product of the tokens' probabilities."""
    total = np.minimum(logprobs.sum(1), -(2.0**-24))
    result: Floats = total - np.log(-np.expm1(total))
    return result


def weights(kept: NDArray[np.bool_], logprobs: Floats) -> Floats:
    """Return ContextCite's weights, by its authors' recipe."""
    count = logprobs.shape[1]
    scaler = StandardScaler().fit(kept.astype(float))
    lasso = Lasso(alpha=ALPHA, tol=1e-12, max_iter=100_000)
    lasso.fit(scaler.transform(kept.astype(float)), logits(logprobs) / count)
    result: Floats = lasso.coef_ / scaler.scale_ * count
    return result


def case(rng: np.random.Generator, segments: int, tokens: int, samples: int) -> dict[str, Any]:
    """Return one case, whose first segment no random set deletes: a column that doesn't vary."""
    strengths = rng.exponential(0.4, segments)
    events, rows, sets = [], {}, {}
    at = 0
    total = 1 + segments + HELD_OUT + samples
    for kind, count in (("one", 1 + segments), ("held_out", HELD_OUT), ("random", samples)):
        removed = rng.random((count, segments)) < 0.5
        removed[:, 0] = False
        if kind == "one":
            removed = np.vstack([np.zeros((1, segments), bool), np.eye(segments, dtype=bool)[::-1]])
        noise = rng.normal(0, 0.2, (count, tokens))
        base = -0.02 - (removed * strengths).sum(1)[:, None] * rng.dirichlet(np.ones(tokens)) + noise
        scores = np.minimum(0, np.round(base, 4))
        events.append(
            {
                "kind": kind,
                "first": at,
                "total": total,
                "removed": [np.flatnonzero(row).tolist() for row in removed],
                "logprobs": scores.tolist(),
            }
        )
        rows[kind], sets[kind] = scores, removed
        at += count
    target = [0, max(1, tokens // 2)]
    part = slice(*target)
    predicted = (~sets["held_out"] * strengths).sum(1)
    return {
        "segments": segments,
        "target": target,
        "events": events,
        "weights": np.round(weights(~sets["random"], rows["random"][:, part]), 9).tolist(),
        "scores": np.round(strengths, 9).tolist(),
        "correlation": round(float(spearmanr(predicted, logits(rows["held_out"][:, part])).statistic), 9),
    }


def main() -> None:
    """Write the file."""
    rng = np.random.default_rng(SEED)
    cases = [case(rng, *sizes) for sizes in CASES]
    FILE.write_text(json.dumps(cases, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
