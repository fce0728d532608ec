"""Newline-delimited JSON: chunks of bytes into lines."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable


class TooLongError(ValueError):
    """A line is longer than it may be."""


class CutOffError(ValueError):
    """The stream ended within a line."""


async def lines(chunks: AsyncIterable[bytes], max_line: int) -> AsyncGenerator[bytes, None]:
    """Yield the lines of a stream, without line breaks and empty lines.

    Args:
        chunks: The stream's bytes, cut anywhere.
        max_line: Maximum bytes of a line.

    Raises:
        TooLongError: A line is longer.
        CutOffError: The stream ends without a line break.
    """
    rest: list[bytes] = []
    size = 0
    async for chunk in chunks:
        first, *others = chunk.split(b"\n")
        rest.append(first)
        size += len(first)
        for other in others:
            if line := b"".join(rest):
                yield line
            rest, size = [other], len(other)
        if size > max_line:
            raise TooLongError(f"a line has more than {max_line:,} bytes")
    if any(rest):
        raise CutOffError("the stream ended within a line")
