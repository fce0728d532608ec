"""A loaded language model: tokens, generation and salience over one Keras CausalLM."""

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

from . import ablation, faithfulness
from .answering import answer, forced_answer
from .cancellation import Cancellation
from .engine.split_model import QuantizedError
from .estimates import Speed
from .generation import Decoder
from .salience import METHODS, Contrast, EmbeddingGradients, TargetGradient, integrating
from .score_cache import ScoreCache
from .scoring import Scorer
from .stability import GRADIENT_PASSES
from .templates.found import Found
from .tokens import SequenceTokenizer, sequence_tokenizer

CHECKED = frozenset(
    f"{family}CausalLM"
    for family in ("GPT2", "Gemma", "Gemma3", "Gemma4", "Llama", "Llama3", "Mistral", "OPT", "Phi3", "Qwen3")
)
"""Families for which the tests show that salience scores what generation chooses by."""

_PROBE = 9  # tokens
_SLOW_SECONDS = 0.3  # above which the next target is announced


class LanguageModel:
    """One Keras CausalLM, used for tokens, generation and salience.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM`, in float32.
        max_length: Window in tokens; None: the preset's.
        is_instruct: Whether it is known to be instruction-tuned.
        terms: Its licence, if it is known.
        template: Its own chat template; None if it has none.
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

    def serve(self, owner: str) -> None:
        """Set the owner of the next requests, and drop the caches of another's: no answer or map must show what another
        user requested, not even by being faster.

        Args:
            owner: As in `lit_lab.protocol.OWNER_HEADER`; empty: users without a name.
        """
        if owner == self._owner:
            return
        self._owner = owner
        self._decoder.forget()
        if self._gradients is not None:
            self._gradients.forget()

    def warm_up_generation(self) -> None:
        """Compile what generation needs."""
        self._decoder.warm_up()

    @property
    def has_pending_compiles(self) -> bool:
        """Whether requests so far ran without something that can be compiled."""
        return not (self._decoder.is_compiled and (self._gradients is None or self._gradients.is_compiled))

    def compile_pending(self) -> None:
        """Compile what was requested so far."""
        try:
            if self._gradients is not None:
                self._gradients.compile_pending()
        finally:
            self._decoder.compile_pending()

    @property
    def waits_for_compiler(self) -> bool:
        """Whether a map waits for the compiler if something isn't compiled."""
        return self._gradients is not None and self._gradients.waits_for_compiler

    @property
    def decoder(self) -> Decoder:
        """Generates and scores continuations."""
        return self._decoder

    @property
    def gradients(self) -> EmbeddingGradients:
        """The gradients for salience, created on first use because some families can only generate.

        Raises:
            Problem: `no_salience`.
        """
        with self._making:  # the background thread may create it, too
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

        If a family changes its logits after the embedding layer's reverse, its explanations would be wrong. A few tokens show that.
        Families in the tests needn't be checked again while a user waits.
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
        """Answer a prompt: first its tokens, then the answer's one by one, then the answer as a whole.

        Raises:
            Problem: `empty_prompt`, `prompt_too_long`, `no_chat_format`, `lone_surrogate` or `not_finite`.
            Cancelled: The reader went away.
        """

        def read(ids: Sequence[int]) -> tuple[Any, Any] | None:
            # The answer's maps continue this pass.
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
        """Return the probability of a forced answer after a prompt, in the events of an answer.

        Raises:
            Problem: `empty_prompt`, `prompt_too_long`, `target_too_long`, `not_tokenizable`, `no_chat_format`,
                `lone_surrogate` or `not_finite`.
            Cancelled: The reader went away.
        """

        def shared(ids: Sequence[int], start: int) -> Any | None:
            return self._shared(ids, start, cancellation)

        for event in forced_answer(self.tokenizer, self._decoder, self.window, request, cancellation, shared):
            if isinstance(event, PromptEvent):
                event.terms = self.terms
            yield event

    def _shared(self, ids: Sequence[int], start: int, cancellation: Cancellation) -> Any | None:
        """Return the hidden states that predict the tokens from `start` on, from the pass that their maps will need.

        None if that pass isn't compiled, or if most of the prompt is in the decoder's cache.
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
        """Score every token by its influence on each target: one event for each target and method, in that order.

        The first target, and each one after a slow one, is announced by a message. Earlier results are looked up.

        Args:
            request: Ids and targets; the scores have the ids' length, zero from a target's last token on.
            cancellation: Checked before every target, and between the passes' parts.

        Raises:
            Problem: `sequence_too_long`, `unknown_token`, `no_salience` or `not_finite`.
            Cancelled: The reader went away.
        """
        self._check_sequence(request.ids)
        self._check_foil(request.foil, request.targets[0])
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
                    else:
                        gradient = gradient or self._gradient(request, target, span, cancellation)
                        known = METHODS[method](gradient).tolist(), None
                    if foil:
                        # Two continuations have tokens of their own; what led to them is what both begin with.
                        known = known[0][: target.start], known[1]
                    self._known.put(ids, key, *known)
                scores, gap = known
                if not all(map(math.isfinite, scores)):
                    raise Problem(
                        500,
                        "not_finite",
                        "The model's gradients overflowed for this target.",
                        "Try a shorter target, or load the model in float32 (Models, Load with other settings…): float16 overflows first.",
                    )
                # The target's last token and later ones don't affect the target's loss.
                whole = scores + [0.0] * (len(request.ids) - len(scores))
                yield ScoresEvent(target=target, method=method, scores=whole, gap=gap, foil=request.foil)
            announce = time.monotonic() - started > _SLOW_SECONDS

    def ablation(
        self, request: AblationRequest, cancellation: Cancellation
    ) -> Iterator[ProgressEvent | SegmentScoresEvent]:
        """Score segments by how their removal changes a target's probability.

        Raises:
            Problem: `sequence_too_long`, `unknown_token`, `too_few_samples` or `not_finite`.
            Cancelled: The reader went away.
        """
        self._check_sequence(request.ids)
        self._check_foil(request.foil, request.target)
        started = time.monotonic()
        for event in ablation.explain(request, self._scorer, self.tokenizer.pad_id, cancellation):
            if isinstance(event, SegmentScoresEvent):
                self._scoring_speed.measured(time.monotonic() - started, event.passes, request.target.end)
            yield event

    def faithfulness(
        self, request: FaithfulnessRequest, cancellation: Cancellation
    ) -> Iterator[ProgressEvent | CurveEvent | FaithfulnessEvent]:
        """Test a map.

        Raises:
            Problem: `sequence_too_long`, `unknown_token`, `no_salience` or `not_finite`.
            Cancelled: The reader went away.
        """
        self._check_sequence(request.ids)
        self._check_foil(request.foil, request.target)
        started = time.monotonic()
        # Ablation maps of a family without salience can still be tested.
        gradients = self._gradients_of(request.foil) if request.method is not None else None
        for event in faithfulness.test(request, self._scorer, gradients, self.tokenizer.pad_id, METHODS, cancellation):
            if isinstance(event, FaithfulnessEvent):
                self._scoring_speed.measured(time.monotonic() - started, event.passes, request.target.end)
            yield event

    def estimate(self, request: SalienceRequest | AblationRequest | FaithfulnessRequest) -> Estimate:
        """Return a request's estimated cost.

        Raises:
            Problem: `too_few_samples`.
        """
        speed = self._gradient_speed if isinstance(request, SalienceRequest) else self._scoring_speed
        return speed.estimate(request)

    def _gradients_of(self, foil: Sequence[int] | None) -> EmbeddingGradients | Contrast:
        """Return the gradients of targets, or of targets against a foil."""
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

    def _check_foil(self, foil: Sequence[int] | None, target: Span) -> None:
        """Check a contrastive target's foil."""
        if foil is None:
            return
        self.tokenizer.check_ids(foil)
        if target.start + len(foil) > self.window:
            raise Problem(
                422,
                "sequence_too_long",
                f"With the foil in the target's place there are {target.start + len(foil)} tokens; the model's window has "
                f"{self.window}.",
                "Write a shorter foil.",
            )

    def _check_sequence(self, ids: Sequence[int]) -> None:
        self.tokenizer.check_ids(ids)
        if len(ids) > self.window:
            raise Problem(
                422,
                "sequence_too_long",
                f"Prompt and answer are {len(ids)} tokens long; the model's window has {self.window}.",
                "Shorten the prompt, or load the model for a longer one (Models, Load with other settings…).",
            )


def window(causal_lm: Any, max_length: int | None) -> int:
    """Return how many tokens, prompt and answer together, a model takes.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM`.
        max_length: The window that it was loaded for; None: the one that the preset was saved with. A family whose positions are
            learned (GPT-2) can't go beyond its table, whatever is configured; nor can one whose positions are stretched
            by the length that it is given, padding included (Phi-3.5), go beyond where that begins.
    """
    asked = max_length or causal_lm.preprocessor.sequence_length
    learned = getattr(causal_lm.backbone, "max_sequence_length", None)
    if learned and getattr(causal_lm.backbone, "rope_scaling_type", None):
        learned = min(learned, causal_lm.backbone.pretraining_sequence_length)
    return int(min(asked, learned) if learned else asked)
