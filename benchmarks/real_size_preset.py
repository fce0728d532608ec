"""Writes a preset of Gemma 2 2B's shape with random weights, in the form of `save_to_preset`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from ml_dtypes import bfloat16

from lit_lab import demo

PIECE = 1 << 24
"""Numbers that are drawn at a time."""


def write(folder: Path, layers: int) -> None:
    """Write the preset in a separate process, whose memory is then free again."""
    subprocess.run([sys.executable, __file__, str(folder), str(layers)], check=True)


def vocabulary(size: int) -> bytes:
    """Return the embedded model's SentencePiece vocabulary, padded to this size with pieces that no text needs."""
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString((demo.preset_path() / "assets/tokenizer/vocabulary.spm").read_bytes())
    worst = min(piece.score for piece in model.pieces)
    for number in range(len(model.pieces), size):
        model.pieces.add(piece=f"▁⟨{number}⟩", score=worst - number)
    model.trainer_spec.vocab_size = size
    return bytes(model.SerializeToString())


def _write(folder: Path, layers: int) -> None:
    from lit_lab.service import libraries

    libraries.set_environment(2)
    libraries.import_tensorflow(2)
    libraries.import_keras()
    import keras_nlp
    from engine_models import SHAPES, untrained

    shape = SHAPES["2b-26l"]
    assert shape is not None
    # Hidden until it is complete, so that an interrupted one isn't reused.
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    proto = unfinished.with_name(folder.name + ".spm")
    proto.write_bytes(vocabulary(shape.vocabulary))
    tokenizer = keras_nlp.models.GemmaTokenizer(proto=str(proto))
    causal_lm = untrained(shape, shape.dtype, layers)
    chance = np.random.default_rng(7)
    for variable in causal_lm.backbone.weights:
        variable.assign(_drawn(chance, variable, shape.width))
    causal_lm.preprocessor = keras_nlp.models.GemmaCausalLMPreprocessor(tokenizer, sequence_length=1024)
    causal_lm.save_to_preset(str(unfinished))
    proto.unlink()
    unfinished.rename(folder)


def _drawn(chance: np.random.Generator, variable: Any, width: int) -> Any:
    """Return a variable's values, drawn in chunks, because the whole vocabulary would take 2.4 GB in float32."""
    from engine_models import deviation

    values = np.empty(variable.shape, bfloat16)
    flat = values.reshape(-1)
    for start in range(0, flat.size, PIECE):
        piece = flat[start : start + PIECE]
        piece[:] = chance.standard_normal(piece.size, np.float32) * np.float32(deviation(variable, width))
    return values


if __name__ == "__main__":
    _write(Path(sys.argv[1]), int(sys.argv[2]))
