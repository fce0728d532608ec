"""The plot of docs/faithfulness.md as SVG: how well each method's maps predict effects on each model, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from faithfulness_tables import Table, title

WIDTH, LEFT, RIGHT = 860, 320, 24
ROW, TOP_EDGE, BOTTOM = 26, 56, 44
LOW, HIGH = -0.5, 1.0
COLOURS = (("#1f6feb", "#79c0ff"), ("#bf4b00", "#ffa657"), ("#1a7f37", "#7ee787"))
"""A colour for each model, on a light and on a dark background."""

STYLE = """
  .back { fill: #ffffff; } .text { fill: #1f2328; font: 13px sans-serif; } .line { stroke: #d1d9e0; }
"""
DARK = """
    .back { fill: #0d1117; } .text { fill: #e6edf3; } .line { stroke: #3d444d; }
"""


def plot(tables: Sequence[Table]) -> str:
    """Return the plot of the mean LDS with its interval, with a line for each method."""
    methods = [method for method in tables[0].rows if any(table.rows.get(method, {}).get("lds") for table in tables)]
    height = TOP_EDGE + ROW * len(methods) + BOTTOM
    light = "".join(f"  .m{n} {{ fill: {one}; stroke: {one}; }}\n" for n, (one, _) in enumerate(COLOURS))
    dark = "".join(f"    .m{n} {{ fill: {one}; stroke: {one}; }}\n" for n, (_, one) in enumerate(COLOURS))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        'aria-label="How well each method predicts what deleting sentences does">',
        f"<style>{STYLE}{light}  @media (prefers-color-scheme: dark) {{{DARK}{dark}  }}\n</style>",
        f'<rect class="back" width="{WIDTH}" height="{height}" rx="6"/>',
    ]
    for number, table in enumerate(tables):
        x = LEFT + number * 200
        parts.append(f'<circle class="m{number}" cx="{x}" cy="22" r="5"/>')
        parts.append(f'<text class="text" x="{x + 12}" y="27">{escape(table.title)}</text>')
    base = TOP_EDGE + ROW * len(methods)
    for tenth in range(round(LOW * 4), round(HIGH * 4) + 1):
        value = tenth / 4
        parts.append(f'<line class="line" x1="{_x(value):.1f}" x2="{_x(value):.1f}" y1="{TOP_EDGE - 8}" y2="{base}"/>')
        parts.append(f'<text class="text" x="{_x(value):.1f}" y="{base + 18}" text-anchor="middle">{value:g}</text>')
    parts.append(
        f'<text class="text" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{base + 36}" text-anchor="middle">'
        "rank correlation with what deleting does (LDS)</text>"
    )
    for row, method in enumerate(methods):
        y = TOP_EDGE + ROW * row + ROW / 2
        parts.append(f'<text class="text" x="{LEFT - 14}" y="{y + 4}" text-anchor="end">{escape(title(method))}</text>')
        for number, table in enumerate(tables):
            found = table.rows.get(method, {}).get("lds")
            if found is None:
                continue
            at = y + (number - (len(tables) - 1) / 2) * 8
            if found.is_sound:
                parts.append(
                    f'<line class="m{number}" stroke-width="2" x1="{_x(found.low):.1f}" x2="{_x(found.high):.1f}" '
                    f'y1="{at}" y2="{at}"/>'
                )
            parts.append(f'<circle class="m{number}" cx="{_x(found.mean):.1f}" cy="{at}" r="4"/>')
    return "\n".join([*parts, "</svg>\n"])


def _x(value: float) -> float:
    inside = min(max(value, LOW), HIGH)
    return LEFT + (inside - LOW) / (HIGH - LOW) * (WIDTH - LEFT - RIGHT)
