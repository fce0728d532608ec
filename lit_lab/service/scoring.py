"""Log-probabilities of a target after many versions of the text before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from .cached_pass import CachedPass, cache_length
from .cancellation import Cancellation

BATCH_BYTES = 512 * 2**20
"""Maximum memory of a batch's caches; a batch is smaller if one sequence's cache is large."""

MAX_SEQUENCES = 16
"""Maximum sequences in a batch: more is no faster on a CPU, and would delay cancellation."""

LOGIT_BYTES = 256 * 2**20
"""Maximum memory of the logits at one time."""


class Scorer:
    """Scores sequences that end in the same target; the beginning that they share is computed once.

    Args:
        cached_pass: The model.
    """

    def __init__(self, cached_pass: CachedPass) -> None:
        self._pass = cached_pass

    def log_probabilities(
        self,
        sequences: Sequence[Sequence[int]],
        num_targets: int,
        progress: Callable[[int], None],
        cancellation: Cancellation,
    ) -> NDArray[np.float64]:
        """Return the summed log-probability of each sequence's last `num_targets` tokens, in nats: `<float64>[num_sequences]`.

        Args:
            sequences: Token ids; each has at least one token before the target.
            num_targets: Length of the target.
            progress: Called with the number of finished sequences after each batch.
            cancellation: Checked before each batch.

        Raises:
            Cancelled: The reader is gone.
        """
        found = np.zeros(len(sequences))
        if not len(sequences):
            return found
        cancellation.check()
        shared = _shared(sequences, num_targets)
        length = cache_length(max(len(sequence) for sequence in sequences))
        prefix = self._pass.empty_cache(length)
        if shared:
            _, prefix = self._pass.run(np.array([sequences[0][:shared]], np.int32), prefix, 0)
        size = max(1, min(MAX_SEQUENCES, BATCH_BYTES // max(1, self._pass.bytes_of(prefix))))
        # Sequences of similar length together, to pad little.
        order = sorted(range(len(sequences)), key=lambda index: len(sequences[index]))
        for begin in range(0, len(order), size):
            cancellation.check()
            batch = order[begin : begin + size]
            found[batch] = self._batch([sequences[index] for index in batch], shared, num_targets, prefix)
            progress(min(begin + size, len(order)))
        return found

    def _batch(self, sequences: list[Sequence[int]], shared: int, num_targets: int, prefix: Any) -> NDArray[np.float64]:
        # A sequence's last token needs no prediction.
        rests = [list(sequence[shared:-1]) for sequence in sequences]
        longest = max(map(len, rests))
        padded = np.array([rest + [0] * (longest - len(rest)) for rest in rests], np.int32)
        hidden, _ = self._pass.run(padded, self._pass.tiled(prefix, len(sequences)), shared)
        rows = ops.stack([hidden[at, len(rest) - num_targets : len(rest)] for at, rest in enumerate(rests)])
        labels = np.array([sequence[-num_targets:] for sequence in sequences], np.int32)
        scores = row_logprobs(self._pass, ops.reshape(rows, (-1, rows.shape[-1])), labels.reshape(-1))
        return np.asarray(scores.reshape(labels.shape).sum(axis=1))


def row_logprobs(cached_pass: CachedPass, rows: Any, labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return each row's log-probability of its label, with a bounded number of logits at one time: `<float64>[num_rows]`.

    Args:
        cached_pass: The model.
        rows: Hidden states, `[num_rows, width]`.
        labels: `<int32>[num_rows]`.
    """
    size = max(1, LOGIT_BYTES // (4 * cached_pass.vocabulary_size))
    parts = [-cached_pass.losses(rows[at : at + size], labels[at : at + size]) for at in range(0, len(labels), size)]
    return np.concatenate(parts).astype(np.float64)


def _shared(sequences: Sequence[Sequence[int]], num_targets: int) -> int:
    """Return how many tokens all sequences begin with, before any target's first prediction."""
    most = min(len(sequence) for sequence in sequences) - num_targets - 1
    first = sequences[0]
    return next((at for at in range(most) if any(s[at] != first[at] for s in sequences)), max(0, most))
