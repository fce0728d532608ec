"""LIT's components whose cost grows faster than their input, with bounds, and ended together with their request."""

from __future__ import annotations

import dataclasses
import math
import re
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lit_nlp.components import core, metrics, word_replacer

from lit_lab.problem import Problem
from lit_lab.protocol import LitCall

from .turns import CALL, LitFailure

MAX_RULES = 100
"""Maximum number of words to replace: each one is searched for in the whole text."""

MAX_REPLACED = 100_000
"""Maximum length in characters of a text in which words are replaced."""

MAX_MADE = 1_000
"""Maximum number of datapoints that one request may make."""

MAX_MADE_CHARS = 5_000_000
"""Maximum length of their texts together, in characters: each contains its whole original text."""

MAX_SCORED = 20_000
"""Maximum length of each of two compared texts, in characters."""

MAX_PAIRS = 1_000_000
"""Maximum number of pairs of their words: searching for a common subsequence takes 50 bytes for each."""

MAX_ENDED = 200 * 2**20
"""Bytes of models' answers in LIT's caches."""

MAX_COMPONENTS = 3
"""Maximum dimensions of a projection: LIT's page shows three."""


class WordReplacer(word_replacer.WordReplacer):  # type: ignore[misc]  # LIT has no types for mypy
    """LIT's, with linear patterns and bounds. LIT's own takes quadratic time on a run of blanks, and logs rules."""

    def description(self) -> str:
        """Return the description on LIT's page."""
        return str(word_replacer.WordReplacer.description(self))

    def parse_subs_string(self, subs_string: str, ignore_casing: bool = True) -> dict[str, list[str]]:
        """Return each word's replacements from a text such as `foo -> bar | baz, spam -> eggs`."""
        found: dict[str, list[str]] = {}
        for rule in subs_string.split(","):
            parts = rule.split("->")
            if len(parts) == 2:
                source = parts[0].strip()
                found[source.lower() if ignore_casing else source] = [one.strip() for one in parts[1].split("|")]
        found.pop("", None)  # it would match between all characters
        if len(found) > MAX_RULES:
            raise LitFailure(f"At most {MAX_RULES} words can be replaced at a time.")
        return found

    def generate_counterfactuals(
        self,
        text: str,
        replacement_regex: re.Pattern[str],
        replacements: Mapping[str, list[str]],
        ignore_casing: bool = True,
    ) -> Iterator[str]:
        """Yield the text with each of its words replaced, one at a time."""
        if len(text) > MAX_REPLACED:
            raise LitFailure(f"Words can be replaced in texts of {MAX_REPLACED:,} characters at most.")
        made = chars = 0
        for new in super().generate_counterfactuals(text, replacement_regex, replacements, ignore_casing):
            CALL.get().check()
            made, chars = made + 1, chars + len(new)
            if made > MAX_MADE or chars > MAX_MADE_CHARS:
                raise LitFailure("This would make too many datapoints. Replace rarer words, or in a shorter text.")
            yield new

    def generate_all(self, inputs: list[Any], *args: Any, **kwargs: Any) -> list[list[Any]]:
        """Return the results for each datapoint."""
        made: list[list[Any]] = []
        for one in inputs:
            CALL.get().check()
            made += super().generate_all([one], *args, **kwargs)
            if sum(map(len, made)) > MAX_MADE:
                raise LitFailure(f"This would make more than {MAX_MADE:,} datapoints. Select fewer, or rarer words.")
        return made


class RougeL(metrics.RougeL):  # type: ignore[misc]
    """LIT's, for texts that it can compare in acceptable time."""

    def _score(self, reference: str, prediction: str) -> float:
        CALL.get().check()
        if max(len(reference), len(prediction)) > MAX_SCORED:
            raise LitFailure(f"ROUGE compares texts of {MAX_SCORED:,} characters at most.")
        words = self._scorer._tokenizer.tokenize
        if len(words(reference)) * len(words(prediction)) > MAX_PAIRS:
            raise LitFailure(
                f"ROUGE compares texts of {math.isqrt(MAX_PAIRS):,} words each, or of a longer and a shorter one."
            )
        return float(super()._score(reference, prediction))


class Kept:
    """A bound in bytes for the answers in LIT's caches: beyond it, all are dropped. LIT itself has no bound.

    Args:
        most: Approximate bytes of all of LIT's caches together.
    """

    def __init__(self, most: int = MAX_ENDED) -> None:
        self._most = most
        self._size = 0
        self._lock = threading.Lock()
        self._caches: list[Any] = []

    def bound(self, cache: Any) -> None:
        """Bound a `lit_nlp.lib.caching.PredsCache`."""
        put = cache.put
        self._caches.append(cache)

        def put_if_there_is_room(data: Any, key: Any) -> None:
            size = size_of(data)
            with self._lock:
                if self._size + size > self._most:
                    for each in self._caches:
                        each._d.clear()
                    self._size = 0
                if size > self._most:
                    return
                self._size += size
            put(data, key)

        cache.put = put_if_there_is_room


def size_of(value: Any) -> int:
    """Return an answer's approximate size in memory, in bytes."""
    size, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        size += sys.getsizeof(one)
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, (list, tuple, set, frozenset)):
            waiting += one
        elif dataclasses.is_dataclass(one) and not isinstance(one, type):
            waiting += vars(one).values()
    return size


def ended_with_its_request(model: Any) -> None:
    """Make a LIT model check before each datapoint whether its request was cancelled."""
    predict = model.predict

    def each(inputs: Iterable[Any]) -> Iterator[Any]:
        for one in inputs:
            if (call := CALL.get(None)) is not None:
                call.check()
            yield one

    model.predict = lambda inputs, **options: predict(each(inputs), **options)


def generators() -> dict[str, Any]:
    """Return LIT's generators by name, with those of this module instead of LIT's."""
    return {**core.default_generators(), "Word Replacer": WordReplacer()}


def all_metrics() -> dict[str, Any]:
    """Return LIT's metrics by name, with those of this module instead of LIT's."""
    return {**core.default_metrics(), "rouge": RougeL()}


def check(app: Any, call: LitCall) -> None:
    """Refuse requests for components that LIT's page doesn't offer for a model, and requests that the page never makes.

    LIT itself runs any component on any model. The settings of several determine how long they compute, and how much memory they take.

    Args:
        app: A `lit_nlp.app.LitApp`.
        call: The request.

    Raises:
        Problem: `bad_request`.
    """
    query = call.query
    known = app._info["models"].get(query.get("model"))
    for parameter in ("generator", "interpreter"):
        name = query.get(parameter)
        # Without a model, LIT itself reports what is missing.
        if name is not None and known is not None and name not in known[f"{parameter}s"]:
            raise _refused("LIT doesn't offer that for this model.")
    projection = (call.config or {}).get("proj_kw")
    if projection is not None and not (
        isinstance(projection, dict)
        and set(projection) <= {"n_components"}
        and projection.get("n_components", 1) in range(1, MAX_COMPONENTS + 1)
    ):
        raise _refused(f"LIT's projections here have one setting, n_components, of at most {MAX_COMPONENTS}.")


def _refused(message: str) -> Problem:
    return Problem(400, "bad_request", message)
