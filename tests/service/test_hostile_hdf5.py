"""HDF5 files with far more names than content: a tree of a few nodes can lead to the same names any number of times."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from waiting import PATIENCE

from lit_lab.service.weights import stored

_CHILDREN = 32
"""Most children of a tree's node, as HDF5 writes files."""

_NOWHERE = b"\xff" * 8


def widened(file: Path, levels: int) -> None:
    """Replace the tree of a file's group `layers` by one that leads to the same names `_CHILDREN ** levels` times."""
    content = bytearray(file.read_bytes())
    top = struct.unpack_from("<Q", content, 80)[0]
    old = next(
        at for at in range(len(content)) if content[at : at + 5] == b"TREE\0" and at != top and content[at + 5] == 0
    )
    first, child, last = struct.unpack_from("<QQQ", content, old + 24)
    references = [at for at in range(len(content)) if content[at : at + 8] == struct.pack("<Q", old)]
    for level in range(levels):
        node = b"TREE\0" + struct.pack("<BH", level, _CHILDREN) + _NOWHERE + _NOWHERE + struct.pack("<Q", first)
        node += struct.pack("<QQ", child, last) * _CHILDREN
        child = len(content)
        content += node
    for at in references:
        struct.pack_into("<Q", content, at, child)
    struct.pack_into("<Q", content, 40, len(content))
    file.write_bytes(content)


def written(file: Path, names: list[str]) -> Path:
    with h5py.File(file, "w") as weights:
        weights["x"] = np.zeros(1, "f4")
        for name in names:
            weights[f"layers/{name}"] = weights["x"]
    return file


@pytest.mark.parametrize("levels", [2, 12])
def test_a_tree_that_leads_to_the_same_names_again_and_again_is_not_gone_through(tmp_path: Path, levels: int) -> None:
    file = written(tmp_path / "model.weights.h5", ["0", "1"])
    widened(file, levels)
    assert file.stat().st_size < 20_000
    # HDF5 can't be interrupted while it walks a tree, here of 10^18 names, but a process can be.
    look = (
        f"from pathlib import Path\nfrom lit_lab.service.weights import stored\nstored.numbers_in(Path({str(file)!r}))"
    )
    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert "UnfitError: has several datasets and groups of one name" in found.stderr


def test_the_names_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path / "model.weights.h5", [f"{n}" * 1_000 for n in range(4)])
    assert stored.numbers_in(file) == 5
    monkeypatch.setattr(stored, "MAX_NAMES", 3_000)
    with pytest.raises(stored.UnfitError, match="has names of more than"):
        stored.numbers_in(file)
    monkeypatch.setattr(stored, "MAX_DATASETS", 3)
    with pytest.raises(stored.UnfitError, match="has more than 3 datasets"):
        stored.numbers_in(file)


def test_what_is_in_pieces_is_not_looked_at(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "model.weights.h5", "w") as weights:
        weights.create_dataset("x", data=np.zeros((64, 64), "f4"), chunks=(8, 8))
    with pytest.raises(stored.UnfitError, match="in pieces"):
        stored.numbers_in(tmp_path / "model.weights.h5")


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_groups_as_either_kind_of_file_has_them_pass(tmp_path: Path, libver: str) -> None:
    with h5py.File(tmp_path / "model.weights.h5", "w", libver=libver) as weights:
        group = weights.create_group("layers", track_order=libver == "latest")
        for number in range(100):
            group[f"dense_{number}/vars/0"] = np.zeros(3, "f4")
    assert stored.numbers_in(tmp_path / "model.weights.h5") == 300
