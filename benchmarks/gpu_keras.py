"""The parts of `gpu.py` that run Keras: LIT Lab's engine on TensorFlow or PyTorch, without HTTP, and LIT's own models on TensorFlow.

python benchmarks/gpu_keras.py REQUEST
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

import peers_child

from lit_lab.protocol import Backend
from lit_lab.service import libraries


def model(asked: dict[str, Any]) -> Any:
    """Return a `keras_nlp.models.CausalLM` of the request's shape with random weights, drawn by Keras's own backend."""
    import keras
    from engine_models import SHAPES, Numerals, deviation, untrained

    shape = SHAPES["2b-26l"]
    assert shape is not None
    if changed := asked["shape"]:
        shape = replace(
            shape,
            width=changed["hidden_size"],
            intermediate=2 * changed["intermediate_size"],
            head_dim=changed["head_dim"],
            vocabulary=changed["vocab_size"],
        )
    causal_lm = untrained(shape, asked["precision"], asked["layers"])
    for index, variable in enumerate(causal_lm.backbone.weights):
        drawn = keras.random.normal(
            variable.shape, stddev=deviation(variable, shape.width), dtype="float32", seed=index
        )
        variable.assign(keras.ops.cast(drawn, variable.dtype))
    causal_lm.preprocessor = Numerals(shape.vocabulary)
    return causal_lm


def check_device(backend: Backend, device: str) -> str:
    """Return the device's name. Raises RuntimeError if the backend sees no GPU though one is asked for."""
    names: list[str] = []
    if backend == "tensorflow":
        import tensorflow as tf

        names = [gpu.name for gpu in tf.config.list_physical_devices("GPU")]
    else:
        import torch

        names = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
    if device == "cuda" and not names:
        raise RuntimeError(f"{libraries.BACKEND_NAMES[backend]} sees no GPU here")
    return names[0] if names else "CPU"


def lab(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of LIT Lab's engine."""
    from engine_lab import Lab
    from engine_models import Case

    found = Lab(model(asked))
    cases = [Case(each["ids"], peers_child.spans(each, asked["tokens"])) for each in asked["answers"]]
    prompts = [each["ids"][: each["prompt_tokens"]] for each in asked["answers"]]
    length = len(cases[0].ids)
    found.model.warm_up_generation()
    figures: dict[str, Any] = {
        "answer_first_token": found.token_moments(prompts[0], length)[0],
        "first": peers_child.timed(found.click, cases[0], cases[0].targets[-1]),
    }
    figures["compiling"] = peers_child.timed(found.compile, cases[0])
    found.model.decoder.compile_pending()
    found.token_moments(prompts[1], length)
    figures |= peers_child.medians([peers_child.answered(found.token_moments(ids, length)) for ids in prompts[2:]])
    rows = []
    for case in (cases[1], *cases[1:]):
        # The first time warms up.
        found.forget()
        row = {
            "one": peers_child.timed(found.scores, case, case.targets[-1]),
            "next": peers_child.timed(found.scores, case, case.targets[0]),
        }
        found.forget()
        row["all"] = peers_child.timed(all_maps, found, case)
        rows.append(row)
    return figures | peers_child.medians(rows[1:])


def all_maps(lab: Any, case: Any) -> None:
    """Explain all sentences, like a request for all of them: first the clicked one, which is the last."""
    for target in reversed(case.targets):
        lab.scores(case, target, (case.targets[0][0], case.targets[-1][1]))


def device_mb(backend: Backend) -> float | None:
    """Return the most memory of the GPU so far; None without one."""
    if backend == "tensorflow":
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            return float(tf.config.experimental.get_memory_info("GPU:0")["peak"]) / 1e6
        return None
    import torch

    return torch.cuda.max_memory_allocated() / 1e6 if torch.cuda.is_available() else None


def main() -> None:
    """Measure, and print JSON."""
    asked = peers_child.request()
    backend: Backend = "torch" if asked["part"] == "lab-torch" else "tensorflow"
    threads = int(os.environ["OMP_NUM_THREADS"])
    libraries.set_environment(threads, backend)
    libraries.import_backend(threads, backend)
    libraries.import_keras()
    print(json.dumps({"sees": check_device(backend, asked["device"])}), flush=True)
    if asked["part"] == "lit":
        from peers_lit import figures

        found = figures(model(asked), asked)
    else:
        found = lab(asked)
    if (most := device_mb(backend)) is not None:
        found["device_mb"] = most
    print(json.dumps(found), flush=True)
    os._exit(0)  # at once, because unloading a large model takes seconds


if __name__ == "__main__":
    main()
