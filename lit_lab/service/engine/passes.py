"""A model's passes at one compiled length: forward once for a sequence, backward once for each target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from .backends import Spec, backend, bytes_of
from .buckets import row_bucket
from .compiled_parts import CompiledParts, ForwardStep, are_shared
from .head import Head
from .parts import Part
from .split_model import SplitModel

MAX_ROWS = 384
"""Most rows of a window; beyond it only the target's own are computed at once."""

Check = Callable[[], None]
"""Called between steps of the computation; raises if it was cancelled."""


@dataclass
class Top:
    """The last part of a forward pass, for a window of rows.

    Attributes:
        start: First of the window's rows.
        end: The row after its last.
        begin: First of the R computed rows. R is a compiled number, and may be larger than the window.
        hidden: These rows' hidden states, `[1, R, D]`.
        losses: Of all R rows, in nats, `<float32>[R]`; zero outside the window.
        upstream: Gradient of each row's loss with respect to its hidden state, `[1, R, D]`; zero likewise.
    """

    start: int
    end: int
    begin: int
    hidden: Any
    step: ForwardStep
    losses: NDArray[np.float32]
    upstream: Any


@dataclass
class Forward:
    """A sequence's forward pass, with what its backward passes need.

    Attributes:
        ids: The sequence, without padding.
        embeddings: `[1, T, D]`, padded.
        own: Without padding, `<float32>[num_tokens, D]`.
        steps: The parts below the last block.
        hidden: Their output, `[1, T, D]`.
        top: The window of rows that was computed last.
    """

    ids: tuple[int, ...]
    embeddings: Any
    own: NDArray[np.float32]
    steps: list[ForwardStep] = field(default_factory=list)
    hidden: Any = None
    top: Top | None = None


class Passes:
    """The compiled passes for sequences of up to `length` tokens.

    Args:
        model: The model.
        head: Its head.
        length: T, in tokens; sequences are padded to it.
        budget: Most bytes that a forward pass keeps. Beyond that, results are computed again in each backward pass.
    """

    def __init__(self, model: SplitModel, head: Head, length: int, budget: int) -> None:
        self.length = length
        self._model = model
        self._head = head
        self._lower = model.lower_parts()
        self._are_shared = are_shared(self._lower)
        self._backend = backend()
        self._embeddings = self._backend.open_graph(model.embeddings, [Spec((1, None), "int32")])
        self._spec = Spec((1, length, model.width), model.embed.compute_dtype)
        self._compiled_parts = CompiledParts()
        self._compiled_rows: set[int] = set()
        if self.kept_bytes() > budget:
            self._compiled_parts.keep = False
            self._compiled_parts.clear()

    def kept_bytes(self) -> int:
        """Return the bytes that a forward pass keeps, from shapes alone, without running it."""
        each = bytes_of(self._spec)  # a part's input
        return int(sum(each + compiled.kept_bytes for _, compiled in self._lower_compiled()) + 2 * each)

    def serves(self, rows: int) -> bool:
        """Return whether windows of so many rows are compiled."""
        return any(size >= rows for size in self._compiled_rows)

    def compile(self, rows: int) -> None:
        """Compile everything for windows of up to `rows` rows, by running it once; compiled ones stay usable meanwhile."""
        self._head.compile()
        rows = min(rows, self.length - 1)
        forward = self.forward((0,) * (rows + 1), lambda: None)
        self.gradient(forward, 1, 2, (1, rows + 1), lambda: None)

    def forward(self, ids: tuple[int, ...], check: Check) -> Forward:
        """Run the model on a sequence up to its last block, and keep what the backward pass needs."""
        padded = np.array([ids + (0,) * (self.length - len(ids))], np.int32)
        return self.forward_from(self._embeddings(ops.convert_to_tensor(padded)), ids, check)

    def forward_from(self, embeddings: Any, ids: tuple[int, ...], check: Check) -> Forward:
        """Run the model on embeddings, `[1, T, D]`."""
        x = embeddings  # [1, T, D]
        steps = []
        for part, compiled in self._lower_compiled():
            check()
            [x], step = self._compiled_parts.run(compiled, part, [x])  # [1, T, D]
            steps.append(step)
        return Forward(ids, embeddings, self._backend.array(embeddings)[0, : len(ids)], steps, x)

    def hidden(self, forward: Forward, start: int, end: int) -> Any:
        """Return the hidden states that tokens `[start, end)` are predicted by, `[end - start, width]`."""
        top = self._top(forward, start, end, (start, end))
        return top.hidden[0, start - 1 - top.begin : end - 1 - top.begin]  # [end - start, D]

    def gradient(
        self, forward: Forward, start: int, end: int, window: tuple[int, int], check: Check
    ) -> tuple[float, NDArray[np.float32]]:
        """Return a target's loss in nats and its gradient, `<float32>[end - 1, width]`.

        Args:
            forward: The sequence's forward pass.
            start: First token of the target, at least 1.
            end: The token after its last.
            window: The span of tokens that further targets will lie in: its rows are computed at once.
            check: Called between the parts.
        """
        top = self._top(forward, start, end, window)
        rows = np.arange(top.begin, top.begin + len(top.losses))
        is_target = (start - 1 <= rows) & (rows < end - 1)
        gradient = top.upstream  # [1, R, D]
        if (top.start, top.end) != (start - 1, end - 1):
            gradient = gradient * ops.convert_to_tensor(is_target[np.newaxis, :, np.newaxis], gradient.dtype)
        for step in reversed([*forward.steps, top.step]):
            check()
            [gradient] = step.backward(gradient)  # [1, T, D]
        self._compiled_rows.add(len(rows))
        found = self._backend.array(gradient)[0, : end - 1]
        return float(np.sum(top.losses[is_target], dtype=np.float64)), found

    def _top(self, forward: Forward, start: int, end: int, window: tuple[int, int]) -> Top:
        """Return the last part's pass over a window with the target in it."""
        known = forward.top
        # Row i predicts token i + 1.
        if known is not None and known.start <= start - 1 and end - 1 <= known.end:
            return known
        if not (window[0] <= start and end <= window[1]):
            window = (start, end)
        first, last = window[0] - 1, window[1] - 1
        # More rows than requested take little longer; a number that isn't compiled yet takes seconds.
        needed = last - first
        known_rows = min((size for size in self._compiled_rows if size >= needed), default=None)
        rows = known_rows if known_rows is not None else row_bucket(needed, self.length)
        begin = min(first, self.length - rows)
        part = self._model.upper_part(rows)
        output = Spec((1, rows, self._model.width), self._spec.dtype)
        compiled = self._compiled_parts.of(part, [self._spec, Spec((), "int32")], [output])
        inputs = [forward.hidden, ops.convert_to_tensor(begin, "int32")]
        [hidden], step = self._compiled_parts.run(compiled, part, inputs)  # [1, R, D]
        labels = np.full(rows, -1, np.int32)  # [R]
        labels[first - begin : last - begin] = forward.ids[window[0] : window[1]]
        losses, upstream = self._head(hidden[0], labels)
        losses = self._backend.array(losses)
        forward.top = Top(first, last, begin, hidden, step, losses, upstream[np.newaxis])
        return forward.top

    def _lower_compiled(self) -> Iterator[tuple[Part, Any]]:
        for part, is_shared in zip(self._lower, self._are_shared, strict=True):
            yield part, self._compiled_parts.of(part, [self._spec], [self._spec], is_shared)
