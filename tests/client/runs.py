"""Runs without a model: tokens are words, with the blanks before them."""

from __future__ import annotations

import re
from typing import Any
from zlib import crc32

from lit_lab import protocol
from lit_lab.client.run import Run
from lit_lab.client.run_state import RunState


def tokens(text: str) -> list[dict[str, Any]]:
    pieces = re.findall(r"\s*\w+|\s*[^\w\s]|\s+", text)
    return [{"id": crc32(piece.encode()) % 50_000, "piece": piece, "text": piece, "kind": "text"} for piece in pieces]


def record(prompt: str, answer: str, **fields: Any) -> protocol.RunRecord:
    """Return a run whose prompt begins with a start token."""
    start = {"id": 2, "piece": "<bos>", "text": "", "kind": "template"}
    return protocol.RunRecord.model_validate(
        {
            "id": "a",
            "created": 1_700_000_000.0,
            "model": "demo",
            "prompt": prompt,
            "answer": answer,
            "sampling": {"temperature": 0.0, "top_k": None, "top_p": None, "seed": 0},
            "prompt_tokens": [start, *tokens(prompt)],
            "answer_tokens": [{**token, "logprob": -0.5} for token in tokens(answer)],
            "reason": "end",
            "seconds": 0.1,
            **fields,
        }
    )


def run_of(record: protocol.RunRecord) -> Run:
    """Return a run without a connection."""
    return Run(RunState(record))


def scored(record: protocol.RunRecord, target: slice, method: str, scores: list[float]) -> protocol.RunRecord:
    """Return a run with the scores of its tokens."""
    event = {
        "event": "scores",
        "target": {"start": target.start, "end": target.stop},
        "method": method,
        "scores": scores,
    }
    kept = protocol.KeptScores.model_validate({"event": event})
    return record.model_copy(update={"scores": [*record.scores, kept]})
