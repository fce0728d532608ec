"""GGUF files as llama.cpp and related programs write them: how LIT Lab reads their headers."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf_files import FAMILIES, PRE, fields_of, values_of, write

from lit_lab.problem import Problem
from lit_lab.service.gguf import forms, header, model, options
from lit_lab.service.gguf.contents import Tensor
from lit_lab.service.gguf.options import UnfamiliarError
from lit_lab.service.gguf.rows import rows
from lit_lab.service.scanning.facts import facts
from lit_lab.service.scanning.installed_models import InstalledModel
from lit_lab.service.weights.paths import Source

GEMMA3 = "Gemma 3, text"


@pytest.fixture(autouse=True)
def libraries(keras_libraries: None) -> None:
    """The libraries, `gguf` among them, which writes these files."""


def file_of(family: str, folder: Path, proto: bytes, **said: Any) -> Path:
    fields = fields_of(family, proto, []) | said
    fields = {name: value for name, value in fields.items() if value is not None}
    return write(folder / "tiny.gguf", FAMILIES[family][0], fields, values_of(family))


def config_of(place: Path) -> dict[str, Any]:
    return model.judged(header.read(place))


def refused(place: Path) -> Problem:
    with pytest.raises(Problem) as failure:
        model.check(place, "tiny")
    return failure.value


# --- Ollama's Gemma 3 ---


def ollamas(folder: Path, proto: bytes, layers: int, **said: Any) -> Path:
    """Write a small Gemma 3 with this number of layers, and the fields that Ollama's converter writes for one with vision."""
    fields = fields_of(GEMMA3, proto, []) | {"gemma3.block_count": layers, "gemma3.context_length": 131_072}
    for name in ("rope.freq_base", "attention.layer_norm_rms_epsilon"):
        fields.pop(f"gemma3.{name}", None)
    del fields["tokenizer.ggml.add_space_prefix"]
    values = values_of(GEMMA3)
    for number in range(2, layers):
        values |= {
            name.replace("blk.0.", f"blk.{number}."): v for name, v in values.items() if name.startswith("blk.0.")
        }
    return write(folder / f"{layers}.gguf", "gemma3", fields | said, values)


@pytest.mark.parametrize(("layers", "factor"), [(26, None), (34, 8.0), (48, 8.0), (62, 8.0)])
def test_ollamas_larger_gemma_3_stretches_its_positions_though_its_file_does_not_say_so(
    tmp_path: Path, sentencepiece_proto: bytes, layers: int, factor: float | None
) -> None:
    config = config_of(ollamas(tmp_path, sentencepiece_proto, layers))
    assert config.get("rope_scaling") == (factor and {"rope_type": "linear", "factor": factor})
    from keras_hub.src.utils.transformers import convert_gemma3

    made = convert_gemma3.convert_backbone_config(config)
    assert (made["global_rope_scaling_factor"], made["local_rope_scaling_factor"]) == (factor or 1.0, 1.0)


@pytest.mark.parametrize(
    "said",
    [{"gemma3.rope.scaling.type": "none"}, {"gemma3.rope.scaling.factor": 1.0}, {"gemma3.rope.scale_linear": 1.0}],
)
def test_what_a_file_says_of_its_positions_is_taken(
    tmp_path: Path, sentencepiece_proto: bytes, said: dict[str, Any]
) -> None:
    assert "rope_scaling" not in config_of(ollamas(tmp_path, sentencepiece_proto, 34, **said))


def test_gemma_3_caps_nothing_whatever_ollamas_converter_says(tmp_path: Path, sentencepiece_proto: bytes) -> None:
    config = config_of(file_of(GEMMA3, tmp_path, sentencepiece_proto, **{"gemma3.final_logit_softcapping": 30.0}))
    from keras_hub.src.utils.transformers import convert_gemma3

    assert convert_gemma3.convert_backbone_config(config)["final_logit_soft_cap"] is None


@pytest.mark.parametrize(
    ("family", "option"),
    [
        (GEMMA3, "gemma3.attn_logit_softcapping"),
        ("Gemma", "gemma.final_logit_softcapping"),
        ("Llama 2, Vicuna", "llama.final_logit_softcapping"),
    ],
)
def test_a_cap_that_nothing_computes_is_refused(
    tmp_path: Path, sentencepiece_proto: bytes, family: str, option: str
) -> None:
    assert option in refused(file_of(family, tmp_path, sentencepiece_proto, **{option: 30.0})).message


@pytest.mark.parametrize(
    ("family", "said", "begins"),
    [
        ("Gemma", None, False),
        ("Gemma 2", None, False),
        (GEMMA3, None, False),
        (GEMMA3, True, True),
        ("Llama 2, Vicuna", None, True),
        ("Llama 2, Vicuna", False, False),
        ("Phi-3", None, True),
    ],
)
def test_a_blank_goes_before_a_text_as_llama_cpp_and_ollama_have_it(
    tmp_path: Path, sentencepiece_proto: bytes, family: str, said: bool | None, begins: bool
) -> None:
    from sentencepiece import sentencepiece_model_pb2

    from lit_lab.service.gguf import vocabulary

    about = header.read(file_of(family, tmp_path, sentencepiece_proto, **{"tokenizer.ggml.add_space_prefix": said}))
    made = sentencepiece_model_pb2.ModelProto()
    made.ParseFromString(vocabulary.sentence_pieces(about, about.fields["tokenizer.ggml.tokens"].texts()))
    assert made.normalizer_spec.add_dummy_prefix is begins


def test_tokens_for_pictures_behind_those_with_weights_are_left_out(tmp_path: Path, sentencepiece_proto: bytes) -> None:
    fields = fields_of(GEMMA3, sentencepiece_proto, [])
    fields["tokenizer.ggml.tokens"] += ["<image_soft_token>"]
    fields["tokenizer.ggml.scores"] += [0.0]
    fields["tokenizer.ggml.token_type"] += [4]
    place = write(tmp_path / "tiny.gguf", "gemma3", fields, values_of(GEMMA3))
    tokenizer = made_tokenizer(place, "Gemma3Tokenizer")
    assert tokenizer.vocabulary_size() == values_of(GEMMA3)["token_embd.weight"].shape[0]


def made_tokenizer(place: Path, cls: str) -> Any:
    from keras_nlp import models

    from lit_lab.service.gguf import vocabulary

    about = header.read(place)
    return vocabulary.tokenizer(about, model.judged(about), getattr(models, cls))


# --- Options ---


def test_every_option_that_llama_cpp_knows_is_judged() -> None:
    """This fails for an option of a newer `gguf` package that isn't listed here yet as read, harmless or changing results."""
    from gguf.constants import Keys

    kinds = (value for value in vars(Keys).values() if isinstance(value, type))
    names = [name for kind in kinds for name in vars(kind).values() if isinstance(name, str) and "{arch}." in name]
    assert len(names) > 80
    for name in names:
        option = name.removeprefix("{arch}.").replace("{dense}", "dense_2")
        known = option in options.READ | options.HARMLESS | options.CHANGING
        assert known or option.startswith(options.CHANGING_KINDS), option
    assert not options.READ & options.HARMLESS
    assert not options.CHANGING & (options.READ | options.HARMLESS)


@pytest.mark.parametrize(
    "said",
    [
        {"llama.attention.head_dim": 8},
        {"llama.attention.head_dim": 8, "llama.attention.key_length": 8, "llama.rope.dimension_count": 8},
        {"llama.attention.layer_norm_epsilon": 1e-5},
        {"llama.rope.mrope_section": [2, 1, 1]},
        {"llama.rope.scaling.yarn_beta_fast": 32.0},
        {"llama.vision.block_count": 27},
        {"llama.tensor_data_layout": "Meta AI original pth"},
        {"llama.attention.clamp_kqv": 0.0},
        {"llama.attention.shared_kv_layers": 0},
        {"llama.logit_scale": 1.0},
        {"llama.made_by": "somebody"},
        {"llama.attention.of_each_layer": [0, 0]},
    ],
)
def test_an_option_that_changes_nothing_is_ignored(tmp_path: Path, said: dict[str, Any]) -> None:
    plain = config_of(file_of("SmolLM, SmolLM 2", tmp_path, b""))
    assert config_of(file_of("SmolLM, SmolLM 2", tmp_path, b"", **said)) == plain


@pytest.mark.parametrize(
    "said",
    [
        {"llama.attention.head_dim": 4, "llama.attention.key_length": 8},
        {"llama.attention.value_length_swa": 4},
        {"llama.rope.dimension_count_swa": 4},
        {"llama.rope.scaling.attn_factor": 1.5},
        {"llama.rope.scaling.alpha": 1000.0},
        {"llama.attention.scale": 0.5},
        {"llama.attention.not_yet_known": 1},
        {"llama.attention.of_each_layer": [0, 1]},
        {"llama.use_parallel_residual": True},
        {"llama.nextn_predict_layers": 1},
        {"llama.swiglu_clamp_exp": [1.0, 1.0]},
        {"llama.ssm.state_size": 16},
        {"llama.attention.causal": False},
        {"llama.hidden_activation": "relu"},
    ],
)
def test_an_option_that_may_change_something_is_refused_by_its_name(tmp_path: Path, said: dict[str, Any]) -> None:
    error = refused(file_of("SmolLM, SmolLM 2", tmp_path, b"", **said))
    assert next(iter(said)) in error.message
    assert error.code == "unsupported_model"


def test_a_heads_length_is_known_by_ollamas_name_for_it(tmp_path: Path, sentencepiece_proto: bytes) -> None:
    said = {"llama.attention.key_length": None, "llama.attention.value_length": None, "llama.attention.head_dim": 16}
    config = config_of(file_of("Llama 2, Vicuna", tmp_path, sentencepiece_proto, **said))
    assert (config["head_dim"], config["model_type"]) == (16, "mistral")


def test_phi_3s_factor_of_attention_is_held_against_its_lengths(tmp_path: Path, sentencepiece_proto: bytes) -> None:
    place = file_of("Phi-3.5", tmp_path, sentencepiece_proto)
    about = header.read(place)
    long, original = (
        about.fields[f"phi3.{name}"] for name in ("context_length", "rope.scaling.original_context_length")
    )
    right = math.sqrt(1 + math.log(long / original) / math.log(original))
    assert config_of(file_of("Phi-3.5", tmp_path, sentencepiece_proto, **{"phi3.rope.scaling.attn_factor": right}))
    wrong = file_of("Phi-3.5", tmp_path, sentencepiece_proto, **{"phi3.rope.scaling.attn_factor": right + 0.1})
    assert "attn_factor" in refused(wrong).message


# --- Forms ---


def test_all_that_the_package_turns_into_weights_is_read() -> None:
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
    from gguf.quants import dequantize

    for kind in GGMLQuantizationType:
        block, size = GGML_QUANT_SIZES[kind]
        try:
            dequantize(np.zeros((2, size), np.uint8), kind)
        except NotImplementedError:
            assert forms.UNREAD[kind] == kind.name
        else:
            assert forms.TYPES[kind] == (kind.name, block, size)
    assert not forms.TYPES.keys() & forms.UNREAD.keys()


@pytest.mark.parametrize("kind", sorted(forms.TYPES))
def test_a_form_is_read_by_slices_as_the_package_reads_it_whole(tmp_path: Path, kind: int) -> None:
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize

    name, block, size = forms.TYPES[kind]
    content = np.random.default_rng(kind).integers(0, 60, (40, 2 * size), np.uint8)
    place = tmp_path / "rows"
    place.write_bytes(content.tobytes())
    tensor = Tensor("t", (40, 2 * block), kind, place, 0)
    parts = [part for _, part in rows(tensor, 7 * 2 * block)]
    whole = dequantize(content, GGMLQuantizationType[name]).reshape(40, 2 * block)
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert len(parts) == 6


def plain_header(version: int = 3, kind: int = 0, order: str = "<") -> bytes:
    tensor = struct.pack(f"{order}Q", 1) + b"t" + struct.pack(f"{order}IQIQ", 1, 256, kind, 0)
    return b"GGUF" + struct.pack(f"{order}IQQ", version, 1, 0) + tensor + bytes(4096)


@pytest.mark.parametrize(
    ("content", "word", "help"),
    [
        (plain_header(version=1), "version 1", "convert"),
        (plain_header(order=">"), "big-endian", "gguf-convert-endian"),
        (plain_header(version=4), "newer version of llama.cpp", "Update LIT Lab"),
        (plain_header(kind=41), "Q1_0", "Q4_K_M"),
        (plain_header(kind=9), "Q8_1", "Q4_K_M"),
        (plain_header(kind=99), "newer version of llama.cpp", "Q4_K_M"),
    ],
)
def test_what_is_whole_and_is_not_read_is_not_called_damaged(
    tmp_path: Path, content: bytes, word: str, help: str
) -> None:
    place = tmp_path / "tiny.gguf"
    place.write_bytes(content)
    error = refused(place)
    assert error.code == "unsupported_model"
    assert word in error.message
    assert help in error.hint
    assert word in fault_in_list(place)


def test_version_0_is_damage(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(plain_header(version=0))
    assert refused(tmp_path / "tiny.gguf").code == "preset_damaged"


# --- Lists and loading ---


def fault_in_list(place: Path) -> str:
    """Return the reason that the list of models gives for a file that can't be used."""
    found = facts(InstalledModel("llama_cpp", "tiny", str(place), place, Source("gguf", str(place))))
    assert found is not None
    return found.fault


REFUSED: list[dict[str, Any]] = [
    {"rope.scaling.type": "linear", "rope.scaling.factor": 4.0},
    {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0},
    {"rope.scaling.type": "longrope"},
    {"rope.dimension_count": 4},
    {"attention.value_length": 4},
    {"expert_count": 8},
    {"attention.causal": False},
    {"attention.not_yet_known": 1},
    {"logit_scale": 0.5},
]


@pytest.mark.parametrize("said", [{}, *REFUSED], ids=lambda said: " ".join(said) or "nothing")
@pytest.mark.parametrize("family", FAMILIES)
def test_the_list_and_the_loader_say_the_same(
    tmp_path: Path, sentencepiece_proto: bytes, family: str, said: dict[str, Any]
) -> None:
    from gguf_models import proto_of

    proto = b"" if family in PRE else proto_of(family, sentencepiece_proto)
    place = file_of(family, tmp_path, proto, **{f"{FAMILIES[family][0]}.{name}": value for name, value in said.items()})
    listed = fault_in_list(place)
    try:
        model.backbone(place, "tiny", "float32", None)
    except Problem as error:
        assert listed
        assert listed in error.message
    else:
        assert listed == ""
        known = {GEMMA3: "linear", "Phi-3.5": "longrope"}  # the kinds that these two families are computed with
        assert said.get("rope.scaling.type") in (None, known.get(family))
        assert said.keys() <= {"rope.scaling.type", "rope.scaling.factor"}


def test_a_weight_of_no_family_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    values = values_of("SmolLM, SmolLM 2") | {"blk.0.attn_q.scale": np.ones(1, np.float32)}
    place = write(tmp_path / "tiny.gguf", "llama", fields_of("SmolLM, SmolLM 2", b"", []), values)
    with pytest.raises(UnfamiliarError, match=r"attn_q\.scale"):
        config_of(place)
