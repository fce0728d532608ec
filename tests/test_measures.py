"""Measures of maps, compared with numbers computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lit_lab.measures import MIN_DROP, highest, interval, paired, part_of_best, reciprocal_rank


def test_an_interval_is_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, 400).tolist()
    found = interval(values)
    assert found is not None
    error = float(np.std(values)) / 20
    assert (found.mean, found.count) == (pytest.approx(np.mean(values)), 400)
    assert found.low == pytest.approx(found.mean - 1.96 * error, abs=error / 5)
    assert found.high == pytest.approx(found.mean + 1.96 * error, abs=error / 5)
    assert found == interval(values)
    assert found.is_sound
    assert interval([]) is None


def test_few_numbers_give_no_error_of_the_mean() -> None:
    few, more = interval([1.0] * 7), interval([1.0] * 8)
    assert few is not None
    assert more is not None
    assert (few.is_sound, more.is_sound) == (False, True)


def test_a_paired_difference_is_surer_than_two_means() -> None:
    prompts = np.random.default_rng(2).normal(0.0, 5.0, 50)
    found = paired((prompts + 0.5).tolist(), prompts.tolist())
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(0.5), pytest.approx(0.5))
    assert paired([1.0, None, 3.0], [0.0, 1.0, None]) == interval([1.0])


def test_the_highest_are_the_first_of_equals() -> None:
    assert highest([0.0, 3.0, 1.0, 3.0], 1) == (1,)
    assert highest([0.0, 3.0, 1.0, 3.0], 3) == (1, 2, 3)
    assert highest([1.0, 1.0, 1.0], 2) == (0, 1)
    assert highest([1.0], 3) == (0,)


def test_a_drop_is_a_part_of_the_best() -> None:
    assert part_of_best(2.0, [4.0, -1.0]) == 0.5
    assert part_of_best(4.0, []) == 1.0
    assert part_of_best(-1.0, [4.0]) == -0.25
    assert part_of_best(MIN_DROP / 2, [0.0]) is None


def test_a_planted_segment_among_equals_ranks_last() -> None:
    assert reciprocal_rank([3.0, 1.0, 2.0], 2) == 0.5
    assert reciprocal_rank([0.0, 0.0, 0.0, -1.0], 1) == pytest.approx(1 / 3)
