"""Writes small presets with random weights, whose families and shapes differ as much as users' models do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from real_size_preset import vocabulary

FAMILIES = ("Gemma", "Gemma3", "Llama", "Mistral", "GPT2", "Qwen3")
WIDTHS = (128, 192, 256, 320)
WINDOW = 512  # tokens
VOCABULARY = 16_000  # as in real models, the embeddings are the largest weight
MERGES = ("o n", "i on", "t h", "e r", "i n", "th e", "Ċ Ċ")
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def write(folder: Path, count: int) -> list[Path]:
    """Write this number of presets in a separate process, whose memory is then free again, and return their folders."""
    subprocess.run([sys.executable, __file__, str(folder), str(count)], check=True)
    return [folder / f"{number}" for number in range(count)]


def _write(folder: Path, count: int) -> None:
    from lit_lab.service import libraries

    libraries.set_environment(2)
    libraries.import_tensorflow(2)
    libraries.import_keras()
    import keras

    for number in range(count):
        keras.utils.set_random_seed(number)
        # No two have the same shape, so that none can use another's compiled functions.
        family = FAMILIES[number % len(FAMILIES)]
        _causal_lm(family, width=WIDTHS[number % len(WIDTHS)], layers=2 + number // len(FAMILIES)).save_to_preset(
            str(folder / f"{number}")
        )


def _causal_lm(family: str, width: int, layers: int) -> Any:
    from keras_nlp import models

    shape: dict[str, Any] = {
        "vocabulary_size": VOCABULARY,
        "num_layers": layers,
        "hidden_dim": width,
        "intermediate_dim": 4 * width,
    }
    heads = {"num_query_heads": 4, "num_key_value_heads": 2}
    shape |= {
        "Gemma": heads | {"head_dim": width // 4},
        "Gemma3": heads | {"head_dim": width // 4, "sliding_window_size": 64, "use_sliding_window_attention": True},
        "Qwen3": heads | {"head_dim": width // 4, "tie_word_embeddings": True},
        "GPT2": {"num_heads": 4, "max_sequence_length": WINDOW},
    }.get(family, heads)
    if family == "Gemma3":
        shape["image_size"] = 16
    backbone = getattr(models, f"{family}Backbone")(**shape)
    preprocessor = getattr(models, f"{family}CausalLMPreprocessor")(_tokenizer(family), sequence_length=WINDOW)
    return getattr(models, f"{family}CausalLM")(backbone=backbone, preprocessor=preprocessor)


def _tokenizer(family: str) -> Any:
    from keras_nlp import models

    from lit_lab.service.pieces import byte_alphabet

    made = getattr(models, f"{family}Tokenizer")
    if family == "Gemma3":
        return made(proto=_proto("<bos>", "<eos>"), has_vision_tokens=False)
    if family == "Gemma":
        return made(proto=_proto("<bos>", "<eos>"))
    if family in ("Llama", "Mistral"):
        return made(proto=_proto("<s>", "</s>"))
    spellings = [*byte_alphabet().values(), *(merge.replace(" ", "") for merge in MERGES), *SPECIAL]
    spellings += [f"Ġ⟨{number}⟩" for number in range(VOCABULARY - len(spellings))]  # which no text needs
    vocabulary = {spelling: id for id, spelling in enumerate(spellings)}
    return made(vocabulary=vocabulary, merges=list(MERGES))


def _proto(start: str, end: str) -> bytes:
    """Return the embedded model's vocabulary with other names for its start and end tokens."""
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(vocabulary(VOCABULARY))
    trained = model.trainer_spec
    model.pieces[trained.bos_id].piece = trained.bos_piece = start
    model.pieces[trained.eos_id].piece = trained.eos_piece = end
    return bytes(model.SerializeToString())


if __name__ == "__main__":
    _write(Path(sys.argv[1]), int(sys.argv[2]))
