"""Hugging Face repositories without a loadable model: before any download, the error says what they contain and what to do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hugging_face_standin import NAME, Site
from test_hub_file import fetch, site

from lit_lab.service.weights import download_errors, hub
from lit_lab.service.weights.paths import Source

__all__ = ["site"]


def siblings(*names: str) -> list[Any]:
    return [SimpleNamespace(rfilename=name, size=1, blob_id="0" * 40, lfs=None) for name in names]


def refused(*names: str, where: str = NAME) -> hub.UnfitError:
    with pytest.raises(hub.UnfitError) as failure:
        hub.chosen(Source("hf", where), siblings(*names))
    return failure.value


GGUF = ("tiny-Q2_K.gguf", "tiny-Q4_K_M.gguf", "tiny-Q8_0.gguf", "mmproj-tiny-F16.gguf")


@pytest.mark.parametrize(
    ("names", "where", "addresses"),
    [
        (GGUF, NAME, [f"hf://{NAME}/tiny-Q4_K_M.gguf", f"hf://{NAME}/tiny-Q8_0.gguf"]),
        (GGUF, f"{NAME}@v1", [f"hf://{NAME}@v1/tiny-Q4_K_M.gguf", f"hf://{NAME}@v1/tiny-Q8_0.gguf"]),
        (("tiny-q4_0.gguf", "tiny-iq2_xxs.gguf"), NAME, [f"hf://{NAME}/tiny-q4_0.gguf"]),
        (("odd.gguf", "config.json"), NAME, [f"hf://{NAME}/odd.gguf"]),
        (
            ("Q4_K_M/big-Q4_K_M-00002-of-00002.gguf", "Q4_K_M/big-Q4_K_M-00001-of-00002.gguf"),
            NAME,
            [f"hf://{NAME}/Q4_K_M/big-Q4_K_M-00001-of-00002.gguf"],
        ),
    ],
)
def test_gguf_files_are_named(names: tuple[str, ...], where: str, addresses: list[str]) -> None:
    error = refused("README.md", *names, where=where)
    assert "GGUF" in str(error)
    assert error.hint == f"Choose one file: {' or '.join(addresses)}."


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("config.json", "pytorch_model.bin"), "only pickled weights (pytorch_model.bin)"),
        (("config.json", "pytorch_model.bin", "tf_model.h5"), "only pickled weights (pytorch_model.bin)"),
        (("config.json", "flux.safetensors", "training_args.bin"), "under other names than a preset's (flux"),
        (("adapter_config.json", "adapter_model.safetensors"), "an adapter to another model"),
        (("onnx/model.onnx", "config.json"), "other programs (onnx/model.onnx)"),
        (("config.json", "weights/a.safetensors"), "under other names"),
        (("model.safetensors",), "no config.json"),
        (("README.md", ".gitattributes"), "no weights (README.md)"),
        ((), "no weights (no file)"),
        (tuple(f"{n}.bin" for n in range(9)), "3.bin and 5 more"),
    ],
)
def test_the_error_names_what_there_is(names: tuple[str, ...], said: str) -> None:
    error = refused(*names)
    assert said in str(error)
    assert error.hint


def test_a_preset_beside_other_files_is_what_is_downloaded() -> None:
    names = ("config.json", "model.safetensors", "pytorch_model.bin", "tiny-Q8_0.gguf", "original/model.safetensors")
    files = hub.chosen(Source("hf", NAME), siblings(*names))
    assert [file.name for file in files] == ["config.json", "model.safetensors"]


def test_nothing_is_downloaded_of_what_cannot_be_loaded(site: type[Site]) -> None:
    for name in list(site.files):
        if name.endswith(".safetensors"):
            del site.files[name]
    _, last = fetch(NAME)
    error = download_errors.reason(f"hf://{NAME}", Source("hf", NAME), last)  # type: ignore[arg-type]
    assert (error.code, "GGUF" in error.message) == ("preset_unfit", True)
    assert f"hf://{NAME}/q/tiny-00001-of-00002.gguf" in error.hint
    assert not any("/resolve/" in path for path in site.asked)


def test_weights_of_which_a_file_is_missing(site: type[Site]) -> None:
    del site.files["model.safetensors"]
    site.files["model.safetensors.index.json"] = b'{"weight_map": {"a": "model-00001-of-00001.safetensors"}}'
    _, last = fetch(NAME)
    assert (last["failed"], "lacks files" in last["message"]) == ("unfit", True)
