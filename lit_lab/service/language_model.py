"""A loaded language model: tokens, generation and salience of one Keras CausalLM."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import numpy as np

from lit_lab.problem import Problem
from lit_lab.protocol import (
    AblationRequest,
    AnswerEvent,
    CurveEvent,
    EffectsEvent,
    EffectsRequest,
    Estimate,
    FaithfulnessEvent,
    FaithfulnessRequest,
    GenerateRequest,
    ModelTerms,
    ProgressEvent,
    PromptEvent,
    SalienceRequest,
    ScoreRequest,
    ScoresEvent,
    SegmentScoresEvent,
    Span,
    StateEvent,
    TokenEvent,
)

from . import ablation, effects, faithfulness
from .answering import answer, forced_answer
from .cancellation import Cancellation
from .engine.split_model import QuantizedError
from .estimates import EstimatedRequest, Speed
from .generation import Decoder
from .model_window import check_foil, check_sequence, window
from .salience import METHODS, Contrast, EmbeddingGradients, Flow, TargetGradient, integrating
from .score_cache import ScoreCache
from .scoring import Scorer
from .stability import GRADIENT_PASSES
from .templates.found import Found
from .tokens import SequenceTokenizer, sequence_tokenizer

CHECKED = frozenset(
    f"{family}CausalLM"
    for family in ("GPT2", "Gemma", "Gemma3", "Gemma4", "Llama", "Llama3", "Mistral", "OPT", "Phi3", "Qwen3")
)
"""Families for which the tests show that salience and generation use the same logits, and that flow reads them."""

_PROBE = 9  # tokens of a sequence that shows the same for other families
_SLOW_SECONDS = 0.3  # time of a target after which a message announces the next one


class LanguageModel:
    """One Keras CausalLM, used for tokens, generation and salience.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM`.
        max_length: The window in tokens; None: the preset's.
        is_instruct: Whether the model is known to be instruction-tuned.
        terms: The model's licence, if it is known.
        template: The model's own chat template; None if it has none.
    """

    def __init__(
        self,
        causal_lm: Any,
        max_length: int | None = None,
        is_instruct: bool = False,
        terms: ModelTerms | None = None,
        template: Found | None = None,
    ) -> None:
        self.causal_lm = causal_lm
        self.terms = terms
        self.tokenizer: SequenceTokenizer = sequence_tokenizer(causal_lm, is_instruct, template)
        self.window = window(causal_lm, max_length)
        self.parameters = int(causal_lm.count_params())
        self._decoder = Decoder(causal_lm)
        self._flow = Flow(causal_lm, self._decoder, is_checked=type(causal_lm).__name__ in CHECKED)
        self._gradients: EmbeddingGradients | None = None
        self._making = threading.Lock()
        self._salience_checked = False
        self._prompt_length = 0
        self._scorer = Scorer(self._decoder.cached_pass)
        self._known = ScoreCache()
        self._owner = ""
        # Separate: passes that share their beginning are much quicker than those with a gradient.
        self._gradient_speed = Speed()
        self._scoring_speed = Speed()
        self._effects_speed = Speed()
        self._flow_speed = Speed()

    def serve(self, owner: str) -> None:
        """Set the owner of the next requests. If that is another user, drop the caches.

        No answer or map may reveal another user's requests, not even by being faster.

        Args:
            owner: As in `lit_lab.protocol.OWNER_HEADER`; empty: users without a name.
        """
        if owner == self._owner:
            return
        self._owner = owner
        self._decoder.forget()
        self._flow.forget()
        if self._gradients is not None:
            self._gradients.forget()

    def warm_up_generation(self) -> None:
        """Compile the code that generation needs."""
        self._decoder.warm_up()

    @property
    def has_pending_compiles(self) -> bool:
        """Whether requests so far used code that can still be compiled."""
        return not (self._decoder.is_compiled and (self._gradients is None or self._gradients.is_compiled))

    def compile_pending(self) -> None:
        """Compile the code that requests so far need."""
        try:
            if self._gradients is not None:
                self._gradients.compile_pending()
        finally:
            self._decoder.compile_pending()

    @property
    def waits_for_compiler(self) -> bool:
        """Whether maps wait for the compiler if their code isn't compiled."""
        return self._gradients is not None and self._gradients.waits_for_compiler

    @property
    def decoder(self) -> Decoder:
        """The decoder, which generates and scores continuations."""
        return self._decoder

    @property
    def gradients(self) -> EmbeddingGradients:
        """The gradients for salience. They are created on first use, because some families can only generate.

        Raises:
            Problem: `no_salience`.
        """
        with self._making:  # the background thread may create them, too
            if self._gradients is None:
                try:
                    self._gradients = EmbeddingGradients(self.causal_lm, self.window)
                except QuantizedError as error:
                    raise Problem(
                        422,
                        "no_salience",
                        "This model's weights are quantized to whole numbers: gradients through them would be wrong.",
                        "Its answers work. For salience load the preset that isn't quantized, or choose an ablation method.",
                    ) from error
                except (AttributeError, KeyError, ValueError) as error:
                    raise self._no_salience() from error
            return self._gradients

    @property
    def _is_checked(self) -> bool:
        return self._salience_checked or type(self.causal_lm).__name__ in CHECKED

    def _check_salience(self, ids: Sequence[int]) -> None:
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
        self._salience_checked = True

    def _no_salience(self) -> Problem:
        return Problem(
            422,
            "no_salience",
            f"{type(self.causal_lm).__name__} can't be run from its embeddings on, so it has no salience here.",
            "Its answers work. For salience choose a text model such as Gemma, Llama, Mistral or Qwen.",
        )

    def generate(
        self, request: GenerateRequest, cancellation: Cancellation
    ) -> Iterator[StateEvent | PromptEvent | TokenEvent | AnswerEvent]:
        """Answer a prompt.

        Yields:
            The prompt's tokens, then the answer's tokens one by one, and the whole answer last.

        Raises:
            Problem: `empty_prompt`, `prompt_too_long`, `no_chat_format`, `lone_surrogate` or `not_finite`.
            Cancelled: The reader is gone.
        """

        def read(ids: Sequence[int]) -> tuple[Any, Any] | None:
            # The maps of the answer reuse this pass.
            return self._gradients.read(ids, cancellation.check) if self._gradients and self._is_checked else None

        for event in answer(self.tokenizer, self._decoder, self.window, request, cancellation, read):
            if isinstance(event, AnswerEvent) and self._gradients is not None:
                # The next requests are likely to be maps of this answer.
                self._gradients.request_compile_for_answer(self._prompt_length, len(event.tokens))
            elif isinstance(event, PromptEvent):
                self._prompt_length = len(event.tokens)
                event.terms = self.terms
            yield event

    def score(
        self, request: ScoreRequest, cancellation: Cancellation
    ) -> Iterator[StateEvent | PromptEvent | TokenEvent | AnswerEvent]:
        """Score a forced answer after a prompt.

        Yields:
            The events of an answer, with the forced answer's log-probabilities.

        Raises:
            Problem: `empty_prompt`, `prompt_too_long`, `target_too_long`, `not_tokenizable`, `no_chat_format`,
                `lone_surrogate` or `not_finite`.
            Cancelled: The reader is gone.
        """

        def shared(ids: Sequence[int], start: int) -> Any | None:
            return self._shared(ids, start, cancellation)

        for event in forced_answer(self.tokenizer, self._decoder, self.window, request, cancellation, shared):
            if isinstance(event, PromptEvent):
                event.terms = self.terms
            yield event

    def _shared(self, ids: Sequence[int], start: int, cancellation: Cancellation) -> Any | None:
        """Return the hidden states that predict the tokens from `start` on, `[len(ids) - start, width]`.

        They come from the forward pass that the tokens' maps will need. None if that pass isn't compiled, or if most of the
        prompt is in the decoder's cache.
        """
        is_known = self._decoder.known(ids[:start]) > start // 2
        if self._gradients is None or is_known or not self._decoder.cached_pass.reads_hidden_states:
            return None
        if not self._is_checked:
            return None
        return self._gradients.hidden(ids, start, cancellation.check)

    def salience(
        self, request: SalienceRequest, cancellation: Cancellation
    ) -> Iterator[StateEvent | ProgressEvent | ScoresEvent]:
        """Score every token by its influence on each target.

        Earlier results are looked up in the cache.

        Args:
            request: Ids, targets and methods.
            cancellation: Checked before every target, and between the parts of a pass.

        Yields:
            Scores for each target and method, in that order. They have the length of the ids, and are zero from the
            target's last token on. A message announces the first target, and each one after a slow one.

        Raises:
            Problem: `sequence_too_long`, `unknown_token`, `no_salience`, `no_flow` or `not_finite`.
            Cancelled: The reader is gone.
        """
        self._check(request.ids, request.foil, request.targets[0])
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
                key = (self._owner, target.start, target.end, method, walk and walk.model_dump_json(), foil)
                known = self._known.get(ids, key)
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
                    self._known.put(ids, key, *known)
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

    def ablation(
        self, request: AblationRequest, cancellation: Cancellation
    ) -> Iterator[ProgressEvent | SegmentScoresEvent]:
        """Score segments by how removing them changes a target's probability.

        Raises:
            Problem: `sequence_too_long`, `unknown_token`, `too_few_samples` or `not_finite`.
            Cancelled: The reader is gone.
        """
        self._check(request.ids, request.foil, request.target)
        started = time.monotonic()
        edited = None
        if request.edited is not None:
            edited = effects.EditedPrompt(request.effects(), self.tokenizer, self.window)
        for event in ablation.explain(request, self._scorer, self.tokenizer.pad_id, cancellation, edited):
            if isinstance(event, SegmentScoresEvent):
                self._scoring_speed.measured(time.monotonic() - started, event.passes, request.target.end)
            yield event

    def effects(self, request: EffectsRequest, cancellation: Cancellation) -> Iterator[StateEvent | EffectsEvent]:
        """Score an answer with parts of its prompt deleted.

        Raises:
            Problem: `prompt_changed`, `sequence_too_long`, `unknown_token` or `not_finite`.
            Cancelled: The reader is gone.
        """
        scorer = effects.PrefixScorer(self._decoder.cached_pass)
        started = time.monotonic()
        for event in effects.explain(request, self.tokenizer, scorer, self.window, cancellation):
            yield event
            now, tokens, scorer.tokens = time.monotonic(), scorer.tokens, 0
            self._effects_speed.measured(now - started, 1, tokens)
            started = now

    def faithfulness(
        self, request: FaithfulnessRequest, cancellation: Cancellation
    ) -> Iterator[ProgressEvent | CurveEvent | FaithfulnessEvent]:
        """Test a map's faithfulness and stability.

        Raises:
            Problem: `sequence_too_long`, `unknown_token`, `no_salience` or `not_finite`.
            Cancelled: The reader is gone.
        """
        self._check(request.ids, request.foil, request.target)
        started = time.monotonic()
        # None for maps of ablation methods, which families without salience have, too.
        gradients = self._gradients_of(request.foil) if request.method is not None else None
        for event in faithfulness.test(request, self._scorer, gradients, self.tokenizer.pad_id, METHODS, cancellation):
            if isinstance(event, FaithfulnessEvent):
                self._scoring_speed.measured(time.monotonic() - started, event.passes, request.target.end)
            yield event

    def estimate(self, request: EstimatedRequest) -> Estimate:
        """Return a request's estimated cost.

        Raises:
            Problem: `too_few_samples`.
        """
        speed = self._scoring_speed
        if isinstance(request, SalienceRequest):
            speed = self._flow_speed if request.methods == ["flow"] else self._gradient_speed
        elif isinstance(request, EffectsRequest):
            speed = self._effects_speed
        return speed.estimate(request)

    def _gradients_of(self, foil: Sequence[int] | None) -> EmbeddingGradients | Contrast:
        """Return the gradients of targets, or of contrastive targets if there is a foil."""
        return self.gradients if foil is None else Contrast(self.gradients, foil)

    def _gradient(
        self, request: SalienceRequest, target: Span, span: tuple[int, int], cancellation: Cancellation
    ) -> TargetGradient:
        ids = request.ids
        self._check_salience(ids)
        started = time.monotonic()
        gradients = self._gradients_of(request.foil)
        if isinstance(gradients, Contrast):
            return gradients.of(ids, target.start, target.end, cancellation.check)
        found = gradients.of(ids, target.start, target.end, span, cancellation.check)
        self._gradient_speed.measured(time.monotonic() - started, GRADIENT_PASSES, target.end)
        return found

    def _integrated(
        self, request: SalienceRequest, target: Span, cancellation: Cancellation
    ) -> Generator[ProgressEvent, None, tuple[list[float], float | None]]:
        self._check_salience(request.ids)
        started = time.monotonic()
        found = yield from integrating(
            self._gradients_of(request.foil),
            request.ids,
            target.start,
            target.end,
            request.integration,
            cancellation,
        )
        passes = GRADIENT_PASSES * found.points * (1 if request.foil is None else 2)
        self._gradient_speed.measured(time.monotonic() - started, passes, target.end)
        return found.scores.tolist(), found.gap

    def _flowing(self, ids: Sequence[int], target: Span, cancellation: Cancellation) -> list[float]:
        started, num_read = time.monotonic(), self._flow.num_read
        scores: list[float] = self._flow.of(ids, target.start, target.end, cancellation.check).tolist()
        if self._flow.num_read > num_read:  # else the rows were known
            self._flow_speed.measured(time.monotonic() - started, self._flow.num_read - num_read, target.end)
        return scores

    def _check(self, ids: Sequence[int], foil: Sequence[int] | None, target: Span) -> None:
        """Check a sequence, and the foil of a contrastive target."""
        self.tokenizer.check_ids(ids)
        check_sequence(ids, self.window)
        if foil is not None:
            self.tokenizer.check_ids(foil)
            check_foil(foil, target, self.window)
