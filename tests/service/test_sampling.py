"""Sampling: Keras's seeded samplers, on the distribution that the settings allow."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from lit_lab.protocol import AnswerEvent, GenerateRequest, Sampling
from lit_lab.service.cancellation import Cancellation

LOGITS = np.log(np.array([0.5, 0.3, 0.15, 0.05], np.float32))


def drawn(keras_libraries: None, count: int = 600, **settings: Any) -> Counter[int]:
    from keras import ops

    from lit_lab.service.sampling import chooser

    choose = chooser(Sampling(**settings), len(LOGITS))
    assert choose is not None
    logits = ops.convert_to_tensor(LOGITS)
    return Counter(choose(logits) for _ in range(count))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"temperature": 1.0}, [0.5, 0.3, 0.15, 0.05]),
        ({"temperature": 0.5}, [0.685, 0.247, 0.062, 0.007]),
        ({"temperature": 1.0, "top_k": 2}, [0.625, 0.375, 0, 0]),
        ({"temperature": 1.0, "top_k": 99}, [0.5, 0.3, 0.15, 0.05]),
        ({"temperature": 1.0, "top_p": 0.75}, [0.625, 0.375, 0, 0]),
        ({"temperature": 1.0, "top_p": 0.9, "top_k": 2}, [0.625, 0.375, 0, 0]),
        ({"temperature": 1.0, "top_p": 1.0}, [0.5, 0.3, 0.15, 0.05]),
    ],
)
def test_chooses_from_what_the_settings_leave(
    keras_libraries: None, settings: dict[str, Any], expected: list[float]
) -> None:
    count = 600
    found = drawn(keras_libraries, count, **settings)
    for id, chance in enumerate(expected):
        # Five standard deviations. With fixed seeds the result is always the same.
        assert abs(found[id] - count * chance) <= 5 * np.sqrt(count * chance * (1 - chance)) + 1
        if chance == 0:
            assert found[id] == 0


def test_without_a_temperature_nothing_is_drawn(keras_libraries: None) -> None:
    from lit_lab.service.sampling import chooser

    assert chooser(Sampling(top_k=3, top_p=0.5, seed=4), 10) is None


def answered(model: Any, seed: int, temperature: float = 1.0) -> AnswerEvent:
    sampling = Sampling(temperature=temperature, seed=seed)
    request = GenerateRequest(model="tiny", prompt="Suggestion:", max_new_tokens=12, sampling=sampling)
    last = list(model.generate(request, Cancellation()))[-1]
    assert isinstance(last, AnswerEvent)
    return last


def test_a_seed_gives_its_answer_again(language_model: Any) -> None:
    one, other = answered(language_model, 1), answered(language_model, 2)
    assert one.tokens != other.tokens
    again = answered(language_model, 1)
    assert [token.id for token in again.tokens] == [token.id for token in one.tokens]


def test_probabilities_are_the_models_own(language_model: Any) -> None:
    final = answered(language_model, 1, temperature=2.0)
    prompt = [token.id for token in language_model.tokenizer.prompt("Suggestion:")]
    ids = prompt + [token.id for token in final.tokens]
    logits = language_model.gradients.target_logits(ids, len(prompt))
    chances = logits - np.log(np.exp(logits.astype(np.float64)).sum(axis=1, keepdims=True))
    for token, row in zip(final.tokens, chances, strict=True):
        assert token.logprob == pytest.approx(row[token.id], abs=1e-3)
        best = np.argsort(-row, kind="stable")[: len(token.alternatives)]
        assert [other.logprob for other in token.alternatives] == pytest.approx(row[best].tolist(), abs=1e-3)
        assert sum(np.exp(other.logprob) for other in token.alternatives) <= 1 + 1e-5


def test_next_to_no_temperature_is_greedy(keras_libraries: None) -> None:
    from lit_lab.service.sampling import MIN_TEMPERATURE, chooser

    # Logits divided by it would be infinite.
    assert chooser(Sampling(temperature=1e-300, top_k=3), 10) is None
    for settings in ({}, {"top_k": 3}, {"top_p": 0.9}):
        assert drawn(keras_libraries, 20, temperature=MIN_TEMPERATURE, **settings) == {0: 20}


@pytest.mark.parametrize("top_p", [0.3, 0.6])
def test_a_large_vocabulary_is_cut_at_the_same_place(keras_libraries: None, top_p: float) -> None:
    """The most likely tokens that reach P may be within the part that is sorted first, or need more."""
    from keras import ops

    from lit_lab.service.sampling import NUCLEUS, chooser

    chances = np.linspace(1.0, 2.0, 4 * NUCLEUS)
    chances /= chances.sum()
    likeliest_first = np.argsort(-chances)
    count = int(np.searchsorted(np.cumsum(chances[likeliest_first]), top_p)) + 1
    assert (count < NUCLEUS) == (top_p == 0.3)
    choose = chooser(Sampling(temperature=1.0, top_p=top_p), len(chances))
    assert choose is not None
    logits = ops.convert_to_tensor(np.log(chances), "float32")
    ids = [choose(logits) for _ in range(400)]
    assert set(ids) <= set(likeliest_first[: count + 1].tolist())
    # The less likely half gets nearly half of the draws.
    assert 150 < sum(id in likeliest_first[count // 2 :] for id in ids) < 230


def test_answers_that_are_drawn_in_turns_dont_disturb_each_other(keras_libraries: None) -> None:
    from keras import ops

    from lit_lab.service.sampling import chooser

    logits = ops.zeros(50)
    alone, one, other = (chooser(Sampling(temperature=1.0), 50) for _ in range(3))
    assert alone is not None
    assert one is not None
    assert other is not None
    expected = [alone(logits) for _ in range(10)]
    assert len(set(expected)) > 3
    assert [(one(logits), other(logits)) for _ in range(10)] == [(id, id) for id in expected]


def test_samples_of_one_prompt_read_it_once(language_model: Any) -> None:
    """Answers with other seeds run only the prompt's last token, and depend only on their seeds."""
    alone = []
    for seed in (1, 2, 3):
        language_model.decoder.forget()
        alone.append(answered(language_model, seed))
    language_model.decoder.forget()
    run = language_model.decoder.cached_pass.next
    lengths: list[int] = []

    def counted(ids: Any, cache: Any, position: int) -> Any:
        lengths.append(len(ids))
        return run(ids, cache, position)

    length = len(language_model.tokenizer.prompt("Suggestion:"))
    together = [answered(language_model, 1)]
    language_model.decoder.cached_pass.next = counted
    try:
        together += [answered(language_model, seed) for seed in (2, 3)]
    finally:
        del language_model.decoder.cached_pass.next
    assert together[0].reused == 0
    assert [answer.reused for answer in together[1:]] == [length - 1] * 2
    assert set(lengths) == {1}
    for one, other in zip(together, alone, strict=True):
        assert [token.id for token in one.tokens] == [token.id for token in other.tokens]
