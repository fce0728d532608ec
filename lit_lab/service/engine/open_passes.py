"""Passes that serve all lengths: traced once for a model, and never compiled."""

from __future__ import annotations

import logging
import threading
from typing import Any

import numpy as np
from keras import ops

from .backends import Spec, backend, bytes_of, spec_of
from .compiled_parts import CompiledParts, ForwardStep, are_shared
from .head import Head
from .passes import Check, Forward, Passes
from .split_model import SplitModel

log = logging.getLogger(__name__)

_LENGTHS = (8, 16, 24)
"""Lengths of the sequences that trace the parts, and show how much they save."""


class OpenPasses(Passes):
    """Passes for sequences of any length and windows of any number of rows, without padding.

    Args:
        model: The model.
        head: The model's head.
        budget: Maximum bytes of the results that a forward pass saves. A backward pass over a longer sequence computes them
            again.
    """

    def __init__(self, model: SplitModel, head: Head, budget: int) -> None:
        self._model = model
        self._head = head
        self._budget = budget
        self._lower = model.lower_parts()
        self._are_shared = are_shared(self._lower)
        self._backend = backend()
        self._embeddings = self._backend.open_graph(model.embeddings, [Spec((1, None), "int32")])
        self._spec = Spec((1, None, model.width), model.embed.compute_dtype)
        self._saving = self._compiled_parts = CompiledParts(open=True)
        self._frugal = CompiledParts(open=True, keep=False)
        self._compiled_rows = set()
        self._curve: Any = None

    def residual_bytes(self, length: int | None = None) -> int:
        """Return the bytes that a forward pass over `length` tokens saves, without running the pass."""
        return round(float(np.polyval(self._curve, _LENGTHS[-1] if length is None else length)))

    def held_bytes(self, length: int) -> int:
        """Return the bytes that the forward pass of a sequence holds, with one window of its last part, about."""
        saved = self.residual_bytes(length)
        if saved > self._budget:  # only the parts' inputs
            saved = bytes_of(self._spec, length) * (len(self._lower) + 2)
        return self._with_top(saved)

    def serves(self, rows: int) -> bool:
        """Return True: the parts are traced for all numbers of rows."""
        return True

    def compile(self, rows: int = 1) -> None:
        """Trace the parts, by running them once."""
        self._head.compile()
        saved = []
        for length in _LENGTHS:
            forward = self.forward((0,) * length, lambda: None)
            self.gradient(forward, length - rows, length, (length - rows, length), lambda: None)
            each = bytes_of(self._spec, length)  # a part's input
            residuals = [tensor for step in forward.steps for tensor in step.residuals]
            saved.append(sum(map(bytes_of, map(spec_of, residuals))) + each * (len(forward.steps) + 2))
        # Attention grows with the square of the length, all else with the length: three lengths give all of them.
        self._curve = np.polyfit(_LENGTHS, saved, 2)

    def forward_from(self, embeddings: Any, ids: tuple[int, ...], check: Check) -> Forward:
        """Run the model on a sequence's embeddings, `[1, T, D]`, up to its last block."""
        fits = self._curve is None or self.residual_bytes(embeddings.shape[1]) <= self._budget
        self._compiled_parts = self._saving if fits else self._frugal
        return super().forward_from(embeddings, ids, check)

    def _padded(self, ids: tuple[int, ...]) -> Any:
        return np.array([ids], np.int32)

    def _upper(self, forward: Forward, first: int, last: int) -> tuple[int, int, list[Any], ForwardStep]:
        part = self._model.upper_part(None)
        scalar = Spec((), "int32")
        output = Spec((1, None, self._model.width), self._spec.dtype)
        compiled = self._compiled_parts.of(part, [self._spec, scalar, scalar], [output])
        inputs = [forward.hidden, *(ops.convert_to_tensor(number, "int32") for number in (first, last - first))]
        outputs, step = self._compiled_parts.run(compiled, part, inputs)
        return first, last - first, outputs, step


class Opened:
    """A model's open passes, which are traced once, by whichever thread needs them first.

    Args:
        model: The model.
        head: The model's head.
        budget: As `OpenPasses`'s.
    """

    def __init__(self, model: SplitModel, head: Head, budget: int) -> None:
        self._lock = threading.Lock()
        self._passes: OpenPasses | None = OpenPasses(model, head, budget)
        self.is_ready = False
        """Whether the passes are traced, or can't be."""

    def get(self) -> OpenPasses | None:
        """Return the passes; trace them if that wasn't done. None: the model can't run with open lengths."""
        with self._lock:
            if not self.is_ready and self._passes is not None:
                try:
                    self._passes.compile()
                except Exception:  # a family whose layers need a known length fails in its own way
                    log.warning("no passes for all lengths: each length is compiled", exc_info=True)
                    self._passes = None
                self.is_ready = True
            return self._passes
