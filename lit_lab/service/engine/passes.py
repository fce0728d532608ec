"""Passes at one compiled length: one forward pass for a sequence, and one backward pass for each target."""

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
"""Maximum number of rows of a window. Beyond that, only the target's rows are computed."""

Check = Callable[[], None]
"""Called between steps of a computation; raises if the computation is cancelled."""


@dataclass
class Top:
    """The last part of a forward pass, for a window of rows `[start, end)`.

    Attributes:
        start: First row of the window.
        end: The row after the window's last one.
        begin: First of the R computed rows. R is a compiled number of rows, and may be larger than the window.
        hidden: The computed rows' hidden states, `[1, R, D]`.
        step: The part's forward pass.
        losses: Loss of each computed row in nats, `<float32>[R]`; zero outside the window.
        upstream: Gradient of each row's loss with respect to its hidden state, `[1, R, D]`; zero outside the window.
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
    """A sequence's forward pass, with the values that its backward passes need.

    Attributes:
        ids: The sequence, without padding.
        embeddings: The padded sequence's embeddings, `[1, T, D]`.
        own: The embeddings without padding, `<float32>[num_tokens, D]`.
        steps: The parts below the last block.
        hidden: The output of these parts, `[1, T, D]`.
        top: The last part's pass over the most recent window.
    """

    ids: tuple[int, ...]
    embeddings: Any
    own: NDArray[np.float32]
    steps: list[ForwardStep] = field(default_factory=list)
    hidden: Any = None
    top: Top | None = None


class Passes:
    """Compiled passes for sequences of up to `length` tokens.

    Args:
        model: The model.
        head: The model's head.
        length: T, the length in tokens that sequences are padded to.
        budget: Maximum bytes of the results that a forward pass saves. If they take more, each backward pass computes them
            again.
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
        if self.residual_bytes() > budget:
            self._compiled_parts.keep = False
            self._compiled_parts.clear()

    def residual_bytes(self, length: int | None = None) -> int:
        """Return the bytes that a forward pass saves. They are computed from shapes, without running the pass."""
        each = bytes_of(self._spec)  # a part's input
        return int(sum(each + compiled.residual_bytes for _, compiled in self._lower_compiled()) + 2 * each)

    def held_bytes(self, length: int) -> int:
        """Return the bytes that the forward pass of a sequence holds, with one window of its last part, about."""
        return self._with_top(self.residual_bytes(length))

    def _with_top(self, lower: int) -> int:
        # The last part is one more of the same size, at most.
        return lower + lower // max(1, len(self._lower))

    def serves(self, rows: int) -> bool:
        """Return whether the passes are compiled for windows of `rows` rows."""
        return any(size >= rows for size in self._compiled_rows)

    def compile(self, rows: int) -> None:
        """Compile the passes for windows of up to `rows` rows, by running them once.

        Another thread may use the passes that are already compiled meanwhile.
        """
        self._head.compile()
        rows = min(rows, self.length - 1)
        forward = self.forward((0,) * (rows + 1), lambda: None)
        self.gradient(forward, 1, 2, (1, rows + 1), lambda: None)

    def forward(self, ids: tuple[int, ...], check: Check) -> Forward:
        """Run the model on a sequence up to its last block; save what the backward passes need."""
        return self.forward_from(self._embeddings(ops.convert_to_tensor(self._padded(ids))), ids, check)

    def forward_from(self, embeddings: Any, ids: tuple[int, ...], check: Check) -> Forward:
        """Run the model on a sequence's embeddings, `[1, T, D]`, up to its last block."""
        x = embeddings  # [1, T, D]
        steps = []
        for part, compiled in self._lower_compiled():
            check()
            [x], step = self._compiled_parts.run(compiled, part, [x])  # [1, T, D]
            steps.append(step)
        return Forward(ids, embeddings, self._backend.array(embeddings)[0, : len(ids)], steps, x)

    def hidden(self, forward: Forward, start: int, end: int) -> Any:
        """Return the hidden states that predict tokens `[start, end)`: `[end - start, D]`."""
        top = self._top(forward, start, end, (start, end))
        return top.hidden[0, start - 1 - top.begin : end - 1 - top.begin]  # [end - start, D]

    def gradient(
        self, forward: Forward, start: int, end: int, window: tuple[int, int], check: Check
    ) -> tuple[float, NDArray[np.float32]]:
        """Return a target's loss and its gradient with respect to the embeddings.

        Args:
            forward: The sequence's forward pass.
            start: First token of the target, at least 1.
            end: The token after the target's last one.
            window: A span that contains this target and later ones: the rows of all its tokens are computed at once.
            check: Called before each part.

        Returns:
            The loss, in nats, and the gradient, `<float32>[end - 1, D]`.
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
        """Return the last part's pass over a window that contains the target."""
        known = forward.top
        # Row i predicts token i + 1.
        if known is not None and known.start <= start - 1 and end - 1 <= known.end:
            return known
        if not (window[0] <= start and end <= window[1]):
            window = (start, end)
        first, last = window[0] - 1, window[1] - 1
        begin, rows, [hidden], step = self._upper(forward, first, last)  # [1, R, D]
        labels = np.full(rows, -1, np.int32)  # [R]
        labels[first - begin : last - begin] = forward.ids[window[0] : window[1]]
        losses, upstream = self._head(hidden[0], labels)
        losses = self._backend.array(losses)
        forward.top = Top(first, last, begin, hidden, step, losses, upstream[np.newaxis])
        return forward.top

    def _padded(self, ids: tuple[int, ...]) -> Any:
        return np.array([ids + (0,) * (self.length - len(ids))], np.int32)

    def _upper(self, forward: Forward, first: int, last: int) -> tuple[int, int, list[Any], ForwardStep]:
        """Run the last part on rows `[first, last)`, and on those around them if that number of rows isn't compiled.

        Returns:
            The first computed row, the number R of rows, their hidden states, `[1, R, D]`, and the step.
        """
        # Computing extra rows takes little time; compiling another number of rows takes seconds.
        needed = last - first
        known_rows = min((size for size in self._compiled_rows if size >= needed), default=None)
        rows = known_rows if known_rows is not None else row_bucket(needed, self.length)
        begin = min(first, self.length - rows)
        part = self._model.upper_part(rows)
        output = Spec((1, rows, self._model.width), self._spec.dtype)
        compiled = self._compiled_parts.of(part, [self._spec, Spec((), "int32")], [output])
        inputs = [forward.hidden, ops.convert_to_tensor(begin, "int32")]
        outputs, step = self._compiled_parts.run(compiled, part, inputs)
        return begin, rows, outputs, step

    def _lower_compiled(self) -> Iterator[tuple[Part, Any]]:
        for part, is_shared in zip(self._lower, self._are_shared, strict=True):
            yield part, self._compiled_parts.of(part, [self._spec], [self._spec], is_shared)
