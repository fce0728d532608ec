"""Sets of characters that regular expressions of JavaScript know by name, as sorted ranges of code points.

Python has general categories (`unicodedata`), but neither scripts nor the other properties. Those are listed here, as Unicode 17
defines them. Browsers and Python differ in their versions of Unicode, so both sides may differ for characters of the last years.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache

Ranges = tuple[tuple[int, int], ...]
"""Ascending ranges of code points. Both ends belong to a range, and ranges don't touch."""

MAX_POINT = sys.maxunicode

_LISTED = {
    "Script=Han": (
        "2e80-2e99 2e9b-2ef3 2f00-2fd5 3005 3007 3021-3029 3038-303b 3400-4dbf 4e00-9fff f900-fa6d fa70-fad9 "
        "16fe2-16fe3 16ff0-16ff6 20000-2a6df 2a700-2b81d 2b820-2cead 2ceb0-2ebe0 2ebf0-2ee5d 2f800-2fa1d 30000-3134a "
        "31350-33479"
    ),
    "Script=Hiragana": "3041-3096 309d-309f 1b001-1b11f 1b132 1b150-1b152 1f200",
    "Script=Katakana": (
        "30a1-30fa 30fd-30ff 31f0-31ff 32d0-32fe 3300-3357 ff66-ff6f ff71-ff9d 1aff0-1aff3 1aff5-1affb 1affd-1affe "
        "1b000 1b120-1b122 1b155 1b164-1b167"
    ),
    "Script=Thai": "e01-e3a e40-e5b",
    "Script=Lao": "e81-e82 e84 e86-e8a e8c-ea3 ea5 ea7-ebd ec0-ec4 ec6 ec8-ece ed0-ed9 edc-edf",
    "Script=Khmer": "1780-17dd 17e0-17e9 17f0-17f9 19e0-19ff",
    "Script=Myanmar": "1000-109f a9e0-a9fe aa60-aa7f 116d0-116e3",
    "Extended_Pictographic": (
        "a9 ae 203c 2049 2122 2139 2194-2199 21a9-21aa 231a-231b 2328 23cf 23e9-23f3 23f8-23fa 24c2 25aa-25ab 25b6 "
        "25c0 25fb-25fe 2600-2604 260e 2611 2614-2615 2618 261d 2620 2622-2623 2626 262a 262e-262f 2638-263a 2640 "
        "2642 2648-2653 265f-2660 2663 2665-2666 2668 267b 267e-267f 2692-2697 2699 269b-269c 26a0-26a1 26a7 "
        "26aa-26ab 26b0-26b1 26bd-26be 26c4-26c5 26c8 26ce-26cf 26d1 26d3-26d4 26e9-26ea 26f0-26f5 26f7-26fa 26fd "
        "2702 2705 2708-270d 270f 2712 2714 2716 271d 2721 2728 2733-2734 2744 2747 274c 274e 2753-2755 2757 "
        "2763-2764 2795-2797 27a1 27b0 27bf 2934-2935 2b05-2b07 2b1b-2b1c 2b50 2b55 3030 303d 3297 3299 1f004 "
        "1f02c-1f02f 1f094-1f09f 1f0af-1f0b0 1f0c0 1f0cf-1f0d0 1f0f6-1f0ff 1f170-1f171 1f17e-1f17f 1f18e 1f191-1f19a "
        "1f1ae-1f1e5 1f201-1f20f 1f21a 1f22f 1f232-1f23a 1f23c-1f23f 1f249-1f25f 1f266-1f321 1f324-1f393 1f396-1f397 "
        "1f399-1f39b 1f39e-1f3f0 1f3f3-1f3f5 1f3f7-1f3fa 1f400-1f4fd 1f4ff-1f53d 1f549-1f54e 1f550-1f567 1f56f-1f570 "
        "1f573-1f57a 1f587 1f58a-1f58d 1f590 1f595-1f596 1f5a4-1f5a5 1f5a8 1f5b1-1f5b2 1f5bc 1f5c2-1f5c4 1f5d1-1f5d3 "
        "1f5dc-1f5de 1f5e1 1f5e3 1f5e8 1f5ef 1f5f3 1f5fa-1f64f 1f680-1f6c5 1f6cb-1f6d2 1f6d5-1f6e5 1f6e9 1f6eb-1f6f0 "
        "1f6f3-1f6ff 1f7da-1f7ff 1f80c-1f80f 1f848-1f84f 1f85a-1f85f 1f888-1f88f 1f8ae-1f8af 1f8bc-1f8bf 1f8c2-1f8cf "
        "1f8d9-1f8ff 1f90c-1f93a 1f93c-1f945 1f947-1f9ff 1fa58-1fa5f 1fa6e-1faff 1fc00-1fffd"
    ),
    "White_Space": "9-d 20 85 a0 1680 2000-200a 2028-2029 202f 205f 3000",
}

# Planes without characters so far. Nothing in them is a letter, a mark or a number.
_EMPTY_PLANES = range(0x40000, 0xE0000)


@cache
def named(name: str) -> Ranges | None:
    """Return the characters of a property: `L`, `Lu`, `Script=Han`, `White_Space`; None if it isn't known here."""
    if name in _LISTED:
        pairs = (part.partition("-") for part in _LISTED[name].split())
        return tuple((int(low, 16), int(high or low, 16)) for low, _, high in pairs)
    if not re.fullmatch("[A-Z][a-z]?", name):
        return None
    found = [span for category, spans in _categories().items() if category.startswith(name) for span in spans]
    return joined(found) if found else None


@cache
def _categories() -> dict[str, list[tuple[int, int]]]:
    """Return the characters of each general category."""
    found: dict[str, list[tuple[int, int]]] = {"Cn": [(_EMPTY_PLANES[0], _EMPTY_PLANES[-1])]}
    for points in (range(_EMPTY_PLANES[0]), range(_EMPTY_PLANES[-1] + 1, MAX_POINT + 1)):
        start, last = points[0], unicodedata.category(chr(points[0]))
        for point in points:
            category = unicodedata.category(chr(point))
            if category != last:
                found.setdefault(last, []).append((start, point - 1))
                start, last = point, category
        found.setdefault(last, []).append((start, points[-1]))
    return found


def joined(spans: list[tuple[int, int]]) -> Ranges:
    """Return ranges that may overlap, in any order, as ranges that don't."""
    result: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return tuple(result)


def complement(ranges: Ranges) -> Ranges:
    """Return all other code points."""
    result, at = [], 0
    for start, end in ranges:
        if at < start:
            result.append((at, start - 1))
        at = end + 1
    return (*result, (at, MAX_POINT)) if at <= MAX_POINT else tuple(result)
