"""Reads attention: the weights and values from which each layer computes its attention's output.

keras-hub's layers return only the output. Here their own code runs on wrappers, as `Headless` runs a whole model's: a wrapper
passes every call on and records it. So the norms, rotations, caps, masks and windows of every family are the family's own
code. No layer is changed, so other threads may use or trace the same layers meanwhile.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from .cached_pass import Headless, HeadlessBackbone
from .engine.backends import backend

log = logging.getLogger(__name__)


class AttentionError(ValueError):
    """A model's attention can't be read."""


@dataclass(frozen=True)
class LayerAttention:
    """One layer's attention for some rows: query tokens that follow each other.

    The output at row r is `bias` plus the sum over tokens t and heads h of `weights[h, r, t] * values[t, h] @ kernel[h]`.

    Attributes:
        weights: Attention weights, `<float32>[heads, rows, tokens]`.
        values: `<float32>[tokens, heads, head_width]`. Heads that share a value repeat it.
        kernel: The output projection, `<float32>[heads, head_width, width]`.
        bias: The output projection's bias, `<float32>[width]`; zero if it has none.
        channels: What the block multiplies each channel of the output by before it adds it to the residual stream,
            `<float32>[width]`, up to a factor that all channels of a row share. Not all ones if a norm follows.
    """

    weights: Any
    values: Any
    kernel: Any
    bias: Any
    channels: Any


_MAX_NUMBERS = 2**24  # in the tensor of values that reads the weights: 64 MB

OnLayer = Callable[[LayerAttention], None]


def read_attention(causal_lm: Any, ids: Any, cache: Any, position: int, on_layer: OnLayer) -> Any:
    """Run tokens after those in a cache, eagerly, and pass each layer's attention on.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM` with `call_with_cache`.
        ids: `<int32>[1, num_tokens]`.
        cache: The keys and values of the previous tokens.
        position: Number of previous tokens.
        on_layer: Called for each layer in order, with the ids' tokens as rows, and all of the cache as tokens. Those after
            a row have no weight.

    Returns:
        The cache with these tokens in it.

    Raises:
        AttentionError: A layer's attention can't be read, or its output isn't what its weights and values add up to.
    """
    model = _Model(causal_lm, on_layer)
    with backend().without_gradients():
        try:
            _, _, filled = type(causal_lm).call_with_cache(model, ops.convert_to_tensor(ids, "int32"), cache, position)
        except (AttributeError, TypeError) as error:  # such as `super()`, which doesn't accept a wrapper
            log.debug(
                "the attention of %s takes or returns something unexpected", type(causal_lm).__name__, exc_info=True
            )
            raise AttentionError(f"{type(causal_lm).__name__} doesn't run on a wrapper") from error
    if model.num_read != len(causal_lm.backbone.transformer_layers):
        raise AttentionError("a layer without attention")
    return filled


class _Model(Headless):
    def __init__(self, causal_lm: Any, on_layer: OnLayer) -> None:
        super().__init__(causal_lm)
        self.num_read = 0

        def read(layer: LayerAttention) -> None:
            self.num_read += 1
            on_layer(layer)

        self.backbone = _Backbone(causal_lm.backbone, self, read)


class _Backbone(HeadlessBackbone):
    def __init__(self, backbone: Any, model: Headless, on_layer: OnLayer) -> None:
        super().__init__(backbone, model)
        self.transformer_layers = [_Block(block, on_layer) for block in backbone.transformer_layers]


@dataclass(frozen=True)
class _Call:
    """A call of a sublayer: its first argument, and its result."""

    layer: Any
    argument: Any
    result: Any


class _Recorder:
    """A layer whose calls are recorded."""

    def __init__(self, layer: Any, calls: list[_Call]) -> None:
        self._layer = layer
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layer, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self._layer(*args, **kwargs)
        self._calls.append(_Call(self._layer, args[0] if args else None, result))
        return result


class _Wrapper:
    """A layer whose own `call` runs with this wrapper as `self`, so that calls of its sublayers are recorded."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._calls: list[_Call] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._layer, name)
        return _Recorder(found, self._calls) if isinstance(found, keras.layers.Layer) else found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return type(self._layer).call(self, *args, **kwargs)


class _Block(_Wrapper):
    """A transformer block whose attention is read."""

    def __init__(self, block: Any, on_layer: OnLayer) -> None:
        super().__init__(block)
        self._on_layer = on_layer
        self._attention: _Attention | None = None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._layer, name)
        if not isinstance(found, keras.layers.Layer) or not hasattr(type(found), "_compute_attention"):
            return super().__getattr__(name)
        if self._attention is None:
            self._attention = _Attention(found)
        return self._attention

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._attention = None
        self._calls.clear()
        found = super().__call__(*args, **kwargs)
        if self._attention is None:
            raise AttentionError(f"{type(self._layer).__name__} has no attention that can be read")
        self._on_layer(self._attention.read(self._channels))
        return found

    def _channels(self, output: Any) -> Any:
        """Return the factors by which a norm of the attention's output, if there is one, changes each channel."""
        norm = next((call for call in self._calls if call.argument is output and call.result is not output), None)
        ones = ops.ones((1, 1, output.shape[-1]), output.dtype)
        if norm is None:
            return _float32(ones)[0, 0]
        channels = _float32(norm.layer(ones))[0, 0]
        # This holds for a norm by the root mean square. Norms that subtract a mean don't divide into one part per token.
        scaled, normed = _float32(output[0]) * channels, _float32(norm.result[0])
        scale = ops.norm(normed, axis=-1, keepdims=True) / ops.maximum(ops.norm(scaled, axis=-1, keepdims=True), 1e-30)
        _check(scaled * scale, normed, output.dtype)
        return channels


class _Attention(_Wrapper):
    """An attention layer whose weights and values are read."""

    def __init__(self, layer: Any) -> None:
        super().__init__(layer)
        self._compute: inspect.BoundArguments | None = None
        self._output: Any = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        found = super().__call__(*args, **kwargs)
        self._output = found[0] if isinstance(found, (tuple, list)) else found
        return found

    def _compute_attention(self, *args: Any, **kwargs: Any) -> Any:
        compute = self._layer._compute_attention
        self._compute = inspect.signature(compute).bind(*args, **kwargs)
        query = next(iter(self._compute.arguments))
        # A copy, because some families scale the query in place.
        self._compute.arguments[query] = ops.copy(self._compute.arguments[query])
        return compute(*args, **kwargs)

    def read(self, channels_of: Callable[[Any], Any]) -> LayerAttention:
        """Return what the last call read.

        Args:
            channels_of: Returns the channels' factors, given the attention's output.

        Raises:
            AttentionError: The layer computes its output in another way.
        """
        last = next((call for call in self._calls if call.result is self._output), None)
        if self._compute is None or last is None:
            raise AttentionError(f"{type(self._layer).__name__} computes its output in another way")
        kernel = getattr(last.layer, "kernel", None)
        if kernel is None or not keras.backend.is_float_dtype(kernel.dtype):
            raise AttentionError(f"{type(last.layer).__name__} has no projection of floating-point numbers")
        weights, values = self._weights_and_values(self._compute)
        heads, _, _ = weights.shape
        head_width, width = values.shape[-1], self._output.shape[-1]
        if kernel.shape[-1] != width or int(np.prod(kernel.shape)) != heads * head_width * width:
            raise AttentionError(f"{type(last.layer).__name__} projects something other than heads")
        bias = getattr(last.layer, "bias", None)
        layer = LayerAttention(
            weights,
            values,
            ops.reshape(_float32(backend().tensor(kernel)), (heads, head_width, width)),
            ops.zeros((width,), "float32") if bias is None else _float32(backend().tensor(bias)),
            channels_of(self._output),
        )
        _check(attention_output(layer), _float32(self._output[0]), self._output.dtype)
        return layer

    def _weights_and_values(self, compute: inspect.BoundArguments) -> tuple[Any, Any]:
        """Return the weights, `<float32>[heads, rows, tokens]`, and the values, `<float32>[tokens, heads, head_width]`.

        The layer computes weighted sums of values. If the values are 1 in one channel of one token, and 0 elsewhere, the sum is
        that token's weight. So a sequence gives the weights of as many tokens as a head has channels. A call runs several
        sequences.
        """
        query, key, value = list(compute.arguments)[:3]
        rows, keys, values = (compute.arguments[name] for name in (query, key, value))
        _, tokens, groups, channels = values.shape
        sequences = min(-(-tokens // channels), max(1, _MAX_NUMBERS // (tokens * groups * channels)))
        dtype = keras.backend.standardize_dtype(values.dtype)
        found = []
        for begin in range(0, tokens, sequences * channels):
            ones = np.eye(sequences * channels, tokens, begin, np.float32).reshape(sequences, channels, tokens)
            ones = np.repeat(ones.transpose(0, 2, 1)[:, :, None], groups, axis=2)
            arguments = {
                **compute.arguments,
                query: ops.repeat(rows, sequences, axis=0),
                key: ops.repeat(keys, sequences, axis=0),
                value: ops.cast(ops.convert_to_tensor(ones), dtype),
            }
            given = inspect.BoundArguments(compute.signature, arguments)
            sums = self._layer._compute_attention(*given.args, **given.kwargs)
            sums = sums[0] if isinstance(sums, (tuple, list)) else sums  # [sequences, rows, heads, channels]
            sums = ops.transpose(_float32(sums), (2, 1, 0, 3))
            heads, count, _, _ = sums.shape
            found.append(ops.reshape(sums, (heads, count, sequences * channels))[..., : tokens - begin])
        weights = ops.concatenate(found, axis=-1)
        if weights.shape[0] % groups:
            raise AttentionError("values that heads share unevenly")
        return weights, ops.repeat(_float32(values[0]), weights.shape[0] // groups, axis=1)


def attention_output(layer: LayerAttention) -> Any:
    """Return the output of a layer's attention, before any norm: `<float32>[rows, width]`."""
    sums = ops.einsum("hrt,thk->rhk", layer.weights, layer.values)
    return ops.einsum("rhk,hkd->rd", sums, layer.kernel) + layer.bias


def _float32(tensor: Any) -> Any:
    return ops.cast(tensor, "float32")


def _check(found: Any, exact: Any, dtype: Any) -> None:
    """Check that numbers differ only by rounding.

    Args:
        found: `<float32>[rows, width]`.
        exact: `<float32>[rows, width]`.
        dtype: The type that `exact` was computed in.

    Raises:
        AttentionError: They differ by more.
    """
    # A GPU rounds more, even in float32.
    tolerance = 2e-3 if keras.backend.standardize_dtype(dtype) == "float32" else 0.05
    error, largest = (float(ops.max(ops.abs(each))) for each in (found - exact, exact))
    # Numbers that overflowed show in the scores.
    if error > tolerance * largest:
        raise AttentionError(f"an output that is off by {error:.1e} of {largest:.1e}")
