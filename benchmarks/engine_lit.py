"""LIT's side of `engine.py`: its own `KerasSalienceModel` and `KerasGenerationModel`, as its constructors make them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from engine_models import ANSWER_TOKENS, PROMPT_TOKENS, WINDOW, Case, text_of
from numpy.typing import NDArray

METHODS = ("grad_l2", "grad_dot_input")


class LitSalience:
    """LIT's salience model, with a Keras model that LIT Lab uses, too.

    floatx stays float32: with LIT's own default, bfloat16, Keras rounds the target *ids*, and LIT explains other
    tokens.
    """

    def __init__(self, causal_lm: Any) -> None:
        from lit_nlp.examples.prompt_debugging import keras_lms

        self._model = keras_lms.KerasSalienceModel(model=causal_lm, max_length=WINDOW, batch_size=1)

    def scores(self, case: Case, target: tuple[int, int], seam: int = PROMPT_TOKENS) -> dict[str, NDArray[np.float32]]:
        """Return each method's scores of all tokens, `<float32>[num_tokens]`: what LIT does for one click.

        Args:
            case: The sequence.
            target: What to explain.
            seam: Index of the answer's first token.
        """
        start, end = target
        example = {
            "prompt": text_of(case.ids[:seam]),
            "target": text_of(case.ids[seam:]),
            "target_mask": [int(start <= index < end) for index in range(len(case.ids))],
        }
        with own_settings():
            (prediction,) = self._model.predict([example])
        return {method: np.asarray(prediction[method], np.float32) for method in METHODS}


class LitGeneration:
    """LIT's generation model.

    Its only limit on an answer is the length of the whole sequence, by default 512, to which it also pads the prompt.
    Here that is the length of prompt and answer, no longer than needed, which favours LIT.
    """

    def __init__(self, causal_lm: Any, length: int = PROMPT_TOKENS + ANSWER_TOKENS) -> None:
        from lit_nlp.examples.prompt_debugging import keras_lms

        self._model = keras_lms.KerasGenerationModel(model=causal_lm, max_length=length, batch_size=1)

    def answer(self, ids: list[int]) -> list[int]:
        """Return the ids that complete the sequence."""
        with own_settings():
            (prediction,) = self._model.predict([{"prompt": text_of(ids)}])
        return [int(word) for word in prediction["response"].split()]


@contextmanager
def own_settings() -> Iterator[None]:
    """Restore TensorFlow's graph rewriting, which LIT Lab's service disables for the whole process."""
    import tensorflow as tf

    before = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options(before)
