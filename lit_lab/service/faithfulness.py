"""Is a map faithful? Deletion and insertion curves, and stability under noise.

Petsiuk, Das and Saenko 2018, "RISE", for the curves; Samek et al. 2017, "Evaluating the Visualization of What a Deep
Neural Network Has Learned", for the comparison with random orders; Alvarez-Melis and Jaakkola 2018, "On the Robustness
of Interpretability Methods", for the noise.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lit_lab.protocol import CurveEvent, CurvePoint, FaithfulnessEvent, FaithfulnessRequest, Method, ProgressEvent

from .ablation.masks import Masks, Scores, SegmentValues
from .cancellation import Cancellation
from .salience.gradients import TargetGradient
from .salience.integrated_gradients import PathGradients
from .stability import stability

Order = NDArray[np.int64]
"""Segments, first the one that goes (or comes) first: `<int>[num_segments]`."""

MAX_STEPS = 20
"""Steps of a curve; with more segments than that, several go at once."""

MIN_LOGPROB_RANGE = 0.1
"""Nats that the target's log-probability must move on the curves, for the numbers that are parts of that."""

SIMILAR = 1.5
"""Segments whose lengths differ by no more than this factor may stand for each other in the length-matched orders."""


def test(
    request: FaithfulnessRequest,
    scorer: Scores,
    gradients: PathGradients | None,
    pad_id: int,
    methods: Mapping[Method, Callable[[TargetGradient], NDArray[np.float32]]],
    cancellation: Cancellation,
) -> Iterator[ProgressEvent | CurveEvent | FaithfulnessEvent]:
    """Test a map: the curves of its order, of random ones and of length-matched ones, and its stability.

    Random orders come each with its reverse, whose insertion curve is the deletion curve read from its end: it costs
    nothing, and the area between the random orders' curves is then exactly what it is for all orders, zero.

    The length-matched orders put, in each place of the map's order, a random segment of about the same length: does
    the map know more than that long segments matter more?

    Args:
        request: What is asked for; the ids are known to the model and fit its window.
        scorer: What scores sequences.
        gradients: What the stability rests on; None: it isn't tested.
        pad_id: The token that stands in for what is masked.
        methods: From a gradient method's name to its function; integrated gradients needn't be among them.
        cancellation: Checked before each batch of passes.

    Yields:
        Progress and, when each is done, the curves; the numbers last.

    Raises:
        Cancelled: when the reader went away.
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
    # Not parts of the effect: where segments act against each other it may be next to nothing amid large swings.
    logprob_range = values.logprob_range
    measurable = logprob_range >= MIN_LOGPROB_RANGE
    has_matches = any(not np.array_equal(order, map_order) for order in matched)
    area = float(areas["map"][0])
    yield FaithfulnessEvent(
        target=request.target,
        effect=effect,
        logprob_range=logprob_range,
        faithfulness=area / logprob_range if measurable else None,
        # Their mean is known to be zero, so that nothing is lost to estimating it; a reverse has the same square.
        deviation=float(np.sqrt(np.mean(areas["random"] ** 2))) / logprob_range if measurable else None,
        length_adjusted=(area - float(areas["length"].mean())) / logprob_range if measurable and has_matches else None,
        stability=stable,
        passes=values.passes + gradient_passes,
    )


def length_matched(order: Order, lengths: NDArray[np.float64], random: np.random.Generator) -> Order:
    """Return a random order that has, in each place, a segment of about the length of the one in `order`.

    Segments are sorted by length, and again by length with noise: where one stood first, the other stands then. Each
    is at most `SIMILAR` times as long or short as the one that it stands for, for sorting moves no value further than
    the noise. A segment that has no like stays where it is.
    """
    noise = np.log(SIMILAR) / 2
    # Ties, segments of one length, are broken by chance.
    by_length = np.lexsort([random.random(len(lengths)), lengths])
    by_noise = np.argsort(np.log(lengths) + random.uniform(-noise, noise, len(lengths)))
    stands_for = np.empty(len(lengths), np.int64)
    stands_for[by_length] = by_noise
    return np.asarray(stands_for[order])


def cuts(num_segments: int) -> NDArray[np.int64]:
    """Return after how many segments a curve has a point: 0, …, all; the same from either end, so that orders and
    their reverses share their sets.
    """
    if num_segments <= MAX_STEPS:
        return np.arange(num_segments + 1)
    half = np.round(np.arange(MAX_STEPS // 2 + 1) * num_segments / MAX_STEPS).astype(np.int64)
    return np.asarray(np.unique(np.concatenate([half, num_segments - half])), np.int64)


class _Curves:
    """Curves of orders of segments."""

    def __init__(self, values: SegmentValues, lengths: NDArray[np.float64]) -> None:
        self._values = values
        self._lengths = lengths
        self._cuts = cuts(len(lengths))

    def of(
        self, orders: Sequence[Order]
    ) -> Generator[ProgressEvent, None, tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]]:
        """Return for each order its deletion and its insertion curve: `<float64>[2, num_points]`, shares and values."""
        insert = np.concatenate([self._first(order) for order in orders])
        outcomes = yield from self._values.of(np.concatenate([~insert, insert]))
        deleted, inserted = outcomes.reshape(2, len(orders), len(self._cuts))
        shares = insert.reshape(len(orders), len(self._cuts), -1) @ (self._lengths / self._lengths.sum())
        shares[:, -1] = 1.0  # not a rounding error above it
        return (
            [np.stack(curve) for curve in zip(shares, deleted, strict=True)],
            [np.stack(curve) for curve in zip(shares, inserted, strict=True)],
        )

    def _first(self, order: Order) -> Masks:
        """Return which segments are the first of an order, at each cut: `<bool>[num_cuts, num_segments]`."""
        return np.asarray(np.argsort(order)[None, :] < self._cuts[:, None])


def _area(curves: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return each curve's area over the share of tokens, by trapezoids: `<float64>[num_curves]`, in nats."""
    return np.array([np.trapz(curve[1], curve[0]) for curve in curves])


def _event(
    kind: Literal["deletion", "insertion"],
    order: Literal["map", "random", "length"],
    curves: Sequence[NDArray[np.float64]],
) -> CurveEvent:
    """Tell a curve; of several the mean, read at even shares, because each has its points elsewhere."""
    shares = curves[0][0] if len(curves) == 1 else np.linspace(0, 1, len(curves[0][0]))
    values = np.mean([np.interp(shares, *curve) for curve in curves], axis=0)
    return CurveEvent(
        kind=kind,
        order=order,
        points=[
            CurvePoint(share=float(share), logprob=float(value)) for share, value in zip(shares, values, strict=True)
        ],
    )
