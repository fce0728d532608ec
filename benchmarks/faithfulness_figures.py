"""Figures from a prompt's stored records: each method's map, and how good it is."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lit_lab.effects import Effects, rank_correlation
from lit_lab.measures import highest, part_of_best, reciprocal_rank

TOP = 3  # how many segments "top 3" deletes
MIN_EFFECT = 0.1  # nats; the sign of a smaller effect means nothing
MEASURES = ("lds", "ldsn", "top1", "top3")
CITED = (16, 32, 64)
ROOT, SQUARES = ", norm", ", squares"
"""What follows a method's name where segments get the root of their tokens' sum of squares, and the sum itself."""

Scores = NDArray[np.float64]
Record = Mapping[str, Any]


def effects_of(record: Record, target: int, held_out: str = "held_out") -> Effects:
    """Return the effects on one target.

    Args:
        record: The record of the basic part.
        target: The target's index.
        held_out: The kind of sets that measure maps: `held_out`, or `neutral`.
    """
    count = len(record["lengths"])
    start, end = record["targets"][target]
    kinds = [("one", row) for row in record["one"]] + [("random", row) for row in record["random"]]
    kinds += [("held_out", row) for row in record[held_out]]
    logprobs = np.zeros((len(kinds), end - start))
    logprobs[:, 0] = [row[target + 1] for _, row in kinds]  # only the target's sum counts
    return Effects(
        segments=tuple((0, at, at + 1) for at in range(count)),
        seam=0,
        removed=np.array([[bool(row[0] >> at & 1) for at in range(count)] for _, row in kinds], bool),
        logprobs=logprobs,
        is_random=np.array([kind == "random" for kind, _ in kinds]),
        is_held_out=np.array([kind == "held_out" for kind, _ in kinds]),
    )


def derived(name: str, record: Record) -> dict[str, list[Scores]]:
    """Return the maps that need no passes of their own, for each target.

    Args:
        name: The item's name.
        record: The record of the basic part.
    """
    lengths = np.array(record["lengths"], np.float64)
    found: dict[str, list[Scores]] = {}
    for target in range(len(record["targets"])):
        effects = effects_of(record, target)
        whole = slice(0, effects.logprobs.shape[1])
        # Not the standard library's `hash`, which differs between processes.
        chance = np.random.default_rng([zlib.crc32(name.encode()), target])
        maps = {"random": chance.random(len(lengths)), "same": np.ones(len(lengths)), "length": lengths}
        maps["leave_one_out"] = effects.leave_one_out(whole)
        for samples in CITED:
            if samples <= int(effects.is_random.sum()):
                maps[f"context_cite, {samples}"] = effects.context_cite(whole, samples)
        for method, scores in maps.items():
            found.setdefault(method, []).append(scores)
    return found


def measured(name: str, basic: Record, record: Record) -> dict[str, list[list[float | None]]]:
    """Return the measures of a record's maps, for each method and target, in the order of `MEASURES`.

    Args:
        name: The item's name.
        basic: The record of the item's basic part.
        record: The record with the maps.
    """
    maps: dict[str, Sequence[Any]] = dict(record["maps"])
    for method, by_target in record["maps"].items():
        if method.endswith(ROOT):
            # The same order, but other sums over segments.
            maps[method.removesuffix(ROOT) + SQUARES] = [np.square(scores) for scores in by_target]
    if record is basic:
        maps |= derived(name, basic)
    rows = [*basic["one"], *basic["random"], *basic["held_out"], *basic["more"], *record["more"]]
    found: dict[str, list[list[float | None]]] = {method: [] for method in maps}
    for target in range(len(basic["targets"])):
        effects, neutral = effects_of(basic, target), effects_of(basic, target, "neutral")
        span = slice(0, effects.logprobs.shape[1])
        drops = [(row[0], basic["one"][0][target + 1] - row[target + 1]) for row in rows]
        for method, by_target in maps.items():
            scores = np.asarray(by_target[target], np.float64)
            tops = [None, None] if np.ptp(scores) == 0 else [_top(scores, count, drops) for count in (1, TOP)]
            found[method].append(
                [effects.datamodelling_score(scores, span), neutral.datamodelling_score(scores, span), *tops]
            )
    return found


def _top(scores: Scores, count: int, drops: Sequence[tuple[int, float]]) -> float | None:
    same_size = {bits: drop for bits, drop in drops if bits.bit_count() == count}
    ours = same_size.get(sum(1 << at for at in highest(scores, count)))
    return None if ours is None else part_of_best(ours, same_size.values())


def planted(name: str, basic: Record) -> dict[str, Any] | None:
    """Return how high each map of the basic part ranks the planted sentence among similar ones. None if nothing was planted.

    The target is the first sentence of the answer that contains the fact's word.
    """
    about = basic.get("planted")
    if about is None:
        return None
    maps = {**basic["maps"], **derived(name, basic)}
    among, target = about["among"], about["target"]
    place = among.index(about["segment"])
    return {
        "depth": about["depth"],
        "counts": about["right_with"] and not about["right_without"],
        "ranks": {
            method: reciprocal_rank(np.asarray(by_target[target])[among], place) for method, by_target in maps.items()
        },
    }


def changed(basic: Record, record: Record) -> dict[str, float]:
    """Return the rank correlation of maps with those of a model with random weights, for the longest target.

    Args:
        basic: The record of the basic part.
        record: The record with the other model's maps.
    """
    found: dict[str, list[float]] = {}
    for target in range(len(basic["targets"])):
        whole = basic["one"][0][target + 1]
        alone = {row[0]: whole - row[target + 1] for row in basic["one"][1:]}
        true_maps = {method: by_target[target] for method, by_target in basic["maps"].items()}
        true_maps["leave_one_out"] = [alone[1 << at] for at in range(len(basic["lengths"]))]
        for method, scores in true_maps.items():
            if method in record["maps"]:
                value = rank_correlation(np.asarray(scores), np.asarray(record["maps"][method][target]))
                if value is not None:
                    found.setdefault(method, []).append(value)
    return {method: float(np.mean(values)) for method, values in found.items()}


def signs(record: Record) -> dict[str, dict[str, float | None]]:
    """Return how often the signs of signed scores are right, for tokens and for a contrastive target's sentences.

    Args:
        record: The record of the part `signed`.

    Returns:
        For `tokens` and `contrast` and each score: `rank`, the rank correlation with the effects of leaving out; `sign`, how often
        the sign is right for effects of at least `MIN_EFFECT` nats; `lds`, for contrastive targets, as for other targets.
    """
    found: dict[str, dict[str, float | None]] = {}
    for what in ("tokens", "contrast"):
        about = record.get(what)
        if about is None:
            continue
        for method, scores in about["maps"].items():
            row = agreement(np.asarray(scores), np.asarray(about["drops"]))
            if "sets" in about:
                removed = np.array([[bool(bits >> at & 1) for at in range(len(scores))] for bits, _ in about["sets"]])
                row["lds"] = rank_correlation(
                    ~removed @ np.asarray(scores), np.array([odds for _, odds in about["sets"]])
                )
            found[f"{what}: {method}"] = row
    return found


def plain_signs(basic: Record) -> dict[str, dict[str, float | None]]:
    """Return the same for the basic part's maps of sentences, for the first target."""
    whole = basic["one"][0][1]
    alone = {row[0]: whole - row[1] for row in basic["one"][1:]}
    drops = np.array([alone[1 << at] for at in range(len(basic["lengths"]))])
    return {
        f"sentences: {method}": agreement(np.asarray(basic["maps"][method][0]), drops)
        for method in ("grad_dot_input, sum", "grad_dot_input, norm")
        if method in basic["maps"]
    }


def agreement(scores: Scores, drops: Scores) -> dict[str, float | None]:
    """Return how well signed scores agree with the effects of leaving out: `rank` and `sign`, as in `signs`."""
    counts = np.abs(drops) >= MIN_EFFECT
    return {
        "rank": rank_correlation(scores, drops) if len(drops) > 2 else None,
        "sign": float(np.mean(np.sign(scores[counts]) == np.sign(drops[counts]))) if counts.any() else None,
    }


def figures(part: str, name: str, basic: Record, record: Record) -> dict[str, Any]:
    """Return a record's figures, small enough to be stored beside the code.

    Args:
        part: The part.
        name: The item's name.
        basic: The record of the item's basic part.
        record: The record.
    """
    found: dict[str, Any]
    if not basic["targets"]:
        return {}  # the model gave no answer
    if part == "random_weights":
        found = {"changed": changed(basic, record)}
    elif part == "signed":
        found = {"signs": {**plain_signs(basic), **signs(record)}}
    else:
        found = {"measures": measured(name, basic, record)}
        if part == "basic":
            found |= {"tokens": basic["tokens"], "segments": len(basic["lengths"]), "planted": planted(name, basic)}
    return dict(_short(found))


def _short(value: Any) -> Any:
    """Return numbers with four digits, at any depth."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _short(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_short(each) for each in value]
    return value
