"""A model's window: the maximum number of tokens, prompt and answer together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lit_lab.problem import Problem
from lit_lab.protocol import Span


def window(causal_lm: Any, max_length: int | None) -> int:
    """Return a model's window.

    A family with learned position embeddings (GPT-2) can't exceed their number, whatever the configuration. A family that
    scales its positions by the length of its input, padding included (Phi-3.5), can't exceed the length at which that
    begins.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM`.
        max_length: The window that the model was loaded for; None: the preset's.
    """
    requested = max_length or causal_lm.preprocessor.sequence_length
    learned = getattr(causal_lm.backbone, "max_sequence_length", None)
    if learned and getattr(causal_lm.backbone, "rope_scaling_type", None):
        learned = min(learned, causal_lm.backbone.pretraining_sequence_length)
    return int(min(requested, learned) if learned else requested)


def check_sequence(ids: Sequence[int], window: int) -> None:
    """Refuse a sequence that doesn't fit into the window.

    Raises:
        Problem: `sequence_too_long`.
    """
    if len(ids) > window:
        raise Problem(
            422,
            "sequence_too_long",
            f"Prompt and answer are {len(ids)} tokens long; the model's window has {window}.",
            "Shorten the prompt, or load the model for a longer one (Models, Load with other settings…).",
        )


def check_foil(foil: Sequence[int], target: Span, window: int) -> None:
    """Refuse a foil that, in the target's place, doesn't fit into the window.

    Raises:
        Problem: `sequence_too_long`.
    """
    length = target.start + len(foil)
    if length > window:
        raise Problem(
            422,
            "sequence_too_long",
            f"With the foil in the target's place there are {length} tokens; the model's window has {window}.",
            "Write a shorter foil.",
        )
