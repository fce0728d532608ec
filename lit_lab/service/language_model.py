"""A loaded language model: tokens, generation and salience of one Keras CausalLM."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

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
from .cache_limits import CacheLimits, CacheStats
from .cancellation import Cancellation
from .effect_passes import EffectPasses
from .estimates import EstimatedRequest, Speed
from .generation import Decoder
from .model_window import check_foil, check_sequence, window
from .salience import METHODS, EmbeddingGradients
from .salience.gradients import MAX_EAGER_WEIGHTS
from .salience_maps import SalienceMaps
from .scoring import Scorer
from .templates.found import Found
from .tokens import SequenceTokenizer, sequence_tokenizer


class LanguageModel:
    """One Keras CausalLM, used for tokens, generation and salience.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM`.
        max_length: The window in tokens; None: the preset's.
        is_instruct: Whether the model is known to be instruction-tuned.
        terms: The model's licence, if it is known.
        template: The model's own chat template; None if it has none.
        caches: How much memory its caches may take.
    """

    def __init__(
        self,
        causal_lm: Any,
        max_length: int | None = None,
        is_instruct: bool = False,
        terms: ModelTerms | None = None,
        template: Found | None = None,
        caches: CacheLimits | None = None,
    ) -> None:
        self.causal_lm = causal_lm
        self.terms = terms
        self.tokenizer: SequenceTokenizer = sequence_tokenizer(causal_lm, is_instruct, template)
        self.window = window(causal_lm, max_length)
        self.parameters = int(causal_lm.count_params())
        caches = caches or CacheLimits()
        self._decoder = Decoder(causal_lm, caches.keys_values)
        self._maps = SalienceMaps(causal_lm, self._decoder, self.window, caches.passes)
        self._prompt_length = 0
        self._scorer = Scorer(self._decoder.cached_pass)
        self._owner = ""
        self._scoring_speed = Speed()
        self._effects = EffectPasses(causal_lm, self._decoder.cached_pass, self.tokenizer, self.window)

    def serve(self, owner: str) -> None:
        """Set the owner of the next requests, to whom the caches then belong.

        No answer or map may reveal another user's requests, not even by being faster.

        Args:
            owner: As in `lit_lab.protocol.OWNER_HEADER`; empty: users without a name.
        """
        self._owner = owner
        self._decoder.caches.owner = owner
        self._maps.serve(owner)
        self._effects.owner = owner

    def caches(self) -> dict[str, CacheStats]:
        """Return what each cache did and holds, by name; may be called in any thread."""
        gradients = self._maps.created
        return {
            "passes": CacheStats() if gradients is None else gradients.forward_cache.stats,
            "keys_values": self._decoder.caches.stats,
            "scores": self._maps.scores.stats,
        }

    def warm_up_generation(self) -> None:
        """Compile the code that generation needs."""
        self._decoder.warm_up()

    @property
    def is_large(self) -> bool:
        """Whether maps are too slow in eager Keras; such a model also takes long to load."""
        return self._decoder.cached_pass.block_weights > MAX_EAGER_WEIGHTS

    def warm_up_maps(self) -> None:
        """Trace the passes that the first map of a large model needs. A map that comes before waits for it."""
        with suppress(Problem):  # a model without salience: the first map says so
            self._maps.gradients.warm_up()

    @property
    def has_pending_compiles(self) -> bool:
        """Whether requests so far used code that can still be compiled."""
        gradients = self._maps.created
        is_compiled = self._decoder.is_compiled and (gradients is None or gradients.is_compiled)
        return not is_compiled or self._effects.half.is_pending

    def compile_pending(self) -> None:
        """Compile the code that requests so far need, and make the half-precision copy if effects are to be expected."""
        try:
            if self._effects.half.is_pending:
                self._effects.half.cached_pass()
            if self._maps.created is not None:
                self._maps.created.compile_pending()
        finally:
            self._decoder.compile_pending()

    @property
    def half_bytes(self) -> int:
        """The memory of the model's half-precision copy; 0 if there is none."""
        return self._effects.half.num_bytes

    @property
    def decoder(self) -> Decoder:
        """The decoder, which generates and scores continuations."""
        return self._decoder

    @property
    def gradients(self) -> EmbeddingGradients:
        """The gradients for salience.

        Raises:
            Problem: `no_salience`.
        """
        return self._maps.gradients

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
            gradients = self._maps.checked
            return None if gradients is None else gradients.read(ids, cancellation.check)

        self._effects.half.is_wanted = True  # an answer's effects usually follow
        for event in answer(self.tokenizer, self._decoder, self.window, request, cancellation, read):
            if isinstance(event, AnswerEvent) and self._maps.created is not None:
                # The next requests are likely to be maps of this answer.
                self._maps.created.request_compile_for_answer(self._prompt_length, len(event.tokens))
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

        self._effects.half.is_wanted = True  # as after an answer

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
        gradients = self._maps.checked
        if gradients is None or is_known or not self._decoder.cached_pass.reads_hidden_states:
            return None
        return gradients.hidden(ids, start, cancellation.check)

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
        yield from self._maps.salience(request, self._owner, cancellation)

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
        yield from self._effects.explain(request, cancellation)

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
        gradients = self._maps.gradients_of(request.foil) if request.method is not None else None
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
            speed = self._maps.flow_speed if request.methods == ["flow"] else self._maps.gradient_speed
        elif isinstance(request, EffectsRequest):
            speed = self._effects.speed(request)
        return speed.estimate(request)

    def _check(self, ids: Sequence[int], foil: Sequence[int] | None, target: Span) -> None:
        """Check a sequence, and the foil of a contrastive target."""
        self.tokenizer.check_ids(ids)
        check_sequence(ids, self.window)
        if foil is not None:
            self.tokenizer.check_ids(foil)
            check_foil(foil, target, self.window)
