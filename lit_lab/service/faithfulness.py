"""Tests a map's faithfulness by deletion and insertion curves, and its stability under noise.

Sources: Petsiuk, Das and Saenko 2018, "RISE", for the curves; Samek et al. 2017, "Evaluating the Visualization of What a
Deep Neural Network Has Learned", for the comparison with random orders; Alvarez-Melis and Jaakkola 2018, "On the
Robustness of Interpretability Methods", for the noise.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lit_lab.protocol import (
    CurveEvent,
    CurvePoint,
    FaithfulnessEvent,
    FaithfulnessRequest,
    GradientMethod,
    ProgressEvent,
)

from .ablation.masks import Masks, Scores, SegmentValues
from .cancellation import Cancellation
from .salience.gradients import TargetGradient
from .salience.integrated_gradients import PathGradients
from .stability import stability

Order = NDArray[np.int64]
"""Segments in the order in which they are deleted or inserted: `<int>[num_segments]`."""

MAX_STEPS = 20
"""Maximum number of a curve's steps. With more segments, a step deletes or inserts several."""

MIN_LOGPROB_RANGE = 0.1
"""Minimum range, in nats, of the target's log-probability on the curves. In a smaller range, nothing can be measured."""

SIMILAR = 1.5
"""Maximum ratio of the lengths of two segments that may replace each other in a length-matched order."""


def test(
    request: FaithfulnessRequest,
    scorer: Scores,
    gradients: PathGradients | None,
    pad_id: int,
    methods: Mapping[GradientMethod, Callable[[TargetGradient], NDArray[np.float32]]],
    cancellation: Cancellation,
) -> Iterator[ProgressEvent | CurveEvent | FaithfulnessEvent]:
    """Test a map: compute the curves of its order, of random orders and of length-matched ones, and its stability.

    Each random order is used together with its reverse, whose insertion curve is the order's deletion curve read
    backwards. The reverse therefore takes no further passes, and the mean area between the curves of random orders is
    exactly zero, as it is over all orders.

    A length-matched order has, in each place, a random segment of about the same length as the map's segment in that
    place. The comparison shows whether the map says more than that long segments matter more.

    Args:
        request: The request. Its ids must be valid for the model and fit its window.
        scorer: Scores sequences.
        gradients: Computes gradients for the stability; None: stability isn't tested.
        pad_id: The token that replaces masked ones.
        methods: The functions of gradient methods, by name, except that of integrated gradients.
        cancellation: Checked before each batch of passes.

    Yields:
        Progress; each curve when it is complete; the result last.

    Raises:
        Cancelled: The reader is gone.
    """
    values = SegmentValues(
        request.ids,
        request.target,
        request.segments,
        request.mode,
        pad_id,
        scorer,
        cancellation,
        foil=request.foil,
    )
    lengths = np.array([segment.end - segment.start for segment in request.segments], np.float64)
    random = np.random.default_rng(request.seed)
    curves = _Curves(values, lengths)

    map_order = np.argsort(-np.asarray(request.scores), kind="stable")
    shuffled = [random.permutation(len(lengths)) for _ in range(request.orders)]
    matched = [length_matched(map_order, lengths, random) for _ in range(request.orders)]
    groups: list[tuple[Literal["map", "random", "length"], list[Order]]] = [
        ("map", [map_order]),
        ("random", [order for one in shuffled for order in (one, one[::-1])]),
        ("length", matched),
    ]
    areas: dict[str, NDArray[np.float64]] = {}
    for name, orders in groups:
        deletion, insertion = yield from curves.of(orders)
        yield _event("deletion", name, deletion)
        yield _event("insertion", name, insertion)
        areas[name] = _area(insertion) - _area(deletion)

    stable, gradient_passes = None, 0
    if gradients is not None and request.method is not None and request.jitters and len(lengths) > 1:
        stable, gradient_passes = yield from stability(request, request.method, gradients, methods, cancellation)
        gradient_passes *= 1 if request.foil is None else 2

    everything, nothing = yield from values.of(np.array([[True], [False]]).repeat(len(lengths), axis=1))
    effect = float(everything - nothing)
    # Relative to the range, not to the effect, which is small if segments act against each other.
    logprob_range = values.logprob_range
    measurable = logprob_range >= MIN_LOGPROB_RANGE
    has_matches = any(not np.array_equal(order, map_order) for order in matched)
    area = float(areas["map"][0])
    yield FaithfulnessEvent(
        target=request.target,
        effect=effect,
        logprob_range=logprob_range,
        faithfulness=area / logprob_range if measurable else None,
        # Not divided by n - 1, because the mean is known to be zero. An order and its reverse have the same square.
        deviation=float(np.sqrt(np.mean(areas["random"] ** 2))) / logprob_range if measurable else None,
        length_adjusted=(area - float(areas["length"].mean())) / logprob_range if measurable and has_matches else None,
        stability=stable,
        passes=values.passes + gradient_passes,
    )


def length_matched(order: Order, lengths: NDArray[np.float64], random: np.random.Generator) -> Order:
    """Return a random order that has, in each place, a segment of about the same length as the one in `order`.

    The function sorts segments by length, and again by length with noise. The segment at a place of the first sorting is
    replaced by the one at the same place of the second. Sorting moves no length further than the noise, so two such
    segments differ in length by a factor of at most `SIMILAR`. A segment without any of similar length stays in its place.

    Args:
        order: The order to match.
        lengths: Lengths of the segments, `<float64>[num_segments]`.
        random: The source of randomness.
    """
    noise = np.log(SIMILAR) / 2
    # Segments of equal length are sorted randomly.
    by_length = np.lexsort([random.random(len(lengths)), lengths])
    by_noise = np.argsort(np.log(lengths) + random.uniform(-noise, noise, len(lengths)))
    stands_for = np.empty(len(lengths), np.int64)
    stands_for[by_length] = by_noise
    return np.asarray(stands_for[order])


def cuts(num_segments: int) -> NDArray[np.int64]:
    """Return the numbers of segments at which a curve has a point, from 0 to all.

    They are symmetric, so that an order and its reverse share their sets of segments.
    """
    if num_segments <= MAX_STEPS:
        return np.arange(num_segments + 1)
    half = np.round(np.arange(MAX_STEPS // 2 + 1) * num_segments / MAX_STEPS).astype(np.int64)
    return np.asarray(np.unique(np.concatenate([half, num_segments - half])), np.int64)


class _Curves:
    """Computes the curves of orders of segments."""

    def __init__(self, values: SegmentValues, lengths: NDArray[np.float64]) -> None:
        self._values = values
        self._lengths = lengths
        self._cuts = cuts(len(lengths))

    def of(
        self, orders: Sequence[Order]
    ) -> Generator[ProgressEvent, None, tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]]:
        """Return the deletion curves and the insertion curves of some orders.

        Each curve is `<float64>[2, num_points]`: shares of the tokens, and log-probabilities.
        """
        insert = np.concatenate([self._first(order) for order in orders])
        outcomes = yield from self._values.of(np.concatenate([~insert, insert]))
        deleted, inserted = outcomes.reshape(2, len(orders), len(self._cuts))
        shares = insert.reshape(len(orders), len(self._cuts), -1) @ (self._lengths / self._lengths.sum())
        shares[:, -1] = 1.0  # without rounding error
        return (
            [np.stack(curve) for curve in zip(shares, deleted, strict=True)],
            [np.stack(curve) for curve in zip(shares, inserted, strict=True)],
        )

    def _first(self, order: Order) -> Masks:
        """Return the masks of an order's first segments, one for each cut: `<bool>[num_cuts, num_segments]`."""
        return np.asarray(np.argsort(order)[None, :] < self._cuts[:, None])


def _area(curves: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the area under each curve by the trapezoidal rule: `<float64>[num_curves]`, in nats."""
    return np.array([np.trapz(curve[1], curve[0]) for curve in curves])


def _event(
    kind: Literal["deletion", "insertion"],
    order: Literal["map", "random", "length"],
    curves: Sequence[NDArray[np.float64]],
) -> CurveEvent:
    """Return the event of a curve, or of several curves' mean.

    The mean is taken at evenly spaced shares, because the curves have their points at different ones.
    """
    shares = curves[0][0] if len(curves) == 1 else np.linspace(0, 1, len(curves[0][0]))
    values = np.mean([np.interp(shares, *curve) for curve in curves], axis=0)
    return CurveEvent(
        kind=kind,
        order=order,
        points=[
            CurvePoint(share=float(share), logprob=float(value)) for share, value in zip(shares, values, strict=True)
        ],
    )
