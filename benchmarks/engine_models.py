"""The models and the sequence that `engine.py` measures on.

All but the embedded model are created here with Gemma 2's architecture and seeded random weights: time and memory don't
depend on what a model has learned, and no file of several gigabytes is needed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lit_lab import demo

PROMPT_TOKENS = 250
ANSWER_TOKENS = 40
TARGET_TOKENS = 10
WINDOW = 512
"""Tokens that LIT's models pad to before they cut again; `DEFAULT_SEQUENCE_LENGTH` of LIT's `models.py`."""


@dataclass(frozen=True)
class Shape:
    """A Gemma 2 architecture. `intermediate` is keras-hub's figure, twice the width of each feed-forward product."""

    layers: int
    width: int
    intermediate: int
    query_heads: int
    key_value_heads: int
    head_dim: int
    dtype: str = "float32"
    vocabulary: int = 256_000


def _gemma_2b(layers: int, dtype: str = "float32") -> Shape:
    """Return the shape of Gemma 2 2B (keras-hub's preset `gemma2_2b_en`) with fewer layers."""
    return Shape(layers, 2304, 18_432, 8, 4, 256, dtype)


SHAPES: dict[str, Shape | None] = {
    "embedded": None,
    # 100,367,680 weights, of which 82 million are the embedding's.
    "100m": Shape(12, 320, 2560, 4, 2, 80),
    "2b-2l": _gemma_2b(2),
    "2b-6l": _gemma_2b(6),
    "2b-26l": _gemma_2b(26, "bfloat16"),
}
"""Sizes by name; None: the preset that comes with the package."""


def parameters(shape: Shape, layers: int) -> int:
    """Return the number of weights with this number of layers, without norms."""
    heads = shape.query_heads + shape.key_value_heads
    layer = 2 * shape.width * heads * shape.head_dim + 3 * shape.width * shape.intermediate // 2
    return shape.vocabulary * shape.width + layers * layer


@dataclass(frozen=True)
class Case:
    """A prompt with its answer, and the answer's sentences.

    Attributes:
        ids: `<int>[PROMPT_TOKENS + ANSWER_TOKENS]`
        targets: Half-open spans of `ids`.
    """

    ids: list[int]
    targets: list[tuple[int, int]]


class Numerals:
    """Both preprocessor and tokenizer, for a text that lists its tokens: `" 17 4001 9"`.

    With it, LIT's models, which take text, get exactly the ids that LIT Lab gets; no tokenizer of 256,000 pieces is needed;
    and it takes almost no time, which favours LIT, which tokenizes for every click. LIT Lab sees a byte-level BPE vocabulary
    whose pieces are the numbers. No answer ends early, because the end token never occurs.
    """

    merges: Sequence[str] = ()
    unsplittable_tokens: Sequence[str] = ()
    start_token_id = None
    end_token_id = -1
    sequence_length = WINDOW

    def __init__(self, vocabulary: int) -> None:
        self._vocabulary = vocabulary

    @property
    def tokenizer(self) -> Numerals:
        """Return itself."""
        return self

    def vocabulary_size(self) -> int:
        """Return how many ids there are."""
        return self._vocabulary

    def get_vocabulary(self) -> list[str]:
        """Return no pieces: none of them ends a turn, and the service looks for nothing else among them."""
        return []

    def id_to_token(self, id: int) -> str:
        """Return a token's piece; byte-level BPE writes the blank before it as `Ġ`."""
        return f"Ġ{id}"

    def tokenize(self, text: str) -> list[int]:
        """Return the ids that a text lists. Other words, such as the chat markers that a service looks up, have none."""
        return [int(word) for word in text.split() if word.isdigit()]

    def generate_preprocess(self, texts: Sequence[str], sequence_length: int) -> dict[str, Any]:
        """Return ids, padded, and their mask: `<int32>`, `<bool>[batch_size, sequence_length]`."""
        import tensorflow as tf

        ids = np.zeros((len(texts), sequence_length), np.int32)
        mask = np.zeros((len(texts), sequence_length), bool)
        for row, text in enumerate(texts):
            tokens = self.tokenize(text)
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = True
        return {"token_ids": tf.constant(ids), "padding_mask": tf.constant(mask)}

    def generate_postprocess(self, outputs: dict[str, Any]) -> list[str]:
        """Return the texts of generated ids."""
        pairs = zip(np.asarray(outputs["token_ids"]), np.asarray(outputs["padding_mask"]), strict=True)
        return [text_of(ids[mask.astype(bool)].tolist()) for ids, mask in pairs]


def text_of(ids: Sequence[int]) -> str:
    """Return the text that lists these ids."""
    return "".join(f" {id}" for id in ids)


def load(size: str, dtype: str | None = None, layers: int | None = None) -> tuple[Any, Case]:
    """Return a size's `keras_nlp.models.CausalLM`, with `Numerals` for its preprocessor, and what to explain with it.

    Args:
        size: One of `SHAPES`.
        dtype: The dtype of weights and arithmetic. None: the size's own. The weights' values are always those of the size's own dtype.
        layers: The number of layers, if fewer than the size has.
    """
    shape = SHAPES[size]
    if shape is None:
        from lit_lab.service import presets

        causal_lm = presets.load(demo.EMBEDDED)
        ids = _sample_ids(causal_lm.preprocessor.tokenizer)
    else:
        causal_lm = _random_model(shape, dtype or shape.dtype, layers or shape.layers)
        # Ids below 200 are control tokens and bytes in Gemma's vocabulary.
        drawn = np.random.default_rng(11).integers(200, shape.vocabulary, PROMPT_TOKENS + ANSWER_TOKENS)
        ids = drawn.tolist()
    causal_lm.preprocessor = Numerals(causal_lm.backbone.vocabulary_size)
    ends = range(PROMPT_TOKENS + TARGET_TOKENS, len(ids) + 1, TARGET_TOKENS)
    return causal_lm, Case(ids, [(end - TARGET_TOKENS, end) for end in ends])


def _sample_ids(tokenizer: Any) -> list[int]:
    """Return the first ids of LIT's sample prompts, one after the other."""
    import lit_nlp

    path = Path(next(iter(lit_nlp.__path__))) / "examples/prompt_debugging/prompt_examples.jsonl"
    prompts = [json.loads(line)["prompt"] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    ids = [tokenizer.start_token_id, *np.asarray(tokenizer("\n\n".join(prompts))).tolist()]
    return ids[: PROMPT_TOKENS + ANSWER_TOKENS]


def untrained(shape: Shape, dtype: str, layers: int) -> Any:
    """Return a `keras_nlp.models.GemmaCausalLM` of this shape, with fewer layers if requested, and without a preprocessor."""
    import keras_nlp

    backbone = keras_nlp.models.GemmaBackbone(
        vocabulary_size=shape.vocabulary,
        num_layers=layers,
        num_query_heads=shape.query_heads,
        num_key_value_heads=shape.key_value_heads,
        hidden_dim=shape.width,
        intermediate_dim=shape.intermediate,
        head_dim=shape.head_dim,
        query_head_dim_normalize=True,
        use_post_ffw_norm=True,
        use_post_attention_norm=True,
        attention_logit_soft_cap=50.0,
        final_logit_soft_cap=30.0,
        use_sliding_window_attention=True,
        sliding_window_size=4096,
        dtype=dtype,
    )
    return keras_nlp.models.GemmaCausalLM(backbone=backbone)


def _random_model(shape: Shape, dtype: str, layers: int) -> Any:
    import keras
    import tensorflow as tf

    causal_lm = untrained(shape, dtype, layers)
    for index, variable in enumerate(causal_lm.backbone.weights):
        drawn = tf.random.stateless_normal(variable.shape, [7, index], alg="philox") * deviation(variable, shape.width)
        value = tf.cast(tf.cast(drawn, shape.dtype), dtype)
        variable.assign(value if keras.config.backend() == "tensorflow" else value.numpy())
    return causal_lm


def deviation(variable: Any, width: int) -> float:
    """Return the standard deviation with which activations and gradients stay near one, whatever the width.

    Kernels: the inverse square root of the number of inputs. Embeddings: half of that, so that a token's own logit, which tied
    weights favour, doesn't dominate all others. Norms: small values around the neutral 0.
    """
    if variable.path.endswith("scale"):
        return 0.1
    if variable.path.endswith("embeddings"):
        return float(0.5 / np.sqrt(width))
    # All axes of a kernel are inputs, except the last one and, unless heads are combined, that of heads.
    heads = 1 if len(variable.shape) == 2 or "attention_output" in variable.path else variable.shape[0]
    return float(np.sqrt(heads * variable.shape[-1] / np.prod(variable.shape)))
