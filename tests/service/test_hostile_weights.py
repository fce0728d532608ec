"""Hostile files of weights."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import h5py
import hostile_presets
import numpy as np
import pytest
from hostile_presets import MEBI, refused

from lit_lab.service.weights import preset_validation, stored

copy = hostile_presets.copy


def declaring(file: Path, kind: str) -> None:
    with h5py.File(file, "w") as weights:
        group = weights.create_group("layers/dense/vars")
        if kind == "packed":
            group.create_dataset("0", (10**9,), "f4", chunks=(10**6,), compression="gzip")
        elif kind == "filled":
            group.create_dataset("0", (10**9,), "f4", chunks=(10**6,), fillvalue=1.0)
        elif kind == "not stored":
            group.create_dataset("0", (10**9,), "f4")
        elif kind == "external":
            group.create_dataset("0", (100,), "f4", external=[("/etc/passwd", 0, 400)])
        elif kind == "virtual":
            layout = h5py.VirtualLayout((10**9,), "f4")
            layout[:10] = h5py.VirtualSource("other.h5", "x", shape=(10,))
            group.create_virtual_dataset("0", layout)
        elif kind == "often":
            group["0"] = np.zeros(50_000, "f4")
            for number in range(1, 100):
                group[str(number)] = group["0"]
        elif kind == "strings":
            group.create_dataset("0", (100,), h5py.string_dtype())
        elif kind == "link":
            weights["elsewhere"] = h5py.ExternalLink("other.h5", "/")
        elif kind == "soft link":
            weights["elsewhere"] = h5py.SoftLink("/layers")
        elif kind == "circle":
            group["self"] = weights["layers"]
        elif kind == "attribute":
            group["0"] = np.zeros(3, "f4")
            group["0"].attrs["dtype"] = ["bfloat16"] * 100


@pytest.mark.parametrize(
    "kind",
    [
        "packed",
        "filled",
        "not stored",
        "external",
        "virtual",
        "often",
        "strings",
        "link",
        "soft link",
        "circle",
        "attribute",
    ],
)
def test_hdf5_that_declares_more_than_it_holds_is_refused(copy: Path, kind: str) -> None:
    declaring(copy / "model.weights.h5", kind)
    assert (copy / "model.weights.h5").stat().st_size < MEBI
    refused(lambda: preset_validation.check(copy, "x"), "preset_unsafe")


def test_weights_as_keras_writes_them_pass(tmp_path: Path) -> None:
    import ml_dtypes

    with h5py.File(tmp_path / "x.weights.h5", "w") as weights:
        group = weights.create_group("layers/dense/vars")
        group["0"] = np.zeros((3, 4), "f2")
        group.create_dataset("1", data=np.ones((2, 5), ml_dtypes.bfloat16)).attrs["dtype"] = "bfloat16"
        group["2"], group["3"], group["4"] = np.float32(1), np.zeros((0, 3), "f4"), np.array([True])
        group["5"] = np.zeros(2, "u4")
    assert stored.numbers_in(tmp_path / "x.weights.h5") == 12 + 10 + 1 + 0 + 1 + 2


def safetensors(tensors: dict[str, Any], data: int, length: int | None = None) -> bytes:
    text = json.dumps(tensors).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + bytes(data)


def test_safetensors_are_what_they_declare(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    good = {"x": {"dtype": "BF16", "shape": [3, 4], "data_offsets": [0, 24]}, "__metadata__": {"format": "pt"}}
    file.write_bytes(safetensors(good, 24))
    assert stored.numbers_in(file) == 12
    for content in (
        b"",
        b"\0" * 8,
        safetensors(good, 23),
        safetensors(good, 24, 2**63),
        safetensors(good, 24, 10),
        safetensors({"x": {"dtype": "F32", "shape": [10**9], "data_offsets": [0, 24]}}, 24),
        safetensors({"x": {"dtype": "F32", "shape": [-1, -6], "data_offsets": [0, 24]}}, 24),
        safetensors({"x": {"dtype": "F32", "shape": [6], "data_offsets": [-24, 0]}}, 24),
        safetensors({"x": {"dtype": "S9", "shape": [6], "data_offsets": [0, 24]}}, 24),
        safetensors({str(n): {"dtype": "F32", "shape": [60], "data_offsets": [0, 240]} for n in range(99)}, 240),
        safetensors({"x": []}, 24),
        safetensors({"x": {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]}}, 24),
    ):
        file.write_bytes(content)
        with pytest.raises(stored.UnfitError):
            stored.numbers_in(file)


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside.h5", "a/b.h5", "..", "", ".hidden.h5", "model.dat", 7])
@pytest.mark.parametrize("index", ["model.weights.json", "model.safetensors.index.json"])
def test_an_index_names_files_of_its_folder(copy: Path, index: str, name: Any) -> None:
    (copy / index).write_text(json.dumps({"weight_map": {"x": [name]}}))
    refused(lambda: preset_validation.check(copy, "x"), "preset_unsafe")
