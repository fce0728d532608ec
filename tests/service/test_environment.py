"""The user's own settings don't affect the service's arithmetic."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from lit_lab.problem import Problem
from lit_lab.protocol import Arithmetic
from lit_lab.service import arithmetic, environment
from lit_lab.service.datasets import Datasets

HOSTILE = {
    "DNNL_DEFAULT_FPMATH_MODE": "BF16",
    "JAX_DEFAULT_MATMUL_PRECISION": "bfloat16",
    "JAX_ENABLE_X64": "1",
    "KERAS_BACKEND": "torch",
    "KERAS_MAX_EPOCHS": "many",
    "KERAS_MAX_STEPS_PER_EPOCH": "many",
    "KERAS_NNX_ENABLED": "1",
    "NVIDIA_TF32_OVERRIDE": "1",
    "ONEDNN_DEFAULT_FPMATH_MODE": "BF16",
    "TF_DETERMINISTIC_OPS": "1",
    "TF_ENABLE_AUTO_MIXED_PRECISION": "1",
    "TF_ENABLE_ONEDNN_OPTS": "1",
    "TF_SET_ONEDNN_FPMATH_MODE": "BF16",
    "TF_USE_LEGACY_KERAS": "1",
    "TF2_BEHAVIOR": "0",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1",
    "WEB_CONCURRENCY": "auto",
    "XLA_FLAGS": "--xla_cpu_enable_fast_math=true",
}
"""What may be set for the user's other programs."""

PROGRAM = """
import json, os, sys
opened = []
sys.addaudithook(lambda event, found: opened.append(str(found[0])) if event == "open" else None)
from lit_lab.service import libraries
libraries.set_environment(1)
libraries.import_backend(1)
libraries.import_keras()
from lit_lab.service import arithmetic
found = arithmetic.checked("tensorflow")
import keras, tensorflow as tf
fetched = keras.utils.get_file("there.txt", origin="http://127.0.0.1:9/there.txt")
print(json.dumps({
    "found": found.model_dump(), "opened": [name for name in opened if name.endswith("keras.json")], "fetched": fetched,
    "home": os.environ["KERAS_HOME"], "tf32": tf.config.experimental.tensor_float_32_execution_enabled(),
    "nnx": keras.config.is_nnx_enabled(),
}))
"""


def test_a_hostile_environment_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "there.txt").write_text("fetched before")
    config = json.dumps({"floatx": "float16", "epsilon": 0.1, "image_data_format": "channels_first", "backend": "jax"})
    (tmp_path / "keras.json").write_text(config)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        env={**os.environ, **HOSTILE, "KERAS_HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["found"].pop("error") < 1e-5
    assert said["found"] == {
        "backend": "tensorflow",
        "floatx": "float32",
        "policy": "float32",
        "epsilon": 1e-7,
        "image_data_format": "channels_last",
    }
    assert not said["tf32"]
    assert not said["nnx"]
    # The user's file is neither read nor written, and Keras finds what it stores beside that file.
    assert all(name == os.path.join(os.devnull, "keras.json") for name in said["opened"])  # noqa: PTH118
    assert (tmp_path / "keras.json").read_text() == config
    assert said["home"] == str(tmp_path)
    assert said["fetched"] == str(tmp_path / "datasets" / "there.txt")


def test_what_would_change_results_is_left_out_and_the_log_says_so() -> None:
    variables = {**HOSTILE, "PATH": "/bin", "HF_HOME": "/models", "CUDA_VISIBLE_DEVICES": "1"}
    notes = environment.own(variables, "jax")
    assert variables == {
        "PATH": "/bin",
        "HF_HOME": "/models",
        "CUDA_VISIBLE_DEVICES": "1",
        "KERAS_BACKEND": "jax",
        "KERAS_NNX_ENABLED": "0",
        "NVIDIA_TF32_OVERRIDE": "0",
        "JAX_ENABLE_X64": "0",
        "JAX_DEFAULT_MATMUL_PRECISION": "highest",
        "XLA_FLAGS": "",
        # These set the order of additions, not their precision.
        "TF_DETERMINISTIC_OPS": "1",
        "TF_ENABLE_ONEDNN_OPTS": "1",
    }
    changed = set(HOSTILE) - {"TF_DETERMINISTIC_OPS", "TF_ENABLE_ONEDNN_OPTS"}
    assert all(any(name in note for note in notes) for name in changed)
    assert len(notes) == len(changed)
    assert environment.own(variables, "jax") == []


@pytest.mark.parametrize(
    ("flags", "left"),
    [
        ("--xla_gpu_cuda_data_dir=/usr/lib/cuda", "--xla_gpu_cuda_data_dir=/usr/lib/cuda"),
        ("--a=1 --xla_gpu_enable_fast_min_max --b='x y'", "--a=1 '--b=x y'"),
        ("  --xla_gpu_default_to_alg_dot_bf16_bf16_f32=true", ""),
        ("/no/such/file", "/no/such/file"),
        ("--unclosed='x --xla_enable_fast_math=true", "'--unclosed='\"'\"'x'"),
    ],
)
def test_only_flags_that_make_results_inexact_are_left_out(flags: str, left: str) -> None:
    variables = {"XLA_FLAGS": flags}
    environment.own(variables, "tensorflow")
    assert variables["XLA_FLAGS"] == left


def test_flags_in_a_file_are_read(tmp_path: Path) -> None:
    file = tmp_path / "flags"
    file.write_text("--xla_cpu_enable_fast_math=true\n--other=1\n")
    variables = {"XLA_FLAGS": str(file)}
    environment.own(variables, "tensorflow")
    assert variables["XLA_FLAGS"] == "--other=1"
    file.write_text("--other=1\n")
    variables = {"XLA_FLAGS": str(file)}
    environment.own(variables, "tensorflow")
    assert variables["XLA_FLAGS"] == str(file)


@pytest.mark.parametrize("users", [None, "/somewhere"])
def test_keras_home_is_as_it_was_afterwards(users: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    config = SimpleNamespace(_KERAS_DIR="")
    monkeypatch.setitem(sys.modules, "keras.src.backend.config", config)
    variables = {} if users is None else {"KERAS_HOME": users}
    before = dict(variables)
    with environment.without_keras_file(variables):
        config._KERAS_DIR = variables["KERAS_HOME"]
        assert not Path(config._KERAS_DIR, "keras.json").exists()
        with pytest.raises(OSError):
            Path(config._KERAS_DIR, "keras.json").write_text("{}")
    assert variables == before
    assert (users or str(Path.home() / ".keras")) == config._KERAS_DIR


RIGHT = Arithmetic(
    backend="tensorflow",
    floatx="float32",
    policy="float32",
    epsilon=1e-7,
    image_data_format="channels_last",
    error=1e-7,
)


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        ({"floatx": "float16"}, "floatx is float16 instead of float32"),
        ({"policy": "mixed_bfloat16"}, "policy is mixed_bfloat16"),
        ({"backend": "jax"}, "backend is jax instead of tensorflow"),
        ({"epsilon": 1e-3}, "epsilon is 0.001"),
        ({"image_data_format": "channels_first"}, "image_data_format"),
        ({"error": 4e-4}, "off by 4e-04"),
        ({"error": float("nan")}, "off by nan"),
    ],
)
def test_other_arithmetic_is_refused(odd: dict[str, object], says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arithmetic, "arithmetic", lambda: RIGHT.model_copy(update=odd))
    with pytest.raises(Problem) as raised:
        arithmetic.checked("tensorflow")
    assert raised.value.code == "inexact_arithmetic"
    assert says in raised.value.message


def test_what_a_datasets_class_sets_for_keras_is_put_back(
    keras_libraries: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    (tmp_path / "disturbing.py").write_text(
        "import keras\n"
        "from lit_nlp.api import dataset, types\n"
        "keras.config.set_floatx('bfloat16')\n"
        "class Mine(dataset.Dataset):\n"
        "    def __init__(self):\n"
        "        keras.config.set_dtype_policy('mixed_float16')\n"
        "        self._examples = [{'prompt': 'a'}]\n"
        "    def spec(self):\n"
        "        keras.config.set_epsilon(0.5)\n"
        "        keras.config.set_image_data_format('channels_first')\n"
        "        return {'prompt': types.TextSegment()}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert Datasets({"mine": "disturbing:Mine"}).rows("mine", 0, 1).rows == [["a"]]
    assert keras.config.floatx() == "float32"
    assert keras.config.dtype_policy().name == "float32"
    assert keras.config.epsilon() == 1e-7
    assert keras.config.image_data_format() == "channels_last"


def test_float32_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arithmetic, "arithmetic", lambda: RIGHT)
    assert arithmetic.checked("tensorflow") == RIGHT
    assert "float32" in arithmetic.described(RIGHT)
