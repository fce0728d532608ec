"""A language model for this folder, created in a second. No test depends on the embedded model's file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import PATIENCE

CORPUS = [
    "Analyze a menu item in a restaurant.",
    "Taste-likes: I've a sweet-tooth",
    "Taste-dislikes: Don't like onions or garlic",
    "Suggestion: Onion soup",
    "Analysis: it has cooked onions in it, which you don't like.",
    "Recommendation: You have to try it.",
    "Recommendation: Avoid.",
] * 20

WINDOW = 96


@pytest.fixture(scope="session", autouse=True)
def _patient() -> Iterator[None]:
    """Raise the timeouts of a template's process, a search for models and a garbage collection to what a busy machine needs."""
    from lit_lab.service import returning
    from lit_lab.service.scanning import scanner
    from lit_lab.service.templates import rendering

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(returning, "_PATIENCE", PATIENCE)
        patch.setattr(scanner, "PATIENCE", PATIENCE)
        patch.setattr(rendering, "SECONDS", PATIENCE)
        patch.setattr(rendering, "STARTING", PATIENCE)
        yield


@pytest.fixture(scope="session")
def sentencepiece_proto() -> bytes:
    """A small vocabulary with the features of Gemma's: byte fallback, chat turns, runs of newlines, no normalization."""
    import sentencepiece

    proto = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_writer=proto,
        model_type="bpe",
        vocab_size=400,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=False,
        pad_id=0,
        eos_id=1,
        bos_id=2,
        unk_id=3,
        pad_piece="<pad>",
        eos_piece="<eos>",
        bos_piece="<bos>",
        unk_piece="<unk>",
        user_defined_symbols=["<start_of_turn>", "<end_of_turn>", "\n", "\n\n"],
        minloglevel=2,
    )
    return proto.getvalue()


@pytest.fixture(scope="session")
def normalizing_proto() -> bytes:
    """A vocabulary that normalizes the text: NFKC, lower case, single blanks, a leading blank."""
    import sentencepiece

    proto = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_writer=proto,
        vocab_size=330,
        byte_fallback=True,
        normalization_rule_name="nmt_nfkc_cf",
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return proto.getvalue()


@pytest.fixture(scope="session")
def narrow_proto() -> bytes:
    """A vocabulary without byte fallback: characters that it lacks are unknown tokens."""
    import sentencepiece

    proto = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_writer=proto,
        vocab_size=60,
        model_type="char",
        minloglevel=2,
        hard_vocab_limit=False,
    )
    return proto.getvalue()


@pytest.fixture(scope="session")
def preset(keras_libraries: None, sentencepiece_proto: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Gemma 2 preset of two layers with random weights, written as float16 like the embedded one."""
    return write_preset(tmp_path_factory.mktemp("preset") / "tiny", sentencepiece_proto, num_layers=2)


@pytest.fixture(scope="session")
def shallow_preset(keras_libraries: None, sentencepiece_proto: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with one layer, for tests in which the results don't matter."""
    return write_preset(tmp_path_factory.mktemp("preset") / "tiny", sentencepiece_proto, num_layers=1)


def write_preset(folder: Path, proto: bytes, num_layers: int) -> Path:
    import keras
    from keras_nlp import models

    keras.utils.set_random_seed(7)
    tokenizer = models.GemmaTokenizer(proto=proto)
    backbone = models.GemmaBackbone(
        vocabulary_size=tokenizer.vocabulary_size(),
        num_layers=num_layers,
        num_query_heads=2,
        num_key_value_heads=1,
        hidden_dim=32,
        intermediate_dim=64,
        head_dim=16,
        use_post_ffw_norm=True,
        use_post_attention_norm=True,
        attention_logit_soft_cap=50.0,
        final_logit_soft_cap=30.0,
        use_sliding_window_attention=True,
        sliding_window_size=16,
        dtype="float16",
    )
    causal_lm = models.GemmaCausalLM(
        backbone=backbone,
        preprocessor=models.GemmaCausalLMPreprocessor(tokenizer=tokenizer, sequence_length=WINDOW),
    )
    causal_lm.save_to_preset(str(folder))
    return folder


@pytest.fixture(scope="session")
def causal_lm(preset: Path) -> Any:
    """The small preset, loaded as the service loads it."""
    from lit_lab.service import presets

    return presets.load(str(preset))


@pytest.fixture(scope="session")
def shallow_causal_lm(shallow_preset: Path) -> Any:
    """The preset of one layer, loaded as the service loads it."""
    from lit_lab.service import presets

    return presets.load(str(shallow_preset))


@pytest.fixture
def without_warm_up(keras_libraries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Load models without compiling their first answer's computations, which takes longer than loading these small models."""
    from lit_lab.service.language_model import LanguageModel

    monkeypatch.setattr(LanguageModel, "warm_up_generation", lambda _: None)


@pytest.fixture(scope="session")
def language_model(causal_lm: Any) -> Any:
    """The small preset's tokens, generation and salience."""
    from lit_lab.service.language_model import LanguageModel

    return LanguageModel(causal_lm)


@pytest.fixture(scope="session")
def embedded(keras_libraries: None) -> Any:
    """The embedded model."""
    from lit_lab.service import presets
    from lit_lab.service.language_model import LanguageModel

    return LanguageModel(presets.load("embedded"))
