"""The parts of the computations for a prompt. Each costs passes through the model, and is stored separately."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from faithfulness_figures import TOP, derived
from faithfulness_plan import QUICK, SLOW, Settings
from faithfulness_runs import Run, answered
from numpy.typing import NDArray

from lit_lab.measures import highest
from lit_lab.protocol import (
    AblationMethod,
    AblationRequest,
    EffectsRequest,
    ProgressEvent,
    SalienceRequest,
    ScoresEvent,
    SegmentScoresEvent,
    Span,
    TextSpan,
)
from lit_lab.service.ablation.lime import lime
from lit_lab.service.ablation.masks import Masks, SegmentValues
from lit_lab.service.ablation.samples import all_sets, min_samples
from lit_lab.service.ablation.shap import shap
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.effects import EditedPrompt, PrefixScorer, blocks_of
from lit_lab.service.language_model import LanguageModel

LIME_SAMPLES = 64  # or as few as a method needs
NEUTRAL = "This is a sentence."
STEPS = 8  # of integrated gradients, at least; the method takes up to four times as many where they don't add up
SEED = 0  # of random sets; the product's default
SIGNED_TOKENS = 24  # tokens of a prompt, each left out alone

Scores = NDArray[np.float64]
Set = tuple[int, ...]

SUMS: dict[str, Callable[[Scores], float]] = {
    "sum": lambda scores: float(scores.sum()),
    "mean": lambda scores: float(scores.mean()),
    "norm": lambda scores: float(np.sqrt(np.square(scores).sum())),
    "absolute": lambda scores: float(np.abs(scores).sum()),
}
"""How scores of tokens become a segment's. The signed gradient methods are of the loss, and are negated first."""

FROM_TOKENS: dict[str, tuple[str, ...]] = {
    "grad_l2": ("sum", "mean", "norm"),
    "grad_dot_input": ("sum", "norm"),
    "integrated_gradients": ("sum", "absolute"),
}
"""Of each method the sums that are measured; of any other that the model offers, the sum."""

SIGNED = ("grad_dot_input", "integrated_gradients")
SLOW_ABLATION: dict[AblationMethod, Callable[..., Any]] = {"lime": lime, "shap": shap}


class Sets:
    """An answer's log-probabilities without sets of the prompt's sentences, each computed only once.

    Args:
        model: The model.
        run: The run.
        replacement: The replacement, as in `EditedPrompt`.
    """

    def __init__(self, model: LanguageModel, run: Run, replacement: str | None = None) -> None:
        self.run = run
        self.request = EffectsRequest(
            model="model",
            prompt=run.item.prompt,
            ids=run.ids,
            answer_start=run.seam,
            segments=[TextSpan(turn=0, start=start, end=end) for start, end in run.spans],
        )
        self._edited = EditedPrompt(self.request, model.tokenizer, model.window, replacement)
        self._scorer = PrefixScorer(model.decoder.cached_pass)
        self._known: dict[Set, Scores] = {}

    def tokens(self, sets: Iterable[Set]) -> list[Scores]:
        """Return the log-probability of each of the answer's tokens for each set: `<float64>[num_answer_tokens]` each."""
        sets = list(sets)
        new = {removed: tuple(self._edited.without(removed)[0]) for removed in sets if removed not in self._known}
        by_ids: dict[tuple[int, ...], list[Set]] = {}
        for removed, ids in new.items():
            by_ids.setdefault(ids, []).append(removed)
        # Neighbouring sequences share long beginnings.
        sequences = sorted(by_ids)
        numbers = [len(self.run.ids) - self.run.seam] * len(sequences)
        for group in self._scorer.groups(sequences, numbers) if sequences else ():
            rows = self._scorer.token_logprobs([sequences[at] for at in group], [numbers[at] for at in group])
            for at, row in zip(group, rows, strict=True):
                self._known.update(dict.fromkeys(by_ids[sequences[at]], np.minimum(row, 0.0)))
        return [self._known[removed] for removed in sets]

    def targets(self, sets: Iterable[Set]) -> list[list[Any]]:
        """Return a record's rows: a set, and each target's log-probability without it."""
        sets = list(sets)
        seam, targets = self.run.seam, self.run.targets
        return [
            [to_bits(removed), *(rounded(row[target.start - seam : target.stop - seam].sum()) for target in targets)]
            for removed, row in zip(sets, self.tokens(sets), strict=True)
        ]


class TargetValues(SegmentValues):
    """One target's log-probability without sets of sentences, from what is known for all targets.

    Args:
        sets: The answer's log-probabilities.
        number: The target's number in the run.
    """

    def __init__(self, sets: Sets, number: int) -> None:
        self._sets, self._number = sets, number

    def of(self, masks: Masks) -> Generator[ProgressEvent, None, NDArray[np.float64]]:
        """Return the log-probability for each mask, which is true where a sentence stays."""
        rows = self._sets.targets(tuple(np.flatnonzero(~mask).tolist()) for mask in masks)
        yield ProgressEvent(done=len(rows), total=len(rows))
        return np.array([row[1 + self._number] for row in rows])


def basic(model: LanguageModel, run: Run, settings: Settings) -> dict[str, Any]:
    """Return the record of the part that every prompt has: fast gradients, each sentence left out, and random sets, both deleted and replaced."""
    sets = Sets(model, run)
    request = sets.request.model_copy(update={"samples": settings.samples, "held_out": settings.held_out})
    by_kind: dict[str, list[Set]] = {"one": [], "held_out": [], "random": []}
    for removed in (each for block in blocks_of(len(run.spans), 0, request) for each in block):
        by_kind[removed.kind].append(removed.indices)
    sets.tokens([each for kind in by_kind.values() for each in kind])  # all at once, because they share more
    found: dict[str, Any] = {
        "tokens": [run.seam, len(run.ids)],
        "lengths": [end - start for start, end in run.spans],
        "targets": [[target.start - run.seam, target.stop - run.seam] for target in run.targets],
        "answer": run.text,
        "maps": gradient_maps(model, run, QUICK),
        **{kind: sets.targets(each) for kind, each in by_kind.items()},
        "neutral": Sets(model, run, NEUTRAL).targets(by_kind["held_out"][: settings.neutral]),
    }
    maps = derived(run.item.name, found)
    found["more"] = sets.targets(sorted(top_sets([*found["maps"].values(), *maps.values()])))
    if run.item.planted:
        found["planted"] = planted(model, run, settings)
    return found


def planted(model: LanguageModel, run: Run, settings: Settings) -> dict[str, Any]:
    """Return the index of the planted sentence, the sentences that it has to outrank, its target, and whether the answer is right with and without it."""
    item = run.item
    texts = [
        "".join(token.text for token in run.answer[target.start - run.seam : target.stop - run.seam])
        for target in run.targets
    ]
    start = item.prompt.index(item.planted)
    segment = next(at for at, (first, end) in enumerate(run.spans) if first <= start < end)
    without = item.prompt.replace(item.planted, "").replace("  ", " ").strip()
    _, other = answered(model, without, settings.tokens)
    return {
        "segment": segment,
        "among": [at for at, (first, _) in enumerate(run.spans) if first < item.facts],
        "depth": item.depth,
        "target": next((at for at, text in enumerate(texts) if has_word(text, item.word)), 0),
        "right_with": has_word(run.text, item.word),
        "right_without": has_word("".join(token.text for token in other.tokens), item.word),
    }


def has_word(text: str, word: str) -> bool:
    """Return whether a text contains a word, in any case, or a longer one that begins with it."""
    return re.search(rf"\b{re.escape(word)}", text, re.IGNORECASE) is not None


def expensive(model: LanguageModel, run: Run, settings: Settings) -> dict[str, Any]:
    """Return the maps of the slow methods. LIME and SHAP try the same sets for each target, so these are scored only once."""
    maps = gradient_maps(model, run, SLOW)
    count = len(run.spans)
    sets = Sets(model, run)
    for method, scores_of in SLOW_ABLATION.items():
        samples = min(all_sets(count), max(LIME_SAMPLES, min_samples(method, count)))
        maps[method] = []
        for number in range(len(run.targets)):
            computing = scores_of(count, TargetValues(sets, number), samples, SEED)
            while True:
                try:
                    next(computing)
                except StopIteration as end:
                    maps[method].append(rounded_list(end.value[0]))
                    break
    return with_top_sets(model, run, maps)


def with_top_sets(model: LanguageModel, run: Run, maps: Mapping[str, Sequence[Sequence[float]]]) -> dict[str, Any]:
    """Return the record of some maps, with the log-probabilities without the segments that they rank first."""
    return {"maps": dict(maps), "more": Sets(model, run).targets(sorted(top_sets(maps.values())))}


def added(method: str) -> Callable[[LanguageModel, Run, Settings], dict[str, Any]]:
    """Return the part of a method that only some versions have."""

    def computed(model: LanguageModel, run: Run, settings: Settings) -> dict[str, Any]:
        return with_top_sets(model, run, gradient_maps(model, run, [method]))

    return computed


def of_random_weights(model: LanguageModel, run: Run, settings: Settings) -> dict[str, Any]:
    """Return the maps of the same tokens from a model with random weights."""
    maps = gradient_maps(model, run, QUICK)
    count = len(run.spans)
    whole, *without = Sets(model, run).targets([(), *((at,) for at in range(count))])
    maps["leave_one_out"] = [
        rounded_list([whole[at + 1] - row[at + 1] for row in without]) for at in range(len(run.targets))
    ]
    return {"maps": maps}


def signed(model: LanguageModel, run: Run, settings: Settings) -> dict[str, Any]:
    """Return signed scores and the effects that they predict, for single tokens of the prompt and for a contrastive target.

    The contrastive target is the token of the answer with the closest runner-up, which is the foil.
    """
    target, places = run.targets[0], [at for part in run.parts for at in range(part.start, part.stop)]
    chosen = sorted(random.Random(run.item.name).sample(places, min(SIGNED_TOKENS, len(places))))
    request = AblationRequest(
        model="model",
        ids=run.ids,
        target=Span(start=target.start, end=target.stop),
        segments=[Span(start=at, end=at + 1) for at in chosen],
        method="leave_one_out",
    )
    (event,) = (each for each in model.ablation(request, Cancellation()) if isinstance(each, SegmentScoresEvent))
    of_tokens = {method: rounded_list(next(token_scores(model, run.ids, [target], method))[chosen]) for method in QUICK}
    found: dict[str, Any] = {"tokens": {"drops": rounded_list(event.scores), "maps": of_tokens}}
    close = [
        (token.logprob - other.logprob, at, other.id)
        for at, token in enumerate(run.answer)
        for other in token.alternatives
        if other.id != token.id and token.logprob is not None
    ]
    if close:
        _, at, foil = min(close)
        found["contrast"] = contrast(model, run, settings, at, foil)
    return found


def contrast(model: LanguageModel, run: Run, settings: Settings, at: int, foil: int) -> dict[str, Any]:
    """Return a contrastive target's maps and effects: why a token of the answer rather than another one.

    Args:
        model: The model.
        run: The run.
        settings: How much to compute.
        at: The index of the token in the answer.
        foil: The id of the other token.
    """
    end = run.seam + at + 1
    ours, theirs = (Sets(model, replace(run, ids=ids)) for ids in (run.ids[:end], [*run.ids[: end - 1], foil]))
    request = ours.request.model_copy(update={"samples": 0, "held_out": settings.neutral})
    sets = [each.indices for block in blocks_of(len(run.spans), 0, request) for each in block]
    odds = [float(one[-1] - other[-1]) for one, other in zip(ours.tokens(sets), theirs.tokens(sets), strict=True)]
    by_set = dict(zip(sets, odds, strict=True))
    maps: dict[str, list[float]] = {}
    for method in QUICK:
        (scores,) = token_scores(model, run.ids, [slice(end - 1, end)], method, [foil])
        for name in FROM_TOKENS[method]:
            maps[f"{method}, {name}"] = rounded_list(SUMS[name](scores[part]) for part in run.parts)
    return {
        "drops": rounded_list(by_set[()] - by_set[(index,)] for index in range(len(run.spans))),
        "sets": [[to_bits(each), rounded(by_set[each])] for each in sets[1 + len(run.spans) :]],
        "maps": maps,
    }


def gradient_maps(model: LanguageModel, run: Run, methods: Iterable[str]) -> dict[str, list[list[float]]]:
    """Return gradient maps by method and sum, for each target, as far as the model's family supports them."""
    found: dict[str, list[list[float]]] = {}
    for method in methods:
        for scores in token_scores(model, run.ids, run.targets, method):
            for name in FROM_TOKENS.get(method, ("sum",)):
                by_part = [SUMS[name](scores[part]) for part in run.parts]
                found.setdefault(f"{method}, {name}", []).append(rounded_list(by_part))
    return found


def token_scores(
    model: LanguageModel, ids: Sequence[int], targets: Sequence[slice], method: str, foil: list[int] | None = None
) -> Iterator[Scores]:
    """Yield each token's score for each target. A higher score means that the token makes the target more likely."""
    request = SalienceRequest.model_validate(
        {
            "model": "model", "ids": list(ids), "methods": [method], "foil": foil, "integration": {"steps": STEPS},
            "targets": [{"start": target.start, "end": target.stop} for target in targets],
        }
    )  # fmt: skip
    for event in model.salience(request, Cancellation()):
        if isinstance(event, ScoresEvent):
            yield np.array(event.scores, np.float64) * (-1 if method in SIGNED else 1)


def top_sets(maps: Iterable[Sequence[Sequence[float] | Scores]]) -> set[Set]:
    """Return the sets of segments that maps rank first, except sets of size 1."""
    return {highest(scores, TOP) for each in maps for scores in each if len(scores) > TOP}


def to_bits(removed: Collection[int]) -> int:
    """Encode a set as a number."""
    return sum(1 << index for index in removed)


def rounded(number: float) -> float:
    """Round a number to five digits."""
    return float(f"{number:.5g}")


def rounded_list(numbers: Iterable[float]) -> list[float]:
    """Round numbers to five digits."""
    return [rounded(number) for number in numbers]


PARTS: dict[str, Callable[[LanguageModel, Run, Settings], dict[str, Any]]] = {
    "basic": basic,
    "expensive": expensive,
    "random_weights": of_random_weights,
    "signed": signed,
}


def part_of(name: str) -> Callable[[LanguageModel, Run, Settings], dict[str, Any]]:
    """Return the function that computes a part: one of `PARTS`, or a method."""
    return PARTS.get(name) or added(name)
