"""Limits of LIT's own app: memory for answers, words to compare, blanks, time after the end of a request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from lit_lab.protocol import LitCall


def test_blanks_in_its_settings_cost_nothing() -> None:
    # 60,000 blanks took seconds, growing with the square. Now that is too many, and so are many short texts.
    from lit_lab.service.lit_app.bounded import WordReplacer

    for config in ({"Substitutions": " " * 2_001}, {"a": {"b": [{" " * 2_001: 1}]}}, {"a": ["x" * 2_000] * 11}):
        with pytest.raises(ValidationError):
            LitCall(endpoint="get_generated", config=config)
    assert WordReplacer().parse_subs_string(" " * 10_000_000) == {}
    assert WordReplacer().parse_subs_string("a ->" + " " * 10_000_000 + "b") == {"a": ["b"]}


def test_many_short_words_are_not_compared_pair_by_pair() -> None:
    from lit_lab.service.cancellation import Cancellation
    from lit_lab.service.lit_app.bounded import RougeL
    from lit_lab.service.lit_app.turns import CALL, LitFailure

    token = CALL.set(Cancellation())
    try:
        assert RougeL()._score("a-b c", "a b c") == 1
        assert RougeL()._score("a " * 10_000, "a " * 100) > 0
        with pytest.raises(LitFailure, match="1,000 words"):  # 10,000 words each took 2.4 GB and more than a minute
            RougeL()._score("a-" * 1_001, "a-" * 1_001)
    finally:
        CALL.reset(token)


def test_what_lit_keeps_of_answers_is_bounded_in_bytes() -> None:
    from lit_nlp.lib.caching import PredsCache

    from lit_lab.service.lit_app.bounded import Kept, size_of

    caches = [PredsCache("one"), PredsCache("two")]
    kept = Kept(100_000)
    for cache in caches:
        kept.bound(cache)
    answer = {"tokens": ["abc"] * 500, "embeddings": np.zeros(1_000, np.float32)}
    assert 4_000 < size_of(answer) < 50_000
    for number in range(1_000):
        caches[number % 2].put({**answer, "tokens": [f"{number}-{at}" for at in range(500)]}, ("", str(number)))
        held = sum(size_of(each) for cache in caches for each in cache._d.values())
        assert held <= 100_000
    assert caches[1].get(("", "999")) is not None
    caches[0].put("x" * 200_000, ("", "large"))
    assert caches[0].get(("", "large")) is None


def test_a_models_work_for_lit_ends_with_its_request() -> None:
    from lit_lab.service.cancellation import Cancellation, Cancelled
    from lit_lab.service.lit_app.bounded import ended_with_its_request
    from lit_lab.service.lit_app.turns import CALL

    class Model:
        def predict(self, inputs: Any) -> Iterator[int]:
            yield from inputs

    model = Model()
    ended_with_its_request(model)
    assert list(model.predict([1, 2])) == [1, 2]
    cancellation = Cancellation()
    token = CALL.set(cancellation)
    try:
        predictions = model.predict([1, 2, 3])
        assert next(predictions) == 1
        cancellation.set()
        with pytest.raises(Cancelled):
            next(predictions)
    finally:
        CALL.reset(token)
