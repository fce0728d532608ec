"""Read a run that the panel saved or copied as JSON, for use in a kernel: `from lit_lab import load_run`."""

from __future__ import annotations

import base64
import json
import math
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lit_lab.json_bounds import excess
from lit_lab.limits import MAX_TOKENS
from lit_lab.upgrade import upgrade_run

if TYPE_CHECKING:
    from lit_lab.client.run import Run
    from lit_lab.protocol import RunRecord

MAX_BYTES = 128 * 1024 * 1024
"""Most bytes of a run's JSON."""

MAX_VALUES = 8_000_000
"""Most values of its JSON, and most scores that are packed in it."""

MAX_CONTAINERS = 2_000_000
"""Most lists and objects of its JSON: a token with five alternatives has seven."""

_MAX_PATH = 4_096
_MAX_NAMES = 100


def load_run(source: str | os.PathLike[str] | dict[str, Any]) -> Run:
    """Read a run that the panel saved, copied, or inserted into a notebook.

    Runs from untrusted sources are safe to read: data that is too large for a run is refused before it takes memory, and
    nothing is evaluated.

    Args:
        source: The JSON as a string, the path of a regular file that contains it, or the result of `json.loads`. For a
            notebook's output, pass its `application/vnd.lit-lab.run+json` data. A string that doesn't begin with `{` is a
            path.

    Raises:
        FileNotFoundError: There is no file at that path.
        PermissionError: You don't have permission to read the file.
        ValueError: The source isn't a run; the message says what is wrong. This includes paths of folders and pipes, and
            names that no file can have.
    """
    from pydantic import ValidationError

    from lit_lab.client.run import Run
    from lit_lab.client.run_state import RunState
    from lit_lab.protocol import RunRecord, describe_validation

    try:
        data = source if isinstance(source, dict) else _parse(_text(source))
        if isinstance(data, dict) and "packed" in data:
            data = _unpack(data)
        record = RunRecord.model_validate(upgrade_run(data), strict=True)
        _check(record)
        run = Run(RunState(record))
        _ = run.created, run.effects  # refuses times that no calendar has, and sets that contradict each other
        return run
    except (FileNotFoundError, PermissionError):
        raise
    except ValidationError as error:
        reason, cause = describe_validation(error), error  # type: tuple[str, Exception]
    except KeyError as error:
        reason, cause = f"it lacks {error}", error
    except RecursionError as error:
        reason, cause = "its values are nested too deeply", error
    except (ValueError, TypeError, IndexError, AttributeError, OverflowError, OSError) as error:
        reason, cause = str(error), error
    raise ValueError(f"This is no run of LIT Lab's history: {reason}") from cause


def _text(source: str | os.PathLike[str]) -> str:
    """Return the JSON that is given, or that a file holds."""
    if isinstance(source, str):
        if source.lstrip("\ufeff \t\r\n").startswith("{"):
            if len(source) > MAX_BYTES:
                raise ValueError(f"it is larger than {MAX_BYTES // 2**20} MiB")
            return source.lstrip("\ufeff")
        if len(source) > _MAX_PATH or any(character in source for character in "\0\r\n"):
            raise ValueError("it is neither JSON, which begins with {, nor the path of a file")
    content = _content(Path(source))
    if len(content) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 2**20} MiB")
    return content.decode(json.detect_encoding(content))


def _content(path: Path) -> bytes:
    """Return the content of a regular file, as much of it as is needed to see whether it is too large."""
    # Opening a pipe would wait for its other end.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError(f"{path} is no regular file")
    with os.fdopen(descriptor, "rb") as file:
        return file.read(MAX_BYTES + 1)


def _parse(text: str) -> Any:
    exceeded = excess(text, MAX_VALUES, MAX_CONTAINERS)
    if exceeded:
        raise ValueError(f"it {exceeded}")
    return json.loads(text, parse_constant=_refuse, object_hook=_few_names)


def _few_names(found: dict[str, Any]) -> dict[str, Any]:
    # Each that isn't known would be an error of its own.
    if len(found) > _MAX_NAMES:
        raise ValueError(f"it holds an object with more than {_MAX_NAMES} names")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"it holds {constant}, which isn't JSON")


_KINDS = {"x": "text", "c": "control", "t": "template"}


def _unpack(data: dict[str, Any]) -> dict[str, Any]:
    """Give a packed run the form of a `RunRecord`; `src/export/packed.ts` describes how it is packed."""
    if isinstance(data["packed"], bool) or data["packed"] not in (1, 2):
        raise ValueError("it is packed in a way that this version doesn't know")
    tokens, seam = data["tokens"], data["seam"]
    pieces, texts, kinds = tokens["pieces"], tokens["texts"], tokens["kinds"]
    if not (isinstance(pieces, list) and isinstance(texts, list) and isinstance(kinds, str)):
        raise ValueError("its tokens are not lists")
    columns = (_numbers(tokens["ids"], "<i4"), pieces, texts, kinds)
    if len({len(column) for column in columns}) != 1:
        raise ValueError("its tokens are not complete")
    if len(kinds) > MAX_TOKENS:
        raise ValueError(f"it has more than {MAX_TOKENS:,} tokens")
    if type(seam) is not int or not 0 <= seam <= len(kinds):
        raise ValueError("its answer doesn't begin at one of its tokens")
    rows = [
        {"id": id_, "piece": piece, "text": text, "kind": _KINDS[kind]}
        for id_, piece, text, kind in zip(*columns, strict=True)
    ]
    logprobs = [None if math.isnan(logprob) else logprob for logprob in _numbers(data["logprobs"], "<f4")]
    if len(logprobs) != len(rows) - seam:
        raise ValueError(f"it has {len(logprobs):,} probabilities of {len(rows) - seam:,} tokens of the answer")
    answer = [{**row, "logprob": logprob} for row, logprob in zip(rows[seam:], logprobs, strict=True)]
    events = [stored["event"]["scores"] for stored in data.get("scores", [])]
    events += [event["logprobs"] for stored in data.get("effects", []) for event in stored["events"]]
    if sum(len(scores) for scores in events if isinstance(scores, str)) * 3 // 16 > MAX_VALUES:
        raise ValueError(f"it has more than {MAX_VALUES:,} scores")
    scores = [{**stored, "event": _unpack_scores(stored["event"])} for stored in data.get("scores", [])]
    width = len(rows) - seam
    effects = [
        {**stored, "events": [_unpack_sets(event, width) for event in stored["events"]]}
        for stored in data.get("effects", [])
    ]
    known = {name: data[name] for name in data.keys() - {"packed", "seam", "tokens", "logprobs", "look", "target"}}
    return {**known, "prompt_tokens": rows[:seam], "answer_tokens": answer, "scores": scores, "effects": effects}


def _unpack_scores(event: dict[str, Any]) -> dict[str, Any]:
    scores = event["scores"]
    return {**event, "scores": _numbers(scores, "<f4")} if isinstance(scores, str) else event


def _unpack_sets(event: dict[str, Any], width: int) -> dict[str, Any]:
    values = [None if math.isnan(value) else value for value in _numbers(event["logprobs"], "<f4")]
    return {**event, "logprobs": [values[at : at + width] for at in range(0, len(values), width)] if width > 0 else []}


def _numbers(packed: str, dtype: str) -> list[Any]:
    """Read numbers that are packed as base64."""
    import numpy as np

    if not isinstance(packed, str):
        raise ValueError("its numbers are not packed")
    values: list[Any] = np.frombuffer(base64.b64decode(packed, validate=True), dtype).tolist()
    return values


def _check(record: RunRecord) -> None:
    """Raise `ValueError` where a run's parts don't fit each other."""
    tokens = [*record.prompt_tokens, *record.answer_tokens]
    count = len(tokens)
    if count > MAX_TOKENS:
        raise ValueError(f"it has more than {MAX_TOKENS:,} tokens")
    terms = [record.terms.name, record.terms.url] if record.terms else []
    for text in (
        record.id,
        record.model,
        record.title,
        record.prompt,
        record.answer,
        *terms,
        *(turn.text for turn in record.turns),
    ):
        _check_text(text)
    if record.turn_spans and len(record.turn_spans) != len(record.turns):
        raise ValueError(f"it has the tokens of {len(record.turn_spans):,} turns of {len(record.turns):,}")
    if any(span.end > len(record.prompt_tokens) for span in record.turn_spans):
        raise ValueError("a turn lies outside of its prompt")
    for token in tokens:
        if not 0 <= token.id < 2**63:
            raise ValueError(f"a token's id is {token.id}")
        _check_text(token.piece)
        _check_text(token.text)
    for number, stored in enumerate(record.scores):
        event = stored.event
        if event.target.start < 1 or event.target.end > count:
            raise ValueError(f"the target of its scores {number} lies outside of its {count:,} tokens")
        expected = count
        if event.event == "segment_scores":
            expected = len(event.segments)
            if event.errors is not None and len(event.errors) != expected:
                raise ValueError(f"its scores {number} have {len(event.errors):,} errors of {expected:,} segments")
            if any(span.end > event.target.start for span in event.segments):
                raise ValueError(f"a segment of its scores {number} lies behind their target")
        if len(event.scores) != expected:
            raise ValueError(f"its scores {number} are {len(event.scores):,}, not {expected:,}")
    for kept in record.effects:
        segments = len(kept.segments) + len(kept.answer_segments)
        for one in kept.events:
            if any(index >= segments or index < 0 for removed in one.removed for index in removed):
                raise ValueError(f"its effects delete a segment that isn't among the {segments:,}")
            if any(len(row) != len(record.answer_tokens) for row in one.logprobs):
                raise ValueError(f"its effects don't score {len(record.answer_tokens):,} tokens of the answer")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("its text holds half of a character (a lone surrogate)") from error
