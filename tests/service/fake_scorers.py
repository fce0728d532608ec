"""Fake scorers with known values, and a reference scorer over a real model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from reference_gradients import numbers

from lit_lab.protocol import Span
from lit_lab.service.cancellation import Cancellation

BEGINNING, TARGET, PAD = 1, 2, 0
FIRST_SEGMENT = 10  # segment i consists of tokens 10 + i


class FakeScorer:
    """Computes the target's log-probability from the segments that are present, which it recognizes by their tokens.

    Args:
        value: Maps the set of present segments to nats.
    """

    def __init__(self, value: Callable[[frozenset[int]], float]) -> None:
        self.value = value
        self.sequences: list[tuple[int, ...]] = []

    def log_probabilities(
        self,
        sequences: Sequence[Sequence[int]],
        num_targets: int,
        progress: Callable[[int], None],
        cancellation: Cancellation,
    ) -> NDArray[np.float64]:
        cancellation.check()
        assert all(tuple(sequence[-num_targets:]) == (TARGET,) * num_targets for sequence in sequences)
        self.sequences += [tuple(sequence) for sequence in sequences]
        return np.array(
            [self.value(frozenset(id - FIRST_SEGMENT for id in s if id >= FIRST_SEGMENT)) for s in sequences]
        )


def additive(weights: Sequence[float], constant: float = -20.0) -> FakeScorer:
    return FakeScorer(lambda present: constant + sum(weights[segment] for segment in present))


def fields(lengths: Sequence[int], num_targets: int = 2) -> dict[str, Any]:
    """Return the ids, segments and target of a request: a first token, segments of these lengths, a target and a rest."""
    ids, segments = [BEGINNING], []
    for number, length in enumerate(lengths):
        segments.append(Span(start=len(ids), end=len(ids) + length))
        ids += [FIRST_SEGMENT + number] * length
    target = Span(start=len(ids), end=len(ids) + num_targets)
    return {"model": "fake", "ids": [*ids, *[TARGET] * num_targets, 7], "segments": segments, "target": target}


class ReferenceScorer:
    """Computes log-probabilities with a real model, by Keras's own pass over whole sequences and without the engine.

    The sequences form one batch, padded at their ends, which earlier tokens don't attend to.
    """

    def __init__(self, causal_lm: Any) -> None:
        import keras

        backbone = causal_lm.backbone
        self._embed = backbone.token_embedding
        self._body = keras.Model([self._embed.output, backbone.input["padding_mask"]], backbone.output)

    def log_probabilities(
        self,
        sequences: Sequence[Sequence[int]],
        num_targets: int,
        progress: Callable[[int], None],
        cancellation: Cancellation,
    ) -> NDArray[np.float64]:
        from keras import ops

        cancellation.check()
        lengths = np.array([len(sequence) - 1 for sequence in sequences])
        mask = np.arange(lengths.max()) < lengths[:, None]
        ids = np.full(mask.shape, PAD, np.int32)
        ids[mask] = [id for sequence in sequences for id in sequence[:-1]]
        hidden = self._body([self._embed(ids), ops.convert_to_tensor(mask.astype(np.int32))])
        before_targets = lengths[:, None] - num_targets + np.arange(num_targets)
        rows = np.take_along_axis(numbers(hidden), before_targets[:, :, None], axis=1)
        logits = self._embed(ops.convert_to_tensor(rows), reverse=True)
        labels = np.array([sequence[-num_targets:] for sequence in sequences])
        losses = ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        return -numbers(losses).astype(np.float64).sum(axis=1)
