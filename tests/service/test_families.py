"""Other families of keras-hub: the generated tokens are the scored ones, for all kinds of caches and heads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from families import GROUPED
from reference_gradients import numbers, whole_inputs
from small_families import EACH, FAMILIES, made, shared

from lit_lab.problem import Problem
from lit_lab.protocol import AblationRequest, AnswerEvent, GenerateRequest, SalienceRequest, SegmentScoresEvent, Span
from lit_lab.service.cancellation import Cancellation


@pytest.mark.parametrize("family", EACH)
def test_generation_and_scoring_agree(keras_libraries: None, monkeypatch: pytest.MonkeyPatch, family: str) -> None:
    from lit_lab.service import generation
    from lit_lab.service.generation import Decoder
    from lit_lab.service.salience import EmbeddingGradients

    causal_lm, cached_pass = shared(family)
    monkeypatch.setattr(generation, "CachedPass", lambda _: cached_pass)  # already traced
    prompt = [3, 5, 7, 9, 11, 13, 2, 8]
    ids = [*prompt, *(step.id for step in Decoder(causal_lm).steps(prompt, 14))]
    assert len(ids) == 14
    gradients = EmbeddingGradients(causal_lm)
    scored = gradients.target_logits(ids, len(prompt))
    assert scored.argmax(-1).tolist() == ids[len(prompt) :]
    whole = numbers(causal_lm(whole_inputs(causal_lm, ids)))[0]
    np.testing.assert_allclose(scored, whole[len(prompt) - 1 : -1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kept", [{}, {"hidden_size_per_layer_input": 8}], ids=["whole", "by layer"])
def test_what_cannot_be_cut_answers(keras_libraries: None, kept: dict[str, int]) -> None:
    """Gemma 4's small models, whose layers look up tokens again: they have no maps, and the whole model computes answers."""
    from lit_lab.service.generation import Decoder
    from lit_lab.service.salience import EmbeddingGradients

    causal_lm = made("Gemma4", **kept)
    ids = [3, 5, 7, 9, 11, 13]
    if kept:
        with pytest.raises(ValueError, match="not connected"):
            EmbeddingGradients(causal_lm)
    whole = numbers(causal_lm(whole_inputs(causal_lm, ids)))[0, -1]
    np.testing.assert_allclose(Decoder(causal_lm).next_logits(ids), whole, rtol=1e-4, atol=1e-5)


def test_what_keeps_no_keys_and_values_is_refused(keras_libraries: None) -> None:
    from keras_nlp import models

    from lit_lab.service.cached_pass import CachedPass

    lora = {f"{name}_lora": 8 for name in ("gate", "mv", "aaa", "decay")}
    shape = {"vocabulary_size": 64, "num_layers": 2, "hidden_size": 16, "head_size": 8, "intermediate_dim": 32}
    causal_lm = models.RWKV7CausalLM(backbone=models.RWKV7Backbone(**shape, **lora), preprocessor=None)
    with pytest.raises(Problem, match="RWKV7CausalLM") as failure:
        CachedPass(causal_lm)
    assert failure.value.code == "unsupported_model"


def test_every_family_that_is_trusted_unchecked_is_checked_here(keras_libraries: None) -> None:
    from lit_lab.service.salience_maps import CHECKED

    assert {f"{family}CausalLM" for family in FAMILIES} == CHECKED


def test_a_model_that_chooses_by_other_logits_has_no_salience(
    language_model: Any, causal_lm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lit_lab.service import salience_maps
    from lit_lab.service.language_model import LanguageModel

    monkeypatch.setattr(salience_maps, "CHECKED", frozenset())
    model = LanguageModel(causal_lm)
    generated = model.decoder.next_logits([0, 0])
    monkeypatch.setattr(model.decoder, "next_logits", lambda ids: np.tanh(generated))
    request = SalienceRequest(model="tiny", ids=[2, 300, 301], targets=[Span(start=2, end=3)])
    with pytest.raises(Problem) as failure:
        list(model.salience(request, Cancellation()))
    assert failure.value.code == "no_salience"


def test_a_quantized_model_answers_and_has_no_salience(keras_libraries: None, shallow_preset: Path) -> None:
    from lit_lab.service import presets
    from lit_lab.service.language_model import LanguageModel

    causal_lm = presets.load(str(shallow_preset))
    causal_lm.backbone.quantize("int8")
    model = LanguageModel(causal_lm)
    final = list(model.generate(GenerateRequest(model="tiny", prompt="onion", max_new_tokens=3), Cancellation()))[-1]
    assert isinstance(final, AnswerEvent)
    request = SalienceRequest(model="tiny", ids=[2, 300, 301], targets=[Span(start=2, end=3)])
    with pytest.raises(Problem, match="quantized") as failure:
        list(model.salience(request, Cancellation()))
    assert failure.value.code == "no_salience"
    # The hint recommends this method.
    sequence = {"model": "tiny", "ids": [2, 300, 301, 302], "segments": [Span(start=1, end=2), Span(start=2, end=3)]}
    ablation = AblationRequest(**sequence, target=Span(start=3, end=4), method="leave_one_out")
    scores = list(model.ablation(ablation, Cancellation()))[-1]
    assert isinstance(scores, SegmentScoresEvent)
    assert np.isfinite(scores.scores).all()


SPECIAL = ["<|endoftext|>", "<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>"]
SPECIAL += ["<|eot_id|>", "<|im_end|>"]


@pytest.mark.parametrize("family", ["GPT2", "Llama3", "Qwen3"])
def test_presets_with_byte_level_tokenizers_work(keras_libraries: None, family: str, tmp_path: Path) -> None:
    """As the service loads them: without the packages that `lit_lab.service.libraries.UNUSED` names.

    Most other tests use SentencePiece presets.
    """
    from keras_nlp import models

    from lit_lab.service import presets
    from lit_lab.service.language_model import LanguageModel
    from lit_lab.service.pieces import byte_alphabet

    spellings = [*byte_alphabet().values(), "on", "ion", *SPECIAL]
    vocabulary = {spelling: id for id, spelling in enumerate(dict.fromkeys(spellings))}
    tokenizer = getattr(models, f"{family}Tokenizer")(vocabulary=vocabulary, merges=["o n", "i on"])
    shape = FAMILIES.get(family, GROUPED) | {"vocabulary_size": tokenizer.vocabulary_size(), "num_layers": 1}
    getattr(models, f"{family}CausalLM")(
        backbone=getattr(models, f"{family}Backbone")(**shape),
        preprocessor=getattr(models, f"{family}CausalLMPreprocessor")(tokenizer=tokenizer, sequence_length=32),
    ).save_to_preset(str(tmp_path / "preset"))

    model = LanguageModel(presets.load(str(tmp_path / "preset")))
    prompt = "onion 😀 it's\n 12"
    tokens = model.tokenizer.prompt(prompt)
    assert "".join(token.text for token in tokens if token.kind != "template") == prompt
    request = GenerateRequest(model="tiny", prompt=prompt, max_new_tokens=3)
    final = list(model.generate(request, Cancellation()))[-1]
    assert isinstance(final, AnswerEvent)
    ids = [token.id for token in [*tokens, *final.tokens]]
    if final.tokens:
        scored = model.gradients.target_logits(ids, len(tokens))
        assert scored.argmax(-1).tolist() == [token.id for token in final.tokens]
