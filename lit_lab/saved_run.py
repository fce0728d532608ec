"""A run that was saved or copied from the panel as JSON, for use in a kernel: `from lit_lab import load_run`."""

from __future__ import annotations

import base64
import json
import math
import os
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lit_lab.protocol import KeptScores, RunRecord


@dataclass(frozen=True)
class SalienceMap:
    """What led to a part of the answer, by one method.

    Attributes:
        method: Such as `grad_l2` or `shap`.
        target: The tokens that are explained.
        scores: `<float64>[num_tokens]` for gradient methods, signed as LIT's (that of the loss); `<float64>[num_segments]`
            for methods that take segments away, positive where the segment makes the target more likely. In nats.
        segments: What was taken away, as slices of tokens; None for gradient methods.
        errors: `<float64>[num_segments]`: standard errors, where the method samples; else None.
        mode: `remove` or `mask`, of methods that take segments away; else None.
    """

    method: str
    target: slice
    scores: NDArray[np.float64] = field(repr=False)
    segments: tuple[slice, ...] | None = field(default=None, repr=False)
    errors: NDArray[np.float64] | None = field(default=None, repr=False)
    mode: str | None = None


@dataclass(frozen=True)
class Run:
    """A prompt, its answer, and the maps that were computed.

    Tokens count the whole sequence: template, prompt, answer. `seam` is the index of the answer's first.

    Attributes:
        ids: `<int64>[num_tokens]`.
        pieces: The vocabulary's spelling of each token.
        texts: The text that each token stands for; those of the prompt join to `prompt`, the others to `answer`.
        logprobs: `<float64>[num_answer_tokens]`: natural logarithm of each answer token's probability; NaN where unknown.
        chat: `wrapped`: the prompt was a turn in the model's chat format; `written`: it had turns of its own; else `plain`.
        terms: What the model is provided under, with an address; empty where nothing is known of any.
        maps: In the order in which they were computed.
    """

    id: str
    model: str
    created: datetime
    title: str
    prompt: str
    answer: str
    seam: int
    ids: NDArray[np.int64] = field(repr=False)
    pieces: tuple[str, ...] = field(repr=False)
    texts: tuple[str, ...] = field(repr=False)
    logprobs: NDArray[np.float64] = field(repr=False)
    maps: tuple[SalienceMap, ...] = ()
    chat: str = "plain"
    terms: str = ""

    def text(self, tokens: slice) -> str:
        """Return the text of some tokens, such as a map's target."""
        return "".join(self.texts[tokens])


def load_run(source: str | os.PathLike[str] | dict[str, Any]) -> Run:
    """Read a run that the panel saved or copied, or put into a notebook.

    Args:
        source: The JSON itself, a file with it, or what `json.loads` made of it. Of an output of a notebook, what stands
            there as `application/vnd.lit-lab.run+json`.

    Raises:
        OSError: The file can't be read.
        ValueError: It isn't such a run; the message says what is wrong.
    """
    from pydantic import ValidationError

    from lit_lab.protocol import RunRecord, describe_validation

    try:
        if isinstance(source, dict):
            data = source
        elif isinstance(source, str) and source.lstrip().startswith("{"):
            data = json.loads(source)
        else:
            data = json.loads(Path(source).read_bytes())
        if isinstance(data, dict) and "packed" in data:
            data = _unpack(data)
        record = RunRecord.model_validate(data)
    except ValidationError as error:
        raise ValueError(f"This is no run of LIT Lab's history: {describe_validation(error)}") from error
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f"This is no run of LIT Lab's history: {error}") from error
    return _run(record)


_KINDS = {"x": "text", "c": "control", "t": "template"}


def _unpack(data: dict[str, Any]) -> dict[str, Any]:
    """Give a packed run the form of a `RunRecord`; how it is packed is told in `src/export/packed.ts`."""
    if data["packed"] != 1:
        raise ValueError("it is packed in a way that this version doesn't know")
    tokens, seam = data["tokens"], data["seam"]
    columns = (_numbers(tokens["ids"], "<i4"), tokens["pieces"], tokens["texts"], tokens["kinds"])
    if len({len(column) for column in columns}) != 1:
        raise ValueError("its tokens are not complete")
    rows = [
        {"id": id_, "piece": piece, "text": text, "kind": _KINDS[kind]}
        for id_, piece, text, kind in zip(*columns, strict=True)
    ]
    said = [None if math.isnan(logprob) else logprob for logprob in _numbers(data["logprobs"], "<f4")]
    answer = [{**row, "logprob": logprob} for row, logprob in zip(rows[seam:], said, strict=True)]
    scores = [{**kept, "event": _unpack_scores(kept["event"])} for kept in data.get("scores", [])]
    known = {name: data[name] for name in data.keys() - {"packed", "seam", "tokens", "logprobs", "look", "target"}}
    return {**known, "prompt_tokens": rows[:seam], "answer_tokens": answer, "scores": scores}


def _unpack_scores(event: dict[str, Any]) -> dict[str, Any]:
    scores = event["scores"]
    return {**event, "scores": _numbers(scores, "<f4")} if isinstance(scores, str) else event


def _numbers(packed: str, dtype: str) -> list[Any]:
    """Read numbers that are packed as base64."""
    import numpy as np

    values: list[Any] = np.frombuffer(base64.b64decode(packed, validate=True), dtype).tolist()
    return values


def _run(record: RunRecord) -> Run:
    import numpy as np

    tokens = [*record.prompt_tokens, *record.answer_tokens]
    said = [token.logprob for token in record.answer_tokens]
    return Run(
        id=record.id,
        model=record.model,
        created=datetime.fromtimestamp(record.created, timezone.utc),
        title=record.title,
        prompt=record.prompt,
        answer=record.answer,
        seam=len(record.prompt_tokens),
        ids=np.array([token.id for token in tokens], np.int64),
        pieces=tuple(token.piece for token in tokens),
        texts=tuple(token.text for token in tokens),
        logprobs=np.array([np.nan if logprob is None else logprob for logprob in said], np.float64),
        maps=tuple(_map(kept) for kept in record.scores),
        chat=record.chat,
        terms=f"{record.terms.name}: {record.terms.url}" if record.terms else "",
    )


def _map(kept: KeptScores) -> SalienceMap:
    import numpy as np

    event = kept.event
    target, scores = slice(event.target.start, event.target.end), np.array(event.scores, np.float64)
    if event.event == "scores":
        return SalienceMap(event.method, target, scores)
    segments = tuple(slice(span.start, span.end) for span in event.segments)
    errors = None if event.errors is None else np.array(event.errors, np.float64)
    return SalienceMap(event.method, target, scores, segments, errors, kept.mode)
