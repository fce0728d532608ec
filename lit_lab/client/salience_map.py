"""A map as `Run.map` returns it: segments, ranks and shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from lit_lab.client import rendering

if TYPE_CHECKING:
    import pandas as pd

MAX_SHOWN = 10
"""Maximum number of segments that the text form of a map lists."""


@dataclass(frozen=True)
class Segment:
    """A part of prompt or answer, and how much it influenced the target.

    Attributes:
        rank: By absolute score, from 1. None: it isn't ranked, because it is in the target or after it, or has no score.
        share: Its absolute score as a fraction of all ranked segments' together. None: it isn't ranked.
        score: Its score, in the map's unit: positive if it makes the target more likely, for maps with a sign.
        text: Its characters, without the blanks at their ends.
        tokens: Its tokens, which count the whole sequence.
        error: The score's standard error, if the method draws sets at random.
    """

    rank: int | None
    share: float | None
    score: float
    text: str
    tokens: slice = field(repr=False)
    error: float | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        rank = "-" if self.rank is None else self.rank
        share = "-" if self.share is None else f"{self.share:.3f}"
        return f"Segment(rank={rank}, share={share}, score={self.score:.4g}, text={self.text!r})"


@dataclass(frozen=True)
class Map:
    """What led to a part of the answer.

    Iterating over it yields the ranked segments, in the order of the text.

    Attributes:
        method: The method, such as `effect` or `grad_l2`.
        granularity: The kind of its segments.
        target: The tokens that it explains.
        target_text: Their characters.
        unit: The unit of its scores. `nats`: of the target's log-probability; `share`: of 1; `squares`: squared gradients;
            `gradient`: gradients.
        is_signed: Whether the scores distinguish for from against.
        segments: All segments of prompt and answer, in order.
        template_share: The share of the chat format's own tokens, which the segments' shares don't count.
        gap: For integrated gradients: how far the scores' sum is from the change of the loss, as a fraction of it. Else None.
    """

    method: str
    granularity: str
    target: slice
    target_text: str
    unit: Literal["nats", "share", "squares", "gradient"]
    is_signed: bool
    segments: tuple[Segment, ...] = field(repr=False)
    template_share: float = field(default=0.0, repr=False)
    gap: float | None = field(default=None, repr=False)

    def __iter__(self) -> Iterator[Segment]:
        return (segment for segment in self.segments if segment.rank is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def top(self, n: int = 5) -> list[Segment]:
        """Return the segments with the largest absolute scores, the largest first.

        Args:
            n: How many.
        """
        return sorted(self, key=lambda segment: segment.rank or 0)[: max(n, 0)]

    def to_pandas(self) -> pd.DataFrame:
        """Return the ranked segments as a table: rank, share, score, error, text, start and end (tokens).

        Raises:
            ImportError: pandas isn't installed.
        """
        import pandas as pd

        rows = [
            {
                "rank": segment.rank,
                "share": segment.share,
                "score": segment.score,
                "error": segment.error,
                "text": segment.text,
                "start": segment.tokens.start,
                "end": segment.tokens.stop,
            }
            for segment in self
        ]
        return pd.DataFrame(rows, columns=["rank", "share", "score", "error", "text", "start", "end"])

    def __str__(self) -> str:
        return "\n".join(
            [self._title(), *(rendering.ranked_line(segment, self.unit) for segment in self.top(MAX_SHOWN))]
        )

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return rendering.map_html(self._title(), self.segments, self.unit)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}

    def _title(self) -> str:
        return f"What led to “{rendering.one_line(self.target_text)}” ({self.method}, {self.granularity})"
