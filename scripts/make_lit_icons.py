"""Write the icons of LIT's page: `python scripts/make_lit_icons.py` (needs fonttools).

LIT names its icons by words that a font turns into pictures, and loads that font from elsewhere. Ours has the pictures that
LIT's modules use, drawn here from lines, rectangles and circles in a square of 24 units, y downwards.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path

from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables._g_l_y_f import Glyph

TARGET = Path(__file__).parent.parent / "lit_lab" / "lit_page" / "icons.woff"
EM = 960  # font units; 40 for each of the square's

Point = tuple[float, float]
Contour = list[Point]
Shape = list[Contour]


def polygon(*points: Point, hole: bool = False) -> Shape:
    """A filled polygon, or a hole: fonts tell them by the direction they run in."""
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, (*points[1:], points[0]), strict=True))
    return [list(points) if (area > 0) != hole else list(reversed(points))]


def box(x: float, y: float, width: float, height: float, hole: bool = False) -> Shape:
    """A filled rectangle."""
    return polygon((x, y), (x + width, y), (x + width, y + height), (x, y + height), hole=hole)


def disc(x: float, y: float, radius: float, hole: bool = False) -> Shape:
    """A filled circle."""
    corners = [(math.cos(i * math.pi / 16), math.sin(i * math.pi / 16)) for i in range(32)]
    return polygon(*((x + radius * dx, y + radius * dy) for dx, dy in corners), hole=hole)


def ring(x: float, y: float, radius: float, width: float = 2) -> Shape:
    """A circle's line, inside of its radius."""
    return disc(x, y, radius) + disc(x, y, radius - width, hole=True)


def frame(x: float, y: float, width: float, height: float, line: float = 2) -> Shape:
    """A rectangle's line, inside of it."""
    return box(x, y, width, height) + box(x + line, y + line, width - 2 * line, height - 2 * line, hole=True)


def path(*points: Point, width: float = 2) -> Shape:
    """A line through points, its corners and ends round."""
    shape: Shape = []
    for (x1, y1), (x2, y2) in itertools.pairwise(points):
        length = math.hypot(x2 - x1, y2 - y1)
        dx, dy = width / 2 * (y2 - y1) / length, width / 2 * (x1 - x2) / length
        shape += polygon((x1 + dx, y1 + dy), (x2 + dx, y2 + dy), (x2 - dx, y2 - dy), (x1 - dx, y1 - dy))
    for x, y in points:
        shape += disc(x, y, width / 2)
    return shape


def arc(x: float, y: float, radius: float, start: float, end: float, width: float = 2) -> Shape:
    """A part of a circle's line, between two angles in degrees, clockwise from the right."""
    steps = [math.radians(start + (end - start) * i / 16) for i in range(17)]
    return path(*((x + radius * math.cos(a), y + radius * math.sin(a)) for a in steps), width=width)


def star() -> list[Point]:
    """A star's corners."""
    angles = [math.radians(36 * i - 90) for i in range(10)]
    radii = [10.0 if i % 2 == 0 else 4.2 for i in range(10)]
    return [(12 + r * math.cos(a), 12.6 + r * math.sin(a)) for r, a in zip(radii, angles, strict=True)]


CROSS = path((6, 6), (18, 18)) + path((18, 6), (6, 18))
PLUS = path((12, 7.5), (12, 16.5)) + path((7.5, 12), (16.5, 12))
CHECK = path((5, 12.5), (9.5, 17), (19, 7.5))
TRASH = box(9, 2.5, 6, 2) + box(5, 4, 14, 2) + path((7, 8), (7, 20), (17, 20), (17, 8))
CYLINDER = [shape for y in (4, 10, 16) for shape in frame(3, y, 18, 5, 1.6)] + [
    shape for y in (6.5, 12.5, 18.5) for shape in disc(6.6, y, 1)
]
LENS = ring(10, 10, 7) + path((15, 15), (20, 20), width=2.4)
PAGE = path((6, 3), (14, 3), (19, 8), (19, 21), (6, 21), (6, 3))
HALF_TURN = arc(12, 13, 7, -60, 230) + polygon((11.5, 1.5), (11.5, 10), (6.5, 5.8))
STAR = path(*star(), star()[0], width=1.6)

ICONS: dict[str, Shape] = {
    "add_box": frame(3, 3, 18, 18) + PLUS,
    "add_circle_outline": ring(12, 12, 10) + PLUS,
    "arrow_drop_down": polygon((7, 10), (17, 10), (12, 15)),
    "arrow_drop_up": polygon((7, 14), (12, 9), (17, 14)),
    "arrow_right": polygon((10, 7), (15, 12), (10, 17)),
    "bug_report": disc(12, 13, 5.4) + box(6.6, 12.2, 10.8, 1.6, hole=True) + disc(12, 6.5, 2.8)
    + path((4, 8), (8, 10.5)) + path((20, 8), (16, 10.5)) + path((3.4, 15), (7, 15)) + path((20.6, 15), (17, 15))
    + path((5, 20.5), (8.6, 17)) + path((19, 20.5), (15.4, 17)),
    "call_made": path((5, 19), (18, 6)) + path((9, 6), (18, 6), (18, 15)),
    "call_received": path((19, 5), (6, 18)) + path((15, 18), (6, 18), (6, 9)),
    "casino": frame(3, 3, 18, 18) + [c for x, y in ((8, 8), (16, 8), (12, 12), (8, 16), (16, 16)) for c in disc(x, y, 1.5)],
    "check": CHECK,
    "check_box": box(3, 3, 18, 18)
    + polygon((6.3, 12.6), (7.8, 11.1), (10.4, 13.7), (16.2, 7.9), (17.7, 9.4), (10.4, 16.7), hole=True),
    "check_box_outline_blank": frame(3, 3, 18, 18),
    "chevron_left": path((14.5, 6.5), (9, 12), (14.5, 17.5)),
    "chevron_right": path((9.5, 6.5), (15, 12), (9.5, 17.5)),
    "clear": CROSS,
    "close": CROSS,
    "compress": path((4, 9.4), (20, 9.4)) + path((4, 14.6), (20, 14.6)) + path((12, 1.6), (12, 6)) + path((12, 18), (12, 22.4))
    + polygon((8.6, 4.4), (15.4, 4.4), (12, 7.8)) + polygon((8.6, 19.6), (12, 16.2), (15.4, 19.6)),
    "dashboard": box(3, 3, 8, 10) + box(13, 3, 8, 6) + box(13, 11, 8, 10) + box(3, 15, 8, 6),
    "dataset": frame(3, 3, 18, 18) + [c for x in (7, 13) for y in (7, 13) for c in box(x, y, 4, 4)],
    "delete": box(9, 2.5, 6, 2) + box(5, 4, 14, 2) + box(6, 8, 12, 13),
    "delete_outline": TRASH,
    "done": CHECK,
    "drag_handle": box(4, 9, 16, 2) + box(4, 13, 16, 2),
    "east": path((3, 12), (20, 12)) + path((14.5, 6.5), (20, 12), (14.5, 17.5)),
    "edit": polygon((4, 16.2), (14.6, 5.6), (18.4, 9.4), (7.8, 20), (4, 20)) + polygon((15.8, 4.4), (17.6, 2.6), (21.4, 6.4), (19.6, 8.2)),
    "error": disc(12, 12, 10) + box(11, 6.5, 2, 7, hole=True) + disc(12, 16.6, 1.3, hole=True),
    "expand": path((4, 9.4), (20, 9.4)) + path((4, 14.6), (20, 14.6)) + path((12, 3.5), (12, 7)) + path((12, 17), (12, 20.5))
    + polygon((8.6, 5), (12, 1.6), (15.4, 5)) + polygon((8.6, 19), (15.4, 19), (12, 22.4)),
    "expand_less": path((6.5, 14.5), (12, 9), (17.5, 14.5)),
    "expand_more": path((6.5, 9.5), (12, 15), (17.5, 9.5)),
    "feedback": polygon((2, 3), (22, 3), (22, 17), (7, 17), (2, 22)) + box(11, 5.6, 2, 5.4, hole=True)
    + box(11, 12.6, 2, 2, hole=True),
    "file_copy": frame(8, 2.5, 13, 15) + path((4, 7), (4, 21), (16, 21)),
    "file_download": box(10, 3, 4, 7) + polygon((5.5, 9), (18.5, 9), (12, 15.5)) + box(5, 18, 14, 2),
    "filter_alt": polygon((3.5, 4), (20.5, 4), (14, 12.5), (14, 20), (10, 20), (10, 12.5)),
    "first_page": path((17.5, 6.5), (12, 12), (17.5, 17.5)) + box(6, 6, 2, 12),
    "font_download": box(3, 3, 18, 18) + box(11, 7, 2, 11, hole=True) + box(7.5, 6, 9, 2, hole=True),
    "format_color_text": path((7.5, 15.5), (12, 3.5), (16.5, 15.5)) + box(9, 10.4, 6, 2) + box(3, 19, 18, 3),
    "fullscreen": path((5, 9.5), (5, 5), (9.5, 5)) + path((14.5, 5), (19, 5), (19, 9.5)) + path((19, 14.5), (19, 19), (14.5, 19))
    + path((9.5, 19), (5, 19), (5, 14.5)),
    "fullscreen_exit": path((9, 4.5), (9, 9), (4.5, 9)) + path((15, 4.5), (15, 9), (19.5, 9)) + path((15, 19.5), (15, 15), (19.5, 15))
    + path((9, 19.5), (9, 15), (4.5, 15)),
    "google": arc(12, 12, 8, 0, 315) + box(12, 11, 9, 2),
    "grid_view": [c for x in (3, 13) for y in (3, 13) for c in frame(x, y, 8, 8)],
    "help_outline": ring(12, 12, 10) + arc(12, 9.8, 3, 180, 410) + path((13.9, 12.1), (12, 14.2)) + disc(12, 17.4, 1.3),
    "info": disc(12, 12, 10) + box(11, 10.5, 2, 6.5, hole=True) + disc(12, 7.8, 1.3, hole=True),
    "last_page": path((6.5, 6.5), (12, 12), (6.5, 17.5)) + box(16, 6, 2, 12),
    "link": arc(7.5, 12, 4.5, 90, 270) + path((7.5, 7.5), (10.5, 7.5)) + path((7.5, 16.5), (10.5, 16.5))
    + arc(16.5, 12, 4.5, -90, 90) + path((13.5, 7.5), (16.5, 7.5)) + path((13.5, 16.5), (16.5, 16.5)) + path((8.5, 12), (15.5, 12)),
    "more_horiz": disc(6, 12, 2) + disc(12, 12, 2) + disc(18, 12, 2),
    "notes": box(3, 6, 18, 2) + box(3, 11, 18, 2) + box(3, 16, 12, 2),
    "opacity": path((12, 3), (6.6, 10)) + path((12, 3), (17.4, 10)) + arc(12, 14.3, 6.8, -38, 218) + box(6, 14.5, 12, 2.4) + disc(12, 16, 4.6),
    "open_in_new": path((11, 4), (4, 4), (4, 20), (20, 20), (20, 13)) + path((10, 14), (20, 4)) + path((14, 4), (20, 4), (20, 10)),
    "palette": ring(12, 12, 9.4) + disc(8, 9, 1.6) + disc(12.6, 7, 1.6) + disc(16.8, 9.6, 1.6) + disc(7.2, 13.6, 1.6),
    "photo_size_select_large": frame(3, 10, 11, 11) + path((3, 4), (6, 4)) + path((11, 4), (14, 4)) + path((19, 4), (20, 4), (20, 6))
    + path((20, 11), (20, 14)) + path((20, 18), (20, 20), (18, 20)),
    "photo_size_select_small": frame(3, 14, 7, 7) + path((3, 4), (6, 4)) + path((11, 4), (14, 4)) + path((19, 4), (20, 4), (20, 6))
    + path((20, 11), (20, 14)) + path((20, 18), (20, 20), (18, 20)),
    "plagiarism": PAGE + ring(12, 13, 4, 1.6) + path((14.6, 15.6), (17, 18), width=1.8),
    "publish": box(5, 4, 14, 2) + box(10, 13, 4, 7) + polygon((5.5, 14), (12, 7.5), (18.5, 14)),
    "push_pin": box(8, 3, 8, 2) + box(9, 4, 6, 8) + polygon((9, 11), (15, 11), (18, 15), (6, 15)) + box(11, 14, 2, 8),
    "restart_alt": HALF_TURN,
    "search": LENS,
    "settings": ring(12, 12, 6.6, 3.4) + [c for i in range(8) for c in path(
        *((12 + r * math.cos(i * math.pi / 4), 12 + r * math.sin(i * math.pi / 4)) for r in (7, 8.6)), width=3)],
    "smart_toy": frame(4, 7, 16, 13) + disc(9, 12, 1.5) + disc(15, 12, 1.5) + box(8, 15.5, 8, 1.8) + path((12, 3.4), (12, 7)) + disc(12, 3, 1.6)
    + box(1.6, 11, 2, 5) + box(20.4, 11, 2, 5),
    "star": polygon(*star()) + STAR,
    "star_border": STAR,
    "storage": CYLINDER,
    "sync": arc(12, 12, 7, 190, 330) + arc(12, 12, 7, 10, 150) + polygon((19.9, 4.6), (19.9, 11), (14, 9)) + polygon((4.1, 19.4), (4.1, 13), (10, 15)),
    "sync_disabled": arc(12, 12, 7, 190, 330) + arc(12, 12, 7, 10, 150) + path((4, 4), (20, 20)),
    "table_rows": box(3, 4, 18, 4.4) + box(3, 9.8, 18, 4.4) + box(3, 15.6, 18, 4.4),
    "text_rotate_up": path((4, 18.5), (15, 14), (4, 9.5)) + path((20, 21), (20, 4)) + path((17, 7), (20, 4), (23, 7)),
    "text_rotation_none": path((7.5, 15), (12, 4), (16.5, 15)) + path((3, 20), (20, 20)) + path((17.4, 17.4), (20, 20), (17.4, 22.6)),
    "vertical_align_bottom": box(4, 19, 16, 2) + box(11, 3, 2, 10) + polygon((8, 12), (16, 12), (12, 16)),
    "vertical_align_center": box(4, 11, 16, 2) + box(11, 1, 2, 5) + polygon((8, 5), (16, 5), (12, 9)) + box(11, 18, 2, 5)
    + polygon((8, 19), (12, 15), (16, 19)),
    "vertical_align_top": box(4, 3, 16, 2) + box(11, 11, 2, 10) + polygon((8, 12), (12, 8), (16, 12)),
    "view_compact": [c for x in (3, 9.2, 15.4) for y in (4, 12.6) for c in box(x, y, 5.4, 7.4)],
    "view_in_ar": path((12, 3), (19.5, 7.3), (19.5, 16), (12, 20.4), (4.5, 16), (4.5, 7.3), (12, 3), width=1.8)
    + path((4.5, 7.3), (12, 11.7), (19.5, 7.3), width=1.8) + path((12, 11.7), (12, 20.4), width=1.8),
    "view_week": box(3, 4, 5, 16) + box(9.5, 4, 5, 16) + box(16, 4, 5, 16),
    "warning_amber": path((12, 3.5), (21.5, 20), (2.5, 20), (12, 3.5)) + box(11, 9.5, 2, 5) + disc(12, 17, 1.2),
    "west": path((21, 12), (4, 12)) + path((9.5, 6.5), (4, 12), (9.5, 17.5)),
    "zoom_in": LENS + path((7, 10), (13, 10), width=1.6) + path((10, 7), (10, 13), width=1.6),
    "zoom_out": LENS + path((7, 10), (13, 10), width=1.6),
}  # fmt: skip


def draw(shape: Shape) -> Glyph:
    """Return a shape as a glyph."""
    pen = TTGlyphPen(None)
    for contour in shape:
        points = [(round(x * EM / 24), round(EM - y * EM / 24)) for x, y in contour]
        pen.moveTo(points[0])
        for point in points[1:]:
            pen.lineTo(point)
        pen.closePath()
    return pen.glyph()


def letter(character: str) -> str:
    """Return the glyph's name of a character that icons' names are made of."""
    return "underscore" if character == "_" else character


def main() -> None:
    """Write the font."""
    characters = sorted(set("".join(ICONS)) | set("abcdefghijklmnopqrstuvwxyz_ "))
    names = {character: "space" if character == " " else letter(character) for character in characters}
    font = FontBuilder(EM, isTTF=True)
    font.setupGlyphOrder([".notdef", *names.values(), *(f"icon.{name}" for name in ICONS)])
    font.setupCharacterMap({ord(character): name for character, name in names.items()})
    # A word that is no icon takes no room: better nothing than a word across a button.
    font.setupGlyf(
        {name: draw([]) for name in (".notdef", *names.values())}
        | {f"icon.{name}": draw(shape) for name, shape in ICONS.items()}
    )
    empty = dict.fromkeys((".notdef", *names.values()), (0, 0))
    font.setupHorizontalMetrics(empty | {f"icon.{name}": (EM, 0) for name in ICONS})
    font.setupHorizontalHeader(ascent=EM, descent=0)
    font.setupNameTable({"familyName": "LIT Lab Icons", "styleName": "Regular"})
    font.setupOS2(sTypoAscender=EM, sTypoDescender=0, usWinAscent=EM, usWinDescent=0)
    font.setupPost()
    longest_first = sorted(ICONS, key=len, reverse=True)
    rules = "\n".join(f"sub {' '.join(map(letter, name))} by icon.{name};" for name in longest_first)
    # A browser leaves ordinary ligatures (`liga`) out where letters are spaced, as on LIT's buttons.
    addOpenTypeFeaturesFromString(font.font, f"feature rlig {{\n{rules}\n}} rlig;")
    font.font["head"].created = font.font["head"].modified = 0  # the same font each time
    font.font.flavor = "woff"
    font.font.recalcTimestamp = False
    font.save(TARGET)


if __name__ == "__main__":
    main()
