"""Import of the heavy libraries: quickly, quietly, and with the configured number of threads."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec

from lit_lab.problem import Problem
from lit_lab.protocol import Backend

from . import environment

log = logging.getLogger(__name__)

REQUIRED = ("tensorflow", "keras", "keras_nlp", "lit_nlp")

BACKEND_NAMES: dict[Backend, str] = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}

UNUSED = frozenset({"IPython", "matplotlib", "nltk", "pandas", "rouge_score", "scipy", "sklearn", "tensorflow_text"})
"""Packages that Keras and keras-hub import if they find them, and don't need, and that generation and salience never use: plots,
tables, metrics, tokenizing inside TensorFlow's graphs. Together they take a third of the import's time (about 1.7 of
4.7 s), and the user waits for it.

Sound for the versions that pyproject.toml allows: of these, keras-hub 0.32 uses only `tensorflow_text`, and only while
it traces a graph of strings (`PreprocessingLayer._use_tf_workflow`), which nothing here does: its tokenizers run on
`sentencepiece` and `tokenizers`. Presets of each kind of tokenizer are loaded in the tests with these left out."""


class _Absent(MetaPathFinder):
    """Hides packages from imports."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if fullname.partition(".")[0] in self._names:
            raise ModuleNotFoundError(f"{fullname} is left out of the model service's start", name=fullname)
        return None


@contextmanager
def without(names: frozenset[str]) -> Iterator[None]:
    """Hide optional packages from imports inside; afterwards they can be imported again."""
    finder = _Absent(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def set_environment(threads: int, backend: Backend = "tensorflow") -> None:
    """Set the variables that Keras and its backend read; call this before importing either.

    Args:
        threads: Maximum number of threads for arithmetic.
        backend: Keras's backend, whatever the user's variables and files say.
    """
    for note in environment.own(os.environ, backend):
        log.warning("%s", note)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    # Where TensorFlow uses oneDNN by default, it would never free memory, and allocate ever larger pieces: 2.3 GB for a
    # model of 400 MB, none of which unloading returns.
    os.environ.setdefault("TF_ONEDNN_USE_SYSTEM_ALLOCATOR", "1")
    if backend == "jax":
        # The only number that XLA's pool of threads listens to here; TensorFlow's flags for it do nothing.
        os.environ["NPROC"] = str(threads)
        # TensorFlow takes nearly all of a GPU's memory unless configured otherwise, and so does JAX.
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


def check_interpreter(backend: Backend = "tensorflow") -> None:
    """Check early, and cheaply, whether this interpreter has what the service needs.

    Raises:
        Problem: `missing_libraries` or, if they can't be installed either, `unsupported_python`; `missing_backend` if only
            Keras's backend is missing.
    """
    missing = [name for name in REQUIRED if importlib.util.find_spec(name) is None]
    if not missing and importlib.util.find_spec(backend) is None:
        raise Problem(
            503,
            "missing_backend",
            f"c.LitLab.backend is {backend!r}, and the model service's Python ({sys.executable}) lacks it.",
            f"Install it there with: pip install 'lit-lab[service,{backend}]', or leave c.LitLab.backend at 'tensorflow'.",
        )
    if missing:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        fits = (3, 11) <= sys.version_info[:2] <= (3, 12)
        raise Problem(
            503,
            "missing_libraries" if fits else "unsupported_python",
            f"The model service's Python ({sys.executable}, {version}) lacks {', '.join(missing)}.",
            "Install the service's part with: pip install 'lit-lab[service]'"
            if fits
            else "The models need Python 3.11 or 3.12. Make an environment with one of these, install 'lit-lab[service]' "
            "in it, and set c.LitLab.service_python to its python.",
        )


def import_backend(threads: int, backend: Backend = "tensorflow") -> None:
    """Import Keras's backend, with a limited number of threads."""
    # TensorFlow may import Keras, for its own `tf.keras`.
    with environment.without_keras_file():
        _import_backend(threads, backend)


def _import_backend(threads: int, backend: Backend) -> None:
    if backend == "tensorflow":
        import_tensorflow(threads)
    elif backend == "torch":
        import torch

        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision("highest")
    else:
        importlib.import_module("jax")


def import_tensorflow(threads: int) -> None:
    """Import TensorFlow, limit its threads, and let GPU memory grow on demand instead of taking all of it."""
    with without(UNUSED):
        import tensorflow as tf
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    # By default TensorFlow multiplies float32 on newer NVIDIA GPUs with 10 bits of fraction.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    # Its graph rewriting costs more than it gives here: 0.1 s and 0.3 s of the first answer and map on the embedded
    # model, for 7 ms a map afterwards. Unused parts of a graph are dropped without it, too.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def import_keras() -> None:
    """Import Keras and its model library."""
    # JAX needs SciPy; PyTorch looks for pandas when it is imported, and fails if that raises.
    unused = UNUSED if os.environ["KERAS_BACKEND"] == "tensorflow" else frozenset[str]()
    with environment.without_keras_file(), without(unused):
        import keras_nlp  # noqa: F401
