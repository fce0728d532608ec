"""A batch as HTML: what its parts do over rows, as a ranking, a heatmap and tables. All text of users and models is escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

from lit_lab.batches.aggregates import CheckSummary, PartSummary
from lit_lab.batches.record import Record
from lit_lab.client.rendering import one_line

MAX_ROWS = 400
"""Maximum number of rows of the heatmap. Of more rows, it shows some, evenly spread."""

MAX_CELLS = 8_000
"""Maximum number of its cells: each takes about 400 bytes."""

MAX_COLUMNS = 60
"""Maximum number of its parts: the strongest."""

MAX_ERRORS = 100
"""Maximum number of failed rows that are listed."""

_CELL_WIDTH = 26
_LABELS = 150  # height of the parts' names, in px
_NUMBERS = 48  # width of the rows' numbers, in px
_BAR = 160  # width of the largest bar, in px
_FOR, _AGAINST = "25,118,210", "245,124,0"  # as in client/rendering.py
_TABLE = "border-collapse:collapse;font-size:13px"
_FIGURE = "text-align:right;font-variant-numeric:tabular-nums;padding:2px 8px;white-space:nowrap"
_TEXT = "text-align:left;padding:2px 8px"


@dataclass
class Overview:
    """What a report shows of a batch's records.

    Attributes:
        num_rows: How many records there are.
        num_failed: How many of them failed.
        effects: The effects for each token of the answer, by row and part: those of evenly spread rows.
        errors: Row, line and reason of the first failed rows.
        order: The parts' ids in the order in which they are in the prompt.
    """

    num_rows: int = 0
    num_failed: int = 0
    effects: dict[int, dict[str, float]] = field(default_factory=dict)
    errors: list[tuple[int, int, str]] = field(default_factory=list)
    order: dict[str, None] = field(default_factory=dict)


def overview(records: Iterable[Record], num_rows: int, num_parts: int) -> Overview:
    """Return what a report shows.

    Args:
        records: A batch's records.
        num_rows: How many there are.
        num_parts: How many parts they have.
    """
    found = Overview()
    most = min(MAX_ROWS, MAX_CELLS // max(1, min(num_parts, MAX_COLUMNS)))
    step = max(1, math.ceil(num_rows / most))
    for record in records:
        found.num_rows += 1
        if record.error:
            found.num_failed += 1
            if len(found.errors) < MAX_ERRORS:
                found.errors.append((record.row, record.line, record.error))
        if not record.num_tokens or record.row % step:
            continue
        known = {part.id: part.effect / record.num_tokens for part in record.parts if part.effect is not None}
        if known:
            found.effects[record.row] = known
            for part in record.parts:
                found.order.setdefault(part.id)
    return found


def html(
    title: str,
    about: Overview,
    parts: Sequence[PartSummary],
    nothing: Sequence[str] = (),
    checks: Sequence[CheckSummary] = (),
) -> str:
    """Return a batch as HTML that needs neither style sheets nor scripts.

    Args:
        title: The batch's name and model.
        about: What is shown of its records.
        parts: Its parts, the strongest first.
        nothing: The ids of those that do nothing.
        checks: Its checks.
    """
    failed = f", {about.num_failed:,} failed" if about.num_failed else ""
    blocks = [f"<p><strong>{escape(title)}</strong><br/>{about.num_rows:,} rows{failed}</p>"]
    if checks:
        blocks.append(_checks(checks))
    if parts:
        blocks.append(_ranking(parts, nothing))
    if about.effects:
        blocks.append(_heatmap(about, parts))
    if about.errors:
        blocks.append(_errors(about))
    return f"<div>{''.join(blocks)}</div>"


def _checks(checks: Sequence[CheckSummary]) -> str:
    lines = []
    for check in checks:
        more = ", …" if check.num_rows - check.num_passed > len(check.failed) else ""
        cells = (
            f'<th scope="row" style="{_TEXT};font-weight:normal">{escape(one_line(check.name, 90))}</th>',
            f'<td style="{_FIGURE}">{check.num_passed:,} of {check.num_rows:,}</td>',
            f'<td style="{_FIGURE}">{check.num_passed / check.num_rows:.0%}</td>',
            f'<td style="{_TEXT}">{", ".join(map(str, check.failed))}{more}</td>',
        )
        lines.append(f"<tr>{''.join(cells)}</tr>")
    heads = "".join(
        f'<th scope="col" style="{_TEXT}">{name}</th>' for name in ("Check", "Passed", "Rate", "Rows that failed")
    )
    return f'<table style="{_TABLE};margin-bottom:16px"><thead><tr>{heads}</tr></thead><tbody>{"".join(lines)}</tbody></table>'


def _ranking(parts: Sequence[PartSummary], nothing: Sequence[str]) -> str:
    ends = [end for part in parts for end in (*(part.interval or ()), part.effect or 0.0)]
    lowest, highest = min(0.0, *ends), max(0.0, *ends)
    heads = ("Part", "Effect", "", "95% interval", "Share", "Rows", "Rows that differ most")
    head = "".join(
        f'<th scope="col" style="{_TEXT if name in ("Part", "") else _FIGURE}">{name}</th>' for name in heads
    )
    lines = []
    for part in parts:
        remark = " <em>does nothing</em>" if part.id in nothing else ""
        interval = "" if part.interval is None else f"{_signed(part.interval[0])} to {_signed(part.interval[1])}"
        cells = [
            f'<th scope="row" style="{_TEXT};font-weight:normal">{escape(one_line(part.text, 90))}{remark}</th>',
            f'<td style="{_FIGURE}">{"" if part.effect is None else _signed(part.effect)}</td>',
            f'<td style="padding:2px 8px">{_bar(part, lowest, highest)}</td>',
            f'<td style="{_FIGURE}">{interval}</td>',
            f'<td style="{_FIGURE}">{"" if part.share is None else f"{part.share:.0%}"}</td>',
            f'<td style="{_FIGURE}">{part.num_rows:,}</td>',
            f'<td style="{_FIGURE}">{", ".join(map(str, part.outliers[:3]))}</td>',
        ]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<table style="{_TABLE}"><caption style="text-align:left">What the parts of the template do. Effect: by how many nats for '
        "each token the answer's log-probability falls without the part, as a mean over rows.</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )


def _bar(part: PartSummary, lowest: float, highest: float) -> str:
    """Return a bar from zero to the effect, with its interval as a line. The figures beside it say the same."""
    if part.effect is None or highest <= lowest:
        return ""
    scale = _BAR / (highest - lowest)
    zero, end = -lowest * scale, (part.effect - lowest) * scale
    colour = _AGAINST if part.effect < 0 else _FOR
    line = ""
    if part.interval is not None:
        low, high = ((edge - lowest) * scale for edge in part.interval)
        line = f'<line x1="{low:.1f}" x2="{high:.1f}" y1="7" y2="7" stroke="currentColor" stroke-width="1.5"/>'
    return (
        f'<svg width="{_BAR}" height="14" aria-hidden="true"><line x1="{zero:.1f}" x2="{zero:.1f}" y1="0" y2="14" '
        f'stroke="currentColor" stroke-opacity="0.4"/><rect x="{min(zero, end):.1f}" y="2" width="{max(abs(end - zero), 0.5):.1f}" '
        f'height="10" fill="rgba({colour},0.55)"/>{line}</svg>'
    )


def _heatmap(about: Overview, parts: Sequence[PartSummary]) -> str:
    names = {part.id: part.text for part in parts[:MAX_COLUMNS]}
    columns = [name for name in about.order if name in names]
    rows = sorted(about.effects)
    if not columns:
        return ""
    sizes = sorted(abs(effect) for row in rows for effect in about.effects[row].values())
    full = sizes[min(len(sizes) - 1, int(0.95 * len(sizes)))] or 1e-9
    height = 14 if len(rows) <= 60 else 7 if len(rows) <= 150 else 4
    drawn = []
    for x, name in enumerate(columns):
        at = _NUMBERS + x * _CELL_WIDTH + _CELL_WIDTH / 2
        drawn.append(
            f'<text transform="translate({at + 4:.0f},{_LABELS - 6}) rotate(-60)" font-size="11" fill="currentColor">'
            f"{escape(one_line(names[name], 26))}</text>"
        )
    for y, row in enumerate(rows):
        top = _LABELS + y * height
        if height == 14 or y % (10 if height == 7 else 20) == 0:
            drawn.append(
                f'<text x="{_NUMBERS - 6}" y="{top + min(height, 11)}" font-size="10" text-anchor="end" fill="currentColor">{row:,}</text>'
            )
        for x, name in enumerate(columns):
            effect = about.effects[row].get(name)
            if effect is None:
                continue
            strength = min(1.0, abs(effect) / full)
            colour = _AGAINST if effect < 0 else _FOR
            # Not by colour alone.
            broad = _CELL_WIDTH - 1 if effect >= 0 else _CELL_WIDTH // 2 - 1
            drawn.append(
                f'<rect x="{_NUMBERS + x * _CELL_WIDTH}" y="{top}" width="{broad}" height="{height - (1 if height > 4 else 0)}" '
                f'fill="rgba({colour},{strength:.2f})"><title>Row {row:,}: {escape(one_line(names[name], 60))} {_signed(effect)}</title></rect>'
            )
    width, total = _NUMBERS + len(columns) * _CELL_WIDTH + 110, _LABELS + len(rows) * height + 4
    some = f"{len(rows):,} of {about.num_rows:,} rows. " if len(rows) < about.num_rows - about.num_failed else ""
    left = f" The strongest {MAX_COLUMNS} parts." if len(parts) > MAX_COLUMNS else ""
    legend = (
        f"{some}Each line is a row, each column a part. Blue: the answer is less likely without it; orange, and half as wide: more likely. Full colour: "
        f"{full:.2f} nats for each token, or more.{left}"
    )
    return (
        f'<p style="margin:16px 0 0">{legend}</p><div style="overflow-x:auto"><svg width="{width}" height="{total}" role="img" '
        f'aria-label="Heatmap of effects; the table below has the same figures">{"".join(drawn)}</svg></div>{_figures(about, columns, names, rows)}'
    )


def _figures(about: Overview, columns: Sequence[str], names: dict[str, str], rows: Sequence[int]) -> str:
    """Return the heatmap as a table."""
    head = "".join(f'<th scope="col" style="{_TEXT}">{escape(one_line(names[name], 40))}</th>' for name in columns)
    lines = []
    for row in rows:
        known = about.effects[row]
        cells = (f'<td style="{_FIGURE}">{_signed(known[name]) if name in known else ""}</td>' for name in columns)
        lines.append(f'<tr><th scope="row" style="{_FIGURE}">{row:,}</th>{"".join(cells)}</tr>')
    return (
        f'<details><summary>The same as a table</summary><div style="overflow-x:auto"><table style="{_TABLE}"><thead><tr>'
        f'<th scope="col" style="{_TEXT}">Row</th>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div></details>'
    )


def _signed(value: float) -> str:
    """Return a figure with its sign, and a minus that is as wide as a plus."""
    return f"{0.0 if abs(value) < 0.0005 else value:+.3f}".replace("-", "\u2212")


def _errors(about: Overview) -> str:
    items = "".join(
        f"<li>Row {row:,} (line {line:,}): {escape(one_line(reason, 300))}</li>" for row, line, reason in about.errors
    )
    more = about.num_failed - len(about.errors)
    return f"<p>Failed rows; the next run tries them again.</p><ul>{items}{f'<li>… and {more:,} more</li>' if more else ''}</ul>"
