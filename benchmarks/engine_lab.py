"""LIT Lab's side of `engine.py`: the service's own `LanguageModel`, without the HTTP around it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from engine_models import Case
from numpy.typing import NDArray

ALTERNATIVES = 5  # the default of `GenerateRequest`


class Lab:
    """The service's model over a loaded Keras model."""

    def __init__(self, causal_lm: Any) -> None:
        from lit_lab.service.language_model import LanguageModel

        self.model = LanguageModel(causal_lm)

    def compile(self, case: Case) -> None:
        """Compile salience for sequences like this, as the service does in the background."""
        self.model.gradients.request_compile(len(case.ids), case.targets[-1][1] - case.targets[0][0])
        self.model.gradients.compile_pending()

    def forget(self) -> None:
        """Drop the cached forward pass."""
        self.model.gradients.forget()

    def scores(
        self, case: Case, target: tuple[int, int], window: tuple[int, int] | None = None
    ) -> dict[str, NDArray[np.float32]]:
        """Return both methods' scores of all tokens, `<float32>[num_tokens]`, computed anew.

        Args:
            case: The sequence.
            target: One of its targets.
            window: Span of all targets of the same request. None: this is the only one.
        """
        from lit_lab.service.salience import grad_dot_input, grad_l2

        gradient = self.model.gradients.of(case.ids, *target, window)
        scores = {"grad_l2": grad_l2(gradient), "grad_dot_input": grad_dot_input(gradient)}
        return {method: np.pad(values, (0, len(case.ids) - len(values))) for method, values in scores.items()}

    def click(self, case: Case, target: tuple[int, int]) -> None:
        """Compute a target's scores, as after a click."""
        from lit_lab.protocol import SalienceRequest, ScoresEvent, Span
        from lit_lab.service.cancellation import Cancellation

        request = SalienceRequest(
            model="benchmark",
            ids=case.ids,
            targets=[Span(start=target[0], end=target[1])],
            methods=["grad_l2", "grad_dot_input"],
        )
        events = list(self.model.salience(request, Cancellation()))
        if sum(isinstance(event, ScoresEvent) for event in events) != 2:
            raise RuntimeError(f"two maps were asked for, and {len(events)} events came")

    def token_moments(self, ids: list[int], length: int) -> list[float]:
        """Generate up to a total of `length` tokens. Return the time of each new one, in seconds from the start."""
        from lit_lab.protocol import Sampling

        start = time.perf_counter()
        tokens = self.model.decoder.steps(ids, length, Sampling(), ALTERNATIVES)
        return [time.perf_counter() - start for _ in tokens]
