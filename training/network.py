"""The network: keras-hub's Gemma 2 backbone, small, started with a structure in which copying can emerge."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import keras
import keras_hub
import numpy as np
from keras import ops
from numpy.typing import NDArray

from training import tokenizer

WINDOW = 512


@dataclass(frozen=True)
class Size:
    """Sizes, by keras-hub's names. `intermediate_dim` counts both halves of the gated layer."""

    num_layers: int = 4
    num_query_heads: int = 4
    num_key_value_heads: int = 4
    hidden_dim: int = 128
    intermediate_dim: int = 640
    head_dim: int = 32


def backbone(size: Size, dtype: str = "float32") -> Any:
    """Return a Gemma 2 backbone."""
    return keras_hub.models.GemmaBackbone(
        vocabulary_size=tokenizer.SIZE,
        **asdict(size),
        query_head_dim_normalize=True,
        use_post_ffw_norm=True,
        use_post_attention_norm=True,
        attention_logit_soft_cap=50,
        final_logit_soft_cap=30,
        use_sliding_window_attention=True,
        sliding_window_size=WINDOW,
        dtype=dtype,
    )


def trained(backbone: Any) -> Any:
    """Return the model that is trained: ids and positions to logits, float32 (rows, positions, vocabulary).

    Behind a document's end stands padding, which nothing looks at: attention is causal.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    positions = keras.Input((None,), dtype="int32", name="positions")
    hidden = backbone({"token_ids": ids, "padding_mask": ops.ones_like(ids)})
    rows = ops.take_along_axis(hidden, positions[:, :, None], axis=1)
    return keras.Model([ids, positions], backbone.token_embedding(rows, reverse=True))


def structured_start(backbone: Any, seed: int) -> None:
    """Give the backbone the weights from which it learns to copy from the right example.

    Ordinary random weights end in a model that repeats the last example. Here some heads start with a task:
    in layer 0 they look back 1, 3, 4 and about 7 tokens, by the phases of the rotary embedding on an embedding
    dimension that is the same for all tokens, and three of them write what was just said into a part of the stream of
    its own. In layer 1 a head moves this summary on by one token, and another finds where the same token stood a short
    while ago and fetches the summary from there: of an ingredient it tells whether it was among the likes or the
    dislikes. A head of layer 2 looks for the token before which the same was said, and copies it. The rest is random.
    All of it is trained.
    """
    random = np.random.default_rng(seed)
    width, head = backbone.hidden_dim, backbone.head_dim
    heads = backbone.num_query_heads
    said, moved = slice(head, 2 * head), slice(2 * head, 3 * head)

    embedding = random.normal(size=(tokenizer.SIZE, width)) / np.sqrt(width)
    embedding[:, 0] = 0.25  # the dimension that is the same for all
    embedding[:, head : 3 * head] *= 0.35
    backbone.token_embedding.embeddings.assign(embedding)
    layers = []
    for layer in backbone.transformer_layers:
        kernels = {
            "query": random.normal(size=(heads, width, head)) / np.sqrt(width),
            "key": random.normal(size=(heads, width, head)) / np.sqrt(width),
            "value": random.normal(size=(heads, width, head)) / np.sqrt(width),
            "output": random.normal(size=(heads, head, width)) / np.sqrt(heads * head),
        }
        for dense in (layer.gating_ffw, layer.gating_ffw_2, layer.ffw_linear):
            shape = dense.kernel.shape
            dense.kernel.assign(random.normal(size=shape) / np.sqrt(shape[0]))
        layer.post_ffw_norm.scale.assign(layer.post_ffw_norm.scale - 0.6)
        layers.append(kernels)

    near, wide = (
        _frequencies(head, {0: 2.2, 1: 2.2, 2: 2.2, 3: 1.2, 4: 1.2, 5: 1.2}),
        _frequencies(head, dict.fromkeys(range(2, 6), 1.5)),
    )
    identity = np.eye(head)

    first = layers[0]
    for n, (distance, strength) in enumerate([(1, near), (3, near), (4, near), (7, wide)]):
        _look_back(first, n, distance, strength, noise=0.3)
    for n in (1, 2, 3):
        first["value"][n] = first["value"][1]
        first["output"][n] = 0
        first["output"][n][:, said] = identity
    first["output"][0][:, head : 3 * head] = 0

    second = layers[1]
    _look_back(second, 0, 1, near * 1.2, noise=0.1)
    second["value"][0] = 0
    second["value"][0][said] = identity
    second["output"][0] = 0
    second["output"][0][:, moved] = identity * 1.5
    second["output"][1:] *= 0.6
    second["output"][1:, :, head : 3 * head] *= 0.2

    # The slower half of the rotary frequencies: they turn little over a short distance, so near tokens match better.
    slow = np.concatenate([np.arange(head // 6, head // 2), head // 2 + np.arange(head // 6, head // 2)])
    found = slice(3 * head, 4 * head)
    content = np.r_[1:head, found]
    alike, _ = np.linalg.qr(random.normal(size=(len(content), len(content))))
    second["query"][1] = 0
    second["query"][1][np.ix_(content, slow)] = alike[:, : len(slow)] * 1.6
    second["key"][1] = second["query"][1]
    second["value"][1] = 0
    second["value"][1][said] = identity
    second["output"][1] = 0
    second["output"][1][:, found] = identity

    third = layers[2]
    third["query"][0] = 0
    third["query"][0][said] = identity * 1.3
    third["key"][0] = 0
    third["key"][0][moved] = identity * 1.3
    copied = random.normal(size=(width, head)) / np.sqrt(width)
    copied[head : 3 * head] = 0
    copied[0] = 0
    third["value"][0] = copied * 1.5
    third["output"][0] = copied.T * 1.5
    third["output"][1:] *= 0.4

    for layer, kernels in zip(backbone.transformer_layers, layers, strict=True):
        attention = layer.attention
        attention.query_dense.kernel.assign(kernels["query"])
        attention.key_dense.kernel.assign(kernels["key"])
        attention.value_dense.kernel.assign(kernels["value"])
        attention.output_dense.kernel.assign(kernels["output"])


def _frequencies(head: int, strengths: dict[int, float]) -> NDArray[np.float64]:
    """Return how strong each frequency of the rotary embedding is."""
    found = np.zeros(head // 2)
    for frequency, strength in strengths.items():
        found[frequency] = strength
    return found


def _look_back(
    kernels: dict[str, NDArray[np.float64]], n: int, distance: int, strength: NDArray[np.float64], noise: float
) -> None:
    """Make a head attend to the token so many places before, whatever it is."""
    query, key = kernels["query"][n], kernels["key"][n]
    half = len(strength)
    angles = distance / 10_000 ** (np.arange(half) / half)
    query *= noise
    key *= noise
    key[0] = np.concatenate([strength, np.zeros(half)])
    query[0] = np.concatenate([strength * np.cos(angles), -strength * np.sin(angles)])


def causal_lm(backbone: Any, vocabulary: str) -> Any:
    """Return keras-hub's model for generation.

    Args:
        backbone: the trained one.
        vocabulary: path of SentencePiece's model.
    """
    preprocessor = keras_hub.models.GemmaCausalLMPreprocessor(
        tokenizer=keras_hub.models.GemmaTokenizer(proto=vocabulary), sequence_length=WINDOW
    )
    return keras_hub.models.GemmaCausalLM(backbone=backbone, preprocessor=preprocessor)
