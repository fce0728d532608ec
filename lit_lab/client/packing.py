"""A run as a notebook's output contains it; `src/export/packed.ts` describes the form, and `lit_lab/saved_run.py` reads it."""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Sequence
from typing import Any

from lit_lab.protocol import KeptEffects, KeptScores, RunRecord
from lit_lab.segmentation import TokenSpan

MIME_TYPE = "application/vnd.lit-lab.run+json"
"""The type that JupyterLab shows with LIT Lab's reader."""

_KINDS = {"text": "x", "control": "c", "template": "t"}


def packed_output(run: RunRecord, method: str, granularity: str, target: TokenSpan | None) -> dict[str, Any]:
    """Return the content of a notebook's output.

    Args:
        run: The run.
        method: The method whose map the reader shows first.
        granularity: The segments that it shows first.
        target: The target that it shows first; None: the last one with scores.
    """
    look = {
        "granularity": granularity,
        "joinLines": "auto",
        "method": method,
        "aggregation": "squares",
        "intensity": 0.6,
        "emphasis": "shade",
        "shadeBy": "effect",
    }
    return {**pack_run(run), "look": look, "target": None if target is None else list(target)}


def pack_run(run: RunRecord) -> dict[str, Any]:
    """Return a run with packed numbers.

    This drops the alternatives to its tokens, and the folders of its prompt's document: they are private.
    """
    tokens = [*run.prompt_tokens, *run.answer_tokens]
    rest = run.model_dump(mode="json", exclude={"prompt_tokens", "answer_tokens", "scores", "effects", "origin"})
    origin = run.origin
    return {
        "packed": 2,
        **rest,
        "origin": origin and {**origin.model_dump(mode="json"), "document": origin.document.rsplit("/", 1)[-1]},
        "seam": len(run.prompt_tokens),
        "tokens": {
            "ids": _base64("i", [token.id for token in tokens]),
            "pieces": [token.piece for token in tokens],
            "texts": [token.text for token in tokens],
            "kinds": "".join(_KINDS[token.kind] for token in tokens),
        },
        "logprobs": _floats([token.logprob for token in run.answer_tokens]),
        "scores": [_scores(kept) for kept in run.scores],
        "effects": [_effects(kept) for kept in run.effects],
    }


def _scores(kept: KeptScores) -> dict[str, Any]:
    event = kept.event.model_dump(mode="json")
    if kept.event.event == "scores":
        event["scores"] = _floats(kept.event.scores)
    return {"mode": kept.mode, "event": event}


def _effects(kept: KeptEffects) -> dict[str, Any]:
    events = [
        {
            **event.model_dump(mode="json", exclude={"logprobs"}),
            "logprobs": _floats([x for row in event.logprobs for x in row]),
        }
        for event in kept.events
    ]
    return {**kept.model_dump(mode="json", exclude={"events"}), "events": events}


def _floats(values: Sequence[float | None]) -> str:
    return _base64("f", [math.nan if value is None else value for value in values])


def _base64(kind: str, values: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}{kind}", *values)).decode()
