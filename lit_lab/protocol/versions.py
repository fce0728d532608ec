"""The versions of what a Jupyter server and a model service elsewhere send each other.

Each side speaks a range of them, so that a shared service and the servers of its users can be upgraded one after the other. A
change that the other side would misunderstand (a new field, too: messages have no unknown ones) gets a new number; a side
that still speaks an older one leaves the change out for those who don't speak the new one.

A service that a server starts has the server's own version, and nothing is negotiated.
"""

from __future__ import annotations

import re

from pydantic import Field

from lit_lab.protocol.base import Message

PROTOCOL_HEADER = "X-LIT-Lab-Protocol"
"""The sender's range in a request, such as `1-2`. Without it, the sender speaks whatever the service does."""

_RANGE = re.compile(r"(\d{1,6})-(\d{1,6})")


class ProtocolRange(Message):
    """Versions of the protocol that one side speaks, with both ends."""

    oldest: int = Field(ge=1)
    newest: int = Field(ge=1)

    def __str__(self) -> str:
        return f"{self.oldest}-{self.newest}"

    def common(self, other: ProtocolRange) -> int | None:
        """Return the newest version that both sides speak; None: there is none."""
        newest = min(self.newest, other.newest)
        return newest if newest >= max(self.oldest, other.oldest) else None


SPOKEN = ProtocolRange(oldest=1, newest=1)
"""What this version of lit_lab speaks."""


def parse_range(text: str) -> ProtocolRange | None:
    """Return the range in a header; None: it isn't one."""
    found = _RANGE.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        return None
    return ProtocolRange(oldest=int(found[1]), newest=int(found[2]))
