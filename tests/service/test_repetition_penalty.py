"""The repetition penalty, compared with a plain implementation of Hugging Face's definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lit_lab.protocol import AnswerEvent, AnswerToken, GenerateRequest, PromptEvent, Sampling
from lit_lab.service.cancellation import Cancellation

PROMPT = "Suggestion: soup soup soup soup"


def twin(logits: Any, ids: list[int], penalty: float) -> Any:
    """Return logits as transformers' `RepetitionPenaltyLogitsProcessor` changes them: once for each token, however often it occurs."""
    changed = np.array(logits, np.float64)
    for id in set(ids):
        changed[id] = changed[id] * penalty if changed[id] < 0 else changed[id] / penalty
    return changed


def answered(model: Any, count: int = 24, **sampling: Any) -> tuple[list[int], list[AnswerToken]]:
    """Return the prompt's ids and the answer's tokens."""
    request = GenerateRequest(model="embedded", prompt=PROMPT, max_new_tokens=count, sampling=Sampling(**sampling))
    events = list(model.generate(request, Cancellation()))
    prompt, last = next(event for event in events if isinstance(event, PromptEvent)), events[-1]
    assert isinstance(last, AnswerEvent)
    return [token.id for token in prompt.tokens], last.tokens


@pytest.mark.parametrize("penalty", [1.1, 2.0])
def test_each_token_is_the_likeliest_that_the_twin_leaves(embedded: Any, penalty: float) -> None:
    ids, tokens = answered(embedded, repetition_penalty=penalty)
    _, plain = answered(embedded)
    assert [token.id for token in tokens] != [token.id for token in plain]
    for token in tokens:
        own = embedded.decoder.next_logits(ids)
        left = twin(own, ids, penalty)
        # Passes of different lengths differ in the last digits.
        assert left[token.id] >= left.max() - 1e-3
        # The reported probability is the model's own.
        assert token.logprob == pytest.approx(own[token.id] - np.log(np.exp(own.astype(np.float64)).sum()), abs=1e-3)
        ids.append(token.id)


def test_drawn_tokens_are_those_of_the_twins_logits(keras_libraries: None) -> None:
    """The penalty comes first, and temperature and top-k apply to its result."""
    from keras import ops

    from lit_lab.service.sampling import chooser

    logits = np.array([2.0, 1.5, 1.0, -0.5, -1.0], np.float32)
    settings: dict[str, Any] = {"temperature": 0.7, "top_k": 3, "seed": 5}
    penalized = chooser(Sampling(**settings, repetition_penalty=1.8), len(logits), [0, 3, 0])
    plain = chooser(Sampling(**settings), len(logits))
    assert penalized is not None
    assert plain is not None
    ids, found = [0, 3, 0], []
    for _ in range(60):
        expected = plain(ops.convert_to_tensor(twin(logits, ids, 1.8), "float32"))
        found.append(penalized(ops.convert_to_tensor(logits)))
        assert found[-1] == expected
        ids.append(expected)
    assert len(set(found)) == 3  # of the three that top-k leaves


def test_without_a_penalty_nothing_is_done(keras_libraries: None) -> None:
    from lit_lab.service.sampling import chooser

    assert chooser(Sampling(repetition_penalty=1.0), 10, [1, 2]) is None


def test_a_greedy_token_that_occurred_gives_way(keras_libraries: None) -> None:
    from keras import ops

    from lit_lab.service.sampling import chooser

    logits = ops.convert_to_tensor(np.array([3.0, 2.0, 0.0, -1.0], np.float32))
    choose = chooser(Sampling(repetition_penalty=1.6), 4, [3])
    assert choose is not None
    # 3, 2 and 0; then 1.9, 2 and 0; then 1.9 and 1.25: a token is penalized once, however often it occurred.
    assert [choose(logits) for _ in range(4)] == [0, 1, 0, 0]


def test_an_answer_doesnt_know_of_the_one_before(keras_libraries: None) -> None:
    from keras import ops

    from lit_lab.service.sampling import chooser

    logits = ops.convert_to_tensor(np.array([3.0, 2.0], np.float32))
    for _ in range(2):
        choose = chooser(Sampling(repetition_penalty=2.0), 2)
        assert choose is not None
        assert [choose(logits), choose(logits)] == [0, 1]


def test_another_value_compiles_nothing(keras_libraries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import keras
    from keras import ops

    from lit_lab.service import sampling

    if keras.config.backend() == "torch":
        pytest.skip("nothing is compiled on PyTorch")
    traced = []

    def counted(*values: Any) -> Any:
        traced.append(len(values))
        return penalized(*values)

    penalized = sampling.penalized
    monkeypatch.setattr(sampling, "penalized", counted)
    sampling._compiled_penalty.cache_clear()
    try:
        logits = ops.convert_to_tensor(np.linspace(-1, 1, 37), "float32")
        for penalty, ids in [(1.1, [3]), (1.7, [3, 4, 5]), (2.0, [])]:
            choose = sampling.chooser(Sampling(repetition_penalty=penalty), 37, ids)
            assert choose is not None
            for _ in range(3):
                choose(logits)
        assert len(traced) == 1
    finally:
        sampling._compiled_penalty.cache_clear()
