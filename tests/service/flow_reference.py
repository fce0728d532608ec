"""Flow in float64 without the engine: by removing each token's value and, for Gemma 2, entirely in NumPy."""

from __future__ import annotations

import inspect
from typing import Any
from unittest.mock import patch

import numpy as np
from families import Family
from numpy.typing import NDArray
from reference_gradients import double_precision, numbers

Numbers = NDArray[np.float64]


def reference_flow(family: Family, causal_lm: Any, ids: list[int], start: int, end: int) -> Numbers:
    """Return a model's scores by Keras's own pass over the whole sequence, `<float64>[end - 1]`.

    A token's vector is the part of the layer's output that disappears when the token's value is zero.
    """
    with double_precision():
        config = causal_lm.backbone.get_config() | family.shape | {"dtype": "float64"}
        backbone = type(causal_lm.backbone).from_config(config)
        for ours, theirs in zip(backbone.weights, causal_lm.backbone.weights, strict=True):
            ours.assign(numbers(theirs).astype(np.float64))
        tokens = np.array([ids[: end - 1]], np.int32)
        every = {
            "token_ids": tokens,
            "padding_mask": np.ones_like(tokens),
            "position_ids": np.arange(end - 1, dtype=np.int32)[None],
        }
        rows = [
            _shares(_taken_apart(block, layer, bound), slice(start - 1, end - 1))
            for block, layer, bound in _calls(backbone, {name: every[name] for name in backbone.input})
        ]
    assert len(rows) == len(backbone.transformer_layers)
    mean: Numbers = np.mean(rows, axis=(0, 1))
    return mean


def _calls(backbone: Any, given: dict[str, Any]) -> list[tuple[Any, Any, inspect.BoundArguments]]:
    """Return each block with its attention layer and that layer's arguments."""
    calls = []
    layers = {id(layer): block for block in backbone.transformer_layers for layer in block._flatten_layers()}
    cls = next(
        type(layer)
        for layer in backbone.transformer_layers[0]._flatten_layers()
        if hasattr(layer, "_compute_attention")
    )
    compute = cls._compute_attention

    def noted(layer: Any, *args: Any, **kwargs: Any) -> Any:
        from keras import ops

        bound = inspect.signature(compute).bind(layer, *args, **kwargs)
        _, query, *_ = bound.arguments
        bound.arguments[query] = ops.copy(bound.arguments[query])
        calls.append((layers[id(layer)], layer, bound))
        return compute(layer, *args, **kwargs)

    with patch.object(cls, "_compute_attention", noted):
        backbone(given)
    return calls


def _taken_apart(block: Any, layer: Any, bound: inspect.BoundArguments) -> Numbers:
    """Return each token's vector in the layer's output, `[rows, tokens, width]`."""
    from keras import ops

    _, query, _, value = list(bound.arguments)[:4]
    rows, values = bound.arguments[query], bound.arguments[value]
    project = next(getattr(layer, name) for name in ("output_dense", "_output_dense", "o_proj") if hasattr(layer, name))

    def output(kept: NDArray[np.bool_]) -> Numbers:
        bound.arguments[query] = ops.copy(rows)
        bound.arguments[value] = values * ops.cast(kept[None, :, None, None], values.dtype)
        found = type(layer)._compute_attention(*bound.args, **bound.kwargs)
        return numbers(project(found[0] if isinstance(found, tuple) else found))[0]

    tokens = values.shape[1]
    whole = output(np.ones(tokens, bool))
    vectors = np.stack([whole - output(np.arange(tokens) != token) for token in range(tokens)], axis=1)
    norm = getattr(block, "post_attention_norm", None)
    if norm is not None:
        # The norm's statistic is the whole output's, so what it does to a channel it does to each token's part.
        factors = numbers(norm(ops.convert_to_tensor(whole[None])))[0] / whole
        vectors = vectors * factors[:, None]
    return vectors


def _shares(vectors: Numbers, rows: slice) -> Numbers:
    """Return the tokens' shares at some rows, `[rows, tokens]`."""
    sizes = np.square(vectors[rows]).sum(-1)
    found: Numbers = sizes / sizes.sum(-1, keepdims=True)
    return found


def gemma2_flow(backbone: Any, ids: list[int], start: int, end: int) -> Numbers:
    """Return the scores of a Gemma 2 model, computed in NumPy, `<float64>[end - 1]`."""

    def weight(variable: Any) -> Numbers:
        return numbers(variable).astype(np.float64)

    def normed(x: Numbers, norm: Any) -> Numbers:
        found: Numbers = x / np.sqrt(np.mean(x**2, -1, keepdims=True) + 1e-6) * (1 + weight(norm.scale))
        return found

    count = end - 1
    places = np.arange(count)
    x = weight(backbone.token_embedding.embeddings)[ids[:count]] * np.sqrt(backbone.hidden_dim)
    found = []
    for number, block in enumerate(backbone.transformer_layers):
        layer = block.attention
        heads, groups, width = layer.num_query_heads, layer.num_key_value_heads, layer.head_dim
        given = normed(x, block.pre_attention_norm)
        query, key, value = (
            np.einsum("td,ndh->tnh", given, weight(dense.kernel))
            for dense in (layer.query_dense, layer.key_dense, layer.value_dense)
        )
        angles = places[:, None, None] / 10_000 ** (np.arange(0, width, 2) / width)

        def turned(each: Numbers, angles: Numbers = angles) -> Numbers:
            one, other = np.split(each, 2, axis=-1)
            pair = one * np.cos(angles) - other * np.sin(angles), other * np.cos(angles) + one * np.sin(angles)
            return np.concatenate(pair, axis=-1)

        query, key = turned(query), turned(key)
        key, value = (np.repeat(each, heads // groups, axis=1) for each in (key, value))
        logits = np.einsum("rnh,tnh->nrt", query, key) / np.sqrt(width)
        logits = np.tanh(logits / 50) * 50
        back = places[:, None] - places
        seen = (back >= 0) & ((back < 4) | bool(number % 2))  # every second layer has the sliding window
        powers = np.exp(logits - logits.max(-1, keepdims=True)) * seen
        weights = powers / powers.sum(-1, keepdims=True)
        vectors = np.einsum("nrt,tnh,nhd->rtd", weights, value, weight(layer.output_dense.kernel))
        whole = vectors.sum(axis=1)
        size = np.sqrt(np.mean(whole**2, -1, keepdims=True) + 1e-6)
        channels = 1 + weight(block.post_attention_norm.scale)
        found.append(_shares(vectors / size[..., None] * channels, slice(start - 1, end - 1)))
        x = x + whole / size * channels
        given = normed(x, block.pre_ffw_norm)
        gate, up = given @ weight(block.gating_ffw.kernel), given @ weight(block.gating_ffw_2.kernel)
        gate = gate / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (gate + 0.044715 * gate**3)))
        x = x + normed(gate * up @ weight(block.ffw_linear.kernel), block.post_ffw_norm)
    mean: Numbers = np.mean(found, axis=(0, 1))
    return mean
