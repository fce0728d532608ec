"""Salience of one model: gradient methods and flow, with the scores that are known."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import numpy as np

from lit_lab.problem import Problem
from lit_lab.protocol import ProgressEvent, SalienceRequest, ScoresEvent, Span, StateEvent

from .cancellation import Cancellation
from .engine.split_model import QuantizedError
from .estimates import Speed
from .generation import Decoder
from .salience import METHODS, Contrast, EmbeddingGradients, Flow, TargetGradient, integrating
from .score_cache import ScoreCache
from .stability import GRADIENT_PASSES

CHECKED = frozenset(
    f"{family}CausalLM"
    for family in ("GPT2", "Gemma", "Gemma3", "Gemma4", "Llama", "Llama3", "Mistral", "OPT", "Phi3", "Qwen3")
)
"""Families for which the tests show that salience and generation use the same logits, and that flow reads them."""

_PROBE = 9  # tokens of a sequence that shows the same for other families
_SLOW_SECONDS = 0.3  # time of a target after which a message announces the next one


class SalienceMaps:
    """Scores tokens by their influence on targets.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM`.
        decoder: The decoder over the same model; its logits are what gradients are checked against.
        window: The model's window in tokens.
        cache_bytes: Maximum bytes of all cached passes; None: two passes are cached.

    Attributes:
        created: The gradients, if anything has needed them.
        gradient_speed: The speed of passes with a gradient.
        flow_speed: The speed of flow's passes.
        scores: Scores of earlier requests.
    """

    def __init__(self, causal_lm: Any, decoder: Decoder, window: int, cache_bytes: int | None = None) -> None:
        self.created: EmbeddingGradients | None = None
        self.gradient_speed = Speed()
        self.flow_speed = Speed()
        self._causal_lm = causal_lm
        self._decoder = decoder
        self._window = window
        self._cache_bytes = cache_bytes
        self._owner = ""
        self._flow = Flow(causal_lm, decoder, is_checked=type(causal_lm).__name__ in CHECKED)
        self._creating = threading.Lock()
        self._has_checked = False
        self.scores = ScoreCache()

    def serve(self, owner: str) -> None:
        """Set the owner of the next requests: others' passes aren't found."""
        if owner != self._owner:
            self._flow.forget()
        self._owner = owner
        if self.created is not None:
            self.created.forward_cache.owner = owner

    @property
    def checked(self) -> EmbeddingGradients | None:
        """The gradients, if they exist and use the same logits as generation."""
        return self.created if self._is_checked else None

    @property
    def gradients(self) -> EmbeddingGradients:
        """The gradients of targets. They are created on first use, because some families can only generate.

        Raises:
            Problem: `no_salience`.
        """
        with self._creating:  # the background thread may create them, too
            if self.created is None:
                try:
                    created = EmbeddingGradients(self._causal_lm, self._window, cache_bytes=self._cache_bytes)
                    self.created = created
                    # Now, and until it is the same: the owner may change in another thread.
                    while created.forward_cache.owner != self._owner:
                        created.forward_cache.owner = self._owner
                except QuantizedError as error:
                    raise Problem(
                        422,
                        "no_salience",
                        "This model's weights are quantized to whole numbers: gradients through them would be wrong.",
                        "Its answers work. For salience load the preset that isn't quantized, or choose an ablation method.",
                    ) from error
                except (AttributeError, KeyError, ValueError) as error:
                    raise self._no_salience() from error
            return self.created

    @property
    def _is_checked(self) -> bool:
        return self._has_checked or type(self._causal_lm).__name__ in CHECKED

    def _check_logits(self, ids: Sequence[int]) -> None:
        """Check once that salience uses the same logits as generation.

        If a family changes its logits after reversing the embedding, its maps would be wrong; a few tokens show that. The
        families in `CHECKED` aren't checked again while a user waits.

        Raises:
            Problem: `no_salience`.
        """
        if self._is_checked:
            return
        probe = ids[:_PROBE]
        scoring = self.gradients.target_logits(probe, len(probe) - 1)[0]
        generating = self._decoder.next_logits(probe[:-1])
        if np.max(np.abs(scoring - generating)) > 1e-3 * np.max(np.abs(generating)):
            raise self._no_salience()
        self._has_checked = True

    def _no_salience(self) -> Problem:
        return Problem(
            422,
            "no_salience",
            f"{type(self._causal_lm).__name__} can't be run from its embeddings on, so it has no salience here.",
            "Its answers work. For salience choose a text model such as Gemma, Llama, Mistral or Qwen.",
        )

    def gradients_of(self, foil: Sequence[int] | None) -> EmbeddingGradients | Contrast:
        """Return the gradients of targets, or of contrastive targets if there is a foil."""
        return self.gradients if foil is None else Contrast(self.gradients, foil)

    def salience(
        self, request: SalienceRequest, owner: str, cancellation: Cancellation
    ) -> Iterator[StateEvent | ProgressEvent | ScoresEvent]:
        """As `LanguageModel.salience`, for a request that was checked.

        Args:
            request: Ids, targets and methods.
            owner: The user whose scores are looked up and kept.
            cancellation: Checked before every target, and between the parts of a pass.
        """
        span = min(t.start for t in request.targets), max(t.end for t in request.targets)
        ids = tuple(request.ids)
        announce = True
        for number, target in enumerate(request.targets, start=1):
            cancellation.check()
            if announce:
                yield StateEvent(message=f"Computing salience ({number} of {len(request.targets)})…")
            started = time.monotonic()
            gradient: TargetGradient | None = None
            for method in request.methods:
                walk = request.integration if method == "integrated_gradients" else None
                foil = request.foil and tuple(request.foil)
                key = (owner, target.start, target.end, method, walk and walk.model_dump_json(), foil)
                known = self.scores.get(ids, key)
                if known is None:
                    if method == "integrated_gradients":
                        known = yield from self._integrated(request, target, cancellation)
                    elif method == "flow":
                        known = self._flowing(request.ids, target, cancellation), None
                    else:
                        gradient = gradient or self._gradient(request, target, span, cancellation)
                        known = METHODS[method](gradient).tolist(), None
                    if foil:
                        # Only the tokens before the target belong to both continuations.
                        known = known[0][: target.start], known[1]
                    self.scores.put(ids, key, *known)
                scores, gap = known
                if not all(map(math.isfinite, scores)):
                    raise Problem(
                        500,
                        "not_finite",
                        "The model's arithmetic overflowed for this target.",
                        "Try a shorter target, or load the model in float32 (Models, Load with other settings…): float16 overflows first.",
                    )
                # The target's last token and later tokens don't affect its loss.
                whole = scores + [0.0] * (len(request.ids) - len(scores))
                yield ScoresEvent(target=target, method=method, scores=whole, gap=gap, foil=request.foil)
            announce = time.monotonic() - started > _SLOW_SECONDS

    def _gradient(
        self, request: SalienceRequest, target: Span, span: tuple[int, int], cancellation: Cancellation
    ) -> TargetGradient:
        ids = request.ids
        self._check_logits(ids)
        started = time.monotonic()
        gradients = self.gradients_of(request.foil)
        if isinstance(gradients, Contrast):
            return gradients.of(ids, target.start, target.end, cancellation.check)
        found = gradients.of(ids, target.start, target.end, span, cancellation.check)
        self.gradient_speed.measured(time.monotonic() - started, GRADIENT_PASSES, target.end)
        return found

    def _integrated(
        self, request: SalienceRequest, target: Span, cancellation: Cancellation
    ) -> Generator[ProgressEvent, None, tuple[list[float], float | None]]:
        self._check_logits(request.ids)
        started = time.monotonic()
        found = yield from integrating(
            self.gradients_of(request.foil),
            request.ids,
            target.start,
            target.end,
            request.integration,
            cancellation,
        )
        passes = GRADIENT_PASSES * found.points * (1 if request.foil is None else 2)
        self.gradient_speed.measured(time.monotonic() - started, passes, target.end)
        return found.scores.tolist(), found.gap

    def _flowing(self, ids: Sequence[int], target: Span, cancellation: Cancellation) -> list[float]:
        started, num_read = time.monotonic(), self._flow.num_read
        scores: list[float] = self._flow.of(ids, target.start, target.end, cancellation.check).tolist()
        if self._flow.num_read > num_read:  # else the rows were known
            self.flow_speed.measured(time.monotonic() - started, self._flow.num_read - num_read, target.end)
        return scores
