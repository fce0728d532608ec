"""Errors for presets that can't be loaded say what to do."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from lit_lab import demo
from lit_lab.problem import Problem
from lit_lab.service import presets
from lit_lab.service.weights.reading import Reading


def load(path: str) -> Problem:
    with pytest.raises(Problem) as failure:
        presets.load(path)
    assert failure.value.message
    assert failure.value.hint
    return failure.value


@pytest.mark.parametrize(
    ("path", "raised", "code"),
    [
        ("other", FileNotFoundError("`tokenizer.json` doesn't exist"), "preset_incomplete"),
        ("odd", ImportError("requires the `huggingface_hub` package"), "missing_libraries"),
        ("huge", MemoryError(), "out_of_memory"),
        ("odd", RuntimeError("a first line\nand a second"), "preset_failed"),
    ],
)
def test_failures_are_worded(
    keras_libraries: None, monkeypatch: pytest.MonkeyPatch, preset: Path, path: str, raised: Exception, code: str
) -> None:
    from keras_nlp import models

    def fail(*_: Any, **__: Any) -> None:
        raise raised

    monkeypatch.setattr(models.CausalLM, "from_preset", fail)
    with pytest.raises(Problem) as failure:
        presets.make(preset, path, "float32", Reading())
    error = failure.value
    assert error.code == code
    assert path in error.message
    assert "\n" not in error.message
    assert error.__cause__ is raised


def test_no_such_folder(keras_libraries: None, tmp_path: Path) -> None:
    assert load(str(tmp_path / "nothing")).code == "preset_not_found"


def test_a_folder_that_is_no_preset(keras_libraries: None, tmp_path: Path) -> None:
    assert load(str(tmp_path)).code == "preset_incomplete"


def test_weights_that_are_cut_short(preset: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(preset, copy)
    (copy / "model.weights.h5").write_bytes(b"not weights")
    assert load(str(copy)).code == "preset_damaged"


def test_weights_are_computed_in_float32(causal_lm: Any) -> None:
    # They are stored as float16; its gradients would overflow.
    assert {variable.dtype for variable in causal_lm.variables} == {"float32"}
    assert causal_lm.backbone.token_embedding.compute_dtype == "float32"


def test_the_embedded_preset_is_in_the_package() -> None:
    assert presets.folder(demo.EMBEDDED) == demo.preset_path()
    assert (demo.preset_path() / "model.weights.h5").is_file()
