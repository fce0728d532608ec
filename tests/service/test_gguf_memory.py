"""The maximum memory for loading a GGUF file, in a separate process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gguf_files import fields_of, write

FAMILY = "SmolLM, SmolLM 2"
LAYERS, HIDDEN, INNER, VOCABULARY = 8, 512, 2048, 2**14
CHILD = """
import pathlib, sys
from lit_lab.service.gguf import model
from lit_lab.service.weights.reading import Reading

def kilobytes(name):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1])

def load(place):
    return model.causal_lm(pathlib.Path(place), "tiny", "float32", Reading())

load(sys.argv[1])
before = kilobytes("VmRSS")
made = load(sys.argv[2])
print(4 * made.count_params(), 1024 * (kilobytes("VmHWM") - before))
"""
# A process's memory for a model's graph, and what it doesn't return, whatever the model's size. Slices of 2**22 numbers take more.
KEPT = 8 * 2**20


def file_of(place: Path, layers: int, hidden: int, inner: int, vocabulary: int) -> Path:
    shapes: dict[str, tuple[int, ...]] = {"token_embd": (vocabulary, hidden), "output_norm": (hidden,)}
    for number in range(layers):
        names: dict[str, tuple[int, ...]] = {f"attn_{part}": (hidden, hidden) for part in ("q", "k", "v", "output")}
        names |= {"attn_norm": (hidden,), "ffn_norm": (hidden,)}
        names |= {"ffn_gate": (inner, hidden), "ffn_up": (inner, hidden), "ffn_down": (hidden, inner)}
        shapes |= {f"blk.{number}.{name}": shape for name, shape in names.items()}
    random = np.random.default_rng(2)
    values = {f"{name}.weight": random.random(shape, np.float32) for name, shape in shapes.items()}
    fields = fields_of(FAMILY, b"", ["o n"]) | {
        "llama.embedding_length": hidden,
        "llama.feed_forward_length": inner,
        "llama.block_count": layers,
        "llama.attention.head_count": 8,
        "llama.attention.head_count_kv": 8,
    }
    for name in ("key_length", "value_length"):
        fields.pop(f"llama.attention.{name}", None)
    return write(place, "llama", fields, values, "Q8_0")


@pytest.mark.long
@pytest.mark.only_on("tensorflow")
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_loading_takes_little_more_than_the_weights(keras_libraries: None, tmp_path: Path) -> None:
    small = file_of(tmp_path / "small.gguf", 1, 64, 128, 512)
    large = file_of(tmp_path / "large.gguf", LAYERS, HIDDEN, INNER, VOCABULARY)
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(small), str(large)], capture_output=True, text=True, check=True
    )
    weights, taken = map(int, child.stdout.split())
    assert weights > 160e6
    assert taken <= 1.15 * weights + KEPT, f"{taken / 2**20:.0f} MiB for {weights / 2**20:.0f} MiB"
