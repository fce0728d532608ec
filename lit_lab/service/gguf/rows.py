"""Reads a tensor's numbers in slices."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..libraries import without
from ..weights import regular
from .contents import GgufError, Tensor

_UNUSED = frozenset({"mistral_common", "sentencepiece"})
"""Packages that `gguf` imports, if they are installed, to convert vocabularies. `mistral_common` takes 1.9 s and 30 MB."""
_GROUP = 2**16  # numbers that are dequantized at once: their intermediate results fit into the processor's cache
_ROWS = 16  # rows that `gguf` dequantizes at once


def rows(tensor: Tensor, at_once: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield a tensor's numbers in slices of rows, each with the index of its first row.

    Args:
        tensor: The tensor; its rows are along its innermost dimension.
        at_once: Maximum numbers in a slice, unless a row has more.

    Yields:
        `float32[rows, row's length]`, dequantized.
    """
    dequantize, kinds = _gguf()
    width = tensor.shape[-1]
    count = tensor.numbers // width
    step = max(1, at_once // width)
    kind = kinds(tensor.kind)
    # The file is read rather than memory-mapped: a map's pages count as the process's memory.
    with regular.opened(tensor.file) as stream:
        stream.seek(tensor.start)
        for first in range(0, count, step):
            here = min(step, count - first)
            content = np.frombuffer(stream.read(here * tensor.row_size), np.uint8)
            if content.size != here * tensor.row_size:
                raise GgufError("became shorter while it was read")
            # A row consists of whole blocks, so that several rows may pass as one.
            grouped = content.reshape(_groups(here, width), -1)
            yield first, dequantize(grouped, kind).reshape(here, width)


def _groups(count: int, width: int) -> int:
    """Return the number of rows to present to `gguf`, a divisor of `count`, so that 16 of them have about `_GROUP` numbers."""
    most = max(1, count * width * _ROWS // _GROUP)
    return next(number for number in range(min(count, most), 0, -1) if count % number == 0)


@functools.cache
def _gguf() -> tuple[Callable[..., NDArray[np.float32]], Callable[[int], Any]]:
    """Return `gguf`'s function that dequantizes, and its quantizations by their numbers in a file."""
    with without(_UNUSED):
        from gguf import GGMLQuantizationType
        from gguf.quants import dequantize
    return dequantize, GGMLQuantizationType
