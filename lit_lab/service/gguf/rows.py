"""Reads a tensor's numbers in slices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..weights import regular
from .contents import GgufError, Tensor


def rows(tensor: Tensor, at_once: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield a tensor's numbers in slices of rows, each with the index of its first row.

    Args:
        tensor: The tensor; its rows are along its innermost dimension.
        at_once: Maximum numbers in a slice, unless a row has more.

    Yields:
        `float32[rows, row's length]`, dequantized.
    """
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize

    width = tensor.shape[-1]
    count = tensor.numbers // width
    step = max(1, at_once // width)
    kind = GGMLQuantizationType(tensor.kind)
    # The file is read rather than memory-mapped: a map's pages count as the process's memory.
    with regular.opened(tensor.file) as stream:
        stream.seek(tensor.start)
        for first in range(0, count, step):
            here = min(step, count - first)
            content = np.frombuffer(stream.read(here * tensor.row_size), np.uint8)
            if content.size != here * tensor.row_size:
                raise GgufError("became shorter while it was read")
            yield first, dequantize(content.reshape(here, tensor.row_size), kind).reshape(here, width)
