"""The LIT models have LIT's specs, and give the same results as the service's own routes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lit_lab.problem import Problem

EXAMPLE = {"prompt": "Suggestion: Onion soup\n", "target": "Avoid."}


@pytest.fixture(scope="module")
def group(language_model: Any) -> dict[str, Any]:
    from lit_lab.service.causal_lm import model_group

    return model_group(language_model, "tiny")


def test_specs_are_those_of_lits_constants(group: dict[str, Any]) -> None:
    from lit_nlp.examples.prompt_debugging import constants

    prompt = constants.INPUT_SPEC
    assert group["tiny"].input_spec() == prompt
    embeddings = constants.OUTPUT_SPEC_GENERATION_EMBEDDINGS
    assert group["tiny"].output_spec() == constants.OUTPUT_SPEC_GENERATION | embeddings
    assert group["_tiny_tokenizer"].input_spec() == prompt
    assert group["_tiny_tokenizer"].output_spec() == constants.OUTPUT_SPEC_TOKENIZER
    assert group["_tiny_salience"].input_spec() == prompt | constants.INPUT_SPEC_SALIENCE
    assert group["_tiny_salience"].output_spec() == constants.OUTPUT_SPEC_SALIENCE


@pytest.mark.only_on("tensorflow")  # which LIT runs on here
def test_specs_and_names_are_those_of_lits_own_models(group: dict[str, Any], causal_lm: Any) -> None:
    from lit_nlp.examples.prompt_debugging import keras_lms, utils

    salience, tokenizer = utils.generate_model_group_names("tiny")
    lits = {
        "tiny": keras_lms.KerasGenerationModel(model=causal_lm),
        salience: keras_lms.KerasSalienceModel(model=causal_lm),
        tokenizer: keras_lms.KerasTokenizerModel(model=causal_lm),
    }
    assert group.keys() == lits.keys()
    for name, lit in lits.items():
        assert group[name].input_spec() == lit.input_spec(), name
        assert group[name].output_spec() == lit.output_spec(), name


def test_answers_one_response_an_input(group: dict[str, Any]) -> None:
    responses = list(group["tiny"].predict([EXAMPLE, {"prompt": "é"}]))
    assert [set(response) for response in responses] == [{"response", "prompt_embeddings", "response_embeddings"}] * 2
    assert all(isinstance(response["response"], str) for response in responses)


@pytest.mark.only_on("tensorflow")  # which LIT runs on here
def test_texts_are_placed_where_lit_places_them(group: dict[str, Any], causal_lm: Any) -> None:
    from keras import ops
    from lit_nlp.examples.prompt_debugging import keras_lms

    (ours,) = group["tiny"].predict([EXAMPLE])
    assert ours["response_embeddings"].shape == ours["prompt_embeddings"].shape
    lit = keras_lms.KerasGenerationModel(model=causal_lm, max_length=96)
    expected = ops.convert_to_numpy(lit.embed_and_mean_pool([EXAMPLE["prompt"]])[0])
    assert np.max(np.abs(ours["prompt_embeddings"] - expected)) <= 1e-5 * np.max(np.abs(expected))


def test_tokens_and_scores_are_aligned(group: dict[str, Any]) -> None:
    (tokens,) = group["_tiny_tokenizer"].predict([EXAMPLE])
    mask = [0] * (len(tokens["tokens"]) - 2) + [1, 1]
    (scored,) = group["_tiny_salience"].predict([EXAMPLE | {"target_mask": mask}])
    assert scored["tokens"] == tokens["tokens"]
    assert tokens["tokens"][0] == "<bos>"
    assert "".join(tokens["tokens"][1:]) == (EXAMPLE["prompt"] + EXAMPLE["target"]).replace(" ", "▁")
    assert len(scored["grad_l2"]) == len(scored["grad_dot_input"]) == len(mask)


@pytest.mark.only_on("tensorflow")  # which LIT runs on here
def test_tokens_read_as_lits_own(group: dict[str, Any], causal_lm: Any) -> None:
    from lit_nlp.examples.prompt_debugging import keras_lms

    prompt = {"prompt": "Taste-likes: I've a sweet-tooth\nSuggestion: Onion soup\n\n"}
    (ours,) = group["_tiny_tokenizer"].predict([prompt])
    (lits,) = keras_lms.KerasTokenizerModel(model=causal_lm, max_length=96).predict([prompt])
    assert list(ours["tokens"]) == list(lits["tokens"])


def test_another_script_stays_readable(group: dict[str, Any]) -> None:
    # The vocabulary has only the emoji's bytes, <0xF0> and so on.
    (tokens,) = group["_tiny_tokenizer"].predict([{"prompt": "😀 a"}])
    assert "".join(tokens["tokens"][1:]) == "😀▁a"


@pytest.mark.parametrize("mask", [[], [1], [0, 1, 0, 1], [0] * 500 + [1]])
def test_a_mask_that_is_no_span_is_refused(group: dict[str, Any], mask: list[int]) -> None:
    # LIT returns zeros or clips the mask, without a message.
    with pytest.raises(Problem) as failure:
        list(group["_tiny_salience"].predict([EXAMPLE | {"target_mask": mask}]))
    assert failure.value.code == "bad_mask"


def test_a_group_can_be_a_dataset_s_model(group: dict[str, Any]) -> None:
    from lit_lab.service.datasets import sample_prompts

    dataset = sample_prompts()
    assert len(dataset) == 12
    assert group["tiny"].is_compatible_with_dataset(dataset)
