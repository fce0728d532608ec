"""Segments and shares in Python, the same as the panel's (`src/salience/`). docs/text-contract.md defines both.

Offsets within a text count characters here, and UTF-16 units in TypeScript; spans count tokens on both sides. Files and functions
have the same names as there. Change both sides together: tests/fixtures/text/ holds the cases that each must pass.
"""

from __future__ import annotations

from .boundaries import UnknownWordsError
from .ecmascript import PatternError
from .segment import Granularity, segments
from .shares import Aggregation, SalienceMap, SegmentSalience, shares, shares_of_segments
from .thought import thought_end
from .token import SpelledToken, TextToken, Token, TokenSpan
from .turns import Turn, written_turns
from .wrapped import LineJoining

__all__ = [
    "Aggregation",
    "Granularity",
    "LineJoining",
    "PatternError",
    "SalienceMap",
    "SegmentSalience",
    "SpelledToken",
    "TextToken",
    "Token",
    "TokenSpan",
    "Turn",
    "UnknownWordsError",
    "segments",
    "shares",
    "shares_of_segments",
    "thought_end",
    "written_turns",
]
