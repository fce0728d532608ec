"""Converts runs and scores to rows of the tables, and back."""

from __future__ import annotations

import array
import hashlib
import json
import zlib
from collections.abc import Sequence

from lit_lab import protocol
from lit_lab.upgrade import upgrade_run

_CONTENT = {
    "sampling",
    "stop",
    "chat",
    "thinking",
    "terms",
    "turns",
    "turn_spans",
    "system",
    "prompt_tokens",
    "answer_tokens",
    "reason",
    "stopped_at",
    "partial",
    "seconds",
    "first_seconds",
}

_PREVIEW_CHARS = 300
"""How many characters the list shows from the beginning and from the end of a prompt and of an answer. A text of up to twice as
many is shown whole."""

_PREVIEW_BYTES = 4 * _PREVIEW_CHARS
"""How many bytes of each `INFO` reads: a character takes at most four."""


# SQLite's text functions, such as `substr`, `lower` and `LIKE`, end a text at a NUL character. Functions of blobs don't.
def _ends_of(column: str) -> str:
    """Return the SQL of a text's first bytes, and of its last ones that aren't among them."""
    text = f"CAST({column} AS BLOB)"
    parts = (
        f"substr({text}, 1, {_PREVIEW_BYTES})",
        f"substr({text}, 1 + max({_PREVIEW_BYTES}, length({text}) - {_PREVIEW_BYTES}))",
    )
    return ", ".join(f"ifnull({part}, x'')" for part in parts)  # SQLite's part of an empty text is NULL


INFO = (
    "id, created, model, document, place, title, starred, "  # noqa: S608 - constants
    f"{_ends_of('prompt')}, {_ends_of('answer')}, "
    "(SELECT count(*) FROM scores WHERE run = runs.id AND key NOT GLOB 'effects *'), EXISTS (SELECT 1 FROM forced_answer WHERE run = runs.id), "
    "(SELECT why FROM partial WHERE run = runs.id), (SELECT turns FROM conversations WHERE run = runs.id)"
)
"""The columns that `info` expects."""

RECORD = "id, created, model, document, place, title, starred, prompt, answer, content"
"""The columns that `record` expects."""

SEARCHED = "prompt, answer, title, document, model"
"""The columns that a search looks in."""

_Info = tuple[
    str, float, str, str, str, str, int, bytes, bytes, bytes, bytes, int, int, protocol.Partial | None, int | None
]
_Record = tuple[str, float, str, str, str, str, int, str, str, bytes]


DAMAGE = (ValueError, TypeError, AttributeError, RecursionError, zlib.error)
"""The exceptions that `record` raises for a damaged row, which another program has written."""

_MAX_TIME = 8.64e12
"""The last time, in seconds since 1970, that a browser's `Date` can represent."""


def holds(words: str, *texts: str) -> bool:
    """Return whether texts contain each of some words (a JSON array), ignoring case.

    This is an SQL function that replaces `LIKE`, which ignores everything after a NUL character.
    """
    text = "\n".join(texts).casefold()
    return all(word in text for word in json.loads(words))


def searched(search: str) -> str:
    """Return the words of a search in the form that `holds` expects."""
    return json.dumps([word.casefold() for word in search.split()])


def row_of(owner: str, run: protocol.RunRecord) -> tuple[object, ...]:
    """Return a run as a row of the table `runs`."""
    content = _packed(run.model_dump_json(include=_CONTENT))
    ids = [token.id for token in [*run.prompt_tokens, *run.answer_tokens]]
    origin = run.origin or protocol.RunOrigin(document="", place=[])
    return (
        run.id,
        owner,
        run.created,
        len(content) + len(run.prompt.encode()) + len(run.answer.encode()),
        run.model,
        origin.document,
        json.dumps(origin.place),
        run.title,
        run.starred,
        run.prompt,
        run.answer,
        sequence_of(run.model, ids),
        content,
    )


def scores_row(stored: protocol.KeptScores | protocol.KeptEffects) -> tuple[str, int, bytes]:
    """Return scores or effects as a row of the table `scores`: key, size in bytes, content."""
    content = _packed(stored.model_dump_json())
    return _key(stored), len(content), content


def info(row: _Info) -> protocol.RunInfo:
    """Return a run as the list shows it. A damaged run gets a placeholder, so that the others can be listed."""
    run_id, created, model, document, place, title, starred, *texts, scores, forced_answer, partial, turns = row
    try:
        if not _is_time(created):
            raise ValueError("invalid time")
        prompt, prompt_end = _ends(*texts[:2])
        answer, answer_end = _ends(*texts[2:])
        return protocol.RunInfo(
            id=run_id,
            created=created,
            model=model,
            origin=_origin(document, place),
            title=title,
            starred=bool(starred),
            prompt=prompt,
            prompt_end=prompt_end,
            answer=answer,
            answer_end=answer_end,
            scores=scores,
            forced_answer=bool(forced_answer),
            partial=partial,
            num_turns=turns or 0,
        )
    except DAMAGE:
        return protocol.RunInfo(
            id=str(run_id),
            created=created if _is_time(created) else 0.0,
            model="?",
            origin=None,
            title="A damaged run",
            starred=bool(starred),
            prompt="",
            answer="",
            scores=0,
        )


def _is_time(seconds: object) -> bool:
    return isinstance(seconds, int | float) and 0 <= seconds <= _MAX_TIME


def record(row: _Record, scores: Sequence[bytes]) -> protocol.RunRecord:
    """Return a complete run from its row and the contents of its scores.

    LIT Lab doesn't rewrite what earlier versions stored. `upgrade_run` replaces old names here.

    Raises:
        Exception: One of `DAMAGE`: the row is damaged.
    """
    run_id, created, model, document, place, title, starred, prompt, answer, content = row
    computed = [json.loads(zlib.decompress(one)) for one in scores]
    stored = {
        **json.loads(zlib.decompress(content)),
        "id": run_id,
        "created": created,
        "model": model,
        "origin": _origin(document, place),
        "title": title,
        "starred": bool(starred),
        "prompt": prompt,
        "answer": answer,
        "scores": [one for one in computed if "events" not in one],
        "effects": [one for one in computed if "events" in one],
    }
    return protocol.RunRecord.model_validate(upgrade_run(stored))


def sequence_of(model: str, ids: Sequence[int]) -> str:
    """Return a hash that identifies a model and a sequence of token ids."""
    return hashlib.sha256(model.encode() + b"\0" + array.array("q", ids).tobytes()).hexdigest()


def _origin(document: str, place: str) -> protocol.RunOrigin | None:
    return protocol.RunOrigin(document=document, place=json.loads(place)) if document else None


def _ends(beginning: bytes, end: bytes) -> tuple[str, str]:
    """Return a text's beginning and end as the list shows them. The end is empty if the beginning is all of the text."""
    first, last = beginning.decode(errors="ignore"), end.decode(errors="ignore")  # a character may be incomplete
    if len(end) < _PREVIEW_BYTES:
        first = last = (beginning + end).decode(errors="ignore")  # nothing lies between them
        if len(first) <= 2 * _PREVIEW_CHARS:
            return first, ""
    return first[:_PREVIEW_CHARS], last[-_PREVIEW_CHARS:]


def _key(stored: protocol.KeptScores | protocol.KeptEffects) -> str:
    """Return a key that identifies scores within a run: a hash of target, method, mode, segments and foil."""
    if isinstance(stored, protocol.KeptEffects):
        return f"effects {_effects_key(stored)}"
    event = stored.event
    segments = event.segments if isinstance(event, protocol.SegmentScoresEvent) else []
    parts: list[object] = [
        event.target.start,
        event.target.end,
        event.method,
        stored.mode,
        [(span.start, span.end) for span in segments],
    ]
    if event.foil is not None:
        parts.append(event.foil)
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _effects_key(stored: protocol.KeptEffects) -> str:
    """Return a key that identifies effects within a run: a hash of the segments, the random sets and the first set."""
    first = stored.events[0].first if stored.events else 0
    text = stored.model_dump_json(exclude={"events"}) + str(first)
    # Include chosen sets, so that other chosen sets don't replace them.
    chosen = [event.removed for event in stored.events if event.kind == "chosen"]
    if chosen:
        text += json.dumps(chosen)
    # Exact effects don't replace those in half precision, of which there may be more.
    if any(event.difference is not None for event in stored.events):
        text += "half"
    return hashlib.sha256(text.encode()).hexdigest()


def _packed(text: str) -> bytes:
    return zlib.compress(text.encode(), 6)
