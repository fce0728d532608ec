"""Leave one out: removes one segment at a time."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from lit_lab.protocol import ProgressEvent

from .masks import SegmentValues


def leave_one_out(num_segments: int, values: SegmentValues) -> Generator[ProgressEvent, None, NDArray[np.float64]]:
    """Score each segment by how much the target's log-probability falls when only this segment is removed.

    The scores are exact: nothing is sampled. If two segments say the same thing, neither gets a high score, because the
    other one remains. The method is that of Li, Monroe and Jurafsky 2016, "Understanding Neural Networks through
    Representation Erasure".

    Returns:
        `<float64>[num_segments]`, in nats.
    """
    masks = np.concatenate([np.ones((1, num_segments), bool), ~np.eye(num_segments, dtype=bool)])
    all_in_place, *without = yield from values.of(masks)
    return np.asarray(all_in_place - np.array(without))
