"""Text and HTML of runs and maps. All text of users and models is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lit_lab.client.salience_map import Segment

MAX_LINE = 80
"""Characters of a text in a line."""

MAX_HTML_TEXT = 200_000
"""Characters of a run's text in HTML: longer ones are cut, and say so."""

# Red, green and blue for the target, and against it; as in src/export/static.ts.
_FOR, _AGAINST = "25,118,210", "245,124,0"
_MARK = "border:2px solid #d32f2f;border-radius:3px"
_PRE = "white-space:pre-wrap;padding:8px;border:1px solid #bdbdbd;border-radius:4px"


def one_line(text: str, most: int = MAX_LINE) -> str:
    """Return a text in one line, in at most so many characters, without what a terminal would take for a command."""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def nats(score: float) -> str:
    """Return a number of nats, with its sign."""
    return f"{score:+.2f} nats" if abs(score) >= 0.1 or score == 0 else f"{score:+.3f} nats"


def figure(segment: Segment, unit: str) -> str:
    """Return what a list shows of a segment: nats, or a share."""
    if unit == "nats":
        return nats(segment.score) + (f" ± {segment.error:.2f}" if segment.error is not None else "")
    sign = "-" if segment.score < 0 else ""
    return f"{sign}{(segment.share or 0.0) * 100:.1f}%"


def ranked_line(segment: Segment, unit: str) -> str:
    """Return a segment's line in a list."""
    return f"{segment.rank:>2}. {figure(segment, unit):>12}  {one_line(segment.text)}"


def map_html(title: str, segments: Sequence[Segment], unit: str, rows: int = 10) -> str:
    """Return a map's list as HTML."""
    ranked = sorted((each for each in segments if each.rank is not None), key=lambda each: each.rank or 0)
    return f"<div><p><strong>{escape(title)}</strong></p>{ranking_html(ranked[:rows], unit)}</div>"


def ranking_html(ranked: Sequence[Segment], unit: str) -> str:
    """Return segments as a list, in their order."""
    items = (
        f"<li><strong>{escape(figure(each, unit))}</strong> {escape(one_line(each.text, 300))}</li>" for each in ranked
    )
    return f"<ol>{''.join(items)}</ol>"


def text_html(
    title: str, facts: str, pieces: Sequence[tuple[str, Segment | None, bool]], listed: str, notes: Sequence[str]
) -> str:
    """Return a run's text as HTML, shaded by a map, that reads well without styles and scripts.

    Args:
        title: What the map says.
        facts: The model and the like.
        pieces: The text in order: characters, the segment that they are, and whether they are in the target.
        listed: HTML of the ranking.
        notes: Remarks.
    """
    most = max((segment.share or 0.0 for _, segment, _ in pieces if segment is not None), default=0.0)
    parts, length = [], 0
    for text, segment, is_target in pieces:
        if length + len(text) > MAX_HTML_TEXT:
            parts.append("…")
            notes = [*notes, f"The text is longer than {MAX_HTML_TEXT:,} characters; the rest isn't shown."]
            break
        length += len(text)
        parts.append(_shaded(text, segment, is_target, most))
    remarks = "".join(f"<p><em>{escape(note)}</em></p>" for note in notes)
    return (
        f'<div style="max-width:860px"><p><strong>{escape(title)}</strong><br>{escape(facts)}</p>{listed}'
        f'<pre style="{_PRE}">\n{"".join(parts)}</pre>{remarks}</div>'
    )


def page(title: str, body: str) -> str:
    """Return a whole HTML document, which loads nothing and runs nothing."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="color-scheme" content="light dark"><title>{escape(title)}</title></head>'
        f'<body style="font-family:sans-serif;margin:16px">{body}</body></html>\n'
    )


def _shaded(text: str, segment: Segment | None, is_target: bool, most: float) -> str:
    inner = escape(text.strip())
    lead, tail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    if not inner:
        return escape(text)
    if is_target:
        return f'{escape(lead)}<span style="{_MARK}"><u>{inner}</u></span>{escape(tail)}'
    if segment is None or not segment.share or most <= 0:
        return escape(text)
    strength = 0.55 * segment.share / most
    rank = f"<sup><strong>{segment.rank}</strong></sup>" if (segment.rank or 99) <= 3 else ""
    if strength < 0.005:
        return escape(text)
    colour = _AGAINST if segment.score < 0 else _FOR
    return (
        f'{escape(lead)}<span style="background-color:rgba({colour},{strength:.2f})">{inner}</span>{rank}{escape(tail)}'
    )
