"""Which maps are true? How well do they predict what deleting sentences does, on real models?

    make test-real                      # fetches both models; once
    python benchmarks/faithfulness.py   # hours; continues where it stopped

Each model answers prompts of four kinds (`faithfulness_items.py`), greedily, in its own chat format if it has one. For each sentence of the
answer, each method gives every sentence of the prompt a score. The **score of a map** (LDS) is Spearman's rank correlation, over 64
held-out random sets of sentences, of the sum of the kept sentences' scores with the target's measured log-odds without the others. **top 1**
is the drop of the target's log-probability without the sentence that the map ranks first, as a part of the largest drop of any one.
Intervals are bootstrapped over prompts (95%). No map is fitted to the held-out sets.

Gradients come from the same requests as the panel's. Everything is kept by item in `--results`, and never computed twice.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from faithfulness_items import KINDS, Item, items
from numpy.typing import NDArray
from real_size import Service

from lit_lab import protocol
from lit_lab.effects import Effects, effects_of

FOLDER = Path(os.environ.get("LIT_LAB_REAL") or Path.home() / ".cache" / "lit-lab" / "real")
MODELS = {"smollm2": "SmolLM2 135M", "gemma3": "Gemma 3 270M", "embedded": "embedded"}
HELD_OUT, SAMPLES = 64, 64
TOKENS = 48
MIN_DROP = 0.1  # nats; a smaller largest drop says nothing about who ranks first

Scores = NDArray[np.float64]
_SENTENCE = re.compile(r"[^\n.!?]*(?:[.!?]+(?:\s+|$)|\n+|$)")

FROM_TOKENS: dict[str, tuple[str, Callable[[Scores], float]]] = {
    "grad_l2, sum (LIT's)": ("grad_l2", lambda scores: float(scores.sum())),
    "grad_l2, mean": ("grad_l2", lambda scores: float(scores.mean())),
    "grad_l2, norm (default)": ("grad_l2", lambda scores: float(np.sqrt(np.square(scores).sum()))),
    # Of the loss: what raises it is against the target.
    "gradient x input, sum (LIT's)": ("grad_dot_input", lambda scores: -float(scores.sum())),
    "gradient x input, norm": ("grad_dot_input", lambda scores: float(np.sqrt(np.square(scores).sum()))),
}
FROM_EFFECTS: dict[str, Callable[[Effects, slice], Scores]] = {
    "ContextCite, 16 sets": lambda effects, target: effects.context_cite(target, 16),
    "ContextCite, 32 sets": lambda effects, target: effects.context_cite(target, 32),
    "ContextCite, 64 sets": lambda effects, target: effects.context_cite(target, 64),
    "leave one out": lambda effects, target: effects.leave_one_out(target),
}
METHODS = ["random", "length", *FROM_TOKENS, *FROM_EFFECTS]


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the spans of a text's sentences and lines, with the blanks after them."""
    return [found.span() for found in _SENTENCE.finditer(text) if found.group().strip()]


def compute(service: Service, item: Item) -> dict[str, Any] | None:
    """Return an item's scores by every method for each target; None: the model gave no answer."""
    body = {"kind": "generate", "model": "real", "prompt": item.prompt, "max_new_tokens": TOKENS}
    events = [event for _, event in service.events("/generate", body)]
    prompt = next(event["tokens"] for event in events if event["event"] == "prompt")
    answer = next(event["tokens"] for event in events if event["event"] == "answer")
    spans, text = sentences(item.prompt), "".join(token["text"] for token in answer)
    targets = in_tokens(sentences(text), answer, len(prompt))
    if not targets or len(spans) < 2:
        return None
    ids = [token["id"] for token in [*prompt, *answer]]
    parts = in_tokens(spans, prompt, 0)
    asked = [{"start": target.start, "end": target.stop} for target in targets]
    maps: dict[tuple[str, int], Scores] = {}
    body = {"kind": "salience", "model": "real", "ids": ids, "targets": asked, "methods": ["grad_l2", "grad_dot_input"]}
    for _, event in service.events("/salience", body):
        if event["event"] == "scores":
            maps[event["method"], event["target"]["start"]] = np.array(event["scores"])
    segments = [{"turn": 0, "start": start, "end": end} for start, end in spans]
    body = {
        "kind": "effects", "model": "real", "prompt": item.prompt, "ids": ids, "answer_start": len(prompt),
        "segments": segments, "samples": SAMPLES, "held_out": HELD_OUT,
    }  # fmt: skip
    found = [event for _, event in service.events("/effects", body) if event["event"] == "effects"]
    kept = protocol.KeptEffects.model_validate({"segments": segments, "held_out": HELD_OUT, "seed": 0, "events": found})
    (effects,) = effects_of([kept], len(prompt))
    return {"item": item.name, "targets": [scored(item, spans, parts, maps, effects, target) for target in targets]}


def scored(
    item: Item,
    spans: Sequence[tuple[int, int]],
    parts: Sequence[slice],
    maps: dict[tuple[str, int], Scores],
    effects: Effects,
    target: slice,
) -> dict[str, Any]:
    """Return each method's score for one target."""
    drops = effects.leave_one_out(target)
    by_method: dict[str, Scores] = {
        "random": np.random.default_rng(len(item.prompt)).random(len(spans)),
        "length": np.array([end - start for start, end in spans], np.float64),
    }
    for name, (method, summed) in FROM_TOKENS.items():
        by_method[name] = np.array([summed(maps[method, target.start][part]) for part in parts])
    for name, of in FROM_EFFECTS.items():
        by_method[name] = of(effects, target)
    best = float(drops.max())
    return {
        name: {
            "lds": effects.datamodelling_score(scores, target),
            "top1": float(drops[int(scores.argmax())]) / best if best >= MIN_DROP else None,
        }
        for name, scores in by_method.items()
    }


def in_tokens(spans: Sequence[tuple[int, int]], tokens: Sequence[dict[str, Any]], first: int) -> list[slice]:
    """Return the tokens of spans of characters; a token belongs to the span that it begins in."""
    begins, at = [], 0
    for token in tokens:
        begins.append(at if token["kind"] != "template" else -1)
        at += len(token["text"])
    found = []
    for start, end in spans:
        inside = [number for number, begin in enumerate(begins) if start <= begin < end]
        if inside:
            found.append(slice(first + inside[0], first + inside[-1] + 1))
    return found


def summary(results: Sequence[dict[str, Any]], what: str, method: str) -> tuple[float, float, float] | None:
    """Return the mean over prompts, and its bootstrap interval."""
    means = by_prompt(results, what, method)
    if len(means) == 0:
        return None
    random = np.random.default_rng(0)
    drawn = random.choice(means, (2_000, len(means))).mean(axis=1)
    return float(means.mean()), *np.percentile(drawn, [2.5, 97.5]).tolist()


def by_prompt(results: Sequence[dict[str, Any]], what: str, method: str) -> Scores:
    """Return the mean over each prompt's targets."""
    found = [
        [target[method][what] for target in result["targets"] if target[method][what] is not None] for result in results
    ]
    return np.array([np.mean(each) for each in found if each])


def measure(model: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the results of all items, those that are kept and new ones."""
    folder = options.results / model
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [item for kind in options.kinds.split(",") for item in items(kind, options.items)]
    missing = [item for item in wanted if not (folder / f"{item.name}.json").exists()]
    if missing:
        path = model if model == "embedded" else str(options.folder / model / "model.gguf")
        with tempfile.TemporaryDirectory(prefix="lit-lab-faithfulness-") as scratch:
            service = Service(path, 512 if model == "embedded" else 1_024, "float32", options.threads, Path(scratch))
            try:
                service.ready()
                service.load("real")
                for item in missing:
                    found = compute(service, item) or {"item": item.name, "targets": []}
                    (folder / "part").write_text(json.dumps(found))
                    (folder / "part").rename(folder / f"{item.name}.json")
                    print(f"{model}: {item.name}, {len(found['targets'])} targets", file=sys.stderr)
            finally:
                service.end()
    return [json.loads((folder / f"{item.name}.json").read_text()) for item in wanted]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of `make test-real` (default: %(default)s)")
    parser.add_argument("--results", type=Path, default=FOLDER / "faithfulness", help="default: %(default)s")
    parser.add_argument(
        "--models", default="smollm2,gemma3", help="of smollm2, gemma3, embedded (default: %(default)s)"
    )
    parser.add_argument("--kinds", default=",".join(KINDS), help="default: %(default)s")
    parser.add_argument("--items", type=int, default=40, help="of each kind (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="default: all cores, %(default)s")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args()
    results = {model: measure(model, options) for model in options.models.split(",")}
    table = {
        model: {method: {what: summary(found, what, method) for what in ("lds", "top1")} for method in METHODS}
        for model, found in results.items()
    }
    if options.json:
        print(json.dumps(table))
        return
    for model, rows in table.items():
        found = results[model]
        targets = sum(len(result["targets"]) for result in found)
        print(f"\n{MODELS[model]}: {len(found)} prompts, {targets} targets, float32")
        for method, row in rows.items():
            print(f"  {method:<32}LDS {_formatted(row['lds'])}   top 1 {_formatted(row['top1'])}")
        default, sum_ = (
            by_prompt(found, "lds", "grad_l2, norm (default)"),
            by_prompt(found, "lds", "grad_l2, sum (LIT's)"),
        )
        drawn = np.random.default_rng(0).choice(default - sum_, (2_000, len(default))).mean(axis=1)
        low, high = np.percentile(drawn, [2.5, 97.5])
        print(f"  norm - sum, paired: {np.mean(default - sum_):+.3f} [{low:+.3f}, {high:+.3f}]")


def _formatted(row: tuple[float, float, float] | None) -> str:
    return "" if row is None else f"{row[0]:5.2f} [{row[1]:5.2f}, {row[2]:5.2f}]"


if __name__ == "__main__":
    main()
