"""The parts of a model, which run in order and are compiled one by one.

`split_model.py` has a diagram, and explains the letters in the shapes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from keras import ops

from .graph import Chain, Graph, kind_of
from .kv_cache import KVCacheSpec

MAX_FUSED = 4_000_000
"""Maximum number of weights, without the embeddings, for compiling a model's blocks as one function.

In a larger model, blocks of one kind share a compiled function, so that compiling takes as long for 2 layers as for 26.
"""


@dataclass(frozen=True)
class Part:
    """A part of the model as a function of its weights; parts of one kind share it.

    Attributes:
        call: Takes the inputs; returns one output or several.
        variables: The Keras variables that `call` uses.
        kind: Equal for parts that compute the same function of different weights.
        num_differentiated: Number of inputs to differentiate with respect to: the first ones.
    """

    call: Callable[..., Any]
    variables: list[Any]
    kind: str
    num_differentiated: int = 1


def lower_parts(chain: Chain) -> list[Part]:
    """Return the parts from the embeddings to the last block's input, both `[B, T, D]`."""
    parts = [Part(chain.stem, chain.stem.variables, "stem")]
    parts += [Part(block, block.variables, kind_of(block)) for block in chain.blocks[:-1]]
    if _num_weights(parts) > MAX_FUSED:
        return parts
    calls = [part.call for part in parts]

    def fused(x: Any) -> Any:
        for call in calls:
            x = call(x)  # [B, T, D]
        return x

    return [Part(fused, _variables(parts), "lower")]


def whole_part(graph: Graph, rows: int | None) -> Part:
    """Return a whole model as one part.

    The part takes embeddings, `[B, T, D]`, and the number of a row; it returns the hidden states of `rows` rows from that
    row on, `[B, R, D]`. If `rows` is None, it is the third input.
    """

    def whole(x: Any, start: Any, count: Any = rows) -> Any:
        return _take_rows(graph.run(x), start, count)  # [B, R, D]

    return Part(whole, graph.variables, f"upper {rows}")


def upper_part(chain: Chain, kv_cache: KVCacheSpec | None, rows: int | None) -> Part:
    """Return the last part, which takes the last block's input, `[B, T, D]`, and the number of a row.

    It returns the hidden states of `rows` rows from that row on, `[B, R, D]`. With a key-value cache it computes only
    these rows: it calls the last block for its keys and values (the compiler drops the rest of that call), and then for
    the rows.

    Args:
        chain: The model's blocks.
        kv_cache: The form of the blocks' cache; None: the last block runs on all rows.
        rows: R, the number of rows; None: it is the part's third input.
    """
    block, top = chain.blocks[-1], chain.top

    def last(x: Any, start: Any, count: Any = rows) -> Any:
        if kv_cache is None or rows == x.shape[1] is not None:
            return top(_take_rows(block(x), start, count))  # [B, R, D]
        _, keys_values = kv_cache.prefill(block, x)  # [B, 2, T, H, K]
        return top(kv_cache.extend(block, _take_rows(x, start, count), keys_values, start))  # [B, R, D]

    return Part(last, block.variables + top.variables, f"upper {rows}")


def prefill_parts(chain: Chain, kv_cache: KVCacheSpec) -> list[Part]:
    """Return the parts that prefill the key-value cache from a prompt's embeddings, `[1, T, D]`.

    Each block's part also returns its keys and values, `[1, 2, T, H, K]`, which the part of a continuation takes. The last
    part also takes the number of a row. It returns its keys and values and the hidden state of that row alone,
    `[1, 1, D]`, which predicts the token after the prompt. If all are fused into one part, that returns the keys and
    values of all blocks, `[1, L, 2, T, H, K]`.
    """
    stem, blocks, top = chain.stem, chain.blocks, chain.top

    def read(block: Any) -> Part:
        return Part(lambda x: kv_cache.prefill(block, x), block.variables, f"prefill {kind_of(block)}")

    def last(x: Any, row: Any) -> tuple[Any, Any]:
        _, keys_values = kv_cache.prefill(blocks[-1], x)  # [1, 2, T, H, K]
        return keys_values, top(kv_cache.extend(blocks[-1], _take_rows(x, row, 1), keys_values, row))  # [1, 1, D]

    parts = [
        Part(stem, stem.variables, "prefill stem"),
        *map(read, blocks[:-1]),
        Part(last, blocks[-1].variables + top.variables, "prefill last"),
    ]
    if _num_weights(parts) > MAX_FUSED:
        return parts

    def fused(x: Any, row: Any) -> tuple[Any, Any]:
        x = stem(x)  # [1, T, D]
        found = []
        for block in blocks[:-1]:
            x, keys_values = kv_cache.prefill(block, x)  # [1, T, D], [1, 2, T, H, K]
            found.append(keys_values)
        keys_values, hidden = last(x, row)
        return ops.stack([*found, keys_values], axis=1), hidden  # [1, L, 2, T, H, K], [1, 1, D]

    return [Part(fused, _variables(parts), "prefill")]


def continuation_parts(chain: Chain, kv_cache: KVCacheSpec, width: int, length: int, rows: int) -> list[Part]:
    """Return the parts that read `rows` tokens after a prompt, from their embeddings on.

    There is one for each of `prefill_parts`. It takes the previous part's output, `[1, R, D]`; the keys and values that its
    counterpart returned, if any; and the position of its first token. The last part returns the model's hidden states,
    `[1, R, D]`.

    Args:
        chain: The model's blocks.
        kv_cache: The form of the blocks' cache.
        width: D, the size of an embedding.
        length: T, the padded length of the prompt.
        rows: R, the number of tokens.
    """
    stem, blocks, top = chain.stem, chain.blocks, chain.top

    def begin(x: Any, start: Any) -> Any:
        # A stem that adds position embeddings counts positions from the start of its input.
        empty = ops.zeros((1, length + rows, width), x.dtype)
        return _take_rows(stem(ops.slice_update(empty, [0, start, 0], x)), start, rows)  # [1, R, D]

    def extend(block: Any, x: Any, keys_values: Any, start: Any) -> Any:
        padding = [(0, rows if axis == 2 else 0) for axis in range(5)]
        return kv_cache.extend(block, x, ops.pad(keys_values, padding), start)  # [1, R, D]

    def read(block: Any) -> Part:
        kind = f"continuation {rows} {kind_of(block)}"
        return Part(partial(extend, block), block.variables, kind, num_differentiated=2)

    def last(x: Any, keys_values: Any, start: Any) -> Any:
        return top(extend(blocks[-1], x, keys_values, start))

    variables = blocks[-1].variables + top.variables
    parts = [
        Part(begin, stem.variables, f"continuation {rows} stem"),
        *map(read, blocks[:-1]),
        Part(last, variables, f"continuation {rows} last", num_differentiated=2),
    ]
    if _num_weights(parts) > MAX_FUSED:
        return parts

    def fused(x: Any, keys_values: Any, start: Any) -> Any:
        x = begin(x, start)  # [1, R, D]
        for number, block in enumerate(blocks):
            x = extend(block, x, keys_values[:, number], start)
        return top(x)

    return [Part(fused, _variables(parts), f"continuation {rows}", num_differentiated=2)]


def _variables(parts: list[Part]) -> list[Any]:
    return [variable for part in parts for variable in part.variables]


def _num_weights(parts: list[Part]) -> int:
    return sum(int(np.prod(variable.shape)) for variable in _variables(parts))


def _take_rows(x: Any, start: Any, rows: Any) -> Any:
    # Not a slice: XLA needs a constant start, at the latest for the slice's gradient.
    return ops.take(x, start + ops.arange(rows), axis=1)  # [B, R, D]
