"""How the scorer of effects plans its passes: neighbours together, and shared tokens only once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest

from lit_lab.service.effects import PrefixScorer, prefix_scorer


def test_neighbours_run_together_where_that_costs_less(embedded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    sequences = sorted([1, *rng.integers(2, 4, size).tolist(), 9, 9, 9] for size in rng.integers(2, 12, 9))
    numbers = [2] * 9
    alike = [[a == b for a, b in zip(x[:-1], y, strict=False)] for x, y in pairwise([[], *sequences])]
    shared = [[*each, False].index(False) for each in alike]
    whole = embedded.decoder.cached_pass

    def cost(groups: Sequence[range], each: int) -> int:
        total = 0
        for group in groups:
            begin = min(min(shared[at], len(sequences[at]) - 3) for at in group)
            total += each + len(group) * (max(len(sequences[at]) for at in group) - 1 - begin)
        return total

    for each in (0, 3, 8, 10**6):
        monkeypatch.setattr(prefix_scorer, "PASS_WEIGHTS", each * whole.block_weights)
        scorer = PrefixScorer(whole)
        found = list(scorer.groups(sequences, numbers))
        assert [at for group in found for at in group] == list(range(9))
        cuts = [[0, *inner, 9] for count in range(9) for inner in combinations(range(1, 9), count)]
        best = min(cost([range(*ends) for ends in pairwise(ends)], each) for ends in cuts)
        assert cost(found, each) == best
        together = [
            row for group in found for row in scorer.token_logprobs([sequences[at] for at in group], [2] * len(group))
        ]
        alone = [PrefixScorer(whole).token_logprobs([ids], [2])[0] for ids in sequences]
        np.testing.assert_allclose(together, alone, atol=1e-5)
    assert found == [range(9)]


def test_what_any_earlier_sequence_begins_with_is_computed_once(embedded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    sequences = [[1, *rng.integers(2, 4, size).tolist(), 9, 9, 9] for size in rng.integers(2, 12, 20)]
    sequences = [list(each) for each in dict.fromkeys(map(tuple, sequences))]
    parts = [sequences[:8], sequences[8:]]
    whole = embedded.decoder.cached_pass
    # The targets' tokens have to run in any case.
    least = sum(
        len(ids) - 1 - min(len(ids) - 3, max((common(ids[:-1], other[:-1]) for other in sequences[:at]), default=0))
        for at, ids in enumerate(sequences)
    )
    alone = [PrefixScorer(whole).token_logprobs([ids], [2])[0] for ids in sequences]
    monkeypatch.setattr(prefix_scorer, "PASS_WEIGHTS", 0)
    tokens = []
    for most in (prefix_scorer.MAX_KEPT_BYTES, 0):
        monkeypatch.setattr(prefix_scorer, "MAX_KEPT_BYTES", most)
        for together in (False, True):
            scorer = PrefixScorer(whole)
            groups = [(part, range(len(part))) for part in parts]
            if not together:
                groups = [(part, group) for part in parts for group in scorer.groups(part, [2] * len(part))]
            rows = [row for part, at in groups for row in scorer.token_logprobs([part[i] for i in at], [2] * len(at))]
            np.testing.assert_allclose(rows, alone, atol=1e-5)
            tokens.append(scorer.tokens)
            assert len(scorer._kept) == 1 or most
    assert tokens[0] == least < min(tokens[1:])


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens two sequences share at their beginning."""
    return [*(a == b for a, b in zip(one, other, strict=False)), False].index(False)
